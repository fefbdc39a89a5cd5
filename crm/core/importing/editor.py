"""A mapping as a table that people fill in: columns with samples, fields, formats, words found and what they mean.

The table is made from a mapping and a look at the first rows; what comes back from the page becomes a mapping again. Whether
it fits is for ``mapping.parse`` and ``Mapping.check`` to say, so that page and command refuse the same things.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from crm.core.importing.binding import AMBIGUOUS, MISSING, column_finder
from crm.core.importing.fields import ImportField, by_name
from crm.core.importing.mapping import ANY, ROW_NUMBER, Mapping, parse
from crm.core.importing.reader import read
from crm.core.importing.rejects import hidden
from crm.core.importing.table import FileOptions, Limits, plain_text
from crm.core.importing.toml_out import to_toml
from crm.core.importing.units import UNITS, unit_of_title
from crm.core.importing.values import EXCEL, BadValue, parser_for
from crm.core.importing.vcardfile import LABELS

#: Rows that are looked at for samples and words.
LOOKED_AT = 2_000
SAMPLES = 3
#: Different words of one column that are shown for translation.
WORDS = 60
#: How a word's meaning is said on the page: as it is, empty, or a value.
SAME, EMPTY, VALUE = "=", "!", "v:"
_LONG_NUMBER = re.compile(r"\d(?=(?:\D{0,2}\d){6})")


@dataclass(slots=True)
class Look:
    """What the first rows of a file show."""

    headers: list[str]
    rows: list[list[str]]
    kind: str
    encoding: str
    delimiter: str
    sheets: list[str]

    def column(self, title: str) -> list[str]:
        at = column_finder(self.headers)(title)
        return [plain_text(row[at]) for row in self.rows if at < len(row)] if at >= 0 else []


def look(raw: bytes, options: FileOptions, limits: Limits) -> Look:
    """The header and the first rows. Raises ``FileRefused`` or ``MappingRefused``."""
    table = read(raw, options, limits)
    rows = [record.cells for record in islice(table.records, LOOKED_AT)]
    close = getattr(table.records, "close", None)
    if close:
        close()  # the process that reads a workbook ends here, not some time later
    return Look(table.headers, rows, table.kind, table.encoding, table.delimiter, table.sheets)


@dataclass(slots=True)
class Word:
    """A word found in a column and what it is taken for."""

    source: str
    count: int
    chosen: str
    #: What the reader makes of it untranslated; "" when it does not understand it.
    understood: str = ""


@dataclass(slots=True)
class Words:
    """The words of one field's column."""

    field: ImportField
    words: list[Word]
    more: int = 0
    default: str = SAME

    @property
    def open(self) -> bool:
        """Whether some word is neither understood nor translated."""
        return any(word.chosen == SAME and not word.understood and word.source for word in self.words)


@dataclass(slots=True)
class Column:
    """One column of the file on the page."""

    at: int
    title: str
    samples: list[str]
    twice: bool
    field: ImportField | None = None
    date: str = ""
    decimal: str = "."
    unit: str = ""
    country: str = ""
    only_warns: bool = False
    #: What the first sample is read as, or why it is not.
    understood: str = ""
    problem: str = ""
    skip: str = ""
    is_key: bool = False
    #: What people call the column, where the file itself has no titles.
    label: Any = ""


@dataclass(slots=True)
class Further:
    """A field that no column of its own fills."""

    field: ImportField
    constant: str = ""
    template: str = ""

    @property
    def used(self) -> bool:
        return bool(self.constant or self.template)


@dataclass(slots=True)
class Table:
    """Everything the page of a mapping shows."""

    columns: list[Column]
    further: list[Further]
    words: list[Words]
    #: Names that only serve in templates: name → what it is, in words.
    parts: dict[str, str] = field(default_factory=dict)
    #: Columns that the mapping names and the file does not have.
    missing: list[str] = field(default_factory=list)


def table_of(mapping: Mapping, seen: Look, fields: Iterable[ImportField]) -> Table:
    """The page's table for a mapping over a file."""
    known, where = by_name(fields), column_finder(seen.headers)
    by_column = {where(title): name for name, title in mapping.columns.items() if name in known}
    columns = [
        _column(at, title, mapping, seen, known.get(by_column.get(at, ""))) for at, title in enumerate(seen.headers)
    ]
    filled = {column.field.name for column in columns if column.field}
    further = [
        Further(one, mapping.constants.get(name, ""), mapping.compose.get(name, _again(mapping, name, where)))
        for name, one in known.items()
        if name not in filled
    ]
    words = [found for name in known if (found := _words(mapping, seen, known[name])) is not None]
    parts = {name: _part(mapping, name) for name in sorted(mapping.parts - known.keys()) if _part(mapping, name)}
    wanted = [*mapping.columns.values(), *mapping.skip_when, *(mapping.key if mapping.key != ROW_NUMBER else ())]
    return Table(columns, further, words, parts, sorted({title for title in wanted if where(title) == MISSING}))


def _again(mapping: Mapping, name: str, where: Any) -> str:
    """A second field of one column is written as a template of that column."""
    title = mapping.columns.get(name)
    return f"{{{title}}}" if title is not None and where(title) >= 0 else ""


def _part(mapping: Mapping, name: str) -> str:
    if name in mapping.columns:
        return _("column %(title)s") % {"title": mapping.columns[name]}
    return mapping.constants.get(name, "")


def _column(at: int, title: str, mapping: Mapping, seen: Look, filled: ImportField | None) -> Column:
    form = mapping.formats.get(filled.name, {}) if filled else {}
    date = form.get("date", "")
    texts = [plain_text(row[at]) for row in seen.rows if at < len(row)]
    raw_texts = list(islice((text for text in texts if text), SAMPLES))
    where = column_finder(seen.headers)
    column = Column(
        at,
        title,
        [shown(text, filled) for text in raw_texts],
        where(title) == AMBIGUOUS or not title,
        filled,
        ", ".join(date) if isinstance(date, list) else date,
        form.get("decimal", "."),
        form.get("unit", ""),
        form.get("country", ""),
        form.get("unreadable") == "warn",
        skip=", ".join(mapping.skip_when.get(title, ())),
        is_key=mapping.key != ROW_NUMBER and title in mapping.key,
        label=LABELS.get(title, "") if seen.kind == "vcard" else "",
    )
    if filled and raw_texts:
        column.understood, column.problem = _understood(raw_texts[0], filled, mapping, title)
    return column


def _understood(text: str, one: ImportField, mapping: Mapping, title: str) -> tuple[str, str]:
    word = mapping.values.get(one.name, {}).get(text, text)
    form = mapping.formats.get(one.name, {})
    unit = form.get("unit") or unit_of_title(title)
    try:
        value = parser_for(one, date_format=form.get("date", ""), decimal=form.get("decimal", "."), unit=unit)(word)
    except BadValue as bad:
        return "", str(bad.message)
    if one.type == "choice":
        return str(dict(one.pairs).get(value, value)), ""
    return (shown(str(value), one) if value is not None else ""), ""


def shown(text: str, filled: ImportField | None) -> str:
    """A sample as the page shows it: what is sensitive, or might be, only in part."""
    text = text[:80]
    if filled is not None and filled.sensitive:
        return hidden(text)
    return _LONG_NUMBER.sub("*", text) if filled is None or filled.type in ("text", "code") else text


def _words(mapping: Mapping, seen: Look, one: ImportField) -> Words | None:
    given = mapping.values.get(one.name, {})
    title = mapping.columns.get(one.name, "")
    if not given and (one.type not in ("choice", "boolean") or not title):
        return None
    counts: dict[str, int] = {}
    for text in seen.column(title) if title else ():
        counts[text] = counts.get(text, 0) + 1
    for source in given:
        if source != ANY:
            counts.setdefault(source, 0)
    ranked = sorted(counts, key=lambda text: (text not in given, -counts[text], text))
    read_as = parser_for(one)
    words = [Word(text, counts[text], _chosen(given, text), _label(read_as, one, text)) for text in ranked[:WORDS]]
    return Words(one, words, max(0, len(ranked) - WORDS), _chosen(given, ANY))


def _chosen(given: Dict[str, str], source: str) -> str:
    if source not in given:
        return SAME
    return VALUE + given[source] if given[source] else EMPTY


def _label(read_as: Any, one: ImportField, text: str) -> str:
    if not text:
        return ""
    try:
        value = read_as(text)
    except BadValue:
        return ""
    if one.type == "boolean":
        return _("yes") if value else _("no")
    return str(dict(one.pairs).get(value, value))


# -- from the page -----------------------------------------------------------------------------------------------------


def mapping_from(said: Dict[str, str], headers: Sequence[str], fields: Iterable[ImportField], kept: Mapping) -> Mapping:
    """The mapping that a filled-in page means; what the page cannot say is taken from ``kept``. Nothing is judged here."""
    known = by_name(fields)
    columns: dict[str, str] = {}
    formats: dict[str, dict[str, Any]] = {}
    skip_when: dict[str, tuple[str, ...]] = {}
    for at, title in enumerate(headers):
        name = said.get(f"c{at}", "")
        if name in known and name not in columns:
            columns[name] = title
            if form := _form(said, at, known[name]):
                formats[name] = form
        if words := said.get(f"skip{at}", "").strip():
            skip_when[title] = tuple("" if word.strip() == '""' else word.strip() for word in words.split(","))
    constants = {name: text for name in known if (text := said.get(f"k-{name}", "").strip()) and name not in columns}
    compose = {
        name: text
        for name in known
        if (text := said.get(f"t-{name}", "").strip()) and name not in columns and name not in constants
    }
    made = Mapping(
        file=_options(said, kept),
        key=_key(said, headers),
        columns=columns,
        values=_value_maps(said, known),
        constants=constants,
        formats=formats,
        compose=compose,
        skip_when=skip_when,
    )
    return _with_parts(made, kept, known)


def _with_parts(made: Mapping, kept: Mapping, known: Dict[str, ImportField]) -> Mapping:
    """Names that only templates use stay as they were, as long as a template uses them."""
    try:
        parts = made.parts - known.keys()
    except Exception:  # noqa: BLE001  a template that does not close is named when the mapping is judged
        parts = set()
    idle = set(made.values) - {*made.columns, *made.constants, *made.compose}
    return replace(
        made,
        columns={**made.columns, **{n: t for n, t in kept.columns.items() if n in parts}},
        constants={**made.constants, **{n: t for n, t in kept.constants.items() if n in parts}},
        values={
            **{n: w for n, w in made.values.items() if n not in idle},
            **{n: w for n, w in kept.values.items() if n in parts},
        },
    )


def _form(said: Dict[str, str], at: int, one: ImportField) -> dict[str, Any]:
    form: dict[str, Any] = {}
    if one.type in ("date", "datetime") and (text := said.get(f"date{at}", "").strip()):
        forms = [part.strip() for part in text.split(",") if part.strip()]
        form["date"] = forms if len(forms) > 1 else forms[0]
    if one.type in ("integer", "decimal", "money") and said.get(f"decimal{at}") == ",":
        form["decimal"] = ","
    if one.type == "money" and said.get(f"unit{at}"):
        form["unit"] = said[f"unit{at}"]
    if one.reads == "phone" and (country := said.get(f"country{at}", "").strip().upper()):
        form["country"] = country
    if one.reads and said.get(f"unreadable{at}"):
        form["unreadable"] = "warn"
    return form


def _value_maps(said: Dict[str, str], known: Dict[str, ImportField]) -> dict[str, dict[str, str]]:
    maps: dict[str, dict[str, str]] = {}
    for name in known:
        words: dict[str, str] = {}
        for at in range(WORDS + 1):
            source, chosen = said.get(f"w-{name}-{at}"), said.get(f"m-{name}-{at}", SAME)
            if source is not None and chosen != SAME:
                words[source] = chosen.removeprefix(VALUE) if chosen != EMPTY else ""
        rest = said.get(f"m-{name}-rest", SAME)
        if rest != SAME:
            words[ANY] = rest.removeprefix(VALUE) if rest != EMPTY else ""
        if words:
            maps[name] = words
    return maps


def _options(said: Dict[str, str], kept: Mapping) -> FileOptions:
    skip = said.get("skip_rows", "0").strip()
    sheet = said.get("sheet") or None
    return FileOptions(
        kept.file.kind,
        said.get("encoding") or "auto",
        said.get("delimiter") or "auto",
        sheet,
        min(1000, int(skip)) if skip.isascii() and skip.isdigit() and len(skip) < 6 else 0,
    )


def _key(said: Dict[str, str], headers: Sequence[str]) -> tuple[str, ...] | str:
    if said.get("key") == ROW_NUMBER:
        return ROW_NUMBER
    if said.get("key") == "columns":
        return tuple(title for at, title in enumerate(headers) if title and said.get(f"key{at}"))
    return ()


def judged(mapping: Mapping, fields: Iterable[ImportField], *, row_key_field: str, assumed: Iterable[str]) -> Mapping:
    """The mapping as the command would read it. Raises ``MappingRefused`` naming all that does not fit."""
    found = parse(to_toml(mapping))
    found.check(fields, row_key_field=row_key_field, assumed=assumed)
    return found


def date_forms() -> list[tuple[str, str]]:
    """Ways to write a day that people choose from, with an example."""
    return [
        ("", _("recognised by itself: 2026-03-05, 2026/3/5, 20260305, 2026年3月5日")),
        ("%d-%m-%Y", "05-03-2026"),
        ("%d/%m/%Y", _("05/03/2026 (day first)")),
        ("%m/%d/%Y", _("03/05/2026 (month first)")),
        ("%d.%m.%Y", "05.03.2026"),
        ("%d %b %Y", "05 Mar 2026"),
        ("%y-%m-%d", "26-03-05"),
        (EXCEL, _("46086 (day number of a spreadsheet)")),
    ]


#: Countries that the page offers; any other may be typed.
COUNTRIES = ("CN", "HK", "MO", "TW", "US", "CA", "GB", "SG", "JP", "KR", "AU", "DE", "FR")


def units() -> list[str]:
    return list(UNITS)
