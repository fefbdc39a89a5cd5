"""A mapping written as the TOML that ``mapping.parse`` reads, so that what was clicked together runs from the command line."""

from __future__ import annotations

import re
from typing import Any

from crm.core.importing.mapping import Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}


def to_toml(mapping: Mapping) -> str:
    """The mapping as text; reading it gives the same mapping."""
    parts = [_table("file", _file(mapping)), _table("columns", mapping.columns)]
    for name, words in mapping.values.items():
        parts.append(_table(f"values.{_key(name)}", _turned(words)))
    parts.append(_table("constants", mapping.constants))
    for name, form in mapping.formats.items():
        parts.append(_table(f"formats.{_key(name)}", form))
    parts += [
        _table("compose", mapping.compose),
        _table("skip_when", {column: list(words) for column, words in mapping.skip_when.items()}),
    ]
    return "\n".join(filter(None, parts))


def _file(mapping: Mapping) -> dict[str, Any]:
    options = mapping.file
    said: dict[str, Any] = {}
    if options.kind:
        said["kind"] = options.kind
    if options.encoding != "auto":
        said["encoding"] = options.encoding
    if options.delimiter != "auto":
        said["delimiter"] = options.delimiter
    if options.sheet is not None:
        said["sheet"] = options.sheet
    if options.skip_rows:
        said["skip_rows"] = options.skip_rows
    if mapping.key:
        said["key"] = mapping.key if isinstance(mapping.key, str) else list(mapping.key)
    return said


def _turned(words: dict[str, str]) -> dict[str, list[str]]:
    """{source: target} as {target: [sources]}."""
    sources: dict[str, list[str]] = {}
    for source, target in words.items():
        sources.setdefault(target, []).append(source)
    return sources


def _table(name: str, body: dict[str, Any]) -> str:
    if not body:
        return ""
    return "".join([f"[{name}]\n", *(f"{_key(key)} = {_value(value)}\n" for key, value in body.items())])


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return str(value) if isinstance(value, int) else _text(str(value))


def _text(text: str) -> str:
    return '"' + "".join(_SHORT.get(sign) or _sign(sign) for sign in text) + '"'


def _sign(sign: str) -> str:
    return f"\\u{ord(sign):04X}" if ord(sign) < 0x20 or ord(sign) == 0x7F else sign
