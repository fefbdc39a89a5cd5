from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TiersConfig(AppConfig):
    name = "tiers"
    label = "tiers"
    verbose_name = _("Tiers")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clients.registry import ClientBound, bind
        from tiers import tasks  # noqa: F401  registers the job and the sweep

        bind(ClientBound("tiers.TierState"), ClientBound("tiers.TierChange"), ClientBound("tiers.ClientRate"))
