"""Time as the trade counts it: natural days, working days, trading days and business minutes.

Everything here is arithmetic over values that are handed in; nobody in this package asks what time it is, apart from
`database_now`, which asks the database. Days are dates of Asia/Shanghai, instants are aware datetimes in UTC.
"""

from crm.core.clocks.business import BusinessClock, Hours, Pause, PausedClock, hours_from_json
from crm.core.clocks.days import YEAR, Calendar, Due, Unit, calendar_gap, year_up_to
from crm.core.clocks.quiet import after_quiet, is_quiet
from crm.core.clocks.zone import SHANGHAI, at_local, database_now, day_bounds, end_of_day, local_date

__all__ = [
    "SHANGHAI",
    "YEAR",
    "BusinessClock",
    "Calendar",
    "Due",
    "Hours",
    "Pause",
    "PausedClock",
    "Unit",
    "after_quiet",
    "at_local",
    "calendar_gap",
    "database_now",
    "day_bounds",
    "end_of_day",
    "hours_from_json",
    "is_quiet",
    "local_date",
    "year_up_to",
]
