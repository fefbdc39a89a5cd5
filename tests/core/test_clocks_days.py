"""The day clocks against a day-by-day reference, and named days everybody in the trade knows."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.core.clocks import Calendar, Due, Unit

pytestmark = pytest.mark.nodb

SPAN_START = date(2026, 1, 5)
ONE_DAY = timedelta(days=1)


def spring_2026() -> Calendar:
    """February 2026: make-up Saturdays on the 14th and 28th, Spring Festival from the 15th to the 23rd."""
    off = {date(2026, 2, day) for day in range(15, 24)}
    worked = {date(2026, 2, 14), date(2026, 2, 28)}
    days = [date(2026, 2, 1) + timedelta(days=n) for n in range(28)]
    return Calendar(
        (
            day,
            day in worked or (day.weekday() < 5 and day not in off),
            day.weekday() < 5 and day not in off,
        )
        for day in days
    )


class DayByDay:
    """The slow truth: looks at one day after the other."""

    def __init__(self, rows: dict[date, tuple[bool, bool]]) -> None:
        self.rows = rows

    def answers(self, day: date) -> tuple[bool, bool]:
        usual = day.weekday() < 5
        return self.rows.get(day, (usual, usual))

    def step(self, day: date, count: int, which: int) -> date:
        if count == 0:
            while not self.answers(day)[which]:
                day += ONE_DAY
            return day
        direction = ONE_DAY if count > 0 else -ONE_DAY
        left = abs(count)
        while left:
            day += direction
            left -= self.answers(day)[which]
        return day

    def between(self, start: date, end: date, which: int) -> int:
        if end < start:
            return -self.between(end, start, which)
        days = (start + timedelta(days=n) for n in range(1, (end - start).days + 1))
        return sum(self.answers(day)[which] for day in days)

    def provisional(self, start: date, end: date) -> bool:
        low, high = sorted((start, end))
        return any(low + timedelta(days=n) not in self.rows for n in range((high - low).days + 1))


answers = st.sampled_from([(False, False), (True, False), (True, True)])
tables = st.dictionaries(st.integers(0, 60).map(lambda n: SPAN_START + timedelta(days=n)), answers, max_size=61)
days = st.integers(-40, 110).map(lambda n: SPAN_START + timedelta(days=n))


@settings(max_examples=300)
@given(tables, days, st.integers(-45, 45))
def test_adding_days_agrees_with_counting_them_one_by_one(rows, start, count):
    slow, fast = DayByDay(rows), Calendar((day, *answer) for day, answer in rows.items())

    assert fast.add_working_days(start, count) == slow.step(start, count, 0)
    assert fast.add_trading_days(start, count) == slow.step(start, count, 1)
    assert (fast.is_workday(start), fast.is_trading(start)) == slow.answers(start)


@given(tables, days, days)
def test_counting_days_between_agrees_with_looking_at_each(rows, start, end):
    slow, fast = DayByDay(rows), Calendar((day, *answer) for day, answer in rows.items())

    assert fast.working_days_between(start, end) == slow.between(start, end, 0)
    assert fast.trading_days_between(start, end) == slow.between(start, end, 1)
    assert fast.provisional(start, end) == slow.provisional(start, end)


@given(tables, days, st.integers(1, 200))
def test_the_day_that_is_added_is_the_day_that_is_counted(rows, start, count):
    calendar = Calendar((day, *answer) for day, answer in rows.items())

    assert calendar.working_days_between(start, calendar.add_working_days(start, count)) == count
    assert calendar.is_workday(calendar.add_working_days(start, count))


def test_the_start_day_is_not_counted():
    assert spring_2026().add_working_days(date(2026, 2, 2), 1) == date(2026, 2, 3)


def test_a_make_up_saturday_is_a_working_day_and_no_trading_day():
    calendar = spring_2026()

    assert calendar.is_workday(date(2026, 2, 14))
    assert not calendar.is_trading(date(2026, 2, 14))
    assert calendar.add_working_days(date(2026, 2, 13), 1) == date(2026, 2, 14)
    assert calendar.add_trading_days(date(2026, 2, 13), 1) == date(2026, 2, 24)


def test_a_holiday_week_is_passed_over():
    assert spring_2026().add_working_days(date(2026, 2, 14), 1) == date(2026, 2, 24)


def test_counting_backwards_leaves_the_start_day_out_too():
    assert spring_2026().add_working_days(date(2026, 2, 24), -1) == date(2026, 2, 14)
    assert spring_2026().add_trading_days(date(2026, 2, 24), -1) == date(2026, 2, 13)


def test_counting_backwards_goes_on_before_the_table_as_monday_to_friday():
    assert spring_2026().add_working_days(date(2026, 2, 2), -1) == date(2026, 1, 30)
    assert spring_2026().add_trading_days(date(2026, 2, 3), -7) == date(2026, 1, 23)


def test_natural_days_may_end_on_a_holiday_unless_the_rule_moves_them():
    calendar = spring_2026()

    assert calendar.add_natural_days(date(2026, 2, 2), 15) == date(2026, 2, 17)
    assert calendar.add_natural_days(date(2026, 2, 2), 15, roll=True) == date(2026, 2, 24)


def test_a_deadline_that_ends_on_a_make_up_saturday_stays_there():
    assert spring_2026().add_natural_days(date(2026, 2, 2), 12, roll=True) == date(2026, 2, 14)


@pytest.mark.parametrize(
    ("unit", "due"),
    [(Unit.NATURAL, date(2026, 2, 13)), (Unit.WORKING, date(2026, 2, 24)), ("T", date(2026, 2, 25))],
)
def test_a_rule_names_the_clock_it_counts_in(unit, due):
    assert spring_2026().due(date(2026, 2, 2), 11, unit) == Due(due, False)


def test_a_deadline_beyond_the_table_counts_monday_to_friday_and_says_so():
    due = spring_2026().due(date(2026, 2, 27), 2, Unit.WORKING)

    assert due == Due(date(2026, 3, 2), True)
    assert not spring_2026().due(date(2026, 2, 27), 1, Unit.WORKING).provisional


def test_a_natural_deadline_beyond_the_table_is_certain_unless_it_could_move():
    calendar = spring_2026()

    assert calendar.due(date(2026, 2, 27), 10) == Due(date(2026, 3, 9), False)
    assert calendar.due(date(2026, 2, 27), 10, roll=True) == Due(date(2026, 3, 9), True)


def test_a_hole_in_the_table_makes_a_deadline_provisional():
    calendar = Calendar([(date(2026, 3, 2), True, True), (date(2026, 3, 4), True, True)])

    assert calendar.add_working_days(date(2026, 3, 2), 2) == date(2026, 3, 4)
    assert calendar.provisional(date(2026, 3, 2), date(2026, 3, 4))
    assert not calendar.is_known(date(2026, 3, 3))


def test_an_empty_table_is_monday_to_friday_and_wholly_provisional():
    calendar = Calendar()

    assert calendar.first is None and calendar.last is None
    assert calendar.due(date(2027, 1, 1), 1, Unit.WORKING) == Due(date(2027, 1, 4), True)
    assert calendar.roll(date(2027, 1, 2)) == date(2027, 1, 4)


def test_a_thousand_weeks_beyond_the_table_are_five_thousand_working_days():
    calendar = spring_2026()

    assert calendar.add_working_days(date(2026, 3, 1), 5 * 1000) == date(2026, 2, 27) + timedelta(weeks=1000)
