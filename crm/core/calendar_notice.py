"""Reading a notice about working and trading days from a file.

A table (CSV or XLSX, whatever its encoding and delimiter) has the columns `date,is_workday,is_trading,note`; the last two
may be missing. Without an answer about trading, a working day from Monday to Friday is a trading day. A table of trading
days alone (`trade_date,trade_status`) says nothing about work: that is known before, or the day is refused.

A list of holidays (JSON with `year` and `days` of `name`, `date`, `isOffDay`) names the unusual days of its year.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from crm.core.importing.problems import FileRefused
from crm.core.importing.reader import read
from crm.core.importing.table import FileOptions, Limits, plain_text
from crm.core.published_calendar import DayFacts, usual_day

SOURCE = "notice"
MAX_BYTES = 1_000_000
_LIMITS = Limits(csv_bytes=MAX_BYTES, xlsx_bytes=MAX_BYTES, unpacked_bytes=20 * MAX_BYTES, rows=20_000)
_HEADERS = {
    "date": "date",
    "day": "date",
    "trade_date": "date",
    "cal_date": "date",
    "日期": "date",
    "trade_status": "is_trading",
    "is_open": "is_trading",
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
_DAY = re.compile(
    r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|(\d{2})(\d{2})|年(\d{1,2})月(\d{1,2})日)(?:[ T]0?0:00(?::00)?)?", re.ASCII
)


class RowProblem(NamedTuple):
    """One fault of the file: the row as a spreadsheet shows it (the header is row 1), and what is wrong in it."""

    row: int
    field: str
    value: str
    code: str
    message: str


class TradingDay(NamedTuple):
    """What a table of trading days alone says about a day; `row` as in `RowProblem`."""

    row: int
    day: date
    is_trading: bool


class Notice(NamedTuple):
    """What a file says; `problems` is empty when all of it is usable. `years` are those that it speaks of."""

    days: list[DayFacts]
    problems: list[RowProblem]
    years: frozenset[int] = frozenset()
    trading: tuple[TradingDay, ...] = ()


class _Wrong(Exception):
    def __init__(self, field: str, value: str, code: str, message: str) -> None:
        super().__init__(code)
        self.fault = (field, value, code, message)


def read_notice(content: bytes) -> Notice:
    """The days of a file and everything that is wrong with it; never raises."""
    if len(content) > MAX_BYTES:
        return Notice([], [RowProblem(1, "", "", "too_large", _("The file is too large for a calendar."))])
    try:
        if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
            return _holidays(content)
        return _notice(content)
    except _Wrong as wrong:
        return Notice([], [RowProblem(1, *wrong.fault)])
    except FileRefused as refusal:
        code = refusal.code if refusal.code == "empty_file" else "unreadable"
        return Notice([], [RowProblem(1, "", "", code, str(refusal.message))])


def fill_years(days: Iterable[DayFacts], years: Iterable[int] = ()) -> list[DayFacts]:
    """The days of a notice and, for every year it speaks of, all days it does not mention, as Monday to Friday."""
    whole = {facts.day: facts for facts in days}
    for year in set(years) or {day.year for day in whole}:
        for ordinal in range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1):
            day = date.fromordinal(ordinal)
            whole.setdefault(day, usual_day(day, SOURCE))
    return [whole[day] for day in sorted(whole)]


def _notice(content: bytes) -> Notice:
    days: dict[date, DayFacts] = {}
    trading: dict[date, TradingDay] = {}
    problems: list[RowProblem] = []
    names, rows = _table(content)
    for number, row in rows:
        try:
            if "is_workday" in names:
                facts = _day(row, days)
                days[facts.day] = facts
            else:
                traded = _trading_day(number, row, trading)
                trading[traded.day] = traded
        except _Wrong as wrong:
            problems.append(RowProblem(number, *wrong.fault))
    if not days and not trading and not problems:
        problems.append(RowProblem(1, "", "", "empty_file", _("The file has no rows.")))
    return Notice(list(days.values()), problems, frozenset(day.year for day in days), tuple(trading.values()))


def _table(content: bytes) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    table = read(content, FileOptions(), _LIMITS)
    names = [_HEADERS.get(title.strip().lower(), "") for title in table.headers]
    if "date" not in names or not {"is_workday", "is_trading"} & set(names):
        needed = "is_workday" if "date" in names else "date"
        message = _("The column %(name)s is missing.") % {"name": needed}
        raise _Wrong(needed, ",".join(table.headers)[:80], "missing_column", message)
    # A cell of a column without a name goes under "" and is never read.
    rows = (
        (record.number, dict(zip(names, (plain_text(cell) for cell in record.cells), strict=False)))
        for record in table.records
    )
    return names, rows


def _holidays(content: bytes) -> Notice:
    """A list of holidays; a day off keeps its name, a make-up day says whose it is."""
    unknown = _Wrong("", "", "unreadable", _("This JSON file does not name its year and its days."))
    try:
        said = json.loads(content.decode("utf-8-sig"))
        year, listed = said["year"], said["days"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise unknown from None
    if not isinstance(year, int) or not 1990 <= year <= 2100 or not isinstance(listed, list):
        raise unknown
    if not listed:
        message = _("The file names no day of %(year)d yet: the notice has not been published.") % {"year": year}
        raise _Wrong("days", "", "empty_file", message)
    days: dict[date, DayFacts] = {}
    problems: list[RowProblem] = []
    for number, one in enumerate(listed, start=1):
        try:
            facts = _holiday(one, days)
        except _Wrong as wrong:
            problems.append(RowProblem(number, *wrong.fault))
        else:
            days[facts.day] = facts
    return Notice(list(days.values()), problems, frozenset({year}))


def _holiday(one: Any, seen: Container[date]) -> DayFacts:
    said = one if isinstance(one, dict) else {}
    off, name = said.get("isOffDay"), str(said.get("name") or "")
    if not isinstance(off, bool):
        raise _Wrong("isOffDay", str(off)[:40], "not_yes_or_no", _("Write 1 or 0."))
    note = name if off or not name else f"{name}调休上班"
    row = {"date": str(said.get("date") or ""), "is_workday": "0" if off else "1", "note": note}
    return _day(row, seen)


def _trading_day(number: int, row: dict[str, str], seen: Container[date]) -> TradingDay:
    day = _new_day(row, seen)
    is_trading = _yes_or_no(row, "is_trading", None)
    if is_trading and day.weekday() > 4:
        raise _on_weekend(row["is_trading"])
    return TradingDay(number, day, is_trading)


def _on_weekend(value: str) -> _Wrong:
    message = _("The exchanges never trade on a Saturday or Sunday, also when it is worked.")
    return _Wrong("is_trading", value, "trading_on_weekend", message)


def _new_day(row: dict[str, str], seen: Container[date]) -> date:
    day = _date(row.get("date", ""))
    if day in seen:
        raise _Wrong("date", row["date"], "duplicate", _("This day is in the file twice."))
    return day


def _day(row: dict[str, str], seen: Container[date]) -> DayFacts:
    day = _new_day(row, seen)
    is_workday = _yes_or_no(row, "is_workday", None)
    is_trading = _yes_or_no(row, "is_trading", is_workday and day.weekday() < 5)
    if is_trading and not is_workday:
        raise _Wrong(
            "is_trading", row["is_trading"], "trading_not_workday", _("A trading day is always a working day.")
        )
    if is_trading and day.weekday() > 4:
        raise _on_weekend(row["is_trading"])
    note = row.get("note", "")
    if len(note) > _NOTE_LENGTH:
        message = _("At most %(limit)d characters.") % {"limit": _NOTE_LENGTH}
        raise _Wrong("note", note[:40], "too_long", message)
    return DayFacts(day, is_workday, is_trading, note, SOURCE)


def _date(value: str) -> date:
    # Spreadsheets like to write 2027/1/1 for what they were given as 2027-01-01.
    found = _DAY.fullmatch(value)
    year, month, number = (part for part in found.group(1, 3, 4, 5, 6, 7, 8) if part) if found else ("0", "0", "0")
    try:
        day = date(int(year), int(month), int(number))
    except ValueError:
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
