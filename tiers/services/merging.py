"""What becomes of agreed rates and of tiers given by hand when two clients are made one."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from clients.registry import ClientBound, Moment, Moves, Stays, Values
from tiers.models import Tier, TierOverride, TierState


def one_open_rate(leaving: Any, _staying: Any, moment: Moment) -> tuple[Values | None, Values]:
    """Of two open rates for one product that of the client who stays holds on; the other ends today."""
    return {"state": "ended", "valid_to": max(moment.today, leaving.valid_from)}, {}


def one_waiting_override(_leaving: Any, _staying: Any, moment: Moment) -> tuple[Values | None, Values]:
    """Of two requests for a tier by hand that of the client who stays waits on."""
    return {"state": "withdrawn", "ended_at": moment.now, "end_reason": moment.reason}, {}


def one_holding_override(_leaving: Any, _staying: Any, moment: Moment) -> tuple[Values | None, Values]:
    """Of two tiers by hand that of the client who stays holds on."""
    return {"state": "ended", "ended_at": moment.now, "end_reason": moment.reason}, {}


def tier_by_hand_holds_on(leaving: Any, staying: Any, moment: Moment) -> tuple[Values | None, Values]:
    """The tier of the client who stays stands, unless one given by hand holds for the leaving one alone: then it is his.

    By rule he stays where he was, and there he returns when the tier by hand ends.
    """
    if leaving.earned_id is None or staying.earned_id is not None:
        return None, {}
    tier = Tier.objects.filter(programme=staying.programme_id, code=leaving.tier.code).first()
    if tier is None:
        return None, {}
    return None, {"tier_id": tier.pk, "earned_id": staying.tier_id, "since": moment.today}


def of_another_programme(_leaving: Any, staying: Any) -> Q:
    """Tiers by hand that hold and that the programme of the client who stays does not know."""
    state = TierState.objects.filter(client=staying).first()
    if state is None or state.earned_id is not None:
        return Q(pk__in=[])
    known = Tier.objects.filter(programme=state.programme_id).values("code")
    return Q(state=TierOverride.State.HOLDING) & ~Q(tier__code__in=known)


def one_promise(leaving: Any, staying: Any, moment: Moment) -> tuple[Values | None, Values]:
    """Of two rows for one occurrence the staying client's stands; what was kept for the leaving one is not owed again."""
    if leaving.state == "done" and staying.is_open:
        taken = ("state", "kept_on", "kept_by_id", "proof", "contact_ref", "delivery_id", "note", "cost")
        return None, {name: getattr(leaving, name) for name in taken}
    return None, {}


def one_rolling_promise(leaving: Any, _staying: Any, moment: Moment) -> tuple[Values | None, Values]:
    """One is owed so long after the last time, not two: the leaving client's is closed."""
    return {"state": "closed", "closed_as": "merged"}, {}


def one_plan(_leaving: Any, _staying: Any, _moment: Moment) -> tuple[Values | None, Values]:
    """Of two service plans that of the client who stays holds on."""
    return {"state": "replaced"}, {}


def own_rows() -> tuple[ClientBound, ...]:
    """What of this app belongs to a client, and what becomes of it when two are made one."""
    return (
        # The night's evaluation looks at the assets of both.
        ClientBound("tiers.TierState", on_merge=Moves({"": tier_by_hand_holds_on})),
        ClientBound("tiers.TierChange", on_merge=Moves()),
        ClientBound(
            "tiers.TierOverride",
            on_merge=Moves(
                {
                    "one_waiting_tier_by_hand_per_client": one_waiting_override,
                    "one_holding_tier_by_hand_per_client": one_holding_override,
                },
                senseless=of_another_programme,
            ),
            is_told=False,
        ),
        ClientBound(
            "tiers.ClientRate",
            on_merge=Moves({"one_open_rate_per_client_and_product": one_open_rate}),
            is_counted=False,
        ),
        ClientBound("tiers.FeeQuote", on_merge=Moves(), is_counted=False),
        ClientBound("tiers.AppliedRate", on_merge=Moves(), is_counted=False),
        # A sheet to try things on, gone in days.
        ClientBound("tiers.SimulatedClient", on_merge=Moves(), is_told=False),
        ClientBound("tiers.FormerTier", on_merge=Moves()),
        # Judgements of ours; the next review finds them anew.
        ClientBound("tiers.RateLeak", on_merge=Moves(), is_told=False, is_counted=False),
        ClientBound(
            "tiers.Promise",
            on_merge=Moves({"promised_once": one_promise, "one_rolling_promise_open": one_rolling_promise}),
        ),
        ClientBound("tiers.Booking", on_merge=Moves()),
        ClientBound(
            "tiers.ServicePlan",
            on_merge=Moves({"one_drawn_up_plan_per_client": one_plan, "one_agreed_plan_per_client": one_plan}),
        ),
        # Steps go with their plan.
        ClientBound("tiers.PlanStep", "plan__client", on_merge=Stays()),
        ClientBound("tiers.PlanStepMark", "step__plan__client", on_merge=Stays()),
        # Of two rows of one publication the staying client's stands.
        ClientBound("tiers.Recipient", on_merge=Moves()),
    )
