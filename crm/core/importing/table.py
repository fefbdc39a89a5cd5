"""What every reader gives, whatever the file was: a header and records of text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

#: From here on a spreadsheet has lost digits (it keeps 15): such a number is shown as Excel shows it, in scientific notation.
FIRST_UNSAFE = 1e15


class CellNumber(str):
    """Text of a spreadsheet's number cell: its decimal sign is the point, whatever the mapping says about the column."""

    __slots__ = ()


class CellDate(str):
    """ISO text of a spreadsheet's date cell: no date format of the mapping applies."""

    __slots__ = ()


#: Signs without width, and signs of the direction of writing, that a web page, a phone or a system leaves around a word;
#: ``strip`` does not know them.
_WIDTHLESS = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
#: What an export puts a ' before, so that no spreadsheet takes it for a formula; the last four are full-width forms.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def plain_text(text: str) -> str:
    """What a cell says: without blanks around it, and without the wrapping that keeps spreadsheets from changing it.

    Trading systems write ``="0600100001"`` so that zeros stay; our own exports write ``'=…`` (``rejects.defused``).
    """
    text = text.strip()
    if not text.isascii():
        text = text.strip(_WIDTHLESS).strip()
    if text[:2] == '="' and len(text) > 2 and text[-1] == '"' and '"' not in text[2:-1]:
        return text[2:-1].strip()
    if text[:1] == "'" and text.lstrip("'").startswith(DANGEROUS):
        return text[1:]
    return text


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is read at all. Figures of the house's policy; bytes, columns, rows of data."""

    csv_bytes: int = 50 * 1024 * 1024
    xlsx_bytes: int = 10 * 1024 * 1024
    unpacked_bytes: int = 100 * 1024 * 1024
    columns: int = 100
    rows: int = 100_000


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How the mapping says the file is to be read."""

    kind: str = ""
    encoding: str = "auto"
    delimiter: str = "auto"
    sheet: str | int | None = None
    skip_rows: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """One row of data. ``number`` counts as a spreadsheet does, titles and header too; ``ordinal`` counts data rows from 1."""

    number: int
    ordinal: int
    cells: list[str]


@dataclass(slots=True)
class Table:
    """A header and its records; ``records`` can be walked once."""

    headers: list[str]
    records: Iterator[Record]
    kind: str
    encoding: str = ""
    delimiter: str = ""
    sheets: list[str] = field(default_factory=list)


def number_text(value: float | int) -> str:
    """The text that the same figure has in a CSV: 1787.0 → 1787, 0.1 → 0.1, 4.4e17 → 4.4E+17."""
    if isinstance(value, int):
        return str(value) if abs(value) < FIRST_UNSAFE else f"{Decimal(value):E}"
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= FIRST_UNSAFE:
        return f"{Decimal(repr(value)):E}"
    if value == int(value):
        return str(int(value))
    return f"{Decimal(repr(value)):f}"


def header_texts(cells: Iterable[str]) -> list[str]:
    """Header cells without surrounding or doubled white space and without NUL; empty ones at the end are dropped."""
    names = [plain_text(re.sub(r"\s+", " ", cell.replace("\0", ""))) for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names
