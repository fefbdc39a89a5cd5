"""The two catalogues: what is missing in them, and whether the compiled files are those of the texts.

A fresh machine has no gettext, so compiled catalogues are part of the project; this module says when they are stale. It reads
.po files by itself (a format of six keywords) because the running product must not need the tools of translators.
"""

from __future__ import annotations

import ast
import gettext
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

LANGUAGES = ("zh_Hans", "en")
_CONTEXT_MARK = "\x04"
_PLURAL_MARK = "\x00"


@dataclass
class Entry:
    """One text with its translation."""

    msgid: str = ""
    plural: str = ""
    context: str = ""
    texts: dict[int, str] = field(default_factory=dict)
    is_fuzzy: bool = False
    is_obsolete: bool = False

    @property
    def is_header(self) -> bool:
        return not self.msgid and not self.context

    @property
    def is_empty(self) -> bool:
        return not self.texts or not all(self.texts.values())

    @property
    def key(self) -> str:
        named = f"{self.context}{_CONTEXT_MARK}{self.msgid}" if self.context else self.msgid
        return f"{named}{_PLURAL_MARK}{self.plural}" if self.plural else named

    @property
    def value(self) -> str:
        return _PLURAL_MARK.join(self.texts[number] for number in sorted(self.texts))


def read(path: Path) -> list[Entry]:
    """All entries of a .po file, the header first."""
    return list(_entries(path.read_text(encoding="utf-8").splitlines()))


def _entries(lines: list[str]) -> Iterator[Entry]:
    entry, target = Entry(), ("", 0)
    started = False
    for line in [*lines, ""]:
        text = line.strip()
        if not text:
            if started:
                yield entry
            entry, started = Entry(), False
            continue
        if text.startswith("#~"):
            entry.is_obsolete, started = True, False
            continue
        if text.startswith("#"):
            entry.is_fuzzy |= text.startswith("#,") and "fuzzy" in text
            continue
        if not text.startswith('"'):
            keyword, _space, text = text.partition(" ")
            target = _target(keyword)
        started = True
        _append(entry, target, ast.literal_eval(text))


def _target(keyword: str) -> tuple[str, int]:
    if keyword.startswith("msgstr["):
        return "texts", int(keyword[7:-1])
    return {"msgid": "msgid", "msgid_plural": "plural", "msgctxt": "context", "msgstr": "texts"}[keyword], 0


def _append(entry: Entry, target: tuple[str, int], text: str) -> None:
    name, number = target
    if name == "texts":
        entry.texts[number] = entry.texts.get(number, "") + text
    else:
        setattr(entry, name, getattr(entry, name) + text)


def written(entry: Entry) -> str:
    """The entry as it stands in a .po file."""
    words = [("msgctxt", entry.context)] if entry.context else []
    words.append(("msgid", entry.msgid))
    if entry.plural:
        words.append(("msgid_plural", entry.plural))
        words += [(f"msgstr[{number}]", text) for number, text in sorted(entry.texts.items())]
    else:
        words.append(("msgstr", entry.texts.get(0, "")))
    return "".join(f"{keyword} {_quoted(text)}\n" for keyword, text in words)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return '"' + escaped.replace("\n", "\\n") + '"'


def compiled(entries: list[Entry]) -> bytes:
    """The .mo file of these entries: sorted keys, offsets, texts (GNU gettext manual, "The Format of GNU MO Files")."""
    pairs = sorted(
        (entry.key.encode(), entry.value.encode()) for entry in entries if entry.texts and not entry.is_fuzzy
    )
    pairs = [(key, value) for key, value in pairs if value or not key]
    count, start = len(pairs), 28
    table = start + count * 16
    keys, values, key_index, value_index = b"", b"", [], []
    for key, value in pairs:
        key_index.append((len(key), len(keys)))
        keys += key + b"\x00"
        value_index.append((len(value), len(values)))
        values += value + b"\x00"
    head = struct.pack("<7I", 0x950412DE, 0, count, start, start + count * 8, 0, table)
    index = b"".join(struct.pack("<2I", size, table + at) for size, at in key_index)
    index += b"".join(struct.pack("<2I", size, table + len(keys) + at) for size, at in value_index)
    return head + index + keys + values


@dataclass(frozen=True)
class Fault:
    """What is wrong with a catalogue."""

    language: str
    kind: str
    text: str


def faults(root: Path) -> list[Fault]:
    """Empty, fuzzy and stale entries of both catalogues below ``root``."""
    found: list[Fault] = []
    for language in LANGUAGES:
        folder = root / language / "LC_MESSAGES"
        entries = [entry for entry in read(folder / "django.po") if not entry.is_obsolete]
        for entry in entries:
            if not entry.is_header and (entry.is_empty or entry.is_fuzzy):
                found.append(Fault(language, "fuzzy" if entry.is_fuzzy else "empty", entry.msgid))
        if not same_texts(folder / "django.mo", entries):
            found.append(Fault(language, "stale", "django.mo"))
    return found


def same_texts(path: Path, entries: list[Entry]) -> bool:
    """Whether the compiled file says what the entries say."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        held = gettext.GNUTranslations(file)
    for entry in entries:
        if entry.is_header or entry.is_fuzzy or entry.is_empty:
            continue
        said = (
            held.npgettext(entry.context, entry.msgid, entry.plural, 1)
            if entry.plural and entry.context
            else held.ngettext(entry.msgid, entry.plural, 1)
            if entry.plural
            else held.pgettext(entry.context, entry.msgid)
            if entry.context
            else held.gettext(entry.msgid)
        )
        if said != entry.texts[0]:
            return False
    return True
