from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

_ACTIONS = {
    "client_rate.accept": _("Recorded that a client agreed to a rate"),
    "client_rate.approve": _("Approved a client rate"),
    "client_rate.decline": _("Recorded that a client declined a rate"),
    "client_rate.endorse": _("Gave the first of two approvals to a client rate"),
    "client_rate.expire": _("Closed a client rate that has run out"),
    "client_rate.lapse": _("Let a proposed client rate lapse"),
    "client_rate.end": _("Ended a client rate"),
    "client_rates.approve_run": _("Approved the rates of an evaluation together"),
    "client_rate.propose": _("Proposed a client rate"),
    "client_rate.reject": _("Rejected a client rate"),
    "commission.statement": _("Opened a client's statement of services and fees"),
    "leaks.review": _("Looked for leaks of commission"),
    "leak.export": _("Commission leaks exported"),
    "fee_quote.save": _("Worked out the fees of a trade"),
    "programme.activate": _("Put a tier programme in force"),
    "programme.change": _("Changed a draft of a tier programme"),
    "programme.create": _("Drew a tier programme up"),
    "programme.draft": _("Began a draft of a tier programme"),
    "programme.retire": _("Retired a tier programme"),
    "programme.send_back": _("Sent a tier programme back"),
    "programme.submit": _("Handed a tier programme in"),
    "rate_card.set": _("Set a rate of the card"),
    "rates.review": _("Looked at the rates after a change of tier"),
    "simulation.lay_out": _("Laid figures out to try bounds of tiers"),
    "simulation.save_draft": _("Kept tried bounds as a draft"),
    "tier.proof": _("Looked at the proof of a tier"),
    "tier_override.approve": _("Approved a tier by hand"),
    "tier_override.end": _("Ended a tier by hand"),
    "tier_override.lapse": _("Let a request for a tier by hand lapse"),
    "tier_override.reject": _("Rejected a tier by hand"),
    "tier_override.request": _("Asked for a tier by hand"),
    "tier_override.withdraw": _("Withdrew a request for a tier by hand"),
    "tiers.evaluate": _("Evaluated the tiers"),
}


class TiersConfig(AppConfig):
    name = "tiers"
    label = "tiers"
    verbose_name = _("Tiers")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clients.registry import ClientBound, Moves, bind
        from crm.core import audit
        from crm.core.audit_words import add_words
        from crm.core.exporting import register as lets_out
        from crm.core.importing import register as takes_in
        from tiers import tasks  # noqa: F401  registers the job and the sweep
        from tiers.importing import AppliedRateTarget, FormerTierTarget
        from tiers.models import ClientRate, FeeQuote
        from tiers.segments import offer
        from tiers.services.leak_export import LEAKS
        from tiers.services.merging import one_holding_override, one_open_rate, one_waiting_override

        @audit.veil(ClientRate)
        def commission_of_others(user: Any) -> Any:
            may = user.has_perm("tiers.view_clientrate")
            return ClientRate.objects.unseen_by(user) if may else ClientRate.objects.all()

        @audit.veil(FeeQuote)
        def quotes_of_others(user: Any) -> Any:
            seen: Any = (
                FeeQuote.objects.visible_to(user) if user.has_perm("tiers.view_feequote") else FeeQuote.objects.none()
            )
            return FeeQuote.objects.exclude(pk__in=seen.values("pk"))

        add_words(_ACTIONS)
        bind(
            # The tier of the client who stays stands; the night's evaluation looks at the assets of both.
            ClientBound("tiers.TierState", on_merge=Moves()),
            ClientBound("tiers.TierChange", on_merge=Moves()),
            ClientBound(
                "tiers.TierOverride",
                on_merge=Moves(
                    {
                        "one_waiting_tier_by_hand_per_client": one_waiting_override,
                        "one_holding_tier_by_hand_per_client": one_holding_override,
                    }
                ),
                is_told=False,
            ),
            ClientBound("tiers.ClientRate", on_merge=Moves({"one_open_rate_per_client_and_product": one_open_rate})),
            ClientBound("tiers.FeeQuote", on_merge=Moves()),
            ClientBound("tiers.AppliedRate", on_merge=Moves()),
            # A sheet to try things on, gone in days.
            ClientBound("tiers.SimulatedClient", on_merge=Moves(), is_told=False),
            ClientBound("tiers.FormerTier", on_merge=Moves()),
            # Judgements of ours; the next review finds them anew.
            ClientBound("tiers.RateLeak", on_merge=Moves(), is_told=False),
        )
        takes_in(AppliedRateTarget())
        takes_in(FormerTierTarget())
        lets_out(LEAKS)
        offer()
