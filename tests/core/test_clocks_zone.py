"""UTC inside, Asia/Shanghai outside; rules in local time happen once a day in every zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.core.clocks import SHANGHAI, at_local, database_now, day_bounds, end_of_day, local_date

ZONES = ["Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"]
days = st.dates(date(1995, 1, 1), date(2035, 12, 31))
clocks = st.times().map(lambda clock: clock.replace(microsecond=0))


@pytest.mark.nodb
def test_the_local_day_begins_at_sixteen_hours_utc():
    assert local_date(datetime(2026, 5, 1, 15, 59, 59, tzinfo=UTC)) == date(2026, 5, 1)
    assert local_date(datetime(2026, 5, 1, 16, 0, tzinfo=UTC)) == date(2026, 5, 2)


@pytest.mark.nodb
def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        local_date(datetime(2026, 5, 1, 12, 0))


@pytest.mark.nodb
def test_a_day_ends_at_local_midnight():
    assert day_bounds(date(2026, 5, 1)) == (
        datetime(2026, 4, 30, 16, tzinfo=UTC),
        datetime(2026, 5, 1, 16, tzinfo=UTC),
    )
    assert end_of_day(date(2026, 5, 1)) == datetime(2026, 5, 1, 16, tzinfo=UTC)


@pytest.mark.nodb
@settings(max_examples=1000)
@given(days, clocks, st.sampled_from(ZONES))
def test_a_daily_rule_happens_once_on_each_local_date(day, clock, zone_name):
    zone = ZoneInfo(zone_name)
    today, tomorrow = (at_local(d, clock, zone) for d in (day, day + timedelta(days=1)))

    assert local_date(today, zone) == day
    assert today < tomorrow


@pytest.mark.nodb
@given(days, clocks)
def test_shanghai_is_always_eight_hours_ahead(day, clock):
    assert at_local(day, clock) == datetime.combine(day, clock, tzinfo=UTC) - timedelta(hours=8)


@pytest.mark.nodb
def test_an_hour_skipped_by_summer_time_moves_forward_and_a_double_one_means_the_first():
    new_york = ZoneInfo("America/New_York")

    assert at_local(date(2026, 3, 8), time(2, 30), new_york) == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    assert at_local(date(2026, 11, 1), time(1, 30), new_york) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@pytest.mark.django_db
def test_the_database_tells_the_time_in_utc():
    before, answer, after = datetime.now(UTC), database_now(), datetime.now(UTC)

    assert answer.utcoffset() == timedelta(0)
    assert before - timedelta(seconds=2) <= answer <= after + timedelta(seconds=2)
    assert answer.astimezone(SHANGHAI).utcoffset() == timedelta(hours=8)


@pytest.mark.django_db
def test_the_time_of_the_database_goes_on_inside_a_transaction():
    first = database_now()
    answers = [database_now() for _ in range(200)]

    assert answers == sorted(answers)
    assert answers[-1] > first


@pytest.mark.nodb
@pytest.mark.parametrize("zone", ZONES)
def test_at_the_ends_of_the_calendar_a_day_ends_where_the_calendar_does(zone):
    begins, ends = day_bounds(date.min, ZoneInfo(zone))
    assert datetime.min.replace(tzinfo=UTC) <= begins < ends
    begins, ends = day_bounds(date.max, ZoneInfo(zone))
    assert begins < ends <= datetime.max.replace(tzinfo=UTC)
