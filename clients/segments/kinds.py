"""Kinds of fact that a segment asks for: which comparisons each knows, and what their values must look like."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm.core.fields import LARGEST_YUAN
from crm.core.writing import whole_number


class Kind(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    CODES = "codes"
    #: One row that the reader may see, named by public id: a colleague.
    ROWS = "rows"
    MONEY = "money"
    NUMBER = "number"
    DAY = "day"
    BIRTHDAY = "birthday"
    FLAG = "flag"


class Shape(StrEnum):
    """What stands beside an operator."""

    NOTHING = "nothing"
    TEXT = "text"
    MANY = "many"
    NUMBER = "number"
    NUMBERS = "numbers"
    DAYS = "days"
    DAY = "day"
    TWO_DAYS = "two_days"
    MONTH = "month"


@dataclass(frozen=True)
class Operator:
    key: str
    label: Any
    shape: Shape
    #: The operator that this one denies: "none of" is not "any of". A client about whom nothing is on file meets the denial.
    denies: str = ""


def _ops(*operators: Operator) -> dict[str, Operator]:
    return {operator.key: operator for operator in operators}


_EMPTY = Operator("empty", gettext_lazy("is not on file"), Shape.NOTHING, denies="filled")
_FILLED = Operator("filled", gettext_lazy("is on file"), Shape.NOTHING)
_NUMBERS = _ops(
    Operator("gte", gettext_lazy("at least"), Shape.NUMBER),
    Operator("lte", gettext_lazy("at most"), Shape.NUMBER),
    Operator("between", pgettext_lazy("numbers", "between"), Shape.NUMBERS),
    _FILLED,
    _EMPTY,
)
OPERATORS: dict[Kind, dict[str, Operator]] = {
    Kind.TEXT: _ops(
        Operator("is", gettext_lazy("is"), Shape.TEXT),
        Operator("is_not", gettext_lazy("is not"), Shape.TEXT, denies="is"),
        Operator("contains", gettext_lazy("contains"), Shape.TEXT),
        _FILLED,
        _EMPTY,
    ),
    Kind.CHOICE: _ops(
        Operator("in", gettext_lazy("is one of"), Shape.MANY),
        Operator("not_in", gettext_lazy("is none of"), Shape.MANY, denies="in"),
        _FILLED,
        _EMPTY,
    ),
    Kind.CODES: _ops(
        Operator("any", gettext_lazy("has any of"), Shape.MANY),
        Operator("all", gettext_lazy("has all of"), Shape.MANY),
        Operator("none", gettext_lazy("has none of"), Shape.MANY, denies="any"),
        _FILLED,
        _EMPTY,
    ),
    Kind.ROWS: _ops(
        Operator("in", gettext_lazy("is one of"), Shape.MANY),
        Operator("not_in", gettext_lazy("is none of"), Shape.MANY, denies="in"),
        Operator("mine", gettext_lazy("is me"), Shape.NOTHING),
        _FILLED,
        _EMPTY,
    ),
    Kind.MONEY: _NUMBERS,
    Kind.NUMBER: _NUMBERS,
    Kind.DAY: _ops(
        Operator("last_days", gettext_lazy("in the last … days"), Shape.DAYS),
        Operator("not_last_days", gettext_lazy("not in the last … days"), Shape.DAYS, denies="last_days"),
        Operator("longer_ago", gettext_lazy("more than … days ago"), Shape.DAYS),
        Operator("next_days", gettext_lazy("in the next … days"), Shape.DAYS),
        Operator("past", gettext_lazy("before today"), Shape.NOTHING),
        Operator("this_month", gettext_lazy("this month"), Shape.NOTHING),
        Operator("last_month", gettext_lazy("last month"), Shape.NOTHING),
        Operator("this_year", gettext_lazy("this year"), Shape.NOTHING),
        Operator("on_or_after", gettext_lazy("on or after"), Shape.DAY),
        Operator("before", gettext_lazy("before"), Shape.DAY),
        Operator("between", pgettext_lazy("days", "between"), Shape.TWO_DAYS),
        _FILLED,
        _EMPTY,
    ),
    Kind.BIRTHDAY: _ops(
        Operator("next_days", gettext_lazy("in the next … days"), Shape.DAYS),
        Operator("in_month", gettext_lazy("in the month"), Shape.MONTH),
        _FILLED,
        _EMPTY,
    ),
    Kind.FLAG: _ops(
        Operator("yes", gettext_lazy("yes"), Shape.NOTHING),
        Operator("no", gettext_lazy("no"), Shape.NOTHING, denies="yes"),
    ),
}

# -- fewer comparisons, for ``SegmentField.only`` ----------------------------------------------------------------------

#: Comparisons of things that happened more than once: those that one of them meets. "Longer ago" would be met by an old one
#: although there is a later one.
HAPPENED = (
    "last_days", "not_last_days", "this_month", "last_month", "this_year", "on_or_after", "between", "filled", "empty",
)  # fmt: skip
#: Of a value that is only told to be there.
ON_FILE = ("filled", "empty")
#: Of what counts from zero, so that everybody has a number.
COUNTED = ("gte", "lte", "between")
#: Of codes that somebody either has or has not.
HAS = ("any", "all", "none")
#: Of what always has one of its values.
ALWAYS = ("in", "not_in")

#: Values in one list, characters of a text, days of a span.
MOST_VALUES, LONGEST, MOST_DAYS = 50, 60, 3_660
#: Years of days that somebody may mean; a file of clients knows the same.
_FIRST_YEAR, _LAST_YEAR = 1890, 2100


class BadValue(ValueError):
    """A value of the wrong shape; its text is for people."""


def read_value(shape: Shape, value: Any, known: Collection[str] | None = None) -> Any:
    """``value`` in the one form in which it is kept (strings and whole numbers, so that JSON carries it). Raises ``BadValue``.

    ``known`` are the codes that a list may hold; None where they are not a closed list.
    """
    if shape is Shape.NOTHING:
        return None
    if shape is Shape.MANY:
        return _codes(value, known)
    if shape in (Shape.NUMBERS, Shape.TWO_DAYS):
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise BadValue(_("Give two values."))
        single = Shape.NUMBER if shape is Shape.NUMBERS else Shape.DAY
        low, high = (read_value(single, each) for each in value)
        if (Decimal(low) > Decimal(high)) if shape is Shape.NUMBERS else (low > high):
            raise BadValue(_("The first value is above the second."))
        return [low, high]
    return {
        Shape.TEXT: _text,
        Shape.NUMBER: _number,
        Shape.DAY: _day,
        Shape.DAYS: lambda given: _whole(given, 0, MOST_DAYS),
        Shape.MONTH: lambda given: _whole(given, 1, 12),
    }[shape](value)


def _codes(value: Any, known: Collection[str] | None) -> list[str]:
    if not isinstance(value, list | tuple) or not value or not all(isinstance(code, str) for code in value):
        raise BadValue(_("Choose at least one value."))
    found = sorted(set(value))
    if len(found) > MOST_VALUES:
        raise BadValue(_("At most %(count)s values.") % {"count": MOST_VALUES})
    if known is not None and (strange := [code for code in found if code not in known]):
        raise BadValue(_("“%(value)s” is not one of the choices.") % {"value": strange[0][:LONGEST]})
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise BadValue(_("Give a text."))
    if len(value.strip()) > LONGEST:
        raise BadValue(_("At most %(count)s characters.") % {"count": LONGEST})
    return value.strip()


def _number(value: Any) -> str:
    if isinstance(value, bool | float) or not isinstance(value, str | int | Decimal):
        raise BadValue(_("Give a number."))
    try:
        number = Decimal(str(value).strip().replace(",", ""))
    except InvalidOperation:
        raise BadValue(_("Give a number.")) from None
    if not number.is_finite() or abs(number) > LARGEST_YUAN or number != round(number, 2):
        raise BadValue(_("Give a number with at most two decimal places."))
    return f"{number:f}"


def _day(value: Any) -> str:
    try:
        found = date.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadValue(_("Give a day.")) from None
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise BadValue(_("Give a day."))
    return found.isoformat()


def _whole(value: Any, lowest: int, highest: int) -> int:
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    found = whole_number(text)
    if found is None or not lowest <= found <= highest:
        raise BadValue(_("Give a whole number from %(low)s to %(high)s.") % {"low": lowest, "high": highest})
    return found
