"""CSV: encoding, delimiter, quotes and line ends as they come from custodians, Excel and old systems."""

from __future__ import annotations

import csv
import io
import string
from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from crm.core.importing.problems import FileRefused, MappingRefused
from crm.core.importing.table import FileOptions, Limits, Record, Table, header_texts
from crm.core.importing.text import find_codec

DELIMITERS = (",", ";", "\t", "|")
_WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|"}
_SAMPLE = 1 << 18
#: What a blank row may hold; old systems end a file with a SUB (^Z).
_BLANK = string.whitespace + "\x1a\u3000\xa0"


def read_csv(raw: bytes, options: FileOptions, limits: Limits) -> Table:
    """Open CSV bytes as a table. Raises ``FileRefused`` or ``MappingRefused``."""
    codec = find_codec(raw, options.encoding)
    delimiter, told, wrapped = _delimiter(raw, codec, options)
    stream = io.TextIOWrapper(io.BytesIO(raw), encoding=codec, newline="")
    lines = csv.reader(stream, delimiter=delimiter, strict=True)
    rows = _rows(_unwrapped(lines, delimiter, strict=True) if wrapped else lines)
    number = 0
    for _title in range(options.skip_rows + told):
        next(rows, None)
        number += 1
    headers = header_texts(next(rows, []))
    number += 1
    if not any(headers):
        raise FileRefused(_("The file is empty."), code="empty_file")
    if len(headers) > limits.columns:
        raise FileRefused(
            _("The file has %(found)d columns; %(limit)d are allowed.")
            % {"found": len(headers), "limit": limits.columns},
            code="too_many_columns",
        )
    return Table(headers, _records(rows, number, limits), "csv", encoding=codec, delimiter=delimiter)


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    count = 0
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except (csv.Error, UnicodeError) as wrong:
            raise FileRefused(
                _("The CSV text is broken after row %(row)d (%(reason)s).") % {"row": count, "reason": _reason(wrong)},
                code="broken_csv",
            ) from None
        count += 1
        yield row


def _reason(wrong: Exception) -> str:
    """What Python's reader means, in the reader's language."""
    said = str(wrong)
    if "unexpected end" in said:
        return _("a quotation mark is never closed")
    if "expected after" in said:
        return _("a quotation mark stands in the middle of a cell")
    if "field limit" in said:
        return _("a cell is longer than 131,072 characters; perhaps a quotation mark is never closed")
    return said


def _records(rows: Iterator[list[str]], number: int, limits: Limits) -> Iterator[Record]:
    ordinal = 0
    for row in rows:
        number += 1
        if not any(row) or not any(cell.strip(_BLANK) for cell in row):
            continue
        ordinal += 1
        if ordinal > limits.rows:
            raise FileRefused(
                _("The file has more than %(limit)d rows.") % {"limit": limits.rows}, code="too_many_rows"
            )
        yield Record(number, ordinal, row)


def _unwrapped(lines: Iterable[list[str]], mark: str, *, strict: bool = False) -> Iterator[list[str]]:
    """Rows each of which a spreadsheet has put into quotation marks as a whole: ``"58;""single"";29"`` is three cells.

    A spreadsheet that knows another delimiter takes a line for one cell, and saves it as one.
    """
    for line in lines:
        if not line or any(cell.strip() for cell in line[1:]):
            yield line
            continue
        inner = list(csv.reader(io.StringIO(line[0], newline=""), delimiter=mark, strict=strict))
        yield inner[0] if len(inner) == 1 else line


def _delimiter(raw: bytes, codec: str, options: FileOptions) -> tuple[str, int, bool]:
    """The delimiter; 1 if the file's first line is Excel's ``sep=;`` that names it; whether whole lines are in quotes."""
    sample = _sample(raw, codec)
    told = ""
    first = sample[:8].splitlines()[:1]
    if first and first[0].lower().startswith("sep=") and len(first[0]) == 5:
        told = first[0][4]
    wanted = _WORDS.get(options.delimiter.lower(), options.delimiter)
    if wanted != "auto":
        if wanted not in DELIMITERS:
            raise MappingRefused(
                _("Unknown delimiter “%(delimiter)s” in [file]; choose auto, comma, semicolon, tab or pipe.")
                % {"delimiter": options.delimiter},
                code="unknown_delimiter",
            )
        return wanted, bool(told), _is_wrapped(sample, wanted, options.skip_rows + bool(told))
    if told in DELIMITERS:
        return told, 1, _is_wrapped(sample, told, options.skip_rows + 1)
    plain = max(DELIMITERS, key=lambda mark: _evidence(sample, mark, options.skip_rows))
    if _evidence(sample, plain, options.skip_rows)[1]:
        return plain, 0, False
    inner = max(DELIMITERS, key=lambda mark: _evidence(sample, mark, options.skip_rows, wrapped=True))
    wrapped = _is_wrapped(sample, inner, options.skip_rows)
    return (inner if wrapped else plain), 0, wrapped


def _is_wrapped(sample: str, mark: str, skip: int) -> bool:
    """Whether nothing is cut as the lines stand, the header included, and nearly all is cut alike without their quotes."""
    return not _evidence(sample, mark, skip)[1] and _evidence(sample, mark, skip, wrapped=True)[0] >= 0.9


def _sample(raw: bytes, codec: str) -> str:
    """The first lines as text, cut at a line's end."""
    piece = raw[:_SAMPLE].decode(codec, errors="ignore")
    if len(raw) > _SAMPLE:
        piece = piece[: piece.rfind("\n") + 1] or piece
    return piece


def _evidence(sample: str, mark: str, skip: int, *, wrapped: bool = False) -> tuple[float, int]:
    """How well ``mark`` cuts the first rows into equal parts: the share that agrees with the header, then the width."""
    widths: list[int] = []
    lines = csv.reader(io.StringIO(sample, newline=""), delimiter=mark)
    try:
        for at, row in enumerate(_unwrapped(lines, mark) if wrapped else lines):
            if at >= skip and row:
                widths.append(len(row))
            if len(widths) > 50:
                break
    except csv.Error:
        return 0.0, 0
    if not widths or widths[0] < 2:
        return 0.0, 0
    agreeing = sum(width == widths[0] for width in widths) / len(widths)
    return round(agreeing, 1), widths[0]
