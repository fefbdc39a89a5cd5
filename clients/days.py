"""Days that come round every year, birthdays and anniversaries; and between which days one that somebody types may lie."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _

from clients.identity.id_number import EARLIEST_BIRTH
from clients.months import add_months
from clients.provenance import EARLIEST as EARLIEST_SAID
from crm.core.clocks import Calendar
from crm.core.errors import InvalidInput

#: The exchanges of Shanghai and Shenzhen opened in this year: no business of the branch is older.
EARLIEST = date(1990, 1, 1)
#: What came in is registered late at times, but within a year: clocks that ran out before would tell of notices never given.
LATE = timedelta(days=366)
#: Further ahead nobody promises a contact, as with appointments.
AHEAD = timedelta(days=366)


#: No validity runs on beyond this day; account systems write a day of the year 2099 for "long-term".
_LAST_VALIDITY = date(2100, 1, 1)
#: What is planned further ahead is a slip of the pen.
_PLANNED = timedelta(days=3653)


class Span(NamedTuple):
    """Between which days a fact may lie: not before ``first``, and at most ``ahead`` beyond today (None: up to 2100)."""

    first: date
    ahead: timedelta | None


_HAPPENED = Span(EARLIEST, timedelta(0))
_BORN = Span(EARLIEST_BIRTH, timedelta(0))
_HOLDS = Span(EARLIEST, None)
_PLAN = Span(EARLIEST, _PLANNED)
#: Since when somebody says that a fact holds: a marriage is older than the exchanges.
_SAID = Span(EARLIEST_SAID, timedelta(0))
#: Days that somebody types about a client, by the name of their field.
SPANS: Mapping[str, Span] = {
    "birth_date": _BORN,
    **dict.fromkeys(
        (
            "opened_on",
            "closed_on",
            "first_trade_on",
            "investing_since",
            "taken_on",
            "done_on",
            "applied_on",
            "assessed_on",
            "verified_on",
            "handed_on",
            "received_on",
            "signed_on",
            "answered_on",
            "graded_on",
        ),
        _HAPPENED,
    ),
    **dict.fromkeys(("id_valid_until", "valid_until", "mandate_until"), _HOLDS),
    "expected_on": _PLAN,
    "as_of": _SAID,
}
#: What cannot have been before what.
_ORDER = (("birth_date", "opened_on"), ("opened_on", "closed_on"))


class WrongDay(NamedTuple):
    """Why a day cannot be: a code for programs and a sentence for people."""

    code: str
    text: str


def wrong_days(values: Mapping[str, Any], today: date) -> dict[str, WrongDay]:
    """Those days among ``values``, by their names in ``SPANS``, that cannot be meant, each with the reason."""
    said = {name: day for name, day in values.items() if name in SPANS and isinstance(day, date)}
    found = {name: wrong for name, day in said.items() if (wrong := _beyond(day, SPANS[name], today))}
    return found | _out_of_order({name: day for name, day in said.items() if name not in found})


def _beyond(day: date, span: Span, today: date) -> WrongDay | None:
    if day < span.first:
        return WrongDay("too_early", _("This day lies too far back."))
    if span.ahead is None:
        return WrongDay("too_far_ahead", _("This day lies too far ahead.")) if day > _LAST_VALIDITY else None
    if day <= today + span.ahead:
        return None
    if span.ahead:
        return WrongDay("too_far_ahead", _("This day lies too far ahead."))
    return WrongDay("in_future", _("This day has not come yet."))


def _out_of_order(said: Mapping[str, date]) -> dict[str, WrongDay]:
    return {
        second: WrongDay(f"{_bare(second)}_before_{_bare(first)}", _TOO_SOON[first]())
        for first, second in _ORDER
        if first in said and second in said and said[second] < said[first]
    }


def _bare(name: str) -> str:
    return name.removesuffix("_on").removesuffix("_date")


_TOO_SOON = {
    "birth_date": lambda: _("Nobody opens an account before he is born."),
    "opened_on": lambda: _("This day lies before the day of opening."),
}


def refuse_wrong_days(values: Mapping[str, Any], today: date) -> None:
    """Raise ``InvalidInput`` beside every day among ``values`` that cannot be meant."""
    if wrong := wrong_days(values, today):
        raise InvalidInput(fields={name: one.text for name, one in wrong.items()})


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


def next_contact_days(today: date, calendar: Calendar) -> list[date]:
    """Days that are offered for the next contact: tomorrow, in three days, in a week and in a month, or the working day after."""
    asked = (today + timedelta(days=1), today + timedelta(days=3), today + timedelta(days=7), add_months(today, 1))
    return [calendar.roll(day) for day in asked]
