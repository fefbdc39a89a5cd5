"""Text of a cell → value of a field, or the reason why not. Pure; the clock and the database are not asked.

Digits are ASCII digits: full-width ones, NaN, infinity, exponents and numbers that a spreadsheet has already rounded are
refused with a code, never repaired in silence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from crm.core.importing.fields import ImportField
from crm.core.importing.table import CellDate, CellNumber

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST_YEAR, LAST_YEAR = 1900, 2100
#: Far above any book, far below what a bigint of fen holds (crm.core.fields.LARGEST_YUAN).
LARGEST = Decimal("99999999999999.99")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\Z")
_GROUPED = {
    ".": re.compile(r"[+-]?[0-9]{1,3}(?:[, ' ][0-9]{3})+(?:\.[0-9]*)?\Z"),
    ",": re.compile(r"[+-]?[0-9]{1,3}(?:[. ' ][0-9]{3})+(?:,[0-9]*)?\Z"),
}
_SCIENTIFIC = re.compile(r"[+-]?[0-9](?:\.[0-9]+)?[eE]\+[0-9]{1,3}\Z")
_SCIENTIFIC_CODE = re.compile(r"[+-]?[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{1,3}\Z")
_FAULT = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!)\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_DAY = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})\Z")
_DAY_ZH = re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日?\Z")
_DAY_PLAIN = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})\Z")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,6})?)?\Z")
TRUE_WORDS = frozenset({"true", "yes", "y", "1", "t", "是", "有", "对", "√"})
FALSE_WORDS = frozenset({"false", "no", "n", "0", "f", "否", "无", "没有", "×"})

MESSAGES: dict[str, Any] = {
    "required": _("A value is required."),
    "scientific_notation": _(
        "A spreadsheet has cut this number to scientific notation; its digits are lost. Format the column as text."
    ),
    "cell_error": _("The cell holds a spreadsheet error, not a value."),
    "control_character": _("The text contains a control character."),
    "too_long": _("The text is longer than %(limit)s characters."),
    "blank_inside": _("An identifier has no blanks inside."),
    "not_a_number": _("This is not a number in plain digits."),
    "not_an_integer": _("This is not a whole number."),
    "too_many_places": _("The number has more than %(limit)s decimal places."),
    "too_small": _("The number is smaller than %(limit)s."),
    "too_large": _("The number is larger than %(limit)s."),
    "not_a_date": _("This is not a date that exists; write it as YYYY-MM-DD or give its format in the mapping."),
    "not_a_time": _("This is not a point in time; write it as YYYY-MM-DD HH:MM."),
    "date_out_of_range": _("The date lies outside the years 1900 to 2100."),
    "not_a_boolean": _("This is neither yes nor no."),
    "unknown_choice": _("This value is not one of: %(known)s."),
    "key_missing": _("The row has no key."),
    "duplicate_key": _("The file has this key already, in row %(row)s."),
    "wrong_width": _("The row has %(found)s cells, the header %(expected)s."),
}


class BadValue(Exception):
    """A cell that does not fit its field."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params

    @property
    def message(self) -> str:
        return message(self.code, **self.params)


def message(code: str, **params: Any) -> str:
    """The sentence for a code, in the language of today's reader."""
    text = str(MESSAGES[code])
    return text % params if params else text


Parser = Callable[[str], Any]


def parser_for(field: ImportField, *, date_format: str = "", decimal: str = ".") -> Parser:
    """The function text → value of ``field``; "" gives None. The function raises ``BadValue``."""
    makers: dict[str, Callable[[], Parser]] = {
        "text": lambda: _text(field),
        "code": lambda: _code(field),
        "integer": lambda: _integer(field, decimal),
        "decimal": lambda: _decimal(field, decimal),
        "money": lambda: _money(field, decimal),
        "date": lambda: _date(date_format),
        "datetime": lambda: _datetime(date_format),
        "boolean": lambda: _boolean,
        "choice": lambda: _choice(field),
    }
    inner = makers[field.type]()

    def parse(text: str) -> Any:
        if not text:
            return None
        if text[0] == "#" and _FAULT.match(text):
            raise BadValue("cell_error")
        return inner(text)

    return parse


def _checked_text(text: str, field: ImportField) -> str:
    if _CONTROL.search(text):
        raise BadValue("control_character")
    if field.max_length is not None and len(text) > field.max_length:
        raise BadValue("too_long", limit=field.max_length)
    return text


def _text(field: ImportField) -> Parser:
    def parse(text: str) -> str:
        if _SCIENTIFIC.match(text):
            raise BadValue("scientific_notation")
        return _checked_text(text.replace("\r\n", "\n"), field)

    return parse


def _code(field: ImportField) -> Parser:
    def parse(text: str) -> str:
        if _SCIENTIFIC_CODE.match(text):
            raise BadValue("scientific_notation")
        plain = unicodedata.normalize("NFKC", text)
        if any(sign.isspace() for sign in plain):
            raise BadValue("blank_inside")
        return _checked_text(plain, field)

    return parse


def plain_number(text: str, decimal: str = ".") -> Decimal:
    """A number in ASCII digits, with grouping as people write it. Raises ``BadValue``."""
    if isinstance(text, CellNumber):
        decimal = "."
    if _SCIENTIFIC_CODE.match(text):
        raise BadValue("scientific_notation")
    if _GROUPED[decimal].match(text):
        text = re.sub(r"[ ' ]", "", text).replace("," if decimal == "." else ".", "")
    elif decimal == "," and "." in text:
        raise BadValue("not_a_number")
    if decimal == ",":
        text = text.replace(",", ".")
    if not _NUMBER.match(text):
        raise BadValue("not_a_number")
    number = Decimal(text)
    if abs(number) > LARGEST:
        raise BadValue("too_large", limit=LARGEST)
    return number + 0 if number else Decimal(0)  # minus nothing is nothing


def _within(number: Decimal, field: ImportField) -> Decimal:
    if field.minimum is not None and number < field.minimum:
        raise BadValue("too_small", limit=field.minimum)
    if field.maximum is not None and number > field.maximum:
        raise BadValue("too_large", limit=field.maximum)
    return number


def _integer(field: ImportField, decimal: str) -> Parser:
    def parse(text: str) -> int:
        number = plain_number(text, decimal)
        if number != int(number):
            raise BadValue("not_an_integer")
        return int(_within(number, field))

    return parse


def _decimal(field: ImportField, decimal: str) -> Parser:
    step = Decimal(1).scaleb(-field.places)

    def parse(text: str) -> Decimal:
        number = _within(plain_number(text, decimal), field)
        fixed = number.quantize(step, rounding=ROUND_HALF_UP)
        # A spreadsheet stores 0.1 + 0.2 as 0.30000000000000004: only there is the tail noise.
        noise = Decimal("1e-9") if isinstance(text, CellNumber) else Decimal(0)
        if abs(fixed - number) > noise:
            raise BadValue("too_many_places", limit=field.places)
        return fixed

    return parse


def _money(field: ImportField, decimal: str) -> Parser:
    step = Decimal("0.01")

    def parse(text: str) -> Decimal:
        if text[0] in "¥￥":
            text = text[1:].lstrip()
        # Custodians write four places; an amount in the books has two, rounded half up per line.
        return _within(plain_number(text, decimal).quantize(step, rounding=ROUND_HALF_UP), field)

    return parse


def _date(form: str) -> Parser:
    def parse(text: str) -> date:
        if isinstance(text, CellDate):
            return _in_range(_iso_day(text[:10]))
        if not form:
            return _in_range(_iso_day(text))
        if not text.isascii() and any(sign.isdigit() and not sign.isascii() for sign in text):
            raise BadValue("not_a_date")
        try:
            return _in_range(datetime.strptime(text, form).date())  # noqa: DTZ007  a calendar day has no zone
        except ValueError:
            raise BadValue("not_a_date") from None

    return parse


def _iso_day(text: str) -> date:
    """2024-03-05, 2024/3/5, 2024.3.5, 20240305 or 2024年3月5日."""
    found = _DAY.match(text)
    parts = (found[1], found[3], found[4]) if found else None
    if parts is None:
        other = _DAY_PLAIN.match(text) or _DAY_ZH.match(text)
        if other is None:
            raise BadValue("not_a_date")
        parts = (other[1], other[2], other[3])
    try:
        return date(int(parts[0]), int(parts[1]), int(parts[2]))
    except ValueError:
        raise BadValue("not_a_date") from None


def _in_range(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BadValue("date_out_of_range")
    return day


def _datetime(form: str) -> Parser:
    def parse(text: str) -> datetime:
        if form and not isinstance(text, CellDate):
            try:
                moment = datetime.strptime(text, form)  # noqa: DTZ007  the zone follows
            except ValueError:
                raise BadValue("not_a_time") from None
        else:
            moment = _iso_moment(text)
        _in_range(moment.date())
        return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)

    return parse


def _iso_moment(text: str) -> datetime:
    day, _sep, clock = text.replace("T", " ", 1).partition(" ")
    clock = clock.strip()
    if not clock:
        return datetime.combine(_iso_day(day), time())
    if clock.endswith("Z") or "+" in clock:
        try:
            return datetime.fromisoformat(text.replace(" ", "T", 1))
        except ValueError:
            raise BadValue("not_a_time") from None
    found = _CLOCK.match(clock)
    if found is None:
        raise BadValue("not_a_time")
    try:
        return datetime.combine(_iso_day(day), time(int(found[1]), int(found[2]), int(found[3] or 0)))
    except ValueError:
        raise BadValue("not_a_time") from None


def _boolean(text: str) -> bool:
    word = text.casefold()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise BadValue("not_a_boolean")


def _choice(field: ImportField) -> Parser:
    known: dict[str, str] = {}
    for value, label in field.pairs:
        known.setdefault(str(label).casefold(), str(value))
    for value, _label in field.pairs:
        known[str(value).casefold()] = str(value)

    def parse(text: str) -> str:
        try:
            return known[text.casefold()]
        except KeyError:
            raise BadValue("unknown_choice", known=", ".join(str(value) for value, _label in field.pairs)) from None

    return parse
