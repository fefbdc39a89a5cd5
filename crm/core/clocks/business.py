"""Business minutes: the time a branch is open on working days, with its lunch break, and clocks that pause.

All sums are whole microseconds, so adding and measuring agree exactly.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from crm.core.clocks.days import Calendar
from crm.core.clocks.zone import SHANGHAI, local_date

if TYPE_CHECKING:
    from crm.core.models import Branch

SECOND = 1_000_000
MINUTE = 60 * SECOND

Pause = tuple[datetime, datetime | None]


class Hours(NamedTuple):
    """One stretch of opening: from `opens` (included) to `closes` (excluded), on every working day or one weekday."""

    opens: time
    closes: time
    weekday: int | None = None


class BusinessClock:
    """Counts the time a branch is open.

    A branch is open on working days only. Hours given for a weekday (0 = Monday) replace, on that weekday, the hours
    of every working day; so a make-up Saturday has the hours of every working day unless Saturdays have their own.
    Raises ValueError for overlapping hours, for hours that end before they begin and for a week that never opens.
    """

    __slots__ = ("_calendar", "_length", "_week")

    def __init__(self, calendar: Calendar, hours: Iterable[Hours]) -> None:
        self._calendar = calendar
        self._week = _week(tuple(hours))
        self._length = tuple(sum(end - start for start, end in day) for day in self._week)
        if not any(self._length[:5]):
            raise ValueError("The week has no business hours.")

    @classmethod
    def for_branch(cls, branch: Branch, calendar: Calendar, default: Iterable[Hours]) -> BusinessClock:
        """The clock of this branch: its own hours, or the default where it has none; one query."""
        from crm.core.models.calendar import BusinessSegment

        own = BusinessSegment.objects.filter(branch=branch).values_list("opens", "closes", "weekday")
        return cls(calendar, [Hours(*row) for row in own] or default)

    @property
    def calendar(self) -> Calendar:
        """The days this clock rests on."""
        return self._calendar

    def open_at(self, moment: datetime) -> bool:
        """Whether the branch is open at this moment."""
        ordinal, clock = _position(moment)
        return any(start <= clock < end for start, end in self._day(ordinal))

    def seconds_between(self, start: datetime, end: datetime) -> int:
        """Whole business seconds from `start` to `end`; negative if `end` comes first."""
        passed = self._passed(end) - self._passed(start)
        return passed // SECOND if passed >= 0 else -(-passed // SECOND)

    def add_seconds(self, moment: datetime, seconds: int) -> datetime:
        """The earliest moment (UTC) by which so many business seconds have passed.

        Time that runs out at closing ends at closing, not at the next opening. Raises ValueError if negative.
        """
        return self._add(moment, seconds * SECOND)

    def add_minutes(self, moment: datetime, minutes: int) -> datetime:
        """The earliest moment (UTC) by which so many business minutes have passed. Raises ValueError if negative."""
        return self._add(moment, minutes * MINUTE)

    def next_open(self, moment: datetime) -> datetime:
        """This moment if the branch is open, otherwise its next opening (UTC)."""
        if self.open_at(moment):
            return moment.astimezone(UTC)
        return self._add(moment, 1) - timedelta(microseconds=1)

    def provisional(self, start: datetime, end: datetime) -> bool:
        """Whether the days between rest on an estimate of the calendar."""
        return self._calendar.provisional(local_date(start), local_date(end))

    def _day(self, ordinal: int) -> Sequence[tuple[int, int]]:
        day = date.fromordinal(ordinal)
        return self._week[day.weekday()] if self._calendar.is_workday(day) else ()

    def _until_end_of(self, ordinal: int) -> int:
        """Business microseconds from day 1 to the end of this day."""
        count = self._calendar.workdays_of_weekday
        return sum(count(ordinal, weekday) * length for weekday, length in enumerate(self._length) if length)

    def _passed(self, moment: datetime) -> int:
        ordinal, clock = _position(moment)
        today = sum(min(clock, end) - start for start, end in self._day(ordinal) if clock > start)
        return self._until_end_of(ordinal - 1) + today

    def _add(self, moment: datetime, amount: int) -> datetime:
        if amount < 0:
            raise ValueError("A business clock does not run backwards.")
        if amount == 0:
            return moment.astimezone(UTC)
        target = self._passed(moment) + amount
        first = _position(moment)[0]
        span = 8
        while self._until_end_of(first + span) < target:
            span *= 2
        ordinal = first + bisect_left(range(first, first + span + 1), target, key=self._until_end_of)
        rest = target - self._until_end_of(ordinal - 1)
        for start, end in self._day(ordinal):
            if rest <= end - start:
                midnight = datetime.combine(date.fromordinal(ordinal), time.min, tzinfo=SHANGHAI)
                return (midnight + timedelta(microseconds=start + rest)).astimezone(UTC)
            rest -= end - start
        raise AssertionError("The day found holds the target.")  # pragma: no cover


class PausedClock:
    """A business clock that stands still while we wait for somebody else.

    `pauses` are (from, to) pairs in any order and may overlap; `to` is None for a pause that still lasts.
    """

    __slots__ = ("_clock", "_pauses")

    def __init__(self, clock: BusinessClock, pauses: Iterable[Pause] = ()) -> None:
        self._clock = clock
        self._pauses = _merged(pauses)

    def paused_at(self, moment: datetime) -> bool:
        """Whether the clock stands still at this moment."""
        return any(start <= moment and (end is None or moment < end) for start, end in self._pauses)

    def elapsed(self, start: datetime, until: datetime) -> int:
        """Whole business seconds from `start` to `until` that were not paused; 0 if `until` comes first."""
        total, cursor = 0, start
        for begin, end in self._pauses:
            if begin >= until:
                break
            total += max(0, self._clock._passed(begin) - self._clock._passed(cursor)) if begin > cursor else 0
            if end is None:
                return total // SECOND
            cursor = max(cursor, end)
        if until > cursor:
            total += self._clock._passed(until) - self._clock._passed(cursor)
        return total // SECOND

    def deadline(self, start: datetime, seconds: int) -> datetime | None:
        """The earliest moment (UTC) by which so many unpaused business seconds have passed since `start`.

        None while a pause lasts that began before the time was up: nobody can know the deadline then.
        Raises ValueError if negative.
        """
        rest, cursor = seconds * SECOND, start
        if rest <= 0:
            return self._clock._add(start, rest)
        for begin, end in self._pauses:
            if begin > cursor:
                free = self._clock._passed(begin) - self._clock._passed(cursor)
                if rest <= free:
                    return self._clock._add(cursor, rest)
                rest -= free
            if end is None:
                return None
            cursor = max(cursor, end)
        return self._clock._add(cursor, rest)


def hours_from_json(value: Any) -> list[Hours]:
    """Opening hours as policy figures write them: [["09:00", "11:30"], ["13:00", "17:00"]].

    A third item names the weekday (0 = Monday) the stretch is for. Raises ValueError for anything else.
    """
    if not isinstance(value, list) or not value:
        raise ValueError("Opening hours are a list of pairs like ['09:00', '11:30'].")
    hours = []
    for item in value:
        if not isinstance(item, list | tuple) or len(item) not in (2, 3):
            raise ValueError("Opening hours are a list of pairs like ['09:00', '11:30'].")
        opens, closes, *weekday = item
        hours.append(Hours(time.fromisoformat(opens), time.fromisoformat(closes), *weekday))
    _week(tuple(hours))
    return hours


def _week(hours: tuple[Hours, ...]) -> tuple[tuple[tuple[int, int], ...], ...]:
    """For each weekday its sorted stretches in microseconds after midnight; raises ValueError if they overlap."""
    for item in hours:
        if not item.opens < item.closes:
            raise ValueError("Business hours must open before they close.")
        if item.weekday is not None and item.weekday not in range(7):
            raise ValueError("A weekday is a number from 0 (Monday) to 6.")
    week = []
    for weekday in range(7):
        own = [item for item in hours if item.weekday == weekday]
        chosen = own or [item for item in hours if item.weekday is None]
        day = sorted((_micros(item.opens), _micros(item.closes)) for item in chosen)
        if any(later[0] < earlier[1] for earlier, later in pairwise(day)):
            raise ValueError("Business hours overlap.")
        week.append(tuple(day))
    return tuple(week)


def _micros(clock: time) -> int:
    return (clock.hour * 3600 + clock.minute * 60 + clock.second) * SECOND + clock.microsecond


def _position(moment: datetime) -> tuple[int, int]:
    """Local day number and microseconds after local midnight. Raises ValueError for a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError("A moment needs a time zone.")
    local = moment.astimezone(SHANGHAI)
    return local.toordinal(), _micros(local.time())


def _merged(pauses: Iterable[Pause]) -> list[Pause]:
    """Pauses in order, overlapping ones made one, empty ones dropped."""
    merged: list[Pause] = []
    for start, end in sorted(pauses, key=lambda pause: pause[0]):
        if end is not None and end <= start:
            continue
        if merged:
            before, until = merged[-1]
            if until is None:
                break
            if start <= until:
                merged[-1] = (before, None if end is None else max(until, end))
                continue
        merged.append((start, end))
    return merged
