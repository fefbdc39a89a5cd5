"""One door for every file: by its content, not by its name or by what somebody says about it."""

from __future__ import annotations

from pathlib import Path

from django.utils.translation import gettext as _

from crm.core.importing.csvfile import read_csv
from crm.core.importing.problems import FileRefused
from crm.core.importing.table import FileOptions, Limits, Table
from crm.core.importing.vcardfile import holds_cards, looks_like_cards, read_vcards
from crm.core.importing.xlsxfile import read_xlsx

_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_OTHER = {
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"Rar!": "RAR",
    b"\x1f\x8b": "gzip",
    b"7z\xbc\xaf": "7z",
    b"\x7fELF": "ELF",
    b"SQLite": "SQLite",
}


def load(path: Path, limits: Limits) -> bytes:
    """The bytes of a file that is not larger than anything we read. Raises ``FileRefused``."""
    try:
        if not path.is_file():
            raise FileRefused(_("There is no file %(path)s.") % {"path": path}, code="no_file")
        if path.stat().st_size > max(limits.csv_bytes, limits.xlsx_bytes):
            raise _too_large(limits.csv_bytes)
        return path.read_bytes()
    except OSError:
        raise FileRefused(_("The file %(path)s cannot be opened.") % {"path": path}, code="no_file") from None


def read(raw: bytes, options: FileOptions, limits: Limits) -> Table:
    """Open bytes as a table. Raises ``FileRefused`` (the file) or ``MappingRefused`` (what the mapping says about it)."""
    if not raw.strip():
        raise FileRefused(_("The file is empty."), code="empty_file")
    if raw.startswith(_ZIP):
        return read_vcards(raw, options, limits) if holds_cards(raw) else read_xlsx(raw, options, limits)
    if raw.startswith(_OLD_EXCEL):
        raise FileRefused(
            _(
                "This is an old Excel file (.xls) or a protected workbook. Save it as XLSX without a password, or as CSV."
            ),
            code="old_excel",
        )
    for mark, name in _OTHER.items():
        if raw.startswith(mark):
            raise FileRefused(_("This is a %(kind)s file, not CSV or XLSX.") % {"kind": name}, code="wrong_kind")
    if raw[:400].lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower().startswith((b"<html", b"<!doctype", b"<table", b"<?xml")):
        raise FileRefused(
            _("This is a web page that only bears the name of a spreadsheet. Open it and save it as XLSX or CSV."),
            code="wrong_kind",
        )
    if options.kind == "xlsx":
        raise FileRefused(_("The mapping says XLSX, but the file is not a workbook."), code="wrong_kind")
    if len(raw) > limits.csv_bytes:
        raise _too_large(limits.csv_bytes)
    if looks_like_cards(raw):
        if options.kind == "csv":
            raise FileRefused(_("The mapping says CSV, but the file is an address book (vCard)."), code="wrong_kind")
        return read_vcards(raw, options, limits)
    if options.kind == "vcard":
        raise FileRefused(_("The mapping says vCard, but the file is no address book."), code="wrong_kind")
    return read_csv(raw, options, limits)


def _too_large(limit: int) -> FileRefused:
    return FileRefused(_("The file is larger than %(limit)d MB.") % {"limit": limit >> 20}, code="file_too_large")
