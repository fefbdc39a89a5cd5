"""Production: PostgreSQL, Redis, HTTPS. Refuses to start while something it needs is missing."""

import os

from django.core.exceptions import ImproperlyConfigured

NEEDED = ("CRM_SECRET_KEY", "CRM_FIELD_KEYS", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS")


def _refuse_if_incomplete() -> None:
    missing = [name for name in NEEDED if not os.environ.get(name, "").strip()]
    if missing:
        raise ImproperlyConfigured(f"Set in the environment before starting: {', '.join(missing)}.")
    if not os.environ["DATABASE_URL"].startswith(("postgres://", "postgresql://", "pgsql://")):
        raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database.")
    if len(os.environ["CRM_SECRET_KEY"]) < 50:
        raise ImproperlyConfigured("CRM_SECRET_KEY must have at least 50 characters.")


_refuse_if_incomplete()

from crm.logs import logging_config  # noqa: E402  secrets are read first
from crm.settings.base import *  # noqa: E402, F403  secrets are read first

DEBUG = False
SECRET_KEY = os.environ["CRM_SECRET_KEY"]
SECRET_KEY_FALLBACKS = os.environ.get("CRM_SECRET_KEY_FALLBACKS", "").split()
CRM_FIELD_KEYS = os.environ["CRM_FIELD_KEYS"]
ALLOWED_HOSTS = [host.strip() for host in os.environ["ALLOWED_HOSTS"].split(",") if host.strip()]
CSRF_TRUSTED_ORIGINS = [f"https://{host.lstrip('.')}" for host in ALLOWED_HOSTS if host != "*"]

SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^health/jobs$"]  # asked from inside, without TLS
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
# Only behind a proxy that sets or removes this header itself, as the one in deploy/ does.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# __Host-: only over HTTPS, only for this host, for all paths; no neighbour can plant one.
SESSION_COOKIE_NAME = "__Host-session"
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_COOKIE_SECURE = True
LANGUAGE_COOKIE_SECURE = True

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

if os.environ.get("EMAIL_URL"):
    import environ

    vars().update(environ.Env.email_url_config(os.environ["EMAIL_URL"]))

LOGGING = logging_config(json=True)
