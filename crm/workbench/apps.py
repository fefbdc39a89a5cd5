"""My day, and what the roof gives the ground floor."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class WorkbenchConfig(AppConfig):
    name = "crm.workbench"
    label = "workbench"
    verbose_name = _("My day")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crm.seed import furnish

        post_migrate.connect(furnish, sender=self)
