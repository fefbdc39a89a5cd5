"""A first mapping from column titles alone, Chinese or English; people look at it before anything is imported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.utils.translation import gettext as _
from django.utils.translation import override

from crm.core.importing.binding import bare_title, same_title
from crm.core.importing.fields import ImportField
from crm.core.importing.mapping import ROW_NUMBER, Mapping
from crm.core.importing.problems import FileRefused, MappingRefused
from crm.core.importing.reader import read
from crm.core.importing.table import FileOptions, Limits
from crm.core.importing.targets import target_of
from crm.core.importing.units import without_unit

#: An encoding in which every byte is some letter: rubbish, but rubbish in columns, until the right one is named.
READS_ALL = "latin-1"
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
        headers = read(raw, options, limits).headers
    except FileRefused as refusal:
        if not incomplete or refusal.code != "unknown_encoding":
            raise
        options = FileOptions(encoding=READS_ALL)
        headers = read(raw, options, limits).headers
    found = replace(guess(headers, target.fields, row_key_field=target.row_key_field), file=options)
    if not found.columns and not incomplete:
        raise MappingRefused(
            _("No column of this file is recognised by its title; a mapping has to say what they are.")
        )
    return found


def names_of(field: ImportField) -> list[str]:
    """All titles under which a field is known, its own name first."""
    names = [field.name, field.name.replace("_", " "), *field.headers]
    for language in _LANGUAGES:
        with override(language):
            names.append(str(field.label))
    return [name for name in dict.fromkeys(names) if name]
