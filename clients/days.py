"""Days that come round every year: birthdays and anniversaries."""

from __future__ import annotations

from datetime import date, timedelta


def next_return(first: date, today: date) -> date:
    """The next day, today included, on which the day and month of ``first`` come round; 29 February falls on the 28th."""
    on = _in_year(first, today.year)
    return on if on >= today else _in_year(first, today.year + 1)


def days_ahead(today: date, ahead: int) -> list[tuple[int, int]]:
    """(month, day) of the days from today to ``ahead`` days on; 29 February comes along where the year has none."""
    days = [today + timedelta(days=n) for n in range(ahead + 1)]
    pairs = [(day.month, day.day) for day in days]
    if (2, 28) in pairs and (2, 29) not in pairs:
        pairs.append((2, 29))
    return pairs


def _in_year(first: date, year: int) -> date:
    try:
        return first.replace(year=year)
    except ValueError:  # 29 February
        return first.replace(year=year, day=28)


def whole_years(first: date, last: date) -> int:
    """Whole years from ``first`` to ``last``."""
    return max(0, last.year - first.year - ((last.month, last.day) < (first.month, first.day)))
