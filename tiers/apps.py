from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

_ACTIONS = {
    "client_rate.approve": _("Approved a client rate"),
    "client_rate.end": _("Ended a client rate"),
    "client_rate.propose": _("Proposed a client rate"),
    "client_rate.reject": _("Rejected a client rate"),
    "fee_quote.save": _("Worked out the fees of a trade"),
    "programme.activate": _("Put a tier programme in force"),
    "programme.create": _("Drew a tier programme up"),
    "programme.retire": _("Retired a tier programme"),
    "rate_card.set": _("Set a rate of the card"),
    "tier.proof": _("Looked at the proof of a tier"),
    "tiers.evaluate": _("Evaluated the tiers"),
}


class TiersConfig(AppConfig):
    name = "tiers"
    label = "tiers"
    verbose_name = _("Tiers")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clients.registry import ClientBound, bind
        from crm.core import audit
        from crm.core.audit_words import add_words
        from tiers import tasks  # noqa: F401  registers the job and the sweep
        from tiers.models import ClientRate, FeeQuote
        from tiers.segments import offer

        @audit.veil(ClientRate)
        def commission_of_others(user: Any) -> Any:
            may = user.has_perm("tiers.view_clientrate")
            return ClientRate.objects.unseen_by(user) if may else ClientRate.objects.all()

        @audit.veil(FeeQuote)
        def quotes_of_others(user: Any) -> Any:
            seen = (
                FeeQuote.objects.visible_to(user) if user.has_perm("tiers.view_feequote") else FeeQuote.objects.none()
            )
            return FeeQuote.objects.exclude(pk__in=seen.values("pk"))

        add_words(_ACTIONS)
        bind(
            ClientBound("tiers.TierState"),
            ClientBound("tiers.TierChange"),
            ClientBound("tiers.ClientRate"),
            ClientBound("tiers.FeeQuote"),
        )
        offer()
