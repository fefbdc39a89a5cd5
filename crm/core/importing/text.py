"""Bytes to text: which encoding a CSV file has, found by what it says and by trial, never by a guess that could damage it."""

from __future__ import annotations

import codecs

from django.utils.translation import gettext as _

from crm.core.importing.problems import FileRefused, MappingRefused

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Names that a mapping may use, and the codec behind each. gb18030 reads everything that gbk and gb2312 wrote.
ENCODINGS = {
    "auto": "",
    "utf-8": "utf-8-sig",
    "utf8": "utf-8-sig",
    "utf-8-sig": "utf-8-sig",
    "utf-8-bom": "utf-8-sig",
    "utf-16": "utf-16",
    "utf16": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "gb18030": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "cp936": "gb18030",
    "big5": "big5hkscs",
    "latin-1": "latin-1",
    "iso-8859-1": "latin-1",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
}
_STEP = 1 << 20


def known_encoding(name: str) -> str:
    """The codec for a mapping's word, "" for auto. Raises ``MappingRefused``."""
    try:
        return ENCODINGS[name.strip().lower().replace("_", "-")]
    except KeyError:
        raise MappingRefused(
            _("Unknown encoding “%(name)s” in [file]; choose from: %(known)s.")
            % {"name": name, "known": _(", ").join(ENCODINGS)},
            code="unknown_encoding",
        ) from None


def find_codec(raw: bytes, wanted: str = "auto") -> str:
    """The codec that reads all of ``raw``: byte order mark, then strict UTF-8, then GB18030.

    Raises ``FileRefused`` when none does, or when the text would only look right.
    """
    codec = known_encoding(wanted)
    if codec:
        if not _reads(raw, codec):
            raise FileRefused(
                _("The file is not %(encoding)s text, as the mapping says.") % {"encoding": wanted},
                code="wrong_encoding",
            )
        return codec
    for mark, codec in _BOMS:
        if raw.startswith(mark):
            if _reads(raw, codec):
                return codec
            raise FileRefused(_("The file starts like Unicode text but is damaged."), code="wrong_encoding")
    if b"\0" in raw:
        raise FileRefused(_("The file contains NUL characters: it is not a text file."), code="nul_character")
    if _reads(raw, "utf-8"):
        return "utf-8"
    if _reads(raw, "gb18030") and _looks_chinese(raw):
        return "gb18030"
    raise FileRefused(
        _(
            "The encoding of the file is neither UTF-8 nor GB18030. Save it as UTF-8, or name its encoding in the mapping."
        ),
        code="unknown_encoding",
    )


def _reads(raw: bytes, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)()
    view = memoryview(raw)
    try:
        for start in range(0, len(raw), _STEP):
            text = decoder.decode(bytes(view[start : start + _STEP]))
            if "\0" in text:
                raise FileRefused(_("The file contains NUL characters: it is not a text file."), code="nul_character")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _looks_chinese(raw: bytes) -> bool:
    """Whether the two-byte characters are those that people use.

    Western text in Latin-1 also decodes as GB18030, but into rare characters whose second byte is an ASCII letter; nearly all
    of the characters of a real Chinese file lie in the GB2312 block, where both bytes are above A0. Text in Big5 decodes into
    kana and into places that are nobody's: of the block only the rows of characters count for it, and signs for neither.
    """
    common = rare = nobodys = 0
    for line in raw[: 4 * _STEP].splitlines():
        if line.isascii():
            continue
        at = 0
        while at < len(line):
            if line[at] < 0x80:
                at += 1
                continue
            lead, trail = line[at], line[at + 1] if at + 1 < len(line) else 0
            if trail < 0xA1 or not 0xA1 <= lead <= 0xA3:
                is_common = trail >= 0xA1 and 0xB0 <= lead <= 0xF7
                common, rare = common + is_common, rare + (not is_common)
                nobodys += trail >= 0xA1 and (0xAA <= lead <= 0xAF or lead >= 0xF8)
            at += 4 if 0x30 <= trail <= 0x39 else 2
        if common + rare > 20_000:
            break
    return common >= rare and nobodys * 20 <= common + rare
