"""The process that opens a workbook: alone, with a limit on memory and time, so that a hostile file takes down nothing else.

Run as ``python -m crm.core.importing.xlsx_reader`` by ``xlsxfile``: bytes on standard input, one JSON line per row on standard
output, the first line a head. Imports nothing of Django. What the sheet says about its own size is never believed.
"""

from __future__ import annotations

import io
import json
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from xml.etree import ElementTree

MEMORY = 512 * 1024 * 1024
SECONDS = 60
_STEP = 1 << 18
_CELL = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_ROW = re.compile(rb"<row\b")
#: How a cell's tag may begin; not <col> or <cfRule>.
_CELL_TAG = re.compile(rb"<c[ >/]")
_FAULT = re.compile(rb"<c\b[^>]*\bt=\"e\"[^>]*>")
_DIMENSION = re.compile(rb'<dimension\s+ref="(?:[A-Z]{1,3}[0-9]{1,7}:)?([A-Z]{1,3})([0-9]{1,7})"')
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class Refused(Exception):
    """Why the workbook is not read: a code and figures for the message."""

    def __init__(self, code: str, **figures: Any) -> None:
        super().__init__(code)
        self.code, self.figures = code, figures


def column_number(letters: bytes) -> int:
    """A → 1, Z → 26, AA → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def read(raw: bytes, request: dict[str, Any]) -> Iterator[Any]:
    """The head, then one list of plain values per row. Raises ``Refused``."""
    from python_calamine import CalamineWorkbook

    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        parts = sheet_parts(archive)
        name = choose_sheet(list(parts), request.get("sheet"))
        faults = survey(archive, parts[name], request)
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(raw))
    sheet = workbook.get_sheet_by_name(name)
    yield {"sheets": list(parts), "sheet": name}
    if sheet.start is None:
        return
    first = sheet.start[1] + 1
    blank = 0
    for number, row in enumerate(sheet.iter_rows(), 1):
        cells = [plain(cell) for cell in row]
        for column in faults.get(number, ()):
            if 0 <= column - first < len(cells):
                cells[column - first] = "#VALUE!"
        # A sheet may have a million rows of nothing: they are counted, and told only if something follows.
        if not any(cell != "" for cell in cells):
            blank += 1
            continue
        if blank:
            yield blank
            blank = 0
        yield cells


def plain(cell: Any) -> Any:
    """A JSON value: text, number, true/false, or {"d": ISO date}."""
    if isinstance(cell, datetime):
        return {"d": cell.isoformat(" ")}
    if isinstance(cell, date):
        return {"d": cell.isoformat()}
    if isinstance(cell, str | bool | int | float):
        return cell
    return "" if cell is None else str(cell)


def choose_sheet(names: list[str], wanted: str | int | None) -> str:
    if not names:
        raise Refused("no_sheet")
    if wanted is None or wanted == "":
        return names[0]
    if isinstance(wanted, int):
        if 1 <= wanted <= len(names):
            return names[wanted - 1]
    elif wanted in names:
        return wanted
    raise Refused("unknown_sheet", sheet=str(wanted), known=", ".join(names))


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name → part of the archive, in the order of the workbook."""
    book = _xml(archive, "xl/workbook.xml")
    links = _xml(archive, "xl/_rels/workbook.xml.rels")
    targets = {link.get("Id"): link.get("Target") or "" for link in links}
    parts = {}
    for sheet in book.iter():
        if sheet.tag.endswith("}sheet"):
            target = targets.get(sheet.get(_REL) or "", "")
            if "worksheet" in target:
                parts[sheet.get("name") or ""] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return parts


def _xml(archive: zipfile.ZipFile, part: str) -> ElementTree.Element:
    try:
        body = archive.read(part)
    except KeyError:
        raise Refused("not_xlsx") from None
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Refused("hostile_xml")
    return ElementTree.fromstring(body)  # noqa: S314  no document type, no entities


def survey(archive: zipfile.ZipFile, part: str, request: dict[str, Any]) -> dict[int, list[int]]:
    """Walk the sheet's own XML once: refuse cells beyond the limits, remember cells that hold an error value."""
    most_columns, most_rows = request["columns"], request["rows"] + request["skip_rows"] + 1
    faults: dict[int, list[int]] = {}
    try:
        stream = archive.open(part)
    except KeyError:
        raise Refused("not_xlsx") from None
    carry, read, first, rows = b"", 0, True, 0
    with stream:
        while piece := stream.read(_STEP):
            read += len(piece)
            if read > request["unpacked"]:
                raise Refused("too_large_unpacked", limit=request["unpacked"])
            chunk = carry + piece
            if first:
                _refuse_bad_start(chunk, most_columns, most_rows)
                first = False
            # A tag may straddle two pieces; the part after its last opening waits for the next piece.
            cut = chunk.rfind(b"<")
            chunk, carry = (chunk[:cut], chunk[cut:]) if cut > 0 and len(chunk) - cut < _STEP else (chunk, b"")
            # Cells and rows need not say where they are, so they are counted as well.
            parts = _ROW.split(chunk)
            rows += len(parts) - 1
            if rows > most_rows:
                raise Refused("too_many_rows", limit=request["rows"])
            if any(len(part) > 4 * most_columns and len(_CELL_TAG.findall(part)) > most_columns for part in parts):
                raise Refused("too_many_columns", limit=most_columns)
            for letters, digits in _CELL.findall(chunk):
                if int(digits) > most_rows:
                    raise Refused("too_many_rows", limit=request["rows"])
                if len(letters) > 1 and column_number(letters) > most_columns:
                    raise Refused("too_many_columns", limit=most_columns)
            if b't="e"' in chunk:
                _note_faults(chunk, faults)
    return faults


def _refuse_bad_start(chunk: bytes, most_columns: int, most_rows: int) -> None:
    if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
        raise Refused("hostile_xml")
    declared = _DIMENSION.search(chunk)
    if declared and column_number(declared[1]) > most_columns:
        raise Refused("too_many_columns", limit=most_columns)
    if declared and int(declared[2]) > most_rows:
        raise Refused("too_many_rows", limit=most_rows - 1)


def _note_faults(chunk: bytes, faults: dict[int, list[int]]) -> None:
    for tag in _FAULT.findall(chunk):
        found = _CELL.search(tag)
        if found:
            faults.setdefault(int(found[2]), []).append(column_number(found[1]))


def main() -> int:
    """Read the request line and the bytes, answer in lines; a refusal is a line too."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    request = json.loads(sys.stdin.buffer.readline())
    raw = sys.stdin.buffer.read()
    out = sys.stdout
    try:
        for line in read(raw, request):
            out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
            out.write("\n")
    except Refused as refused:
        out.write(json.dumps({"refused": refused.code, **refused.figures}) + "\n")
    except MemoryError:
        out.write(json.dumps({"refused": "too_large_unpacked", "limit": request["unpacked"]}) + "\n")
    except Exception as broken:  # noqa: BLE001  whatever the library says: the file cannot be read
        out.write(json.dumps({"refused": "broken_xlsx", "reason": type(broken).__name__}) + "\n")
    out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
