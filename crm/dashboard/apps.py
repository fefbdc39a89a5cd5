from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DashboardConfig(AppConfig):
    name = "crm.dashboard"
    label = "dashboard"
    verbose_name = _("Branch home")
    default_auto_field = "django.db.models.BigAutoField"
