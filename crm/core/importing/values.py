"""Text of a cell → value of a field, or the reason why not. Pure; the clock and the database are not asked.

Digits are ASCII digits: full-width ones, NaN, infinity, exponents and numbers that a spreadsheet has already rounded are
refused with a code, never repaired in silence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from crm.core.importing.fields import ImportField
from crm.core.importing.table import CellDate, CellNumber
from crm.core.importing.units import UNITS, split_unit
from crm.core.writing import is_writing

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
#: Amounts as a book of accounts writes them: no amount, and a negative one in brackets, the sign of the currency or a unit
#: beside them or inside.
_NO_AMOUNT = re.compile(r"(?:--+|—+|－－+)\Z")
_BRACKETED = re.compile(r"([¥￥]?)\s*[(（]\s*([^()（）]+?)\s*[)）]\s*(千元|百万元|万元|亿元|元|万|亿)?\Z")
_FAULT = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!)\Z")
_WIDTHLESS = re.compile("[\u200b-\u200d\u2060\ufeff]")
_DAY = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})\Z")
_DAY_ZH = re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日?\Z")
_DAY_PLAIN = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})\Z")
#: A spreadsheet's day number as a number cell without a date format: five digits, 1927 to 2099.
_SERIAL = re.compile(r"([1-7][0-9]{4})(?:\.[0-9]+)?\Z")
#: How [formats] date says that a column holds such numbers as text.
EXCEL = "excel"
_SERIAL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001  a day number has no zone
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
    "damaged_text": _("A character of this text was lost before the file came here (�). Write it anew."),
    "too_long": _("The text is longer than %(limit)s characters."),
    "blank_inside": _("An identifier has no blanks inside."),
    "formula": _("This is a formula, not an identifier."),
    "not_a_number": _("This is not a number in plain digits."),
    "not_an_integer": _("This is not a whole number."),
    "too_many_places": _("The number has more than %(limit)s decimal places."),
    "too_small": _("The number is smaller than %(limit)s."),
    "too_large": _("The number is larger than %(limit)s."),
    "not_a_date": _("This is not a date that exists; write it as YYYY-MM-DD or give its format in the mapping."),
    "day_of_elsewhere": _(
        "This point in time is another day here than where it was written; say in the mapping how the column writes it."
    ),
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


def parser_for(
    field: ImportField, *, date_format: str | Sequence[str] = "", decimal: str = ".", unit: str = ""
) -> Parser:
    """The function text → value of ``field``; "" gives None. The function raises ``BadValue``.

    ``date_format`` may be several, tried in their order; ``unit`` is what an amount without one of its own is in.
    """
    forms = [date_format] if isinstance(date_format, str) else list(date_format)
    forms = [form for form in forms if form]
    makers: dict[str, Callable[[], Parser]] = {
        "text": lambda: _text(field),
        "code": lambda: _code(field),
        "integer": lambda: _integer(field, decimal),
        "decimal": lambda: _decimal(field, decimal),
        "money": lambda: _money(field, decimal, unit),
        "date": lambda: _date(forms),
        "datetime": lambda: _datetime(forms),
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
    if not is_writing(text):
        raise BadValue("control_character")
    if "\ufffd" in text:
        raise BadValue("damaged_text")
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
        plain = unicodedata.normalize("NFKC", text).removeprefix("'")
        if plain[:1] in ("=", "@"):
            raise BadValue("formula")
        if _WIDTHLESS.search(plain) or any(sign.isspace() for sign in plain):
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


def _without_brackets(text: str) -> tuple[str, int]:
    """What stands in brackets, with the sign that brackets mean in a book of accounts: (500) is −500."""
    found = _BRACKETED.match(text)
    if found is None:
        return text, 1
    return (found[1] or "") + found[2] + (found[3] or ""), -1


def _money(field: ImportField, decimal: str, unit: str) -> Parser:
    step = Decimal("0.01")

    def parse(text: str) -> Decimal | None:
        own, sign = "", 1
        if type(text) is str:
            if _NO_AMOUNT.match(text):
                return None
            text, sign = _without_brackets(text)
            text, own = split_unit(text)
            if text[0] in "¥￥":
                text = text[1:].lstrip()
            if text == "-" and sign > 0 and not own:
                return _within(Decimal("0.00"), field)  # how an accounting format writes nought
            if sign < 0 and text[:1] in ("-", "+"):
                raise BadValue("not_a_number")  # (-500) may mean either
        number = sign * plain_number(text, decimal) * UNITS.get(own or unit, Decimal(1))
        if abs(number) > LARGEST:
            raise BadValue("too_large", limit=LARGEST)
        # Custodians write four places; an amount in the books has two, rounded half up per line.
        return _within(number.quantize(step, rounding=ROUND_HALF_UP), field)

    return parse


def _date(forms: list[str]) -> Parser:
    def parse(text: str) -> date:
        if isinstance(text, CellDate):
            return _in_range(_iso_day(text[:10]))
        moment = _by_forms(text, forms)
        if moment is not None:
            return _in_range(moment.date())
        if forms:
            raise BadValue("not_a_date")
        return _day_of_moment(text) if ":" in text else _in_range(_iso_day(text))

    return parse


def _day_of_moment(text: str) -> date:
    """The day that is written with a time, as long as it is that day here too. Raises ``BadValue``."""
    try:
        moment = _iso_moment(text)
    except BadValue:
        raise BadValue("not_a_date") from None
    day = _in_range(moment.date())
    if moment.tzinfo is not None and moment.astimezone(SHANGHAI).date() != day:
        raise BadValue("day_of_elsewhere")
    return day


def _by_forms(text: str, forms: list[str]) -> datetime | None:
    """The moment that the first fitting format gives; a number cell may also be a spreadsheet's day number."""
    if text.isascii() or not any(sign.isdigit() and not sign.isascii() for sign in text):
        for form in forms:
            try:
                if form != EXCEL:
                    return datetime.strptime(text, form)  # noqa: DTZ007  a day has no zone, a moment gets it later
            except ValueError:
                continue
    if (EXCEL in forms or isinstance(text, CellNumber)) and _SERIAL.match(text):
        # Seconds are as fine as anybody writes; a fraction of a day is binary noise below that.
        seconds = (Decimal(text) * 86_400).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        return _SERIAL_ZERO + timedelta(seconds=int(seconds))
    return None


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


def _datetime(forms: list[str]) -> Parser:
    def parse(text: str) -> datetime:
        moment = None if isinstance(text, CellDate) else _by_forms(text, forms)
        if moment is None:
            if forms and not isinstance(text, CellDate):
                raise BadValue("not_a_time")
            moment = _iso_moment(text)
        _in_range(moment.date())
        return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)

    return parse


def _iso_moment(text: str) -> datetime:
    day, _sep, clock = text.replace("T", " ", 1).partition(" ")
    clock = clock.strip()
    if not clock:
        return datetime.combine(_iso_day(day), time())
    if clock.endswith("Z") or "+" in clock or "-" in clock:
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


def _named(value: Any, label: Any) -> str:
    """A choice as a person and as a mapping call it: 佣金 (commission). C3 稳健型 says both already."""
    if str(label).casefold() == str(value).casefold():
        return str(value)
    return str(label) if str(label).startswith(f"{value} ") else f"{label} ({value})"


def _choice(field: ImportField) -> Parser:
    known: dict[str, str] = {}
    # A file speaks the language of its writer, not that of whoever brings it in.
    for language, _name in settings.LANGUAGES:
        with override(language):
            for value, label in field.pairs:
                known.setdefault(str(label).casefold(), str(value))
    for value, _label in field.pairs:
        known[str(value).casefold()] = str(value)

    def parse(text: str) -> str:
        try:
            return known[text.casefold()]
        except KeyError:
            raise BadValue("unknown_choice", known=_(", ").join(_named(*pair) for pair in field.pairs)) from None

    return parse
