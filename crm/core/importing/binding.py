"""A mapping meets a header: from here on a row of the file is a row of typed values.

Chunks are worked column by column and each distinct text is read once, so that a hundred thousand rows cost seconds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from crm.core.importing.fields import ImportField, by_name
from crm.core.importing.mapping import ANY, ROW_NUMBER, Mapping, fill, placeholders
from crm.core.importing.problems import MappingRefused, Problem
from crm.core.importing.table import Record, header_texts, plain_text
from crm.core.importing.units import unit_of_title
from crm.core.importing.values import BadValue, Parser, message, parser_for

#: Joins the parts of a row key made of several columns.
KEY_JOIN = "|"
#: Distinct texts of one column that are remembered; a column of free text is not worth more.
_MEMORY = 4_000

#: Gives a column of texts for a chunk of records.
Source = Callable[[Sequence[Record]], list[str]]


@dataclass(slots=True)
class Reading:
    """One record read through the mapping: values of the fields that the file carries, or why not."""

    record: Record
    key: str
    values: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)


class Binding:
    """A mapping bound to the header of one file. Raises ``MappingRefused`` when columns are missing or ambiguous."""

    def __init__(
        self,
        mapping: Mapping,
        headers: Sequence[str],
        fields: Iterable[ImportField],
        *,
        row_key_field: str = "",
        assumed: Dict[str, str] | None = None,
    ) -> None:
        """``assumed`` are texts for fields that the file does not carry, such as the day given on the command line."""
        self.mapping, self.headers = mapping, list(headers)
        self.fields = by_name(fields)
        self.row_key_field = row_key_field
        self.assumed = {
            name: text for name, text in (assumed or {}).items() if name not in mapping.given(self.fields.values())
        }
        mapping.check(self.fields.values(), row_key_field=row_key_field, assumed=self.assumed)
        self._where = column_finder(self.headers)
        self._refuse_missing()
        self.mapped = mapping.given(self.fields.values(), row_key_field) | frozenset(self.assumed)
        self._sources = {name: self._source(name) for name in self.fields if name in self.mapped}
        self._readers = {name: _Reader(self.fields[name], self._parser(name)) for name in self._sources}
        self._skips = [
            (self._where(column), frozenset(words) | {word.casefold() for word in words})
            for column, words in mapping.skip_when.items()
        ]

    def read(self, records: Sequence[Record]) -> Iterator[Reading]:
        """Values of each record of a chunk, in order; what [skip_when] names is left out, and the header where it comes again."""
        kept = [record for record in records if not self._skipped(record) and not self._is_header(record)]
        whole = [record for record in kept if len(record.cells) == len(self.headers) or self._trim(record)]
        keys = iter(self._keys(whole))
        columns = {name: self._readers[name].read(self._sources[name](whole)) for name in self._sources}
        names = list(columns)
        rows = iter(zip(*(columns[name] for name in names), strict=True)) if names else iter(())
        good = {id(record) for record in whole}
        for record in kept:
            if id(record) not in good:
                yield self._misshapen(record)
                continue
            yield self._reading(record, next(keys), names, next(rows))

    def _reading(self, record: Record, key: str, names: list[str], cells: tuple[Any, ...]) -> Reading:
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, cell in zip(names, cells, strict=True):
            if type(cell) is Problem:
                problems.append(cell)
            else:
                values[name] = cell
        if not key and self.mapping.key:
            problems = [problem for problem in problems if problem.field != self.row_key_field]
            problems.append(Problem(self.row_key_field, "", "key_missing", message("key_missing")))
        return Reading(record, key, values, problems)

    def _misshapen(self, record: Record) -> Reading:
        text = message("wrong_width", found=len(record.cells), expected=len(self.headers))
        return Reading(record, "", {}, [Problem("", "", "wrong_width", text)])

    def _trim(self, record: Record) -> bool:
        """Whether only empty cells stand beyond the header; they are taken off."""
        width = len(self.headers)
        if len(record.cells) < width or any(cell.strip() for cell in record.cells[width:]):
            return False
        del record.cells[width:]
        return True

    def _skipped(self, record: Record) -> bool:
        cells = record.cells
        for at, words in self._skips:
            text = plain_text(cells[at]) if at < len(cells) else ""
            if text in words or text.casefold() in words:
                return True
        return False

    def _is_header(self, record: Record) -> bool:
        """Whether the row is the header once more, as on every page of a report and where files were put together."""
        first, width = record.cells[:1], len(self.headers)
        if width < 2 or not first or plain_text(first[0]) != self.headers[0]:
            return False
        return header_texts(record.cells) == self.headers

    def _keys(self, records: Sequence[Record]) -> list[str]:
        if self.mapping.key == ROW_NUMBER:
            return [str(record.ordinal) for record in records]
        if not self.mapping.key:
            return ["" for _record in records]
        at = [self._where(column) for column in self.mapping.key]
        keys = []
        for record in records:
            parts = [plain_text(record.cells[i]) for i in at]
            keys.append(KEY_JOIN.join(parts) if any(parts) else "")
        return keys

    def _parser(self, name: str) -> Parser:
        form = self.mapping.formats.get(name, {})
        # An amount is in the unit that the mapping names, else in the one that stands in the column's own title.
        unit = form.get("unit") or unit_of_title(self.mapping.columns.get(name, ""))
        return parser_for(
            self.fields[name], date_format=form.get("date", ""), decimal=form.get("decimal", "."), unit=unit
        )

    def _source(self, name: str) -> Source:
        """Where the text of a field comes from, with its value map applied."""
        if name in self.assumed:
            return _constant(self.assumed[name])
        if self.mapping.key and name == self.row_key_field:
            return self._keys
        if name in self.mapping.compose:
            return self._mapped(name, self._composed(self.mapping.compose[name]), own=name not in self.mapping.parts)
        return self._word(name)

    def _word(self, name: str) -> Source:
        """Texts of a name that stands in [columns], in [constants], or is itself a column of the file."""
        if name in self.mapping.columns:
            plain = _cells(self._where(self.mapping.columns[name]))
        elif name in self.mapping.constants:
            plain = _constant(self.mapping.constants[name])
        else:
            plain = _cells(self._where(name))
        return self._mapped(name, plain)

    def _mapped(self, name: str, source: Source, *, own: bool = True) -> Source:
        words = self.mapping.values.get(name)
        if not words or not own:
            return source
        translate = _translator(words)
        return lambda records: [translate(text) for text in source(records)]

    def _composed(self, template: str) -> Source:
        names = list(dict.fromkeys(placeholders(template)))
        if not names:
            return _constant(fill(template, {}).strip())
        sources = [self._word(name) for name in names]
        moving = [i for i, name in enumerate(names) if name not in self.mapping.constants]

        def texts(records: Sequence[Record]) -> list[str]:
            columns = [source(records) for source in sources]
            filled = []
            for parts in zip(*columns, strict=True):
                # A date without day and month is no date, although the year is a constant.
                blank = moving and not any(parts[i] for i in moving)
                filled.append("" if blank else fill(template, dict(zip(names, parts, strict=True))).strip())
            return filled

        return texts

    def _refuse_missing(self) -> None:
        wanted = [*self.mapping.columns.values(), *self.mapping.skip_when]
        if self.mapping.key != ROW_NUMBER:
            wanted += self.mapping.key
        wanted += sorted(self.mapping.parts - self.mapping.columns.keys() - self.mapping.constants.keys())
        missing = sorted({column for column in wanted if self._where(column) == MISSING})
        twice = sorted({column for column in wanted if self._where(column) == AMBIGUOUS})
        faults = []
        if missing:
            faults.append(
                _("The file has no columns: %(names)s; it has: %(known)s.")
                % {"names": _(", ").join(missing), "known": _(", ").join(filter(None, self.headers))}
            )
        if twice:
            faults.append(_("The file has several columns named: %(names)s.") % {"names": _(", ").join(twice)})
        if faults:
            raise MappingRefused(" ".join(faults), code="missing_columns")


MISSING, AMBIGUOUS = -1, -2


def column_finder(headers: Sequence[str]) -> Callable[[str], int]:
    """Where a column stands: under its own title, else under one that differs in case and width, else in signs alone."""
    exact: dict[str, list[int]] = {}
    loose: dict[str, list[int]] = {}
    bare: dict[str, list[int]] = {}
    for at, header in enumerate(headers):
        exact.setdefault(header, []).append(at)
        loose.setdefault(same_title(header), []).append(at)
        if word := bare_title(header):
            bare.setdefault(word, []).append(at)

    def where(column: str) -> int:
        found = exact.get(column) or loose.get(same_title(column)) or bare.get(bare_title(column)) or []
        if len(found) == 1:
            return found[0]
        return AMBIGUOUS if found else MISSING

    return where


def same_title(title: str) -> str:
    """Column titles that people take for equal: case, width and blanks aside."""
    return "".join(unicodedata.normalize("NFKC", title).casefold().split())


def bare_title(title: str) -> str:
    """A title's letters and digits alone: date_received is Date received, and timely_response is Timely response?."""
    return re.sub(r"[\W_]+", "", same_title(title))


def _cells(at: int) -> Source:
    """Cells without blanks around them; one that knows its spreadsheet type keeps it."""

    def texts(records: Sequence[Record]) -> list[str]:
        column = [record.cells[at] for record in records]
        return [plain_text(text) if type(text) is str else text for text in column]

    return texts


def _constant(text: str) -> Source:
    return lambda records: [text] * len(records)


def _translator(words: Dict[str, str]) -> Callable[[str], str]:
    """A value map: the exact word, else the word in another case, else the default, else the text as it is."""
    loose = {source.casefold(): target for source, target in words.items()}
    default = words.get(ANY)

    def translate(text: str) -> str:
        if text in words and text != ANY:
            return words[text]
        found = loose.get(text.casefold()) if text != ANY else None
        if found is not None:
            return found
        return text if default is None else default

    return translate


_UNKNOWN = object()


class _Reader:
    """Reads the texts of one field, each distinct one once."""

    def __init__(self, described: ImportField, parse: Parser) -> None:
        self.field, self.parse = described, parse
        self.known: dict[str, Any] = {}

    def read(self, texts: list[str]) -> list[Any]:
        known, values = self.known, []
        for text in texts:
            # A number or date cell may read otherwise than the same text, so only plain text is remembered.
            if type(text) is not str:
                values.append(self._one(text))
                continue
            value = known.get(text, _UNKNOWN)
            if value is _UNKNOWN:
                value = self._one(text)
                if len(known) < _MEMORY:
                    known[text] = value
            values.append(value)
        return values

    def _one(self, text: str) -> Any:
        try:
            value = self.parse(text)
        except BadValue as bad:
            return Problem(self.field.name, str(text), bad.code, bad.message)
        if value is None and self.field.required:
            return Problem(self.field.name, "", "required", message("required"))
        return value
