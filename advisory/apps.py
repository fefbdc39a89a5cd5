from typing import Any

from django.apps import AppConfig
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

_ACTIONS = {
    "advisor.change_profile": _("Changed an advisor's profile"),
    "agreement.cancel": _("Noted that a client cancelled an advisory agreement"),
    "agreement.end": _("Ended an advisory agreement"),
    "agreement.sign": _("Put an advisory agreement on file"),
    "handover.apply": _("Handed clients over"),
    "matching.approve": _("Approved a matching"),
    "matching.give_up": _("Gave a matching up"),
    "matching.propose": _("Proposed a matching"),
    "matching.reject": _("Rejected a matching"),
    "matching.start": _("Started a matching"),
}


class AdvisoryConfig(AppConfig):
    name = "advisory"
    label = "advisory"
    verbose_name = _("Advisory")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from advisory import tasks  # noqa: F401  registers the job and the sweep
        from advisory.models import AdvisoryAgreement
        from advisory.services.merging import one_in_force
        from clients.registry import ClientBound, Moves, Stays, bind
        from clients.retention import keeps
        from crm.core.audit_words import add_words
        from crm.core.modules import add_module

        add_module(
            "matching",
            routes=("advisory:matching", "api:matching-runs-"),
            about=("advisory.matchingrun",),
        )
        add_words(_ACTIONS)

        @keeps("advice")
        def newest_agreement(client: Any) -> Any:
            return AdvisoryAgreement.objects.filter(client=client).aggregate(day=Max("signed_on"))["day"]

        bind(
            ClientBound(
                "advisory.AdvisoryAgreement", on_merge=Moves({"one_advisory_agreement_in_force": one_in_force})
            ),
            # A run is what was computed on a day: it stays as it is.
            ClientBound("advisory.MatchProposal", on_merge=Stays(), is_told=False),
        )
