"""Counting in months, as rules about experience and validity do."""

from __future__ import annotations

from datetime import date


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    years, month = divmod(day.month - 1 + months, 12)
    for last in range(day.day, 0, -1):
        try:
            return date(day.year + years, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")


def months_between(first: date, last: date) -> int:
    """Whole months from ``first`` to ``last``; negative never."""
    months = (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)
    return max(months, 0)
