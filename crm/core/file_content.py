"""What a file really is, read to its end: whether the whole of it is of the kind that its name says, and how long it plays.

The first bytes alone prove nothing: a page with a picture's beginning, an archive glued behind a picture, a workbook without
sheets. Pure: bytes in, a finding out. Nothing is unpacked to disk and no more than ``_UNPACKED`` is unpacked at all.
"""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

#: What an office document may unpack to, and how many parts it may have.
_UNPACKED = 200 * 1024 * 1024
_PARTS = 10_000
_MEMBERS = {
    "docx": ("word/document.xml", b"wordprocessingml.document.main+xml"),
    "xlsx": ("xl/workbook.xml", b"spreadsheetml.sheet.main+xml"),
}
_TYPES = "[Content_Types].xml"
_MP3_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_MP3_KBITS = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_AMR_SIZES = (13, 14, 16, 18, 20, 21, 27, 32, 6)
#: More of a recording than this share must be made of sound; the rest is titles and pictures of the player.
_SOUND = 0.9


#: What reading damaged content runs into; a part of an archive may be packed in any of four ways, and be said to begin anywhere.
_BROKEN = (
    struct.error,
    IndexError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    RuntimeError,
)


class NotThatKind(ValueError):
    """The content is not what the name says."""


def examine(ending: str, content: bytes) -> int | None:
    """Seconds that a recording plays, None for other kinds. Raises ``NotThatKind``."""
    check = _CHECKS.get(ending)
    if check is None:
        return None
    if ending not in _MEMBERS and _hides_archive(content):
        raise NotThatKind
    try:
        return check(content)
    except _BROKEN:
        raise NotThatKind from None


def _hides_archive(content: bytes) -> bool:
    """A picture or a recording behind which an archive hangs is two files in one."""
    return b"PK\x05\x06" in content[-66_000:] and zipfile.is_zipfile(io.BytesIO(content))


# -- papers and pictures -----------------------------------------------------------------------------------------------


def _text(content: bytes) -> None:
    text = content.decode("utf-8")
    if any(ord(sign) < 32 and sign not in "\t\n\r\f" for sign in text):
        raise NotThatKind


def _pdf(content: bytes) -> None:
    end = content[-2048:]
    if not content.startswith(b"%PDF-") or b"%%EOF" not in end or b"startxref" not in end:
        raise NotThatKind
    if any(word in content for word in (b"/JavaScript", b"/Launch", b"/EmbeddedFile")):
        raise NotThatKind  # a paper that does something when it is opened is no paper


def _png(content: bytes) -> None:
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        raise NotThatKind
    at, first, kind = 8, True, b""
    while kind != b"IEND":
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 4 : at + 8 + size]
        (said,) = struct.unpack(">I", content[at + 8 + size : at + 12 + size])
        if len(body) != size + 4 or zlib.crc32(body) != said or first != (kind == b"IHDR"):
            raise NotThatKind
        at, first = at + 12 + size, False
    if at != len(content):
        raise NotThatKind


def _jpeg(content: bytes) -> None:
    """Segment by segment to the picture itself, which ends in its end mark."""
    at = 2
    while True:
        mark, kind = content[at], content[at + 1]
        if mark != 0xFF:
            raise NotThatKind
        if kind == 0xDA:
            break
        (size,) = struct.unpack(">H", content[at + 2 : at + 4])
        if size < 2:
            raise NotThatKind
        at += 2 + size
    if b"\xff\xd9" not in content[at:] or b"<script" in content[-4096:].lower():
        raise NotThatKind


def _office(ending: str) -> Callable[[bytes], None]:
    member, kind = _MEMBERS[ending]

    def check(content: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            parts = book.infolist()
            names = {part.filename for part in parts}
            if len(parts) > _PARTS or not {member, _TYPES} <= names:
                raise NotThatKind
            if any(name.startswith("/") or "\\" in name or ".." in name.split("/") for name in names):
                raise NotThatKind
            if any(name.lower().endswith(("vbaproject.bin", ".exe", ".js", ".vbs")) for name in names):
                raise NotThatKind
            if sum(part.file_size for part in parts) > _UNPACKED:
                raise NotThatKind
            _read_all(book, parts)
            if kind not in book.read(_TYPES):
                raise NotThatKind

    return check


def _read_all(book: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> None:
    """Read every part, so that what is damaged, sealed or larger than it says is found."""
    left = _UNPACKED
    for part in parts:
        with book.open(part) as stream:
            while block := stream.read(1 << 20):
                left -= len(block)
                if left < 0:
                    raise NotThatKind


# -- recordings --------------------------------------------------------------------------------------------------------


def _seconds(samples: int, rate: int) -> int:
    """Begun seconds; a recording of nothing is none."""
    if samples <= 0 or rate <= 0:
        raise NotThatKind
    return max(1, round(samples / rate))


def _wav(content: bytes) -> int:
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise NotThatKind
    at, rate, sound = 12, 0, 0
    while at + 8 <= len(content):
        name, size = struct.unpack("<4sI", content[at : at + 8])
        if name == b"fmt ":
            (rate,) = struct.unpack("<I", content[at + 16 : at + 20])
        elif name == b"data":
            sound = min(size, len(content) - at - 8)
        at += 8 + size + size % 2
    return _seconds(sound, rate)


def _mp3(content: bytes) -> int:
    start, end, sound, seconds = _after_titles(content), len(content), 0, 0.0
    if content[-128:-125] == b"TAG":
        end -= 128
    at = start
    while at + 4 <= end:
        frame = _mp3_frame(content[at : at + 4])
        if frame is None:
            at += 1
            continue
        size, lasts = frame
        sound, seconds, at = sound + size, seconds + lasts, at + size
    if seconds == 0 or sound < _SOUND * (end - start):
        raise NotThatKind
    return max(1, round(seconds))


def _after_titles(content: bytes) -> int:
    """Where sound begins behind an ID3 head, whose size is written seven bits a byte."""
    if content[:3] != b"ID3":
        return 0
    a, b, c, d = content[6:10]
    return 10 + (a << 21 | b << 14 | c << 7 | d)


def _mp3_frame(head: bytes) -> tuple[int, float] | None:
    """Bytes and seconds of the frame (layer III) that begins so; None if none does."""
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    if head[0] != 0xFF or head[1] < 0xE0 or version == 1 or layer != 1:
        return None
    kbit_at, rate_at = head[2] >> 4, head[2] >> 2 & 3
    if kbit_at in (0, 15) or rate_at == 3:
        return None
    rate, kbits = _MP3_RATES[version][rate_at], _MP3_KBITS[3 if version == 3 else 2][kbit_at]
    samples = 1152 if version == 3 else 576
    return samples // 8 * kbits * 1000 // rate + (head[2] >> 1 & 1), samples / rate


def _boxes(content: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and end of each box of an MPEG-4 file."""
    at = start
    while at < end:
        size, name = struct.unpack(">I4s", content[at : at + 8])
        begin = at + 8
        if size == 1:
            (size,) = struct.unpack(">Q", content[at + 8 : at + 16])
            begin = at + 16
        size = size or end - at
        if size < begin - at or at + size > end:
            raise NotThatKind
        yield name, begin, at + size
        at += size


def _m4a(content: bytes) -> int:
    boxes = {name: (begin, end) for name, begin, end in _boxes(content, 0, len(content))}
    if content[4:8] != b"ftyp" or b"moov" not in boxes or b"mdat" not in boxes:
        raise NotThatKind
    begin, end = boxes[b"moov"]
    if b"vide" in content[begin:end] or b"soun" not in content[begin:end]:
        raise NotThatKind
    head = next((start for name, start, _end in _boxes(content, begin, end) if name == b"mvhd"), None)
    if head is None:
        raise NotThatKind
    shape, offset = (">IQ", 20) if content[head] == 1 else (">II", 12)
    rate, lasts = struct.unpack_from(shape, content, head + offset)
    return _seconds(lasts, rate)


def _amr(content: bytes) -> int:
    at, frames = len(b"#!AMR\n"), 0
    if content[:at] != b"#!AMR\n":
        raise NotThatKind
    while at < len(content):
        mode = content[at] >> 3 & 15
        at += _AMR_SIZES[mode] if mode < len(_AMR_SIZES) else 1
        frames += 1
        if 8 < mode < 15 or at > len(content):
            raise NotThatKind
    return _seconds(frames, 50)


_CHECKS: dict[str, Callable[[bytes], int | None]] = {
    "txt": _text,
    "pdf": _pdf,
    "png": _png,
    "jpg": _jpeg,
    "jpeg": _jpeg,
    "docx": _office("docx"),
    "xlsx": _office("xlsx"),
    "wav": _wav,
    "mp3": _mp3,
    "m4a": _m4a,
    "amr": _amr,
}
