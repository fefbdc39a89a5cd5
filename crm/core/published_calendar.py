"""The published calendars of past years: holidays of the State Council and the days the exchanges stayed shut.

Working days come from the package chinesecalendar. The exchanges trade on working days from Monday to Friday; the few
days on which they did not are named here one by one, checked against two independent trading calendars.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from chinese_calendar import Holiday
from chinese_calendar.constants import holidays, workdays

FIRST_YEAR, LAST_YEAR = min(holidays).year, max(holidays).year
#: Far enough back for every deadline and holding period that is still open.
SEED_FROM = 2015

_CHINESE: dict[str, str] = {holiday.value: holiday.chinese for holiday in Holiday}

#: Working days, Monday to Friday, on which Shanghai and Shenzhen were closed (yearly notices of both exchanges on the
#: market's closing days). Until 2006 the market also closed before Spring Festival, while the banks settled.
EXCHANGES_CLOSED = {
    date(2004, 1, 19): "春节前休市",
    date(2004, 1, 20): "春节前休市",
    date(2004, 1, 21): "春节前休市",
    date(2005, 2, 7): "春节前休市",
    date(2005, 2, 8): "春节前休市",
    date(2006, 1, 26): "春节前休市",
    date(2006, 1, 27): "春节前休市",
    date(2024, 2, 9): "除夕休市",
}


class DayFacts(NamedTuple):
    """What is known about one day."""

    day: date
    is_workday: bool
    is_trading: bool
    note: str
    source: str


def published_days(first_year: int = SEED_FROM, last_year: int = LAST_YEAR) -> Iterator[DayFacts]:
    """Every day of these years as published. Years outside the package's reach are left out, not guessed."""
    day = date(max(first_year, FIRST_YEAR), 1, 1)
    end = date(min(last_year, LAST_YEAR), 12, 31)
    while day <= end:
        yield _facts(day)
        day += timedelta(days=1)


def usual_day(day: date, source: str) -> DayFacts:
    """A day about which a notice says nothing: worked and traded from Monday to Friday."""
    usual = day.weekday() < 5
    return DayFacts(day, usual, usual, "", source)


def _facts(day: date) -> DayFacts:
    if day in EXCHANGES_CLOSED:
        return DayFacts(day, True, False, EXCHANGES_CLOSED[day], "exchange")
    is_workday = day in workdays or (day.weekday() < 5 and day not in holidays)
    return DayFacts(day, is_workday, is_workday and day.weekday() < 5, _note(day), "package")


def _note(day: date) -> str:
    if day in holidays:
        return _CHINESE[holidays[day]]
    return f"{_CHINESE[workdays[day]]}调休上班" if day in workdays else ""
