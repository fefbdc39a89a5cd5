"""Starting, moving and watching the clocks of complaints."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from complaints.errors import FactsMissing
from complaints.models import Complaint, ComplaintClock, ComplaintEvent
from crm.core import audit
from crm.core.access import system_user
from crm.core.clocks import Calendar, local_date
from crm.core.jobs import due
from crm.core.models import User
from crm.core.policies import Figures, figures
from crm.core.service import service
from crm.core.services.calendar import recomputes

Kind = ComplaintClock.Kind
_PER_ROUND = 500
#: No body gives longer for a complaint: what lies beyond is a slip of the keyboard.
_FURTHEST = timedelta(days=731)


def start_clocks(
    complaint: Complaint, started_on: date, *, imposed_due_on: date | None = None, kinds: Iterable[str] = Kind.values
) -> None:
    """Start the clocks of the complaint's present round from the figures in force on the day it began."""
    known = figures(started_on, complaint.branch)
    calendar = Calendar.around(started_on)
    rows = clocks_of(complaint, started_on, kinds, known, calendar)
    for row in rows:
        if imposed_due_on and row.kind == Kind.CLOSE:
            row.due_on, row.is_imposed, row.provisional = imposed_due_on, True, False
    ComplaintClock.objects.bulk_create(rows)


def check_imposed(channel: str, due_on: date, received_at: datetime) -> None:
    """Raise ``FactsMissing`` for a date that nobody outside can have set: other bodies only, within two years from receipt."""
    if channel not in Complaint.TRANSFERRING:
        raise FactsMissing(fields={"imposed_due_on": _("Only a body that handed the complaint on sets a date.")})
    if due_on < local_date(received_at):
        raise FactsMissing(fields={"imposed_due_on": _("This day lies before the complaint came in.")})
    if due_on > local_date(received_at) + _FURTHEST:
        raise FactsMissing(fields={"imposed_due_on": _("This day lies more than two years ahead.")})


def impose_limit(complaint: Complaint, due_on: date) -> None:
    """Put the date of the body that handed the complaint on in the place of the legal limit that runs."""
    ComplaintClock.objects.running().filter(complaint=complaint, round=complaint.rounds, kind=Kind.CLOSE).update(
        due_on=due_on, is_imposed=True, provisional=False, escalated_at=None
    )


def clocks_of(
    complaint: Complaint, started_on: date, kinds: Iterable[str], known: Figures, calendar: Calendar
) -> list[ComplaintClock]:
    """The clocks of the present round, not yet saved."""
    return [_clock(complaint, kind, started_on, known, calendar) for kind in kinds]


def limit_of(kind: str, complaint: Complaint, known: Figures) -> tuple[int, str]:
    """How many days of which unit a clock runs (N natural, W working)."""
    match kind:
        case Kind.FIRST_CONTACT:
            return known.days("complaint.first_contact_days"), "W"
        case Kind.ACCEPT:
            return known.days("complaint.accept_days"), "N"
        case Kind.INTERNAL:
            return int(known.json("complaint.sla_days")[complaint.level]), "W"
    return known.days("complaint.close_days"), "N"


def _clock(complaint: Complaint, kind: str, started_on: date, known: Figures, calendar: Calendar) -> ComplaintClock:
    days, unit = limit_of(kind, complaint, known)
    end = calendar.due(started_on, days, unit)
    return ComplaintClock(
        complaint=complaint,
        round=complaint.rounds,
        kind=kind,
        started_on=started_on,
        due_on=end.on,
        provisional=end.provisional,
        days=days,
        unit=unit,
    )


def move_internal_clock(complaint: Complaint) -> None:
    """After a change of level the internal limit runs anew from the same start."""
    clock = ComplaintClock.objects.running().filter(complaint=complaint, kind=Kind.INTERNAL).last()
    if clock is None:
        return
    known = figures(clock.started_on, complaint.branch)
    clock.days, clock.unit = limit_of(Kind.INTERNAL, complaint, known)
    clock.due_on, clock.provisional = Calendar.around(clock.started_on).due(clock.started_on, clock.days, clock.unit)
    clock.escalated_at = None
    clock.save(update_fields=["days", "unit", "due_on", "provisional", "escalated_at"])


def extend_legal_limit(complaint: Complaint, days: int) -> None:
    """Move the legal limit by ``days`` natural days."""
    clock = ComplaintClock.objects.running().filter(complaint=complaint, kind=Kind.CLOSE).last()
    if clock is None:
        return
    clock.days += days
    clock.due_on = Calendar.around(clock.due_on).add_natural_days(clock.due_on, days)
    clock.escalated_at = None
    clock.save(update_fields=["days", "due_on", "escalated_at"])


def stop_clocks(complaint: Complaint, kinds: Iterable[str], now: datetime) -> None:
    ComplaintClock.objects.running().filter(complaint=complaint, kind__in=list(kinds)).update(stopped_at=now)


@service("complaint.escalate_overdue")
def escalate_overdue(*, actor: User, now: datetime) -> int:
    """Put every clock that ran out before the manager, once: an event in the dossier. Returns how many."""
    today = local_date(now)
    late = list(ComplaintClock.objects.to_escalate(today).select_related("complaint")[:_PER_ROUND])
    done = 0
    for clock in late:
        # One conditional UPDATE decides which of two sweeps writes the event.
        if ComplaintClock.objects.filter(pk=clock.pk, escalated_at=None, stopped_at=None).update(escalated_at=now):
            _note_overdue(clock, actor, now)
            done += 1
    return done


def _note_overdue(clock: ComplaintClock, actor: User, now: datetime) -> None:
    complaint = clock.complaint
    ComplaintEvent.objects.create(
        complaint=complaint,
        action="overdue",
        from_state=complaint.state,
        to_state=complaint.state,
        actor=actor,
        at=now,
        facts={"clock": clock.kind, "due_on": clock.due_on.isoformat()},
    )
    audit.record(actor, "complaint.overdue", complaint, after={"clock": clock.kind, "due_on": clock.due_on})


@due("complaints.clocks")
def watch_clocks(now: datetime) -> int:
    return escalate_overdue(actor=system_user(), now=now)


@recomputes("complaints.clocks")
def recompute_clocks(first: date, last: date, now: datetime) -> int:
    """After a change of the calendar: compute running working-day clocks that reach into the changed days again."""
    running = ComplaintClock.objects.running().filter(unit="W", is_imposed=False, started_on__lte=last)
    moved = 0
    for clock in running.filter(due_on__gte=first).iterator(chunk_size=_PER_ROUND):
        end = Calendar.around(clock.started_on).due(clock.started_on, clock.days, clock.unit)
        if (end.on, end.provisional) != (clock.due_on, clock.provisional):
            moved += ComplaintClock.objects.filter(pk=clock.pk, stopped_at=None).update(
                due_on=end.on, provisional=end.provisional
            )
    return moved
