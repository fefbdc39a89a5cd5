"""Days that come round every year, birthdays and anniversaries; and how far back a day that somebody types may lie."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from crm.core.errors import InvalidInput

#: The exchanges of Shanghai and Shenzhen opened in this year: no business of the branch is older.
EARLIEST = date(1990, 1, 1)
#: What came in is registered late at times, but within a year: clocks that ran out before would tell of notices never given.
LATE = timedelta(days=366)
#: Further ahead nobody promises a contact, as with appointments.
AHEAD = timedelta(days=366)


def refuse_before_trading(name: str, day: date) -> None:
    """Raise ``InvalidInput`` beside the field ``name`` for a fact of business from before the exchanges opened."""
    if day < EARLIEST:
        raise InvalidInput(fields={name: _("This day lies too far back.")})


def too_late(received: date, today: date) -> str:
    """Why what came in on ``received`` is no longer taken down, or nothing."""
    return _("This lies more than a year back.") if received < today - LATE else ""


def next_return(first: date, today: date) -> date:
    """The next day, today included, on which the day and month of ``first`` come round; 29 February falls on the 28th."""
    on = _in_year(first, today.year)
    return on if on >= today else _in_year(first, today.year + 1)


def days_ahead(today: date, ahead: int) -> dict[int, set[int]]:
    """Days by month from today to ``ahead`` days on; 29 February comes along where the year has none."""
    found: dict[int, set[int]] = {}
    for day in (today + timedelta(days=n) for n in range(min(ahead, 366) + 1)):
        found.setdefault(day.month, set()).add(day.day)
    if 28 in found.get(2, ()):
        found[2].add(29)
    return found


def comes_round(column: str, today: date, ahead: int) -> Q:
    """The condition that the day in ``column`` comes round from today to ``ahead`` days on: one term a month."""
    term = Q(pk__in=[])
    for month, days in days_ahead(today, ahead).items():
        term |= Q(**{f"{column}__month": month, f"{column}__day__in": sorted(days)})
    return term


def _in_year(first: date, year: int) -> date:
    try:
        return first.replace(year=year)
    except ValueError:  # 29 February
        return first.replace(year=year, day=28)


def whole_years(first: date, last: date) -> int:
    """Whole years from ``first`` to ``last``."""
    return max(0, last.year - first.year - ((last.month, last.day) < (first.month, first.day)))
