"""The Celery app. A task is only a hint: what is due stands in the database (docs/operations.md)."""

import os
import warnings

from celery import Celery
from celery.exceptions import SecurityWarning

import crm.broker  # noqa: F401  (registers the crmfile:// transport)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")

# Celery warns when it runs as root. Messages are JSON only (CELERY_ACCEPT_CONTENT), so nothing in them is executed.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("crm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
