"""A mapping: which column of a file is which field, and how its words are to be understood (docs/import.md).

``parse`` judges the text alone, ``Mapping.check`` against the fields of a kind of data, ``Mapping.bind`` against a header.
Whatever does not fit is named, all of it at once.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from collections.abc import Mapping as Dict
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from crm.core.importing.csvfile import DELIMITERS
from crm.core.importing.fields import ImportField, by_name
from crm.core.importing.problems import FileRefused, MappingRefused
from crm.core.importing.table import FileOptions
from crm.core.importing.text import find_codec, known_encoding
from crm.core.importing.units import UNITS
from crm.core.importing.values import EXCEL
from crm.core.writing import REFUSAL

SECTIONS = ("file", "columns", "values", "constants", "formats", "compose", "skip_when")
FILE_KEYS = ("kind", "encoding", "delimiter", "sheet", "skip_rows", "key")
FORMAT_KEYS = ("date", "decimal", "unit", "country", "unreadable")
#: What [formats] unreadable may say: the row is rejected, or written without the value and with a warning.
UNREADABLE = ("reject", "warn")
#: Source word that stands for every value not listed.
ANY = "*"
#: How [file] key says "the number of the data row".
ROW_NUMBER = "row"
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
#: A number of more bits is none that a field holds, and Python writes out no number of thousands of digits.
_BITS = 256
_DELIMITER_WORDS = {"auto", "comma", "semicolon", "tab", "pipe", "\\t", *DELIMITERS}


@dataclass(frozen=True)
class Mapping:
    """A mapping as written, in one shape: every value map as {source: target}, every text as text."""

    file: FileOptions = field(default_factory=FileOptions)
    key: tuple[str, ...] | str = ()
    columns: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    formats: dict[str, dict[str, Any]] = field(default_factory=dict)
    compose: dict[str, str] = field(default_factory=dict)
    skip_when: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def parts(self) -> set[str]:
        """Names that templates of [compose] ask for."""
        return {name for template in self.compose.values() for name in placeholders(template)}

    def given(self, fields: Iterable[ImportField], row_key_field: str = "") -> frozenset[str]:
        """Fields that a file read with this mapping carries; no other is ever changed."""
        names = {*self.columns, *self.constants, *self.compose}
        if self.key and row_key_field:
            names.add(row_key_field)
        return frozenset(names & by_name(fields).keys())

    def check(self, fields: Iterable[ImportField], *, row_key_field: str = "", assumed: Iterable[str] = ()) -> None:
        """Raise ``MappingRefused`` naming what the kind of data does not know or still needs."""
        known = by_name(fields)
        faults = [*self._unknown(known), *self._twice(row_key_field), *self._bad_constants(), *self._bad_units(known)]
        given = self.given(known.values(), row_key_field) | set(assumed)
        missing = [_called(f) for f in known.values() if f.required and f.name not in given]
        if missing:
            faults.append(_("Required fields without a source: %(names)s.") % {"names": _(", ").join(missing)})
        if not given or (self.key == ROW_NUMBER and self.given(known.values(), row_key_field) <= {row_key_field}):
            faults.append(_("The mapping fills no field."))  # numbers of rows alone are nobody
        if faults:
            raise MappingRefused(" ".join(faults), code="mapping_does_not_fit")

    def _unknown(self, known: Dict[str, ImportField]) -> list[str]:
        faults = []
        parts = self.parts
        sections: dict[str, tuple[Iterable[str], set[str]]] = {
            "columns": (self.columns, {*known, *parts}),
            "constants": (self.constants, {*known, *parts}),
            "compose": (self.compose, set(known)),
            "values": (self.values, {*known, *parts}),
            "formats": (self.formats, set(known)),
        }
        for section, (used, allowed) in sections.items():
            strange = sorted(set(used) - allowed)
            if strange:
                faults.append(
                    _("Unknown fields in [%(section)s]: %(names)s; known are: %(known)s.")
                    % {"section": section, "names": _(", ").join(strange), "known": _(", ").join(known)}
                )
        return faults

    def _twice(self, row_key_field: str) -> list[str]:
        sources: dict[str, int] = {}
        for section in (self.columns, self.constants, self.compose):
            for name in section:
                sources[name] = sources.get(name, 0) + 1
        twice = sorted(
            name
            for name, count in sources.items()
            if count > 1 and not (count == 2 and name in self.compose and name in self.parts)
        )
        if self.key and row_key_field in sources:
            twice.append(row_key_field)
        return [_("Given twice: %(names)s.") % {"names": _(", ").join(twice)}] if twice else []

    def _bad_constants(self) -> list[str]:
        idle = sorted(set(self.values) - {*self.columns, *self.constants, *self.compose, *self.parts})
        return [_("[values] for fields without a source: %(names)s.") % {"names": _(", ").join(idle)}] if idle else []

    def _bad_units(self, known: Dict[str, ImportField]) -> list[str]:
        faults = []
        texts: dict[str, tuple[str, Callable[[ImportField], bool]]] = {
            "unit": (_("[formats] unit is for amounts, not for: %(names)s."), lambda one: one.type == "money"),
            "country": (_("[formats] country is for phones, not for: %(names)s."), lambda one: one.reads == "phone"),
            "unreadable": (
                _("[formats] unreadable is for phones and e-mails, not for: %(names)s."),
                lambda one: bool(one.reads),
            ),
        }
        for key, (text, fits) in texts.items():
            odd = sorted(n for n, form in self.formats.items() if key in form and n in known and not fits(known[n]))
            if odd:
                faults.append(text % {"names": _(", ").join(odd)})
        return faults

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as a batch keeps it."""
        plain = asdict(self)
        plain["key"] = list(self.key) if isinstance(self.key, tuple) else self.key
        plain["skip_when"] = {column: list(words) for column, words in self.skip_when.items()}
        return plain

    @classmethod
    def from_dict(cls, plain: Dict[str, Any]) -> Mapping:
        key = plain.get("key") or ()
        return cls(
            file=FileOptions(**plain.get("file", {})),
            key=key if isinstance(key, str) else tuple(key),
            skip_when={column: tuple(words) for column, words in plain.get("skip_when", {}).items()},
            **{name: plain.get(name, {}) for name in ("columns", "values", "constants", "formats", "compose")},
        )


def _called(described: ImportField) -> str:
    """A field as people and as a mapping call it: 日期 (day)."""
    label = str(described.label)
    return f"{label} ({described.name})" if label and label != described.name else described.name


def placeholders(template: str) -> list[str]:
    """Names in braces, in order. Raises ``MappingRefused`` for a lone brace: nothing else is understood in a template."""
    names = []
    for found in _PLACEHOLDER.finditer(template):
        if found[0] in ("{{", "}}"):
            continue
        name = (found[1] or "").strip()
        if not name:
            raise MappingRefused(
                _("[compose] “%(template)s”: write {name} with a column or field name in the braces.")
                % {"template": template},
                code="bad_template",
            )
        names.append(name)
    return names


def fill(template: str, words: Dict[str, str]) -> str:
    """Put words into a template by our own hand: no format language, no attribute, no call can hide in it."""

    def put(found: re.Match[str]) -> str:
        if found[0] in ("{{", "}}"):
            return found[0][0]
        return words[(found[1] or "").strip()]

    return _PLACEHOLDER.sub(put, template)


def text_of(raw: bytes) -> str:
    """A mapping file as text, whatever editor wrote it: UTF-8, with a byte order mark or not, UTF-16, or GB18030."""
    try:
        return raw.decode(find_codec(raw))
    except FileRefused as refusal:
        raise MappingRefused(
            _("The mapping file is not text: %(reason)s") % {"reason": refusal.message}, code="no_mapping"
        ) from None


def parse(text: str) -> Mapping:
    """A mapping from TOML. Raises ``MappingRefused`` naming every key that is not understood."""
    try:
        plain = tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as wrong:  # numbers of thousands of digits, lists in lists in lists
        raise MappingRefused(_("The mapping is not TOML: %(reason)s.") % {"reason": wrong}, code="not_toml") from None
    if _holds_nul(plain):
        raise MappingRefused(REFUSAL, code="bad_value")
    return from_tables(plain)


def _holds_nul(part: Any) -> bool:
    """TOML has an escape for NUL, and PostgreSQL no place for it."""
    if isinstance(part, str):
        return "\0" in part
    if isinstance(part, dict):
        return any(_holds_nul(name) or _holds_nul(value) for name, value in part.items())
    return isinstance(part, list) and any(map(_holds_nul, part))


def from_tables(plain: Dict[str, Any]) -> Mapping:
    """A mapping from the tables of a TOML file."""
    faults = _strange(plain)
    if faults:
        raise MappingRefused(" ".join(faults), code="unknown_key")
    options, key = _file(plain.get("file", {}))
    mapping = Mapping(
        file=options,
        key=key,
        columns=_texts("columns", plain),
        values={name: _value_map(name, words) for name, words in plain.get("values", {}).items()},
        constants={name: _scalar("constants", name, value) for name, value in plain.get("constants", {}).items()},
        formats={name: _format(name, form) for name, form in plain.get("formats", {}).items()},
        compose=_texts("compose", plain),
        skip_when={column: _words("skip_when", column, words) for column, words in plain.get("skip_when", {}).items()},
    )
    for template in mapping.compose.values():
        placeholders(template)
    return mapping


def _strange(plain: Dict[str, Any]) -> list[str]:
    faults = []
    unknown = sorted(set(plain) - set(SECTIONS))
    if unknown:
        faults.append(
            _("Unknown sections: %(names)s; known are: %(known)s.")
            % {"names": _(", ").join(unknown), "known": _(", ").join(SECTIONS)}
        )
    for section in SECTIONS:
        if section in plain and not isinstance(plain[section], dict):
            faults.append(_("[%(section)s] must be a table.") % {"section": section})
    for section in ("values", "formats"):
        body = plain.get(section, {})
        if isinstance(body, dict):
            faults += [
                _("[%(section)s.%(name)s] must be a table.") % {"section": section, "name": name}
                for name, inner in body.items()
                if not isinstance(inner, dict)
            ]
    return faults


def _file(body: Dict[str, Any]) -> tuple[FileOptions, tuple[str, ...] | str]:
    unknown = sorted(set(body) - set(FILE_KEYS))
    if unknown:
        raise MappingRefused(
            _("Unknown keys in [file]: %(names)s; known are: %(known)s.")
            % {"names": _(", ").join(unknown), "known": _(", ").join(FILE_KEYS)},
            code="unknown_key",
        )
    kind, encoding = str(body.get("kind", "")).lower(), str(body.get("encoding", "auto"))
    delimiter, skip, sheet = str(body.get("delimiter", "auto")), body.get("skip_rows", 0), body.get("sheet")
    known_encoding(encoding)
    if kind not in ("", "csv", "xlsx", "vcard"):
        raise MappingRefused(_("[file] kind must be csv, xlsx or vcard."), code="bad_value")
    if delimiter.lower() not in _DELIMITER_WORDS:
        raise MappingRefused(_("[file] delimiter must be auto, comma, semicolon, tab or pipe."), code="bad_value")
    if not isinstance(skip, int) or isinstance(skip, bool) or not 0 <= skip <= 1000:
        raise MappingRefused(_("[file] skip_rows must be a whole number from 0 to 1000."), code="bad_value")
    if sheet is not None and (isinstance(sheet, bool) or not isinstance(sheet, str | int)):
        raise MappingRefused(_("[file] sheet must be a name or a number, the first being 1."), code="bad_value")
    return FileOptions(kind, encoding, delimiter, sheet, skip), _key(body.get("key", ()))


def _key(key: Any) -> tuple[str, ...] | str:
    if isinstance(key, str) and key:
        return ROW_NUMBER if key == ROW_NUMBER else (key,)
    if isinstance(key, list | tuple) and all(isinstance(name, str) and name for name in key):
        return tuple(key)
    raise MappingRefused(_('[file] key must be "row" or a list of columns.'), code="bad_value")


def _texts(section: str, plain: Dict[str, Any]) -> dict[str, str]:
    body = plain.get(section, {})
    wrong = sorted(name for name, text in body.items() if not isinstance(text, str) or not text)
    if wrong:
        raise MappingRefused(
            _("[%(section)s] needs a text for: %(names)s.") % {"section": section, "names": _(", ").join(wrong)},
            code="bad_value",
        )
    return dict(body)


def _scalar(section: str, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) or (isinstance(value, int) and value.bit_length() <= _BITS):
        return str(value)
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, float):
        return repr(value)
    raise MappingRefused(
        _("[%(section)s] %(name)s must be a single value.") % {"section": section, "name": name}, code="bad_value"
    )


def _words(section: str, name: str, words: Any) -> tuple[str, ...]:
    listed = words if isinstance(words, list) else [words]
    return tuple(_scalar(section, name, word) for word in listed)


def _value_map(name: str, body: Dict[str, Any]) -> dict[str, str]:
    """{source: target}; ``target = "*"`` and ``"*" = "target"`` both name the default."""
    sources: dict[str, str] = {}
    for target, words in body.items():
        if target == ANY:
            if words != ANY:
                sources[ANY] = _scalar("values", name, words)
            continue
        for source in _words("values", name, words):
            if sources.setdefault(source, target) != target:
                raise MappingRefused(
                    _("[values.%(name)s] says two things about “%(source)s”.") % {"name": name, "source": source},
                    code="bad_value",
                )
    return sources


def _format(name: str, body: Dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(body) - set(FORMAT_KEYS))
    if unknown:
        raise MappingRefused(
            _("Unknown keys in [formats.%(name)s]: %(names)s; known are: %(known)s.")
            % {"name": name, "names": _(", ").join(unknown), "known": _(", ").join(FORMAT_KEYS)},
            code="unknown_key",
        )
    if body.get("decimal", ".") not in (".", ","):
        raise MappingRefused(_("[formats.%(name)s] decimal must be “.” or “,”.") % {"name": name}, code="bad_value")
    if str(body.get("unit", "元")) not in UNITS:
        raise MappingRefused(
            _("[formats.%(name)s] unit must be one of: %(known)s.") % {"name": name, "known": _(", ").join(UNITS)},
            code="bad_value",
        )
    if not _is_country(body.get("country", "CN")):
        raise MappingRefused(
            _("[formats.%(name)s] country must be a country in two letters, such as CN, HK or US.") % {"name": name},
            code="bad_value",
        )
    if body.get("unreadable", UNREADABLE[0]) not in UNREADABLE:
        raise MappingRefused(
            _("[formats.%(name)s] unreadable must be one of: %(known)s.")
            % {"name": name, "known": _(", ").join(UNREADABLE)},
            code="bad_value",
        )
    forms = body.get("date", "%Y-%m-%d")
    if not all(_is_date_format(form) for form in (forms if isinstance(forms, list) and forms else [forms])):
        raise MappingRefused(
            _("[formats.%(name)s] date must be a format such as %%d-%%m-%%Y, a list of formats, or excel.")
            % {"name": name},
            code="bad_value",
        )
    return dict(body)


def _is_country(code: Any) -> bool:
    """Whether the numbering plans know the country."""
    if code == "CN":
        return True
    if not isinstance(code, str) or not re.fullmatch("[A-Z]{2}", code):
        return False
    from phonenumbers import SUPPORTED_REGIONS  # heavy metadata, for mappings that ask for it

    return code in SUPPORTED_REGIONS


def _is_date_format(form: Any) -> bool:
    """Whether Python's own reader knows every directive of a format."""
    if form == EXCEL:
        return True
    if not isinstance(form, str) or "%" not in form:
        return False
    try:
        datetime.strptime("", form)  # noqa: DTZ007  the format is tried, no moment is made
    except ValueError as wrong:
        return "does not match" in str(wrong)
    except (re.error, IndexError):
        return False
    return True
