from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CareConfig(AppConfig):
    name = "care"
    label = "care"
    verbose_name = _("Client care")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from care import services  # noqa: F401  registers the sweeps
        from clients.registry import ClientBound, bind

        bind(ClientBound("care.FollowUpCall"), ClientBound("care.SurveyInvitation"))
