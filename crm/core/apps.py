"""The ground floor as a Django app."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "crm.core"
    label = "core"
    verbose_name = _("House")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crm.core import checks, once, outbound, sealing, tasks  # noqa: F401  register checks, sweeps and tasks
        from crm.core.services import audit_export, calendar, exporting, import_work  # noqa: F401  register sweeps, work, lists

        post_migrate.connect(_after_migrations, sender=self)


def _after_migrations(sender: AppConfig, **options: Any) -> None:
    """The calendar and the system's own account are there as soon as the tables are."""
    from crm.core.services.setup import prepare_ground

    prepare_ground(using=options.get("using", "default"))
