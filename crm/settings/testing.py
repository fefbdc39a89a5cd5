"""Settings of the test suite: everything real except what only costs time."""

import atexit
import base64
import os
import shutil
import tempfile
from pathlib import Path

# Nothing that a test writes may land in the installation's own folder; one folder per process.
_own_folder = Path(tempfile.mkdtemp(prefix="crm-test-"))
os.environ["CRM_VAR"] = str(_own_folder)
atexit.register(shutil.rmtree, _own_folder, ignore_errors=True)

from crm.logs import logging_config  # noqa: E402  set the folder first
from crm.settings.base import *  # noqa: E402, F403  set the folder first
from crm.settings.base import DATABASES, REDIS_URL  # noqa: E402  set the folder first

DEBUG = False
SECRET_KEY = "only-for-tests-" + "x" * 50
CRM_FIELD_KEYS = "t1:" + base64.b64encode(b"only for tests, thirty-two bytes").decode()
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real ones take half a second

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, not memory: threads share an in-memory database through a cache that answers "table is locked" at once
    # instead of waiting, so no test of two writers would speak for the product. Durability is what we do without.
    DATABASES["default"]["TEST"] = {"NAME": str(_own_folder / "test.sqlite3")}
    _options = DATABASES["default"]["OPTIONS"]
    _options["init_command"] = _options["init_command"].replace("synchronous=NORMAL", "synchronous=OFF")

if not REDIS_URL:
    CELERY_BROKER_URL = "memory://"
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600, "polling_interval": 0.05}

EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STATIC_ROOT.mkdir(exist_ok=True)  # noqa: F405  from base
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
LOGGING = logging_config(json=False, level="WARNING")  # caplog can lower it; writing every request only costs time
