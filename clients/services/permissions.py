"""Trading permissions: recording tests, opening by the rules or with an exemption that a second person approves, closing."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from clients.days import refuse_wrong_days
from clients.errors import (
    ClientClosed,
    ConditionsNotMet,
    NoRule,
    PermissionDecided,
    PermissionHeld,
    PermissionNotOpen,
)
from clients.models import Client, EntryTest, TradingPermission
from clients.querysets.precheck import PreCheck, precheck
from crm.core import audit
from crm.core.checked import check
from crm.core.clocks import local_date
from crm.core.errors import FourEyes, InvalidInput
from crm.core.models import User
from crm.core.service import service
from crm.core.taken import unless_taken
from crm.core.versions import lock

State = TradingPermission.State


@service("permission.record_test")
def record_test(
    *,
    client: Client,
    code: str,
    kind: str,
    done_on: date,
    actor: User,
    now: datetime,
    score: int | None = None,
    reference: str = "",
) -> EntryTest:
    """Record a test taken or a paper signed for a permission. Raises ``ClientClosed`` and ``InvalidInput``."""
    owner = _served(client)
    refuse_wrong_days({"done_on": done_on}, local_date(now))
    marked = kind in EntryTest.MARKED
    if marked and score is None:
        raise InvalidInput(fields={"score": _("Say how many points the client reached.")})
    row = EntryTest(
        client=owner,
        code=code,
        kind=kind,
        done_on=done_on,
        score=score if marked else None,
        reference=reference.strip(),
        entered_by=actor,
    )
    check(row)
    row.save()
    after = {"permission": code, "kind": kind, "done_on": done_on, "score": row.score}
    audit.record(actor, "permission.record_test", row, after=after, client=owner)
    return row


@service("permission.open")
def open_permission(*, client: Client, code: str, actor: User, now: datetime) -> TradingPermission:
    """Open a permission whose every condition is met; what was found is kept as proof.

    Raises ``ClientClosed``, ``PermissionHeld``, ``NoRule``, and ``ConditionsNotMet`` naming what is missing.
    """
    owner, found = _checked(client, code, now)
    if not found.passes:
        raise ConditionsNotMet(fields={c.key: f"{c.label}: {c.word}. {c.why}" for c in found.missing})
    row = _new(owner, found, actor, now)
    row.state, row.opened_on = State.OPEN, local_date(now)
    _save_new(row)
    audit.record(actor, "permission.open", row, after=_told(row), client=owner)
    return row


@service("permission.ask_exemption")
def ask_exemption(
    *, client: Client, code: str, exemption: str, reason: str, actor: User, now: datetime
) -> TradingPermission:
    """Ask that a permission is opened although a condition is not met; it opens once somebody else approves.

    Raises ``ClientClosed``, ``PermissionHeld``, ``NoRule`` and ``InvalidInput`` (also when nothing is missing).
    """
    owner, found = _checked(client, code, now)
    if found.passes:
        raise InvalidInput(fields={"exemption": _("All conditions are met: open it without an exemption.")})
    row = _new(owner, found, actor, now)
    row.state, row.exemption, row.exemption_reason = State.WAITING, exemption, reason.strip()
    check(row)
    _save_new(row)
    audit.record(actor, "permission.ask_exemption", row, after=_told(row), reason=reason, client=owner)
    return row


@service("permission.approve_exemption")
def approve_exemption(
    *, permission: TradingPermission, actor: User, now: datetime, note: str = "", version: int | None = None
) -> TradingPermission:
    """Open a permission with its exemption; the conditions are looked at once more and kept as they are now.

    Raises ``FourEyes``, ``PermissionDecided``, ``StaleEdit``, ``ClientClosed`` and ``NoRule``.
    """
    _served(permission.client)
    row = _waiting(permission, actor, version)
    found = precheck(row.client, row.code, local_date(now))
    if found.figure is None:
        raise NoRule
    row.proof, row.rule_version, row.opened_on = found.stored(), found.figure.version, local_date(now)
    return _decide(row, State.OPEN, actor, now, note, more=("proof", "rule_version", "opened_on"))


@service("permission.refuse_exemption")
def refuse_exemption(
    *, permission: TradingPermission, actor: User, now: datetime, note: str, version: int | None = None
) -> TradingPermission:
    """Turn an exemption down, saying why. Raises ``FourEyes``, ``PermissionDecided``, ``StaleEdit`` and ``ClientRestricted``."""
    if not note.strip():
        raise InvalidInput(fields={"note": _("Say why.")})
    lock(Client.objects.all(), pk=permission.client_id)
    return _decide(_waiting(permission, actor, version), State.REFUSED, actor, now, note)


@service("permission.close")
def close_permission(
    *,
    permission: TradingPermission,
    reason: str,
    actor: User,
    now: datetime,
    version: int | None = None,
) -> TradingPermission:
    """Close an open permission from today on.

    Raises ``PermissionNotOpen``, ``StaleEdit``, ``InvalidInput`` and ``ClientRestricted`` (whoever has to close it for a client
    restricted to storage ends the restriction first, with the reason).
    """
    if not reason.strip():
        raise InvalidInput(fields={"reason": _("Say why.")})
    lock(Client.objects.all(), pk=permission.client_id)
    row: TradingPermission = lock(TradingPermission.objects.select_related("client"), pk=permission.pk, version=version)
    if row.state != State.OPEN:
        raise PermissionNotOpen
    before = _told(row)
    row.state, row.closed_on, row.closed_by = State.CLOSED, local_date(now), actor
    row.close_reason = reason.strip()[:200]
    row.save_changed(["state", "closed_on", "closed_by", "close_reason"])
    audit.record(actor, "permission.close", row, before=before, after=_told(row), reason=reason, client=row.client)
    return row


def _served(client: Client) -> Client:
    """The client, locked: permissions of one client are opened one after the other."""
    owner: Client = lock(Client.objects.select_related("branch"), pk=client.pk)
    if owner.status == Client.Status.CLOSED:
        raise ClientClosed
    return owner


def _checked(client: Client, code: str, now: datetime) -> tuple[Client, PreCheck]:
    owner = _served(client)
    found = precheck(owner, code, local_date(now))
    if found.held is not None:
        raise PermissionHeld
    if found.figure is None:
        raise NoRule
    return owner, found


def _new(owner: Client, found: PreCheck, actor: User, now: datetime) -> TradingPermission:
    return TradingPermission(
        client=owner,
        code=found.code,
        opened_by=actor,
        asked_at=now,
        proof=found.stored(),
        rule_version=found.figure.version if found.figure else 0,
    )


def _save_new(row: TradingPermission) -> None:
    """The constraint decides between two who reach for the same permission at once."""
    with unless_taken(TradingPermission, "permission_live_once", refusal=PermissionHeld()):
        row.save()


def _waiting(permission: TradingPermission, actor: User, version: int | None) -> TradingPermission:
    row: TradingPermission = lock(
        TradingPermission.objects.select_related("client__branch"), pk=permission.pk, version=version
    )
    if row.state != State.WAITING:
        raise PermissionDecided
    if row.opened_by_id == actor.pk:
        raise FourEyes
    return row


def _decide(
    row: TradingPermission, state: str, actor: User, now: datetime, note: str, more: tuple[str, ...] = ()
) -> TradingPermission:
    row.state, row.decided_by, row.decided_at, row.decision_note = state, actor, now, note.strip()
    row.save_changed(["state", "decided_by", "decided_at", "decision_note", *more])
    verb = "approve" if state == State.OPEN else "refuse"
    before = {"state": State.WAITING}
    audit.record(
        actor, f"permission.{verb}_exemption", row, before=before, after=_told(row), reason=note, client=row.client
    )
    return row


def _told(row: TradingPermission) -> dict[str, Any]:
    names = ("code", "state", "opened_on", "closed_on", "exemption", "rule_version")
    unmet = [c["key"] for c in row.proof if c["outcome"] in ("not_met", "unknown")]
    return {**{name: getattr(row, name) for name in names}, "not_met": unmet}
