"""Taking a step of the state table."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from complaints import notices
from complaints.errors import ExtensionTooLong, FactsMissing, LimitImposed, OwnProposal, Recused, StepNotPossible
from complaints.models import Complaint, ComplaintEvent
from complaints.querysets import self_and_superiors
from complaints.services.clocks import (
    check_imposed,
    extend_legal_limit,
    impose_limit,
    move_internal_clock,
    start_clocks,
    stop_clocks,
)
from complaints.steps import BY_ACTION, HANDLE, Step, proposers
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.errors import MissingRight
from crm.core.models import User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.versions import lock

#: Facts that are words of the event or belong to a clock, not fields of the complaint.
_WORDS = {"note", "imposed_due_on"}


@service("complaint.act")
def act(
    *, actor: User, complaint: Complaint, action: str, now: datetime, version: int | None = None, **facts: Any
) -> Complaint:
    """Take the step ``action`` with its ``facts``; the state table says what is possible, needed and stopped.

    Raises ``StepNotPossible``, ``MissingRight``, ``Recused``, ``OwnProposal``, ``FactsMissing``, ``ExtensionTooLong``,
    ``LimitImposed`` and ``StaleEdit`` when ``version`` is not the stored one.
    """
    step = BY_ACTION.get(action)
    if step is None:
        raise StepNotPossible
    row = lock(Complaint.objects.all(), pk=complaint.pk, version=version)
    _check(step, row, actor, facts)
    before = row.state
    changed = _apply(step, row, actor, now, facts)
    row.save_changed(changed)
    _after(step, row, now, facts)
    ComplaintEvent.objects.create(
        complaint=row,
        action=action,
        from_state=before,
        to_state=row.state,
        actor=actor,
        at=now,
        note=str(facts.get("note") or facts.get("opinion") or facts.get("reply") or ""),
        facts=_plain(step, facts),
    )
    notices.tell_complainant(row, action, now)
    audit.record(
        actor,
        f"complaint.{action}",
        row,
        before={"state": before},
        after={"state": row.state, **_plain(step, facts)},
        client=row.client,
    )
    return row


def _check(step: Step, row: Complaint, actor: User, facts: dict[str, Any]) -> None:
    if not actor.has_perm(step.right):
        raise MissingRight
    if keeps_away(actor, row):
        raise Recused
    if row.state not in step.origin:
        raise StepNotPossible
    if step.four_eyes and actor.pk in proposers(step, row):
        raise OwnProposal
    missing = {
        name: _("Fill this in.") for name in step.needs if facts.get(name) is None or str(facts[name]).strip() == ""
    }
    unknown = {name: _("This does not belong to the step.") for name in facts if name not in step.facts}
    if missing or unknown:
        raise FactsMissing(fields={**missing, **unknown})
    _check_handler(row, facts.get("handler"))
    _check_money(step, facts)
    _check_extension(step, row, facts)
    if step.action == "impose_limit":
        check_imposed(row.channel, facts["imposed_due_on"], row.received_at)


def keeps_away(person: User, complaint: Complaint) -> bool:
    """Whether a member of staff is recused: he is complained of, or stands below the one who is."""
    about = complaint.complained_of_id
    return about is not None and about in self_and_superiors(person)


def _check_handler(row: Complaint, handler: User | None) -> None:
    if handler is None:
        return
    if keeps_away(handler, row):
        raise Recused(fields={"handler": Recused.message})
    if not handler.is_active or not handler.has_perm(HANDLE):
        raise FactsMissing(fields={"handler": _("This member of staff does not handle complaints.")})
    if not Complaint.objects.visible_to(handler).filter(pk=row.pk).exists():
        raise FactsMissing(fields={"handler": _("This member of staff does not see the complaint.")})


def _check_money(step: Step, facts: dict[str, Any]) -> None:
    if step.action != "propose":
        return
    compensation = facts.get("compensation") or Decimal(0)
    if compensation < 0:
        raise FactsMissing(fields={"compensation": _("An amount is not negative.")})
    if facts.get("outcome") == Complaint.Outcome.COMPENSATED and not compensation:
        raise FactsMissing(fields={"compensation": _("Say how much is paid.")})
    if compensation and facts.get("outcome") not in Complaint.PAYING:
        raise FactsMissing(fields={"compensation": _("Nothing is paid with this outcome.")})


def _check_extension(step: Step, row: Complaint, facts: dict[str, Any]) -> None:
    if step.action in ("extend", "refuse_extension") and not row.extension_days:
        raise StepNotPossible(_("Nobody has asked for an extension."))
    if step.action != "ask_extension":
        return
    if row.limit_is_imposed:
        raise LimitImposed
    longest = figures(local_date(row.received_at), row.branch).days("complaint.extend_days")
    if row.extended_by_days or not 1 <= int(facts["extension_days"]) <= longest:
        raise ExtensionTooLong(fields={"extension_days": ExtensionTooLong.message})


def _apply(step: Step, row: Complaint, actor: User, now: datetime, facts: dict[str, Any]) -> set[str]:
    """Set the fields that the step changes; saves nothing. Returns their names."""
    given = {name: value for name, value in facts.items() if name not in _WORDS and value is not None}
    if step.action == "propose":
        # An opinion names its amount anew: one that was sent back leaves none behind.
        given.setdefault("compensation", Decimal(0))
    for name, value in given.items():
        setattr(row, name, value)
    changed = set(given)
    if step.to is not None:
        row.state = step.to
        row.closed_at = now if row.ended else None
        changed |= {"state", "closed_at"}
    return changed | _own_marks(step, row, actor, now)


def _own_marks(step: Step, row: Complaint, actor: User, now: datetime) -> set[str]:
    """What a step notes about itself: who proposed, who approved, when it was accepted."""
    match step.action:
        case "name_person":
            return _free_of_the_named(row)
        case "accept":
            row.accepted_at = now
            return {"accepted_at"}
        case "propose":
            row.proposed_by, row.approved_by = actor, None
            return {"proposed_by", "approved_by"}
        case "approve":
            row.approved_by = actor
            return {"approved_by"}
        case "ask_extension":
            row.extension_asked_by = actor
            return {"extension_asked_by"}
        case "extend":
            row.extended_by_days, row.extension_days = row.extension_days or 0, None
            return {"extended_by_days", "extension_days"}
        case "refuse_extension" | "impose_limit":
            # Whoever asked us for more time has his answer from the body that set the date.
            row.extension_days = None
            return {"extension_days"}
        case "reopen":
            row.rounds += 1
            row.is_satisfied, row.proposed_by, row.approved_by = None, None, None
            row.extended_by_days, row.extension_days = 0, None
            return {
                "rounds",
                "is_satisfied",
                "proposed_by",
                "approved_by",
                "extended_by_days",
                "extension_days",
            }
    return set()


def _free_of_the_named(row: Complaint) -> set[str]:
    """Take out of the hands of those who are recused now what they hold: the complaint itself, and an opinion of theirs."""
    changed = set()
    if row.handler is not None and keeps_away(row.handler, row):
        row.handler = None
        changed.add("handler")
    if any(person is not None and keeps_away(person, row) for person in (row.proposed_by, row.approved_by)):
        row.state, row.proposed_by, row.approved_by = Complaint.State.INVESTIGATING, None, None
        changed |= {"state", "proposed_by", "approved_by"}
    return changed


def _after(step: Step, row: Complaint, now: datetime, facts: dict[str, Any]) -> None:
    """What the step does to the clocks."""
    if step.action == "classify":
        move_internal_clock(row)
    elif step.action == "impose_limit":
        impose_limit(row, facts["imposed_due_on"])
    elif step.action == "extend":
        extend_legal_limit(row, row.extended_by_days)
    elif step.action == "reopen":
        # A reopened complaint was accepted before; contact, internal and legal limits run anew.
        start_clocks(row, local_date(now), kinds=("first_contact", "internal", "close"))
    if step.stops:
        stop_clocks(row, step.stops, now)


def _plain(step: Step, facts: dict[str, Any]) -> dict[str, Any]:
    """Facts for the record: people by their public id, amounts and days as text, long texts left to the event's own note."""
    long = {"note", "opinion", "reply"}
    return {
        name: str(value) if isinstance(value, Decimal | date) else getattr(value, "public_id", value)
        for name, value in facts.items()
        if value is not None and name not in long
    }
