"""The Celery app. A task is only a hint: what is due stands in the database (docs/operations.md)."""

import os
import warnings
from typing import Any

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import after_task_publish, beat_init, setup_logging, worker_init
from django_structlog.celery.steps import DjangoStructLogInitStep

import crm.broker  # noqa: F401  (registers the crmfile:// transport)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")

# Celery warns when it runs as root. Messages are JSON only (CELERY_ACCEPT_CONTENT), so nothing in them is executed.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("crm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)  # the request's id travels with the task
app.autodiscover_tasks()


@setup_logging.connect
def _log_as_the_web_does(**_kwargs: Any) -> None:
    """Keep Celery from setting up its own logging: worker and beat write the same lines as the web process."""
    from django.conf import settings

    from crm.logs import configure

    configure(settings.LOGGING)


@worker_init.connect
@beat_init.connect
def _over_a_trail_that_stays(**_kwargs: Any) -> None:
    from crm.core.checks import refuse_without_append_only

    refuse_without_append_only()


@after_task_publish.connect
def _asked_by_beat(**_kwargs: Any) -> None:
    """Where the drill kills beat (crm/core/faults.py)."""
    if os.environ.get("CRM_PROCESS") == "beat":
        from crm.core.faults import fault

        fault("beat.asked")
