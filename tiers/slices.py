"""A period cut into as many equal parts as there are times in it: when each part begins, and by when its service is due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from crm.core.clocks import YEAR

_DAY = timedelta(days=1)
_MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


@dataclass(frozen=True)
class Slice:
    """One part of a period. Whoever is entitled by ``middle`` is owed it; later, the next one."""

    key: str
    opens_on: date
    due_on: date

    @property
    def middle(self) -> date:
        return middle_of(self.opens_on, self.due_on)


def times_a_year(period: str) -> int:
    """How many periods of this kind a year has."""
    return 12 // _MONTHS[period]


def length_of(period: str) -> int:
    """A period in natural days, for what falls due so long after the last time."""
    return YEAR * _MONTHS[period] // 12


def period_of(period: str, day: date) -> tuple[date, date]:
    """First and last day of the month, quarter, half-year or year in which ``day`` lies."""
    months = _MONTHS[period]
    month = (day.month - 1) // months * months + 1
    first = date(day.year, month, 1)
    year, after = divmod(day.year * 12 + month - 1 + months, 12)
    return first, date(year, after + 1, 1) - _DAY


def period_before(period: str, first: date) -> tuple[date, date]:
    """First and last day of the period before the one that begins on ``first``."""
    return period_of(period, first - _DAY)


def period_after(period: str, last: date) -> tuple[date, date]:
    """First and last day of the period after the one that ends on ``last``."""
    return period_of(period, last + _DAY)


def middle_of(first: date, last: date) -> date:
    """Whoever is there by this day is owed what comes in the period."""
    return first + (last - first) // 2


def slices(period: str, times: int, first: date, last: date) -> Iterator[Slice]:
    """The parts that have begun by ``last`` and are not over before ``first``, in their order."""
    begin, end = period_of(period, first)
    while begin <= last:
        length = (end - begin).days + 1
        for place in range(times):
            opens = begin + timedelta(days=length * place // times)
            due = begin + timedelta(days=length * (place + 1) // times) - _DAY
            if opens <= due and due >= first and opens <= last:
                yield Slice(f"{_name(period, begin)}:{place + 1}/{times}", opens, due)
        begin, end = period_of(period, end + _DAY)


def _name(period: str, begin: date) -> str:
    """A period as people write it: 2026-05, 2026-Q2, 2026-H1, 2026."""
    if period == "month":
        return f"{begin:%Y-%m}"
    if period == "quarter":
        return f"{begin.year}-Q{(begin.month + 2) // 3}"
    return f"{begin.year}-H{1 if begin.month == 1 else 2}" if period == "half_year" else str(begin.year)
