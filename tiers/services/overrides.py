"""Tiers given by hand: asked for, approved by somebody else within the limits of his role, and returned from by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from clients.models import Client
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.errors import FourEyes, MissingRight
from crm.core.models import Branch, User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.versions import lock
from tiers.errors import (
    NoTierYet,
    OverrideDecided,
    OverrideExpired,
    OverrideLimit,
    OverrideNotAllowed,
    OverrideNotInForce,
    OverrideWaiting,
)
from tiers.models import Tier, TierChange, TierOverride, TierState

_State = TierOverride.State


@service("tier_override.request")
def request_override(
    *, client: Client, tier: Tier, reason: str, valid_to: date, actor: User, now: datetime
) -> TierOverride:
    """Ask that a client be given ``tier`` until ``valid_to``; it waits for somebody else.

    Raises ``NoTierYet``, ``OverrideNotAllowed`` for a tier that is his by rule, of another programme, or a last day that is
    over or further off than anybody may approve, and ``OverrideWaiting``.
    """
    today = local_date(now)
    _hold(client)
    state = _state(client)
    by_rule = state.by_rule
    if tier.programme_id != state.programme_id:
        raise OverrideNotAllowed(fields={"tier": _("This tier is not one of the programme that grades the client.")})
    if tier.pk == by_rule.pk:
        raise OverrideNotAllowed(fields={"tier": _("The rules give the client this tier already.")})
    if valid_to < today:
        raise OverrideNotAllowed(fields={"valid_to": _("This day is over. Name today or a later day.")})
    known = figures(today, client.branch)
    longest = longest_days(client.branch, today)
    if valid_to > today + timedelta(days=longest):
        told = _("A tier by hand holds for %(days)d days at most.") % {"days": longest}
        raise OverrideNotAllowed(fields={"valid_to": told})
    if TierOverride.objects.waiting().filter(client=client).exists():
        raise OverrideWaiting
    made: TierOverride = TierOverride.objects.create(
        client=client,
        tier=tier,
        before=by_rule,
        reason=reason,
        requested_by=actor,
        requested_at=now,
        decide_by=today + timedelta(days=known.days("tier.override_decide_days")),
        valid_to=valid_to,
    )
    audit.record(actor, "tier_override.request", made, after=_told(made), reason=reason)
    return made


@service("tier_override.approve")
def approve_override(
    *, override: TierOverride, actor: User, now: datetime, version: int | None = None, note: str = ""
) -> TierOverride:
    """Give the client the tier from today on; one by hand that holds ends with it.

    Raises ``FourEyes`` for the one who asked, ``OverrideExpired``, ``OverrideLimit`` for a step or a time beyond the actor's
    role, ``OverrideDecided`` and ``StaleEdit``.
    """
    row, today = _waiting(override, actor, version), local_date(now)
    if row.is_too_late(today):
        raise OverrideExpired
    state = _state(row.client)
    by_rule = state.by_rule
    tier = _present(row.tier, state)
    _refuse_beyond_limits(row, tier, by_rule, actor, today)
    for before in TierOverride.objects.holding().filter(client=row.client):
        before.state, before.ended_at, before.end_reason = _State.ENDED, now, _("Another one took its place")
        before.save_changed(["state", "ended_at", "end_reason"])
    shown = state.tier
    state.tier, state.earned, state.since = tier, by_rule, today
    state.save(update_fields=["tier", "earned", "since"])
    row.state, row.valid_from, row.decided_by, row.decided_at, row.decision_note = (
        _State.HOLDING,
        today,
        actor,
        now,
        note,
    )
    row.save_changed(["state", "valid_from", "decided_by", "decided_at", "decision_note"])
    _write_change(row, shown, tier, today, TierChange.Reason.MANUAL)
    audit.record(actor, "tier_override.approve", row, before={"state": "proposed"}, after=_told(row), reason=note)
    return row


@service("tier_override.reject")
def reject_override(
    *, override: TierOverride, actor: User, now: datetime, note: str, version: int | None = None
) -> TierOverride:
    """Turn a request down, saying why. Raises ``FourEyes``, ``OverrideDecided`` and ``StaleEdit``."""
    row = _waiting(override, actor, version)
    row.state, row.decided_by, row.decided_at, row.decision_note = _State.REJECTED, actor, now, note
    row.save_changed(["state", "decided_by", "decided_at", "decision_note"])
    audit.record(actor, "tier_override.reject", row, before={"state": "proposed"}, after=_told(row), reason=note)
    return row


@service("tier_override.withdraw")
def withdraw_override(
    *, override: TierOverride, actor: User, now: datetime, version: int | None = None
) -> TierOverride:
    """Take one's own request back. Raises ``MissingRight``, ``OverrideDecided`` and ``StaleEdit``."""
    row = _waiting(override, None, version)
    if row.requested_by_id != actor.pk:
        raise MissingRight
    row.state, row.ended_at = _State.WITHDRAWN, now
    row.save_changed(["state", "ended_at"])
    audit.record(actor, "tier_override.withdraw", row, before={"state": "proposed"}, after=_told(row))
    return row


@service("tier_override.lapse")
def lapse_override(*, override: TierOverride, actor: User, now: datetime) -> TierOverride:
    """Close a request whose time for a decision is over. Raises ``OverrideDecided`` when somebody was faster."""
    row = _waiting(override, None, None)
    if not row.is_too_late(local_date(now)):
        raise OverrideDecided
    row.state, row.ended_at = _State.LAPSED, now
    row.save_changed(["state", "ended_at"])
    audit.record(actor, "tier_override.lapse", row, before={"state": "proposed"}, after=_told(row))
    return row


@service("tier_override.end")
def end_override(
    *, override: TierOverride, actor: User, now: datetime, reason: str = "", version: int | None = None
) -> TierOverride:
    """Return the client to the tier by rule: after the last day by the clock, before it by whoever may approve.

    Raises ``OverrideNotInForce`` and ``StaleEdit``.
    """
    today = local_date(now)
    _hold(override.client)
    row = lock(TierOverride.objects.select_related("client"), pk=override.pk, version=version)
    if row.state != _State.HOLDING or (actor.is_system and row.valid_to >= today):
        raise OverrideNotInForce
    state = _state(row.client)
    shown, back = state.tier, state.by_rule
    state.tier, state.earned, state.since = back, None, today
    state.save(update_fields=["tier", "earned", "since"])
    row.state, row.ended_at, row.end_reason = _State.ENDED, now, reason
    row.save_changed(["state", "ended_at", "end_reason"])
    _write_change(row, shown, back, today, TierChange.Reason.RETURN)
    audit.record(actor, "tier_override.end", row, before={"state": "holding"}, after=_told(row), reason=reason)
    return row


def longest_days(branch: Branch, day: date) -> int:
    """For how many days a tier by hand may be asked for: what the role with the widest limit may approve."""
    table: Mapping[str, Mapping[str, int]] = figures(day, branch).json("tier.override_limits")
    return max((limit["days"] for limit in table.values()), default=0)


def limits_of(actor: User, day: date, branch: Branch) -> dict[str, int] | None:
    """How many tiers away from the rule, and for how many days, the actor's role may approve; None may not."""
    table: Mapping[str, Mapping[str, int]] = figures(day, branch).json("tier.override_limits")
    mine = [table[role] for role in table if actor.has_role(role)]
    return {name: max(limit[name] for limit in mine) for name in ("steps", "days")} if mine else None


def _refuse_beyond_limits(row: TierOverride, tier: Tier, by_rule: Tier, actor: User, today: date) -> None:
    limits = limits_of(actor, today, row.client.branch)
    if limits is None:
        raise MissingRight
    if abs(tier.rank - by_rule.rank) > limits["steps"] or (row.valid_to - today).days > limits["days"]:
        raise OverrideLimit(
            _(
                "Your role may approve %(steps)d tiers away from the rule, for %(days)d days; somebody else has to decide."
            )
            % limits
        )


def _write_change(row: TierOverride, old: Tier, new: Tier, day: date, reason: str) -> None:
    if old.pk != new.pk:
        TierChange.objects.create(
            client=row.client, old=old, new=new, day=day, reason=reason, total=0, days=0, override=row
        )


def _present(tier: Tier, state: TierState) -> Tier:
    """The tier of the same code in the edition that grades the client now. Raises ``OverrideNotAllowed``."""
    if tier.programme_id == state.programme_id:
        return tier
    found = Tier.objects.filter(programme_id=state.programme_id, code=tier.code).first()
    if found is None:
        raise OverrideNotAllowed(fields={"tier": _("This tier is not one of the programme that grades the client.")})
    return found


def _state(client: Client) -> TierState:
    found = TierState.objects.select_for_update(of=("self",)).filter(client=client).first()
    if found is None:
        raise NoTierYet
    return found


def _hold(client: Client) -> None:
    """The branch's lock, as the evaluation takes it, so that no run decides on a tier that changes under its hands."""
    Branch.objects.select_for_update(of=("self",), no_key=True).get(pk=client.branch_id)


def _waiting(override: TierOverride, actor: User | None, version: int | None) -> TierOverride:
    _hold(override.client)
    row = lock(TierOverride.objects.select_related("client__branch", "tier"), pk=override.pk, version=version)
    if row.state != _State.PROPOSED:
        raise OverrideDecided
    if actor is not None and row.requested_by_id == actor.pk:
        raise FourEyes
    return row


def _told(row: TierOverride) -> dict[str, Any]:
    names = ("valid_from", "valid_to", "state")
    return {"tier": row.tier.code, "before": row.before.code, **{name: getattr(row, name) for name in names}}
