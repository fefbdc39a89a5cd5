"""Reading a notice about working and trading days from a CSV file.

Columns: `date,is_workday,is_trading,note`; the last two may be missing. Without an answer about trading, a working day
from Monday to Friday is a trading day. The file may be UTF-8 (with or without a mark) or GB18030.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Container, Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from crm.core.published_calendar import DayFacts, usual_day

SOURCE = "notice"
MAX_BYTES = 1_000_000
_HEADERS = {
    "date": "date",
    "day": "date",
    "日期": "date",
    "is_workday": "is_workday",
    "workday": "is_workday",
    "工作日": "is_workday",
    "是否工作日": "is_workday",
    "is_trading": "is_trading",
    "trading": "is_trading",
    "交易日": "is_trading",
    "是否交易日": "is_trading",
    "note": "note",
    "备注": "note",
    "说明": "note",
}
_YES = {"1", "true", "yes", "y", "是"}
_NO = {"0", "false", "no", "n", "否"}
_NOTE_LENGTH = 120


class RowProblem(NamedTuple):
    """One fault of the file: the row as a spreadsheet shows it (the header is row 1), and what is wrong in it."""

    row: int
    field: str
    value: str
    code: str
    message: str


class Notice(NamedTuple):
    """What a file says; `problems` is empty when all of it is usable."""

    days: list[DayFacts]
    problems: list[RowProblem]


class _Wrong(Exception):
    def __init__(self, field: str, value: str, code: str, message: str) -> None:
        super().__init__(code)
        self.fault = (field, value, code, message)


def read_notice(content: bytes) -> Notice:
    """The days of a CSV file and everything that is wrong with it; never raises."""
    try:
        rows = list(_table(content))
    except _Wrong as wrong:
        return Notice([], [RowProblem(1, *wrong.fault)])
    except csv.Error:
        return Notice([], [RowProblem(1, "", "", "unreadable", _("This is not a CSV file."))])
    days: dict[date, DayFacts] = {}
    problems: list[RowProblem] = []
    for number, row in rows:
        try:
            facts = _day(row, days)
        except _Wrong as wrong:
            problems.append(RowProblem(number, *wrong.fault))
        else:
            days[facts.day] = facts
    if not days and not problems:
        problems.append(RowProblem(1, "", "", "empty_file", _("The file has no rows.")))
    return Notice(list(days.values()), problems)


def fill_years(days: Iterable[DayFacts]) -> list[DayFacts]:
    """The days of a notice and, for every year it speaks of, all days it does not mention, as Monday to Friday."""
    named = {facts.day: facts for facts in days}
    whole = dict(named)
    for year in {day.year for day in named}:
        for ordinal in range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1):
            day = date.fromordinal(ordinal)
            whole.setdefault(day, usual_day(day, SOURCE))
    return [whole[day] for day in sorted(whole)]


def _table(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    if len(content) > MAX_BYTES:
        raise _Wrong("", "", "too_large", _("The file is too large for a calendar."))
    reader = csv.reader(io.StringIO(_text(content), newline=""))
    header = next(reader, [])
    names = [_HEADERS.get(title.strip().lower(), "") for title in header]
    for needed in ("date", "is_workday"):
        if needed not in names:
            message = _("The column %(name)s is missing.") % {"name": needed}
            raise _Wrong(needed, ",".join(header)[:80], "missing_column", message)
    return _rows(reader, names)


def _rows(reader: Any, names: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    for number, cells in enumerate(reader, start=2):
        if any(cell.strip() for cell in cells):
            # A cell of a column without a name goes under "" and is never read.
            yield number, dict(zip(names, (cell.strip() for cell in cells), strict=False))


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _Wrong("", "", "unreadable", _("This is not a text file in UTF-8 or GB18030."))


def _day(row: dict[str, str], seen: Container[date]) -> DayFacts:
    day = _date(row.get("date", ""))
    if day in seen:
        raise _Wrong("date", row["date"], "duplicate", _("This day is in the file twice."))
    is_workday = _yes_or_no(row, "is_workday", None)
    is_trading = _yes_or_no(row, "is_trading", is_workday and day.weekday() < 5)
    if is_trading and not is_workday:
        raise _Wrong(
            "is_trading", row["is_trading"], "trading_not_workday", _("A trading day is always a working day.")
        )
    if is_trading and day.weekday() > 4:
        message = _("The exchanges never trade on a Saturday or Sunday, also when it is worked.")
        raise _Wrong("is_trading", row["is_trading"], "trading_on_weekend", message)
    note = row.get("note", "")
    if len(note) > _NOTE_LENGTH:
        message = _("At most %(limit)d characters.") % {"limit": _NOTE_LENGTH}
        raise _Wrong("note", note[:40], "too_long", message)
    return DayFacts(day, is_workday, is_trading, note, SOURCE)


def _date(value: str) -> date:
    # Spreadsheets like to write 2027/1/1 for what they were given as 2027-01-01.
    parts = value.replace("/", "-").split("-")
    try:
        year, month, number = (int(part) for part in parts)
        day = date(year, month, number)
    except (ValueError, OverflowError):
        raise _Wrong("date", value[:40], "invalid_date", _("Write the date as YYYY-MM-DD.")) from None
    if not 1990 <= day.year <= 2100:
        raise _Wrong("date", value[:40], "date_out_of_range", _("The year must lie between 1990 and 2100."))
    return day


def _yes_or_no(row: dict[str, str], field: str, blank: bool | None) -> bool:
    value = row.get(field, "")
    if value.lower() in _YES:
        return True
    if value.lower() in _NO:
        return False
    if not value and blank is not None:
        return blank
    raise _Wrong(field, value[:40], "not_yes_or_no", _("Write 1 or 0."))
