"""Knowing a file again that somebody has changed: without its first line, sorted anew, saved in another form."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import override

from crm.core.errors import DomainError
from crm.core.exporting.files import rows_print
from crm.core.exporting.kinds import KINDS, ExportKind
from crm.core.importing.binding import same_title
from crm.core.importing.reader import read
from crm.core.importing.table import FileOptions, Limits, Table, plain_text


def rows_print_of(raw: bytes, limits: Limits) -> str:
    """The print of the rows in a file that may be one of ours; "" where it is not like any."""
    for skipped in (0, 1):
        try:
            table = read(raw, FileOptions(skip_rows=skipped), limits)
            at = _key_columns(table)
            if at:
                return rows_print(_keys(table, at))
        except DomainError:
            continue
    return ""


def _key_columns(table: Table) -> list[int]:
    """Where the file has what names a row of one of our lists."""
    titles = [same_title(title) for title in table.headers]
    best: list[int] = []
    for kind in KINDS.values():
        found = [next((titles.index(t) for t in names if t in titles), -1) for names in _titles(kind)]
        if found and -1 not in found and len(found) > len(best):
            best = found
    return best


def _titles(kind: ExportKind) -> list[set[str]]:
    """The titles, in every language, of the columns that make up the key of a row."""
    named = {column.name: column for column in kind.columns}
    titles = []
    for name in kind.key_columns:
        known = set()
        for language, _label in settings.LANGUAGES:
            with override(language):
                known.add(same_title(str(named[name].label)))
        titles.append(known)
    return titles


def _keys(table: Table, at: list[int]) -> list[str]:
    return [
        "|".join(plain_text(record.cells[i]) for i in at) for record in table.records if len(record.cells) > max(at)
    ]
