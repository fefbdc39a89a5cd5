"""The published calendars against independent ones, day by day."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from crm.core.clocks import Calendar
from crm.core.published_calendar import EXCHANGES_CLOSED, FIRST_YEAR, LAST_YEAR, published_days

pytestmark = pytest.mark.nodb


@pytest.fixture(scope="module")
def reference(shared_data: Path) -> Path:
    return shared_data / "reference"


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return Calendar(facts[:3] for facts in published_days(FIRST_YEAR))


def days_of(*years: int) -> list[date]:
    first, last = date(years[0], 1, 1), date(years[-1], 12, 31)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def test_working_days_are_those_of_the_notices_of_the_state_council(reference, calendar):
    swaps = {
        date.fromisoformat(entry["date"]): not entry["isOffDay"]
        for year in range(2023, 2027)
        for entry in json.loads((reference / "holiday_cn" / f"{year}.json").read_text("utf-8"))["days"]
    }

    wrong = [day for day in days_of(2023, 2026) if calendar.is_workday(day) != swaps.get(day, day.weekday() < 5)]

    assert wrong == []


def test_trading_days_are_those_of_the_exchanges(reference, calendar):
    traded = {}
    for year in range(2024, 2027):
        with (reference / "trading_calendar" / f"{year}.csv").open(encoding="utf-8") as file:
            traded |= {
                date.fromisoformat(row["trade_date"]): row["trade_status"] == "1" for row in csv.DictReader(file)
            }

    assert sorted(traded) == days_of(2024, 2025, 2026)
    assert [day for day, open_ in traded.items() if calendar.is_trading(day) != open_] == []


def test_every_published_year_is_complete():
    assert [facts.day for facts in published_days(FIRST_YEAR)] == days_of(FIRST_YEAR, LAST_YEAR)
    assert (FIRST_YEAR, LAST_YEAR) == (2004, 2026)


def test_years_nobody_has_published_are_left_out():
    assert list(published_days(LAST_YEAR + 1, LAST_YEAR + 3)) == []


def test_on_the_eve_of_spring_festival_2024_people_worked_and_the_exchanges_were_shut(calendar):
    eve = date(2024, 2, 9)

    assert calendar.is_workday(eve)
    assert not calendar.is_trading(eve)
    assert calendar.add_working_days(date(2024, 2, 8), 1) == eve
    assert calendar.add_trading_days(date(2024, 2, 8), 1) == date(2024, 2, 19)


def test_the_make_up_days_of_2026_are_worked_and_not_traded(calendar):
    swaps = [
        date(2026, 1, 4),
        date(2026, 2, 14),
        date(2026, 2, 28),
        date(2026, 5, 9),
        date(2026, 9, 20),
        date(2026, 10, 10),
    ]

    assert [day for day in days_of(2026) if calendar.is_workday(day) and day.weekday() > 4] == swaps
    assert not any(calendar.is_trading(day) for day in swaps)
    assert calendar.working_days_between(date(2025, 12, 31), date(2026, 12, 31)) == 248
    assert calendar.trading_days_between(date(2025, 12, 31), date(2026, 12, 31)) == 242


def test_the_exchanges_never_trade_on_a_weekend_or_a_holiday(calendar):
    for facts in published_days(FIRST_YEAR):
        if facts.is_trading:
            assert facts.is_workday, facts
            assert facts.day.weekday() < 5, facts


def test_every_named_closing_of_the_exchanges_was_a_working_day(calendar):
    """A closing on a day that was off anyway would be a slip in the list."""
    assert all(calendar.is_workday(day) and day.weekday() < 5 for day in EXCHANGES_CLOSED)
    assert not any(calendar.is_trading(day) for day in EXCHANGES_CLOSED)


def test_unusual_days_carry_the_name_of_their_holiday():
    notes = {facts.day: facts.note for facts in published_days(2026)}

    assert notes[date(2026, 10, 1)] == "国庆节"
    assert notes[date(2026, 10, 10)] == "国庆节调休上班"
    assert notes[date(2026, 10, 12)] == ""
