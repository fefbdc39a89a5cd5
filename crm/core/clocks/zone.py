"""Where UTC meets the wall clock of the branch: UTC inside, Asia/Shanghai outside."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

SHANGHAI = ZoneInfo("Asia/Shanghai")
ONE_DAY = timedelta(days=1)


def local_date(moment: datetime, zone: tzinfo = SHANGHAI) -> date:
    """The date on the branch's wall calendar at this moment. Raises ValueError for a naive datetime."""
    return _aware(moment).astimezone(zone).date()


def at_local(day: date, clock: time, zone: tzinfo = SHANGHAI) -> datetime:
    """The one moment (UTC) at which the wall clock of `zone` shows this time on this day.

    An hour that a change to summer time skips moves forward by the length of the gap; an hour that occurs twice
    means its first occurrence. So a rule "every day at 02:30" has exactly one moment per local date in every zone.
    """
    return datetime.combine(day, clock.replace(tzinfo=None, fold=0), tzinfo=zone).astimezone(UTC)


def day_bounds(day: date, zone: tzinfo = SHANGHAI) -> tuple[datetime, datetime]:
    """Beginning (included) and end (excluded) of a local day, in UTC: the range to filter instants by a day.

    At the ends of the calendar (year 1, year 9999) the range ends where the calendar does.
    """
    try:
        begins = at_local(day, time.min, zone)
    except OverflowError:
        begins = datetime.min.replace(tzinfo=UTC)
    try:
        ends = at_local(day + ONE_DAY, time.min, zone)
    except OverflowError:
        ends = datetime.max.replace(tzinfo=UTC)
    return begins, ends


def end_of_day(day: date, zone: tzinfo = SHANGHAI) -> datetime:
    """The moment a deadline "on this day" is missed: midnight after it, in UTC."""
    return day_bounds(day, zone)[1]


def database_now(connection: BaseDatabaseWrapper | None = None) -> datetime:
    """What time it is for the database server, aware, in UTC.

    Sweeps compare due times with this clock: all workers then agree, and the clock of one machine that runs wrong
    makes nothing early. On PostgreSQL it is the real time and not the beginning of the transaction.
    """
    if connection is None:
        from django.db import connection as default_connection

        connection = default_connection
    postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()" if postgres else "SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")
        (answer,) = cursor.fetchone()
    if postgres:
        return _aware(answer).astimezone(UTC)
    return datetime.fromisoformat(answer).replace(tzinfo=UTC)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("A moment needs a time zone.")
    return moment
