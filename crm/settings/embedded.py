"""The embedded default: SQLite, a broker of files, one web process. For trying, small branches and offline demos.

Four variables change it, each alone only its own part: ``DATABASE_URL``, ``REDIS_URL``, ``CRM_VAR`` and, read by
``do.py``, ``PORT``.
"""

import os

from crm.settings.base import *  # noqa: F403  settings build on each other
from crm.settings.base import VAR
from crm.settings.secrets import kept_field_keys, kept_secret_key

DEBUG = False
CRM_FAULT = os.environ.get("CRM_FAULT", "")  # where a process dies on purpose: crm/core/faults.py
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
SECRET_KEY = kept_secret_key(VAR / "secret-key")
CRM_FIELD_KEYS = kept_field_keys(VAR / "field-keys")

# Files are served straight from the source folders: no collectstatic step between a start and a page.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
STATIC_ROOT = VAR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
MEDIA_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405  from base
MAIL_FOLDER.mkdir(parents=True, exist_ok=True)  # noqa: F405  from base
