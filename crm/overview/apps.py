from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OverviewConfig(AppConfig):
    name = "crm.overview"
    label = "overview"
    verbose_name = _("Client overview")
    default_auto_field = "django.db.models.BigAutoField"
