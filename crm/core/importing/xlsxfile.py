"""XLSX: what can be judged from outside is judged here; the file is opened in a process of its own (``xlsx_reader``)."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from crm.core.importing.problems import FileRefused, MappingRefused
from crm.core.importing.table import CellDate, CellNumber, FileOptions, Limits, Record, Table, header_texts, number_text

_ENTRIES = 2_000


def read_xlsx(raw: bytes, options: FileOptions, limits: Limits) -> Table:
    """Open workbook bytes as a table. Raises ``FileRefused`` or ``MappingRefused``."""
    _judge_archive(raw, limits)
    lines = _lines(raw, options, limits)
    head = next(lines)
    rows = _rows(lines)
    number = 0
    for _title in range(options.skip_rows):
        next(rows, None)
        number += 1
    headers = header_texts(next(rows, []))
    number += 1
    if not any(headers):
        raise FileRefused(_("The sheet is empty."), code="empty_file")
    return Table(headers, _records(rows, number, len(headers), limits), "xlsx", sheets=head["sheets"])


def _judge_archive(raw: bytes, limits: Limits) -> None:
    """Refuse by the table of contents, before a byte is unpacked."""
    if len(raw) > limits.xlsx_bytes:
        raise FileRefused(
            _("The XLSX file is larger than %(limit)d MB.") % {"limit": limits.xlsx_bytes >> 20}, code="file_too_large"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise FileRefused(_("The file is not a readable XLSX workbook."), code="broken_xlsx") from None
    if len(entries) > _ENTRIES or sum(entry.file_size for entry in entries) > limits.unpacked_bytes:
        raise _refusal({"refused": "too_large_unpacked", "limit": limits.unpacked_bytes})
    if any(entry.flag_bits & 1 for entry in entries):
        raise FileRefused(_("The workbook is protected by a password. Save it without one."), code="encrypted_file")
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names:
        raise _refusal({"refused": "not_xlsx"})


def _lines(raw: bytes, options: FileOptions, limits: Limits) -> Iterator[Any]:
    """What the reading process says, line by line; the process ends with the iterator, whoever leaves first."""
    request = {
        "sheet": options.sheet,
        "skip_rows": options.skip_rows,
        "columns": limits.columns,
        "rows": limits.rows,
        "unpacked": limits.unpacked_bytes,
    }
    child = subprocess.Popen(
        [sys.executable, "-I", "-X", "utf8", str(Path(__file__).with_name("xlsx_reader.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdin is not None and child.stdout is not None  # noqa: S101  for the type checker
    feeder = threading.Thread(target=_feed, args=(child.stdin, json.dumps(request).encode() + b"\n", raw), daemon=True)
    feeder.start()
    spoken = False
    try:
        for line in child.stdout:
            said = json.loads(line)
            if isinstance(said, dict) and "refused" in said:
                raise _refusal(said)
            spoken = True
            yield said
        if child.wait() != 0 or not spoken:
            raise _refusal({"refused": "too_large_unpacked", "limit": limits.unpacked_bytes})
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
        feeder.join(timeout=5)


def _feed(pipe: Any, head: bytes, raw: bytes) -> None:
    try:
        pipe.write(head)
        pipe.write(raw)
        pipe.close()
    except OSError:
        return  # the reader has refused and gone; its last line says why


def _records(rows: Iterator[list[str]], number: int, width: int, limits: Limits) -> Iterator[Record]:
    ordinal = 0
    for row in rows:
        number += 1
        if not any(cell.strip() for cell in row):
            continue
        ordinal += 1
        if ordinal > limits.rows:
            raise _refusal({"refused": "too_many_rows", "limit": limits.rows})
        while len(row) > width and not row[-1].strip():
            row.pop()
        row.extend("" for _missing in range(width - len(row)))
        yield Record(number, ordinal, row)


def _rows(lines: Iterator[Any]) -> Iterator[list[str]]:
    """Rows as text; the reader says how many blank ones it has left out."""
    for said in lines:
        if isinstance(said, int):
            yield from ([] for _blank in range(said))
        else:
            yield _texts(said)


def _texts(row: list[Any]) -> list[str]:
    return [cell if type(cell) is str else _text(cell) for cell in row]


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        return CellNumber(number_text(cell))
    return CellDate(cell["d"]) if isinstance(cell, dict) else str(cell)


def _refusal(said: dict[str, Any]) -> FileRefused | MappingRefused:
    code = said["refused"]
    limit = said.get("limit", 0)
    if code == "unknown_sheet":
        return MappingRefused(
            _("The workbook has no sheet “%(sheet)s”; it has: %(known)s.")
            % {"sheet": said["sheet"], "known": said["known"]},
            code=code,
        )
    messages = {
        "too_many_rows": _("The sheet has more than %(limit)d rows.") % {"limit": limit},
        "too_many_columns": _("The sheet has more than %(limit)d columns.") % {"limit": limit},
        "too_large_unpacked": _("The workbook unpacks to more than %(limit)d MB.") % {"limit": limit >> 20},
        "hostile_xml": _("The workbook contains forbidden XML."),
        "no_sheet": _("The workbook has no worksheet."),
        "not_xlsx": _("The file is an archive but not an XLSX workbook."),
    }
    return FileRefused(messages.get(code, _("The file is not a readable XLSX workbook.")), code=code)
