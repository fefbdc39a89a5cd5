"""A new version of a table keeps the shape of the old one, so that the rule which reads it keeps working."""

from __future__ import annotations

import re
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any

_CLOCK = re.compile(r"^\d{2}:\d{2}$")
_MONTH_DAY = re.compile(r"^\d{2}-\d{2}$")
_WORD = re.compile(r"^[a-z][a-z0-9_]*$")


def same_shape(old: Any, new: Any) -> bool:
    """Whether ``new`` could stand where ``old`` stands: same names, same kinds of values, at least one entry in each list."""
    if isinstance(old, dict):
        return isinstance(new, dict) and old.keys() == new.keys() and all(same_shape(old[k], new[k]) for k in old)
    if isinstance(old, list):
        return isinstance(new, list) and bool(new) and (not old or all(same_shape(old[0], item) for item in new))
    if isinstance(old, bool) or isinstance(new, bool):
        return isinstance(old, bool) and isinstance(new, bool)
    if isinstance(old, int):
        return isinstance(new, int) and new >= 0
    return isinstance(old, str) and isinstance(new, str) and same_text(old, new)


def same_text(old: str, new: str) -> bool:
    """A time stays a time, a day of the year a day of the year, a number a number, a code word a code word."""
    if _CLOCK.match(old):
        return bool(_CLOCK.match(new)) and _parses(time.fromisoformat, new)
    if _MONTH_DAY.match(old):
        return bool(_MONTH_DAY.match(new)) and _parses(date.fromisoformat, f"2028-{new}")  # a leap year knows every day
    if _is_number(old):
        return _is_number(new)
    if _WORD.match(old):
        return bool(_WORD.match(new))
    return bool(new.strip()) and new.isprintable()


def _parses(parse: Any, text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _is_number(text: str) -> bool:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    return number.is_finite() and number >= 0
