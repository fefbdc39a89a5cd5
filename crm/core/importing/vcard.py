"""The lines of an address book: vCard 2.1, 3.0 and 4.0 as phones, mail programs and Outlook really write them.

A card is a list of ``Line``; what the lines mean is the business of ``vcardfile``. Works on bytes, because in 2.1 every line
may have a character set of its own.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

#: Longest logical line that is looked at; a photo may be longer and is thrown away.
LONGEST = 1 << 20
_PARAM = re.compile(r';((?:[^";:]|"[^"]*")*)')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
#: Values that are pictures, sounds and keys: never text for us, whatever their encoding.
_BINARY = frozenset({"PHOTO", "LOGO", "SOUND", "KEY"})
#: What some phones write as base64 although it is text.
_TEXTS = frozenset({"N", "FN", "NICKNAME", "ORG", "TITLE", "ROLE", "NOTE", "ADR", "LABEL", "TEL", "EMAIL", "BDAY"})


@dataclass(slots=True)
class Line:
    """One property: its name without group, its parameters, its value as text."""

    name: str
    value: str
    types: frozenset[str] = frozenset()
    params: dict[str, str] = field(default_factory=dict)
    #: 2.1 escapes nothing but the semicolon.
    old: bool = False

    @property
    def rank(self) -> int:
        """How much the writer prefers it: 1 first, 100 last (PREF of 4.0; the word of 2.1 and 3.0 counts as 1)."""
        said = self.params.get("PREF", "")
        if said.isascii() and said.isdigit():
            return min(100, max(1, int(said)))
        return 1 if "PREF" in self.types or "PREF" in self.params else 100

    @property
    def text(self) -> str:
        return unescaped(self.value, old=self.old).strip()

    def parts(self, mark: str = ";") -> list[str]:
        """The components of a compound value, each without its escapes."""
        return [unescaped(part, old=self.old).strip() for part in _split(self.value, mark)]


def unescaped(text: str, *, old: bool) -> str:
    """``\\n`` is a new line, ``\\,`` ``\\;`` ``\\\\`` are the sign itself; in 2.1 only ``\\;`` is, a path keeps its strokes."""
    if "\\" not in text:
        return text
    if old:
        return text.replace("\\;", ";")
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], text)


def _split(text: str, mark: str) -> list[str]:
    """Cut at ``mark`` where no stroke stands before it."""
    parts, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] == mark:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    parts.append(text[start:])
    return parts


class BrokenCard(ValueError):
    """A card that does not end; ``row`` is the line of the file in which it begins."""

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


#: Text of bytes in a character set that the line names, "" for none.
Decode = Callable[[bytes, str], str]


def cards(raw: bytes, decode: Decode) -> Iterator[tuple[int, list[Line]]]:
    """Each card with the number of its first line.

    Cards inside cards (AGENT) are passed over; text between cards is ignored. Raises ``BrokenCard``.
    """
    found: list[Line] = []
    depth, start, old = 0, 0, False
    for number, body in _logical(raw):
        head = body[:40].removeprefix(codecs.BOM_UTF8).strip().upper()
        if head.startswith(b"BEGIN:") and head[6:].strip() == b"VCARD":
            depth += 1
            if depth == 1:
                start, found, old = number, [], False
            continue
        if not depth:
            continue
        if head.startswith(b"END:") and head[4:].strip() == b"VCARD":
            depth -= 1
            if not depth:
                yield start, found
            continue
        if depth > 1:
            continue
        if head.startswith(b"AGENT") and head.rstrip().endswith(b"BEGIN:VCARD"):
            depth += 1
            continue
        if head.startswith(b"VERSION:"):
            old = head[8:].strip().startswith(b"2")
        line = _line(body, decode, old=old)
        if line is not None:
            found.append(line)
    if depth:
        raise BrokenCard(start)


def _logical(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Unfolded lines with the number of their first physical line."""
    held, first, soft, picture = b"", 0, False, False
    for number, physical in enumerate(_physical(raw), start=1):
        if first and soft and not physical.upper().startswith(b"END:VCARD"):
            held, soft = held[:-1] + physical, physical.endswith(b"=")
            continue
        if first and physical[:1] in (b" ", b"\t") and physical.strip():
            if not picture and len(held) < LONGEST:
                # 3.0 and 4.0 take the blank away; so do the phones that fold 2.1.
                held += physical[1:]
                soft = _is_quoted(held) and held.endswith(b"=")
            continue
        if picture and b":" not in physical:
            continue  # base64 without a blank before it
        if first:
            yield first, held
        held, first = physical, number if physical.strip() else 0
        picture = _is_picture(physical)
        soft = bool(first) and not picture and _is_quoted(physical) and physical.endswith(b"=")
    if first:
        yield first, held


def _physical(raw: bytes) -> Iterator[bytes]:
    """Lines as the file has them; a view at a time, so that a large file is not there twice."""
    at, size = 0, len(raw)
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    while at < size:
        end = raw.find(b"\n", at)
        end = size if end < 0 else end
        yield raw[at:end].rstrip(b"\r")
        at = end + 1


def _head_of(body: bytes) -> bytes:
    return body[: body.find(b":")].upper() if b":" in body else b""


def _is_quoted(body: bytes) -> bool:
    return b"QUOTED-PRINTABLE" in _head_of(body)


def _is_picture(body: bytes) -> bool:
    head = _head_of(body)
    name = head.split(b";", 1)[0].rpartition(b".")[2].decode("ascii", "replace").strip()
    return name in _BINARY or (name not in _TEXTS and (b"ENCODING=B" in head or b";BASE64" in head))


def _line(body: bytes, decode: Decode, *, old: bool) -> Line | None:
    if _is_picture(body):
        return None
    head, colon, raw_value = _cut(body)
    if not colon:
        return None
    written = decode(head, "")
    name, _semicolon, _rest = written.partition(";")
    types, params = _params(written[len(name) :])
    charset = params.get("CHARSET", "")
    encodings = {params.get("ENCODING", "").upper()} | types
    if "QUOTED-PRINTABLE" in encodings:
        raw_value = quopri.decodestring(raw_value)
    elif encodings & {"B", "BASE64"}:
        try:
            raw_value = base64.b64decode(b"".join(raw_value.split()), validate=True)
        except binascii.Error:
            return None
    value = decode(raw_value, charset).replace("\r\n", "\n").replace("\0", "")
    return Line(name.rpartition(".")[2].strip().upper(), value, frozenset(types), params, old)


def _cut(body: bytes) -> tuple[bytes, bytes, bytes]:
    """Before and after the first colon that is not in quotes."""
    quoted = False
    for at, sign in enumerate(body[:4096]):
        if sign == 0x22:
            quoted = not quoted
        elif sign == 0x3A and not quoted:
            return body[:at], b":", body[at + 1 :]
    return body.partition(b":")


def _params(text: str) -> tuple[set[str], dict[str, str]]:
    """Types (bare words of 2.1 and TYPE=a,b) in capitals, and named parameters."""
    types: set[str] = set()
    params: dict[str, str] = {}
    for found in _PARAM.finditer(text):
        name, equals, value = found[1].partition("=")
        name, value = name.strip().upper(), value.strip().strip('"')
        if not equals:
            types.add(name)
        elif name == "TYPE":
            types.update(word.strip().upper() for word in value.split(","))
        else:
            params[name] = value
    return types, params
