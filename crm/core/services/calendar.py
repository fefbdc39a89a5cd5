"""Changes of the calendar and of business hours, and the computing again of what rests on them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.db import OperationalError
from django.utils.translation import gettext_lazy as _

from crm.core import audit
from crm.core.calendar_notice import SOURCE, RowProblem, TradingDay, fill_years, read_notice
from crm.core.clocks import BusinessClock, Calendar, Hours, database_now
from crm.core.errors import InvalidInput
from crm.core.jobs import due
from crm.core.models import Branch, BusinessSegment, CalendarChange, CalendarDay, User
from crm.core.published_calendar import LAST_YEAR, SEED_FROM, DayFacts, published_days
from crm.core.service import service

logger = logging.getLogger(__name__)

_FIELDS = ("is_workday", "is_trading", "note", "source")
_BATCH = 500
_OURS = {CalendarDay.Source.PACKAGE, CalendarDay.Source.EXCHANGE}


class TradingNotWorkday(InvalidInput):
    """A day was said to be traded but not worked."""

    code = "trading_not_workday"
    message = _("A trading day is always a working day.")


class TradingOnWeekend(InvalidInput):
    """A Saturday or Sunday was said to be traded; the exchanges stay shut also on make-up days."""

    code = "trading_on_weekend"
    message = _("The exchanges never trade on a Saturday or Sunday, also when it is worked.")


class CalendarFileRefused(InvalidInput):
    """Some rows of a notice are wrong; nothing was written. `problems` names each of them."""

    code = "calendar_file_refused"
    message = _("Some rows of the file are wrong. Nothing was imported.")

    def __init__(self, problems: Sequence[RowProblem]) -> None:
        super().__init__()
        self.problems = list(problems)


class ImpossibleHours(InvalidInput):
    """Business hours overlap, end before they begin, or leave no weekday open."""

    code = "impossible_hours"
    message = _("These business hours overlap, end before they begin, or leave no weekday open.")


@dataclass(frozen=True)
class Outcome:
    """How many days of the calendar were added, changed or already there."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    @property
    def written(self) -> int:
        return self.created + self.updated


@service("calendar.seed")
def seed_calendar(*, actor: User, first_year: int = SEED_FROM, last_year: int = LAST_YEAR) -> Outcome:
    """Bring the published calendars into the table. Days somebody imported or edited stay as they are.

    Safe to run at any time; a second run writes nothing and leaves no audit entry.
    """
    known = _known(date(first_year, 1, 1), date(last_year, 12, 31))
    wanted = [
        facts
        for facts in published_days(first_year, last_year)
        if facts.day not in known or known[facts.day].source in _OURS
    ]
    return _write(wanted, known, actor=actor, action="calendar.seed", now=None, label=f"{first_year}–{last_year}")


@service("calendar.import")
def import_calendar(
    *, content: bytes, name: str, actor: User, now: datetime, fill_year: bool = False, dry_run: bool = False
) -> Outcome:
    """Bring a notice (see `calendar_notice`) into the table: all of it or, if a row is wrong, nothing.

    With `fill_year`, days of the same years that the notice does not mention become Monday to Friday, unless they are
    on file already. Raises `CalendarFileRefused`.
    """
    notice = read_notice(content)
    if notice.problems:
        raise CalendarFileRefused(notice.problems)
    days = fill_years(notice.days, notice.years) if fill_year and notice.days else notice.days
    every = [facts.day for facts in days] + [traded.day for traded in notice.trading]
    known = _known(min(every), max(every))
    if notice.trading:
        days = _with_work(notice.trading, known)
    elif fill_year:
        named = {facts.day for facts in notice.days}
        days = [facts for facts in days if facts.day in named or facts.day not in known]
    if dry_run:
        return _compare(days, known)[0]
    return _write(days, known, actor=actor, action="calendar.import", now=now, label=name)


def _with_work(trading: Iterable[TradingDay], known: dict[date, CalendarDay]) -> list[DayFacts]:
    """Trading days with what is known about work. Raises `CalendarFileRefused`."""
    days: list[DayFacts] = []
    problems: list[RowProblem] = []
    for row, day, is_trading in trading:
        on_file = known.get(day)
        if on_file is not None and (on_file.is_workday or not is_trading):
            days.append(DayFacts(day, on_file.is_workday, is_trading, on_file.note, SOURCE))
        elif on_file is not None:
            message = str(TradingNotWorkday.message)
            problems.append(RowProblem(row, "is_trading", str(day), "trading_not_workday", message))
        else:
            text = _("It is not known yet whether this day is worked: bring the working days of its year in first.")
            problems.append(RowProblem(row, "is_workday", str(day), "workday_unknown", str(text)))
    if problems:
        raise CalendarFileRefused(problems)
    return days


@service("calendar.edit_day")
def edit_day(
    *, day: date, is_workday: bool, is_trading: bool, note: str, actor: User, now: datetime, reason: str = ""
) -> CalendarDay:
    """Correct one day by hand. Raises `TradingNotWorkday` and `TradingOnWeekend`."""
    if is_trading and not is_workday:
        raise TradingNotWorkday(fields={"is_trading": TradingNotWorkday.message})
    if is_trading and day.weekday() > 4:
        raise TradingOnWeekend(fields={"is_trading": TradingOnWeekend.message})
    facts = DayFacts(day, is_workday, is_trading, note.strip(), CalendarDay.Source.MANUAL.value)
    _write([facts], _known(day, day), actor=actor, action="calendar.edit_day", now=now, label=str(day), reason=reason)
    return CalendarDay.objects.get(pk=day)


@service("branch.set_business_hours")
def set_business_hours(*, branch: Branch, hours: Iterable[Hours], actor: User) -> list[BusinessSegment]:
    """Replace the business hours of a branch; none at all puts the company's default back in force.

    Raises `ImpossibleHours`.
    """
    wanted = list(hours)
    if wanted:
        try:
            BusinessClock(Calendar(), wanted)
        except ValueError:
            raise ImpossibleHours from None
    Branch.objects.select_for_update().get(pk=branch.pk)
    own = BusinessSegment.objects.filter(branch=branch)
    before = [str(segment) for segment in own]
    own.delete()
    segments = [
        BusinessSegment(branch=branch, weekday=item.weekday, opens=item.opens, closes=item.closes) for item in wanted
    ]
    BusinessSegment.objects.bulk_create(segments)
    after = [str(segment) for segment in segments]
    audit.record(actor, "branch.set_business_hours", branch, before={"hours": before}, after={"hours": after})
    return segments


# -- writing days ------------------------------------------------------------------------------------------------------


def _known(first: date, last: date) -> dict[date, CalendarDay]:
    return {row.day: row for row in CalendarDay.objects.select_for_update().between(first, last)}


def _compare(wanted: Iterable[DayFacts], known: dict[date, CalendarDay]) -> tuple[Outcome, list[DayFacts]]:
    """What writing these days would do, and the days that have to be written."""
    created = updated = unchanged = 0
    written = []
    for facts in wanted:
        row = known.get(facts.day)
        if row is None:
            created += 1
        elif (row.is_workday, row.is_trading, row.note) != facts[1:4]:
            updated += 1
        else:
            unchanged += 1
            continue
        written.append(facts)
    return Outcome(created, updated, unchanged), written


def _write(
    wanted: Iterable[DayFacts],
    known: dict[date, CalendarDay],
    *,
    actor: User,
    action: str,
    now: datetime | None,
    label: str,
    reason: str = "",
) -> Outcome:
    outcome, written = _compare(wanted, known)
    if not written:
        return outcome
    table_was_empty = not known and not CalendarDay.objects.exists()
    CalendarDay.objects.bulk_create(
        [CalendarDay(**facts._asdict()) for facts in written],
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["day"],
        update_fields=_FIELDS,
    )
    _sign(outcome, written, known, actor=actor, action=action, label=label, reason=reason)
    moved = [facts.day for facts in written if facts.day not in known or _answers(known[facts.day]) != facts[1:3]]
    if moved and not table_was_empty:  # before the first day is on file there is no deadline to correct
        CalendarChange.objects.create(
            first_day=min(moved), last_day=max(moved), days=len(moved), at=now or database_now()
        )
    return outcome


def _answers(row: CalendarDay) -> tuple[bool, bool]:
    return (row.is_workday, row.is_trading)


def _sign(
    outcome: Outcome,
    written: list[DayFacts],
    known: dict[date, CalendarDay],
    *,
    actor: User,
    action: str,
    label: str,
    reason: str,
) -> None:
    """One audit entry: counts for a file, the day itself (before and after) for an edit."""
    before: dict[str, Any] | None = None
    after: dict[str, Any] = {"from": label, **asdict(outcome)}
    changed = {str(facts.day): known[facts.day] for facts in written if facts.day in known}
    if changed:
        before = {day: [row.is_workday, row.is_trading, row.note] for day, row in changed.items()}
        after["days"] = {str(facts.day): list(facts[1:4]) for facts in written if str(facts.day) in changed}
    if len(written) == 1:
        after["days"] = {str(written[0].day): list(written[0][1:4])}
    audit.record(actor, action, "core.calendarday", before=before, after=after, reason=reason)


# -- computing deadlines again -----------------------------------------------------------------------------------------

#: Called with the first and the last changed day and the present moment; returns how many deadlines moved.
Recompute = Callable[[date, date, datetime], int]
RECOMPUTE: dict[str, Recompute] = {}


def recomputes(name: str) -> Callable[[Recompute], Recompute]:
    """Register what computes the open deadlines of one kind again after the calendar has changed.

    It is called outside of any transaction, may be called twice with the same days, and must not mind.
    """

    def register(rule: Recompute) -> Recompute:
        RECOMPUTE[name] = rule
        return rule

    return register


@due("core.recompute_deadlines")
def recompute_deadlines(now: datetime) -> int:
    """The sweep after a change of the calendar; a change stays on the list until every rule has gone through.

    Estimated deadlines lie beyond the table, so whatever reaches into the changed days is computed again.
    """
    changes = list(CalendarChange.objects.unsettled())
    if not changes:
        return 0
    first, last = min(change.first_day for change in changes), max(change.last_day for change in changes)
    moved, failed = 0, False
    for name, rule in RECOMPUTE.items():
        try:
            moved += rule(first, last, now)
        except OperationalError:
            raise
        except Exception:
            failed = True
            logger.exception("deadlines not computed again", extra={"rule": name})
    if not failed:
        CalendarChange.objects.filter(pk__in=[change.pk for change in changes]).update(recomputed_at=now)
    return moved
