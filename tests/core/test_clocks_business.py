"""Business minutes and pauses against a reference that walks minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.core.clocks import SHANGHAI, BusinessClock, Calendar, Hours, PausedClock, hours_from_json

pytestmark = pytest.mark.nodb

MONDAY = date(2026, 6, 1)
MINUTE = timedelta(minutes=1)
OFFICE = [Hours(time(9), time(11, 30)), Hours(time(13), time(17))]


def moment(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A local time in June 2026, whose first day is a Monday."""
    return datetime(2026, 6, day, hour, minute, tzinfo=SHANGHAI)


def june(*off: int, worked: tuple[int, ...] = ()) -> Calendar:
    days = [date(2026, 6, day) for day in range(1, 31)]
    return Calendar((day, day.day in worked or (day.weekday() < 5 and day.day not in off), False) for day in days)


class MinuteByMinute:
    """The slow truth: looks at one minute after the other."""

    def __init__(self, calendar: Calendar, hours: list[Hours]) -> None:
        self.calendar, self.hours = calendar, hours
        self.days: dict[date, list[bool]] = {}

    def open_at(self, at: datetime) -> bool:
        local = at + timedelta(hours=8) if at.tzinfo is UTC else at
        day = local.date()
        if day not in self.days:
            self.days[day] = [self.is_open(day, time(n // 60, n % 60)) for n in range(1440)]
        return self.days[day][local.hour * 60 + local.minute]

    def is_open(self, day: date, clock: time) -> bool:
        if not self.calendar.is_workday(day):
            return False
        own = [item for item in self.hours if item.weekday == day.weekday()]
        chosen = own or [item for item in self.hours if item.weekday is None]
        return any(item.opens <= clock < item.closes for item in chosen)

    def minutes(self, start: datetime, end: datetime, paused=lambda at: False) -> int:
        total = 0
        while start < end:
            total += self.open_at(start) and not paused(start)
            start += MINUTE
        return total

    def add(self, start: datetime, minutes: int, paused=lambda at: False, limit=60 * 24 * 12) -> datetime | None:
        while minutes:
            if not limit:
                return None
            minutes -= self.open_at(start) and not paused(start)
            start, limit = start + MINUTE, limit - 1
        return start


@st.composite
def opening(draw, weekday=None):
    marks = draw(st.lists(st.integers(0, 1439), min_size=2, max_size=6, unique=True).map(sorted))
    clock = [time(mark // 60, mark % 60) for mark in marks]
    return [Hours(*pair, weekday) for pair in zip(clock[::2], clock[1::2], strict=False)]


@st.composite
def weeks(draw):
    hours = draw(opening())
    for weekday in draw(st.sets(st.integers(0, 6), max_size=2)):
        hours += draw(opening(weekday))
    return hours


calendars = st.builds(
    lambda flags: Calendar((MONDAY + timedelta(days=n), flag, False) for n, flag in enumerate(flags)),
    st.lists(st.booleans(), max_size=10),
)
moments = st.integers(0, 60 * 24 * 8).map(lambda n: (moment(1) + n * MINUTE).astimezone(UTC))
pause_lists = st.lists(st.tuples(moments, st.one_of(st.none(), moments, moments, moments)), max_size=4)


def covers(pauses):
    return lambda at: any(start <= at and (end is None or at < end) for start, end in pauses)


@settings(max_examples=60, deadline=None)
@given(calendars, weeks(), moments, moments)
def test_business_time_between_agrees_with_counting_minutes(calendar, hours, start, end):
    fast, slow = BusinessClock(calendar, hours), MinuteByMinute(calendar, hours)
    start, end = sorted((start, end))

    assert fast.seconds_between(start, end) == 60 * slow.minutes(start, end)
    assert fast.seconds_between(end, start) == -60 * slow.minutes(start, end)
    assert fast.open_at(start) == slow.open_at(start)


@settings(max_examples=60, deadline=None)
@given(calendars, weeks(), moments, st.integers(0, 1500))
def test_adding_business_minutes_agrees_with_walking_them(calendar, hours, start, minutes):
    fast, slow = BusinessClock(calendar, hours), MinuteByMinute(calendar, hours)
    expected = slow.add(start, minutes)

    if expected is not None:
        assert fast.add_minutes(start, minutes) == expected


@given(calendars, weeks(), st.datetimes(datetime(2026, 5, 1), datetime(2026, 8, 1)), st.integers(0, 10_000_000))
def test_time_added_is_time_measured_to_the_second(calendar, hours, start, seconds):
    clock, start = BusinessClock(calendar, hours), start.replace(tzinfo=UTC)

    assert clock.seconds_between(start, clock.add_seconds(start, seconds)) == seconds


@settings(max_examples=60, deadline=None)
@given(calendars, weeks(), pause_lists, moments, moments)
def test_unpaused_time_agrees_with_counting_minutes(calendar, hours, pauses, start, end):
    start, end = sorted((start, end))
    fast = PausedClock(BusinessClock(calendar, hours), pauses)
    slow = MinuteByMinute(calendar, hours)

    assert fast.elapsed(start, end) == 60 * slow.minutes(start, end, covers(pauses))
    assert fast.paused_at(start) == covers(pauses)(start)


@settings(max_examples=60, deadline=None)
@given(calendars, weeks(), pause_lists, moments, st.integers(0, 900))
def test_a_paused_deadline_agrees_with_walking_minutes(calendar, hours, pauses, start, minutes):
    fast = PausedClock(BusinessClock(calendar, hours), pauses)
    expected = MinuteByMinute(calendar, hours).add(start, minutes, covers(pauses))
    answer = fast.deadline(start, minutes * 60)

    if expected is not None:
        assert answer == expected
    elif answer is not None:  # so far away that the walk gave up
        assert fast.elapsed(start, answer) == minutes * 60


@given(calendars, weeks(), pause_lists, moments, st.integers(1, 100_000))
def test_without_an_open_pause_every_deadline_is_known_and_uses_its_time_up(calendar, hours, pauses, start, seconds):
    ended = [(begin, end) for begin, end in pauses if end is not None]
    clock = PausedClock(BusinessClock(calendar, hours), ended)
    due = clock.deadline(start, seconds)

    assert due is not None
    assert clock.elapsed(start, due) == seconds
    assert clock.elapsed(start, due - timedelta(microseconds=1)) == seconds - 1


def test_the_lunch_break_does_not_count():
    clock = BusinessClock(june(), OFFICE)

    assert clock.seconds_between(moment(1, 11), moment(1, 14)) == 90 * 60
    assert clock.add_minutes(moment(1, 11), 60) == moment(1, 13, 30)
    assert not clock.open_at(moment(1, 11, 30))
    assert clock.open_at(moment(1, 13))


def test_time_that_runs_out_at_closing_ends_at_closing():
    clock = BusinessClock(june(), OFFICE)

    assert clock.add_minutes(moment(1, 16), 60) == moment(1, 17)
    assert clock.add_minutes(moment(1, 16), 61) == moment(2, 9, 1)


def test_friday_evening_goes_on_monday_morning():
    clock = BusinessClock(june(), OFFICE)

    assert clock.add_minutes(moment(5, 20), 30) == moment(8, 9, 30)
    assert clock.next_open(moment(5, 17)) == moment(8, 9)
    assert clock.next_open(moment(5, 16, 59)) == moment(5, 16, 59)


def test_a_make_up_saturday_has_the_hours_of_every_working_day():
    clock = BusinessClock(june(worked=(6,)), OFFICE)

    assert clock.add_minutes(moment(5, 20), 30) == moment(6, 9, 30)


def test_a_make_up_saturday_may_have_hours_of_its_own():
    clock = BusinessClock(june(worked=(6,)), [*OFFICE, Hours(time(10), time(12), 5)])

    assert clock.seconds_between(moment(6), moment(7)) == 2 * 3600
    assert clock.seconds_between(moment(13), moment(14)) == 0


def test_a_holiday_has_no_business_minutes():
    clock = BusinessClock(june(19), OFFICE)

    assert clock.seconds_between(moment(18, 17), moment(22, 9)) == 0
    assert clock.add_minutes(moment(18, 17), 1) == moment(22, 9, 1)


def test_waiting_for_the_client_moves_the_deadline_by_the_business_time_waited():
    clock = PausedClock(BusinessClock(june(), OFFICE), [(moment(1, 10), moment(2, 10))])

    assert clock.deadline(moment(1, 9), 2 * 3600) == moment(2, 11)
    assert clock.elapsed(moment(1, 9), moment(2, 11)) == 2 * 3600


def test_a_pause_overnight_costs_nothing():
    clock = PausedClock(BusinessClock(june(), OFFICE), [(moment(1, 17), moment(2, 9))])

    assert clock.deadline(moment(1, 16), 2 * 3600) == moment(2, 10)


def test_no_time_at_all_is_up_at_once_also_in_a_pause():
    clock = PausedClock(BusinessClock(june(), OFFICE), [(moment(1, 10), moment(1, 11))])

    assert clock.deadline(moment(1, 10), 0) == moment(1, 10)
    with pytest.raises(ValueError, match="backwards"):
        clock.deadline(moment(1, 10), -1)


def test_nobody_knows_a_deadline_while_the_pause_lasts():
    clock = PausedClock(BusinessClock(june(), OFFICE), [(moment(1, 10), None)])

    assert clock.deadline(moment(1, 9), 2 * 3600) is None
    assert clock.deadline(moment(1, 9), 3600) == moment(1, 10)
    assert clock.elapsed(moment(1, 9), moment(30, 9)) == 3600
    assert clock.paused_at(moment(20, 9))


def test_business_time_beyond_the_table_is_provisional():
    clock = BusinessClock(june(), OFFICE)

    assert not clock.provisional(moment(29, 9), moment(30, 17))
    assert clock.provisional(moment(30, 9), moment(30, 9) + timedelta(days=1))


@pytest.mark.parametrize(
    "hours",
    [
        [],
        [Hours(time(9), time(12), 5)],
        [Hours(time(12), time(9))],
        [Hours(time(9), time(12)), Hours(time(11), time(13))],
        [Hours(time(9), time(12), 7)],
    ],
    ids=["none", "only Saturday", "backwards", "overlapping", "no such weekday"],
)
def test_impossible_hours_are_refused(hours):
    with pytest.raises(ValueError):  # noqa: PT011 – each has its own words
        BusinessClock(june(), hours)


def test_time_does_not_run_backwards_and_needs_a_zone():
    clock = BusinessClock(june(), OFFICE)

    with pytest.raises(ValueError, match="backwards"):
        clock.add_minutes(moment(1), -1)
    with pytest.raises(ValueError, match="time zone"):
        clock.add_minutes(datetime(2026, 6, 1, 9), 1)


def test_hours_are_written_in_policies_as_pairs_of_times():
    assert hours_from_json([["09:00", "11:30"], ["13:00", "17:00"]]) == OFFICE
    assert hours_from_json([["09:00", "12:00", 5]]) == [Hours(time(9), time(12), 5)]
    for wrong in ({}, [], [["09:00"]], [["9", "x"]], [["12:00", "09:00"]]):
        with pytest.raises(ValueError):  # noqa: PT011 – each has its own words
            hours_from_json(wrong)
