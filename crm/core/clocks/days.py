"""The three day clocks: natural days, working days (make-up Saturdays count) and trading days.

A `Calendar` is a picture of the table of days, taken with one query and never changed. Beyond the table it assumes
Monday to Friday, and `provisional` says so: such a deadline is an estimate until the next notice of the State Council
is loaded, and is then computed again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

#: Natural days of a year of figures.
YEAR = 365


def year_up_to(day: date) -> date:
    """The first day of the year that ends with ``day``."""
    return day - timedelta(days=YEAR - 1)


class Unit(StrEnum):
    """The clock a rule counts in; the letters are those of the policy figures."""

    NATURAL = "N"
    WORKING = "W"
    TRADING = "T"


class Due(NamedTuple):
    """A deadline: the last day on which the duty can still be met, and whether it is only estimated."""

    on: date
    provisional: bool


class Calendar:
    """Known days with the answers "working day?" and "trading day?"; immutable.

    Built from rows `(day, is_workday, is_trading)`. Days inside the known range that have no row count as unknown,
    too: they are taken as Monday to Friday and make a result provisional. Every question costs O(log days).
    """

    __slots__ = ("_by_weekday", "_first", "_last", "_missing", "_trading", "_working")

    def __init__(self, rows: Iterable[tuple[date, bool, bool]] = ()) -> None:
        known = {day.toordinal(): (workday, trading) for day, workday, trading in rows}
        self._first, self._last = (min(known), max(known)) if known else (1, 0)
        working, trading_days, missing = [], [], []
        for ordinal in range(self._first, self._last + 1):
            usual = _weekday(ordinal) < 5
            workday, trading = known.get(ordinal, (usual, usual))
            if workday:
                working.append(ordinal)
            if trading:
                trading_days.append(ordinal)
            if ordinal not in known:
                missing.append(ordinal)
        self._missing = tuple(missing)
        self._working = _Series(working, self._first, self._last)
        self._trading = _Series(trading_days, self._first, self._last)
        self._by_weekday = tuple(
            _Series([o for o in working if _weekday(o) == weekday], self._first, self._last, weekday)
            for weekday in range(7)
        )

    @classmethod
    def load(cls, first: date | None = None, last: date | None = None) -> Calendar:
        """The calendar on file, between two days if given; one query. The narrower the span, the cheaper."""
        from crm.core.models.calendar import CalendarDay

        days = CalendarDay.objects.between(first, last)
        return cls(days.order_by().values_list("day", "is_workday", "is_trading"))

    @classmethod
    def around(cls, today: date, before: int = 400) -> Calendar:
        """The calendar from `before` natural days ago to the end of the table: enough for every open deadline."""
        return cls.load(today - timedelta(days=before))

    @property
    def first(self) -> date | None:
        """First known day; None when nothing is on file."""
        return date.fromordinal(self._first) if self._first <= self._last else None

    @property
    def last(self) -> date | None:
        """Last known day; None when nothing is on file."""
        return date.fromordinal(self._last) if self._first <= self._last else None

    def is_known(self, day: date) -> bool:
        """Whether this day is on file."""
        return not self.provisional(day)

    def provisional(self, start: date, end: date | None = None) -> bool:
        """Whether some day from `start` to `end` (both included, in either order) is not on file."""
        low, high = sorted((start.toordinal(), (end or start).toordinal()))
        if low < self._first or high > self._last:
            return True
        return bisect_left(self._missing, low) < bisect_right(self._missing, high)

    def is_workday(self, day: date) -> bool:
        """Whether people work on this day; a make-up Saturday is a working day."""
        return self._working.holds(day.toordinal())

    def is_trading(self, day: date) -> bool:
        """Whether the exchanges are open on this day; never on a weekend, also when it is worked."""
        return self._trading.holds(day.toordinal())

    def add_natural_days(self, day: date, days: int, *, roll: bool = False) -> date:
        """The day `days` natural days later; the start day is not counted (Civil Code, Art. 201).

        With `roll`, an end that is no working day moves to the next working day (Civil Code, Art. 203).
        """
        end = day + timedelta(days=days)
        return self.roll(end) if roll else end

    def add_working_days(self, day: date, days: int) -> date:
        """The `days`-th working day after `day`, which is itself not counted; negative counts backwards.

        Zero gives the day itself, or the next working day if it is none.
        """
        return self._working.step(day, days)

    def add_trading_days(self, day: date, days: int) -> date:
        """The `days`-th trading day after `day`, which is itself not counted; negative counts backwards.

        Zero gives the day itself, or the next trading day if it is none.
        """
        return self._trading.step(day, days)

    def roll(self, day: date) -> date:
        """The day itself if it is a working day, otherwise the next working day."""
        return self._working.step(day, 0)

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative if `end` comes first."""
        return self._working.rank(end.toordinal()) - self._working.rank(start.toordinal())

    def trading_days_between(self, start: date, end: date) -> int:
        """Trading days after `start` up to and including `end`; negative if `end` comes first."""
        return self._trading.rank(end.toordinal()) - self._trading.rank(start.toordinal())

    def due(self, start: date, count: int, unit: Unit | str = Unit.NATURAL, *, roll: bool = False) -> Due:
        """The deadline `count` days of this unit after `start`, and whether it is provisional.

        Working and trading days depend on every day up to the end; natural days only on the end that is rolled.
        """
        match Unit(unit):
            case Unit.WORKING:
                end = self.add_working_days(start, count)
                return Due(end, self.provisional(start, end))
            case Unit.TRADING:
                end = self.add_trading_days(start, count)
                return Due(end, self.provisional(start, end))
        plain = self.add_natural_days(start, count)
        if not roll:
            return Due(plain, False)
        end = self.roll(plain)
        return Due(end, self.provisional(plain, end))

    def workdays_of_weekday(self, ordinal: int, weekday: int) -> int:
        """Working days that fall on this weekday, from day 1 to this ordinal; only differences mean something."""
        return self._by_weekday[weekday].rank(ordinal)


def calendar_gap(today: date) -> int | None:
    """The year whose notice has to be loaded now, or None: this year, or from the day of figure ``calendar.alarm_from`` on the
    next. One query, and a second one while the next year is missing."""
    from crm.core.models.calendar import CalendarDay
    from crm.core.policies import figures

    missing: int | None = CalendarDay.objects.gap(today)
    if missing is None or missing == today.year:
        return missing
    return missing if f"{today:%m-%d}" >= figures(today).text("calendar.alarm_from") else None


class _Series:
    """Sorted day numbers inside the known span; outside it the plain week goes on.

    `rank` counts the days of the series up to a day, `select` is its inverse. With `weekday`, the series is one day
    of the week only (and nothing outside the span if that is a Saturday or Sunday).
    """

    __slots__ = ("_before", "_first", "_last", "_ordinals", "_weekday")

    def __init__(self, ordinals: Sequence[int], first: int, last: int, weekday: int | None = None) -> None:
        self._ordinals, self._first, self._last, self._weekday = tuple(ordinals), first, last, weekday
        self._before = self._plain_rank(first - 1)

    def rank(self, ordinal: int) -> int:
        if ordinal < self._first:
            return self._plain_rank(ordinal)
        if ordinal <= self._last:
            return self._before + bisect_right(self._ordinals, ordinal)
        return self._before + len(self._ordinals) + self._plain_rank(ordinal) - self._plain_rank(self._last)

    def select(self, rank: int) -> int:
        inside = rank - self._before
        if inside <= 0:
            return _plain_select(rank)
        if inside <= len(self._ordinals):
            return self._ordinals[inside - 1]
        return _plain_select(inside - len(self._ordinals) + self._plain_rank(self._last))

    def holds(self, ordinal: int) -> bool:
        return self.rank(ordinal) > self.rank(ordinal - 1)

    def step(self, day: date, count: int) -> date:
        ordinal = day.toordinal()
        # Forward we stand behind the start day, backward and for zero before it: it is never counted itself.
        rank = self.rank(ordinal) + count if count > 0 else self.rank(ordinal - 1) + 1 + count
        return date.fromordinal(self.select(rank))

    def _plain_rank(self, ordinal: int) -> int:
        if self._weekday is None:
            return 5 * (ordinal // 7) + min(ordinal % 7, 5)
        return (ordinal - 1 - self._weekday) // 7 + 1 if self._weekday < 5 else 0


def _weekday(ordinal: int) -> int:
    return (ordinal - 1) % 7  # day 1 of the proleptic calendar is a Monday


def _plain_select(rank: int) -> int:
    weeks, rest = divmod(rank - 1, 5)
    return 7 * weeks + rest + 1
