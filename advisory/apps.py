from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AdvisoryConfig(AppConfig):
    name = "advisory"
    label = "advisory"
    verbose_name = _("Advisory")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from advisory import tasks  # noqa: F401  registers the job and the sweep
        from clients.registry import ClientBound, bind

        bind(ClientBound("advisory.AdvisoryAgreement"), ClientBound("advisory.MatchProposal"))
