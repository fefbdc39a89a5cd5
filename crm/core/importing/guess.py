"""A first mapping from column titles alone, Chinese or English; people look at it before anything is imported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from crm.core.importing.binding import bare_title, same_title
from crm.core.importing.fields import ImportField
from crm.core.importing.mapping import ROW_NUMBER, Mapping
from crm.core.importing.problems import FileRefused, MappingRefused
from crm.core.importing.reader import read
from crm.core.importing.table import FileOptions, Limits, Record, Table, plain_text
from crm.core.importing.targets import ImportTarget, target_of
from crm.core.importing.units import without_unit
from crm.core.importing.values import BadValue, parser_for

#: An encoding in which every byte is some letter: rubbish, but rubbish in columns, until the right one is named.
READS_ALL = "latin-1"
#: Rows above the header that a report may have: its name, who made it and when.
_TITLE_ROWS = 8
#: So much of a long file is looked at for its header under such rows.
_HEAD = 1 << 20
_LOOKED_AT = 200
#: Ways to write a day that can be told from each other by the days themselves.
_DATE_FORMS = ("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%d %b %Y", "%d-%b-%Y")
_LANGUAGES = ("en", "zh-hans")


def guess(headers: Sequence[str], fields: Iterable[ImportField], *, row_key_field: str = "") -> Mapping:
    """The mapping that the titles suggest: a title that equals a field's name, label or one of its other names.

    A kind of data whose key no column carries gets the row number as its key.
    """
    titles: dict[str, str] = {}
    for header in filter(None, headers):
        titles.setdefault(same_title(header), header)
    for header in filter(None, headers):
        titles.setdefault(same_title(without_unit(header)), header)
    bare: dict[str, str] = {}
    for header in filter(None, headers):
        bare.setdefault(bare_title(header), header)
    columns: dict[str, str] = {}
    taken: set[str] = set()
    fields = list(fields)
    # Titles that differ in signs alone come second: no field takes what another is called by.
    for known, called in ((titles, same_title), (bare, bare_title)):
        for field in fields:
            for name in names_of(field) if field.name not in columns else ():
                found = known.get(called(name))
                if found is not None and found not in taken:
                    columns[field.name] = found
                    taken.add(found)
                    break
    key = ROW_NUMBER if row_key_field and row_key_field not in columns else ()
    return Mapping(columns=columns, key=key)


def recognised(raw: bytes, kind: str, limits: Limits, *, incomplete: bool = False) -> Mapping:
    """The mapping that the titles of a file suggest. Raises ``FileRefused``, and ``MappingRefused`` if none is known.

    ``incomplete``: somebody will look at the columns, so none need be known, and an encoding that is not found is asked for.
    """
    target, options = target_of(kind), FileOptions()
    try:
        table = read(raw, options, limits)
    except FileRefused as refusal:
        if not incomplete or refusal.code != "unknown_encoding":
            raise
        options = FileOptions(encoding=READS_ALL)
        table = read(raw, options, limits)
    found = guess(table.headers, target.fields, row_key_field=target.row_key_field)
    if not found.columns and table.kind != "vcard":
        options, found, table = next(_below_titles(raw, options, limits, target), (options, found, table))
    if not found.columns and not incomplete:
        raise MappingRefused(
            _("No column of this file is recognised by its title; a mapping has to say what they are.")
        )
    if table.kind == "vcard":
        return _of_cards(replace(found, file=options), target)
    return _with_days(replace(found, file=options), table, target)


def _below_titles(
    raw: bytes, options: FileOptions, limits: Limits, target: ImportTarget
) -> Iterator[tuple[FileOptions, Mapping, Table]]:
    """The file read below the name of a report, where at least two of its titles are known there."""
    whole = raw.startswith(b"PK") or len(raw) <= _HEAD
    head = raw if whole else raw[: raw.rfind(b"\n", 0, _HEAD) + 1] or raw
    for skipped in range(1, _TITLE_ROWS + 1):
        below = replace(options, skip_rows=skipped)
        try:
            table = read(head, below, limits)
        except FileRefused:
            continue
        found = guess(table.headers, target.fields, row_key_field=target.row_key_field)
        if len(found.columns) > 1:
            yield below, found, table


def _of_cards(found: Mapping, target: ImportTarget) -> Mapping:
    """An address book holds much that nobody can dial; that is no reason to leave out the card. One without a note has none."""
    formats = {
        field.name: {"unreadable": "warn"}
        for field in target.fields
        if field.reads and field.name in found.columns and field.name in ("phone", "email")
    }
    skip: dict[str, tuple[str, ...]] = {"note": ("",)} if "note" in found.columns.values() else {}
    return replace(found, formats=formats, skip_when=skip)


def _with_days(found: Mapping, table: Table, target: ImportTarget) -> Mapping:
    """With how columns of days are written, where the first rows can be read in one way only, and not without being told.

    Numbers of days (5, 28) are no days, whatever their title says.
    """
    days = [field for field in target.fields if field.type == "date" and field.name in found.columns]
    rows = _first_rows(table) if days else []
    columns = dict(found.columns)
    formats: dict[str, dict[str, Any]] = {}
    for field in days:
        at = table.headers.index(found.columns[field.name])
        texts = {plain_text(row.cells[at]) for row in rows if at < len(row.cells) if type(row.cells[at]) is str} - {""}
        if not texts or _reads(field, "", texts):
            continue
        if all(text.isascii() and text.isdigit() and len(text) < 3 for text in texts):
            del columns[field.name]
            continue
        fitting = [form for form in _DATE_FORMS if _reads(field, form, texts)]
        if len(fitting) == 1:
            formats[field.name] = {"date": fitting[0]}
    return replace(found, columns=columns, formats=formats)


def _first_rows(table: Table) -> list[Record]:
    """Rows that say how columns are written; none of a file that is broken there, as its check will say."""
    try:
        return list(islice(table.records, _LOOKED_AT))
    except FileRefused:
        return []
    finally:
        if close := getattr(table.records, "close", None):
            close()  # the process that reads a workbook ends here, not some time later


def _reads(field: ImportField, form: str, texts: Iterable[str]) -> bool:
    """Whether any of the texts is a day without a format, or all of them are days in ``form``."""
    parse, fits = parser_for(field, date_format=form), []
    for text in texts:
        try:
            parse(text)
        except BadValue:
            fits.append(False)
        else:
            fits.append(True)
    return all(fits) if form else any(fits)


def names_of(field: ImportField) -> list[str]:
    """All titles under which a field is known, its own name first."""
    names = [field.name, field.name.replace("_", " "), *field.headers]
    for language in _LANGUAGES:
        with override(language):
            names.append(str(field.label))
    return [name for name in dict.fromkeys(names) if name]
