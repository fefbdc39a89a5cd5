"""The file itself: a first line that says who took it out, text that no spreadsheet runs, and what it can be known by again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from crm.core.csv_out import cell, csv_lines
from crm.core.exporting.kinds import ExportColumn

CSV, XLSX = "csv", "xlsx"
TYPES = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Made:
    """A file that is ready, and what it can be known by: its own print, and that of the rows in it."""

    body: bytes
    rows: int
    sha256: str
    rows_sha256: str


def rows_print(keys: Iterable[str]) -> str:
    """A print of a set of rows, whatever order, columns or form of file they come in; "" for none."""
    distinct = sorted({key for key in keys if key})
    return hashlib.sha256("\n".join(distinct).encode()).hexdigest() if distinct else ""


def make(
    form: str,
    mark: str,
    facts: dict[str, str],
    columns: Sequence[ExportColumn],
    lines: Iterable[Sequence[Any]],
    keys: Sequence[str],
) -> Made:
    """Build the file. ``mark`` is its first line, ``facts`` go into the document's properties."""
    head = [str(column.label) for column in columns]
    if form == XLSX:
        body = _xlsx(mark, facts, head, {at for at, column in enumerate(columns) if column.is_money}, lines)
    else:
        body = "".join(csv_lines([mark], [head, *lines])).encode()
    return Made(body, len(keys), hashlib.sha256(body).hexdigest(), rows_print(keys))


def _xlsx(
    mark: str, facts: dict[str, str], head: Sequence[str], money: set[int], lines: Iterable[Sequence[Any]]
) -> bytes:
    """Every cell is written as text or number, never as a formula."""
    import xlsxwriter

    held = BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True, "in_memory": False}
    book = xlsxwriter.Workbook(held, options)
    book.set_properties(
        {name: text for name, text in facts.items() if name in ("title", "author", "comments", "subject")}
    )
    book.set_custom_property("export", facts.get("export", ""))
    sheet = book.add_worksheet()
    sheet.write_string(0, 0, mark, book.add_format({"bold": True, "font_color": "#8a1f11"}))
    sheet.set_footer(f"&L{mark[:200].replace('&', '&&')}")
    sheet.freeze_panes(2, 0)
    sheet.set_column(0, max(0, len(head) - 1), 16)
    form = book.add_format({"num_format": "#,##0.00"})
    for column, title in enumerate(head):
        sheet.write_string(1, column, title)
    for at, line in enumerate(lines, start=2):
        for column, value in enumerate(line):
            if column in money and value is not None:
                sheet.write_number(at, column, float(value), form)  # a spreadsheet knows no other number
            else:
                sheet.write_string(at, column, cell(value))
    book.close()
    return held.getvalue()
