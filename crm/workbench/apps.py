from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorkbenchConfig(AppConfig):
    name = "crm.workbench"
    label = "workbench"
    verbose_name = _("My day")
    default_auto_field = "django.db.models.BigAutoField"
