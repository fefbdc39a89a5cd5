"""An address book as a table: one card is one row, under titles that are always the same.

Several phones, e-mails and addresses of a card stand line by line in one cell, the best first, so that no number of columns
limits them; the best one also stands alone.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext_lazy

from crm.core.importing.problems import FileRefused, MappingRefused
from crm.core.importing.table import FileOptions, Limits, Record, Table
from crm.core.importing.text import find_codec, known_encoding
from crm.core.importing.vcard import BrokenCard, Decode, Line, cards

HEADERS = (
    "uid", "kind", "name", "nickname", "sex", "birthday", "phone", "phones", "email", "emails", "address", "addresses",
    "wechat", "company", "department", "title", "note",
)  # fmt: skip
#: What people call them; mappings and files name them as above.
LABELS = {
    "uid": pgettext_lazy("vcard", "Identifier of the card"),
    "kind": pgettext_lazy("vcard", "Person or organisation"),
    "name": pgettext_lazy("vcard", "Name"),
    "nickname": pgettext_lazy("vcard", "Nickname"),
    "sex": pgettext_lazy("vcard", "Sex"),
    "birthday": pgettext_lazy("vcard", "Birthday"),
    "phone": pgettext_lazy("vcard", "Phone (the best)"),
    "phones": pgettext_lazy("vcard", "All phones"),
    "email": pgettext_lazy("vcard", "E-mail (the best)"),
    "emails": pgettext_lazy("vcard", "All e-mails"),
    "address": pgettext_lazy("vcard", "Address (the best)"),
    "addresses": pgettext_lazy("vcard", "All addresses"),
    "wechat": pgettext_lazy("vcard", "WeChat"),
    "company": pgettext_lazy("vcard", "Company"),
    "department": pgettext_lazy("vcard", "Department"),
    "title": pgettext_lazy("vcard", "Position"),
    "note": pgettext_lazy("vcard", "Note"),
}
_ZIP_ENTRIES = 2_000
_BEGINS = re.compile(
    rb"(?:\A|[\r\n])(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[ \t]*BEGIN:[ \t]*VCARD[ \t]*(?:[\r\n]|\Z)", re.IGNORECASE
)
_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_DAY = re.compile(
    r"(\d{4})(?:-?(\d{2})-?(\d{2})|[-/.](\d{1,2})[-/.](\d{1,2})|年(\d{1,2})月(\d{1,2})日?)(?:[T ].*)?", re.ASCII
)
#: A day of no year: --0415, --04-15.
_NO_YEAR = re.compile(r"--(\d{2})-?(\d{2})(?:[T ].*)?", re.ASCII)
_SEX = {"M": "male", "F": "female", "男": "male", "女": "female"}
#: Character sets beyond those that a mapping may name, by how their codecs are called.
_FAMILIES = ("cp", "iso8859", "koi8", "mac-", "shift_jis", "euc_", "big5", "tis-620")
_WECHAT = frozenset({"wechat", "weixin", "微信"})


def looks_like_cards(raw: bytes) -> bool:
    """Whether bytes begin as an address book does, after a byte order mark, blank lines and a word about where it comes from."""
    return _BEGINS.search(raw[:800].replace(b"\0", b"")) is not None


def joined(books: Sequence[bytes]) -> bytes:
    """Several address books as one."""
    return books[0] if len(books) == 1 else b"\n".join(_without_mark(book) for book in books)


def holds_cards(raw: bytes) -> bool:
    """Whether a ZIP archive has address books in it and no workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = [entry.filename.lower() for entry in archive.infolist()[:_ZIP_ENTRIES]]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return "xl/workbook.xml" not in names and any(name.endswith((".vcf", ".vcard")) for name in names)


def read_vcards(raw: bytes, options: FileOptions, limits: Limits) -> Table:
    """Open an address book, or a ZIP of them, as a table. Raises ``FileRefused`` or ``MappingRefused``."""
    books = _unpacked(raw, limits) if raw.startswith(b"PK\x03\x04") else [raw]
    wanted = known_encoding(options.encoding)
    return Table(list(HEADERS), _records(books, wanted, limits), "vcard", encoding=wanted or "auto")


def _records(books: Sequence[bytes], wanted: str, limits: Limits) -> Iterator[Record]:
    ordinal, before = 0, 0
    for book in books:
        plain = _without_mark(book)
        try:
            for number, lines in cards(plain, _decoder(plain, wanted)):
                if _is_group(lines):
                    continue
                ordinal += 1
                if ordinal > limits.rows:
                    raise FileRefused(
                        _("The file has more than %(limit)d rows.") % {"limit": limits.rows}, code="too_many_rows"
                    )
                yield Record(before + number, ordinal, _cells(lines))
        except BrokenCard as broken:
            raise FileRefused(
                _("The card that begins in line %(row)d has no end; the file seems to be cut off.")
                % {"row": broken.row},
                code="card_without_end",
            ) from None
        before += plain.count(b"\n") + 1
    if not ordinal:
        raise FileRefused(_("There is no card in this address book."), code="empty_file")


def _without_mark(book: bytes) -> bytes:
    """UTF-16 of Outlook becomes UTF-8, so that lines can be told apart by their bytes."""
    if book[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return book.removeprefix(b"\xef\xbb\xbf")
    return book.decode(find_codec(book)).encode()


def _decoder(raw: bytes, wanted: str) -> Decode:
    """Text of bytes: the line's own character set, else the mapping's, else the file's by trial, else line by line.

    A phone that cuts a value in the middle of a character leaves bytes that nothing reads: they become the replacement
    character, and the row is rejected if that value is wanted (``damaged_text``).
    """
    usual = wanted
    if not usual:
        try:
            usual = find_codec(raw)
        except FileRefused:
            usual = ""  # a 2.1 file may mix character sets

    def decode(body: bytes, charset: str) -> str:
        if body.isascii():
            return body.decode("ascii")
        for codec in (_named(charset), usual, "utf-8", "gb18030"):
            if codec:
                try:
                    return body.decode(codec)
                except UnicodeDecodeError:
                    if codec == _named(charset):
                        break
        return body.decode(_named(charset) or usual or "utf-8", errors="replace")

    return decode


def _named(charset: str) -> str:
    """The codec of a character set that a line names: one of ours, else whatever else reads text under that name."""
    try:
        return known_encoding(charset) if charset else ""
    except MappingRefused:
        pass
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):  # an unknown name says nothing; trial goes on
        return ""
    return name if name.startswith(_FAMILIES) else ""


def _unpacked(raw: bytes, limits: Limits) -> list[bytes]:
    """The address books of an archive, in the order of their names; judged by the table of contents and while reading."""
    if len(raw) > limits.xlsx_bytes:
        raise FileRefused(
            _("The archive is larger than %(limit)d MB.") % {"limit": limits.xlsx_bytes >> 20}, code="file_too_large"
        )
    too_large = FileRefused(
        _("The archive unpacks to more than %(limit)d MB.") % {"limit": limits.unpacked_bytes >> 20},
        code="too_large_unpacked",
    )
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
            if len(entries) > _ZIP_ENTRIES or sum(entry.file_size for entry in entries) > limits.unpacked_bytes:
                raise too_large
            if any(entry.flag_bits & 1 for entry in entries):
                raise FileRefused(
                    _("The archive is protected by a password. Save it without one."), code="encrypted_file"
                )
            books, left = [], limits.unpacked_bytes
            for entry in sorted(entries, key=lambda found: found.filename):
                if entry.is_dir() or not entry.filename.lower().endswith((".vcf", ".vcard")):
                    continue
                with archive.open(entry) as stream:
                    body = stream.read(left + 1)
                left -= len(body)
                if left < 0:
                    raise too_large
                books.append(body)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, NotImplementedError):
        raise FileRefused(_("The archive cannot be read."), code="broken_zip") from None
    return books


# -- one card ----------------------------------------------------------------------------------------------------------


def _cells(lines: list[Line]) -> list[str]:
    by_name: dict[str, list[Line]] = {}
    for line in lines:
        by_name.setdefault(line.name, []).append(line)
    phones, emails = _phones(by_name), _best(by_name, "EMAIL")
    mails = _distinct(re.sub(r"^mailto:", "", line.text, flags=re.IGNORECASE) for line in emails)
    addresses = _distinct(_address(line) for line in _best(by_name, "ADR"))
    # A label is an address as it is printed: it says what no address says.
    addresses = addresses or _distinct(line.text for line in _best(by_name, "LABEL"))
    company, department = _organisation(by_name)
    birthday, partial = _birthday(by_name)
    name = _name(by_name) or company
    note = "\n".join([*(line.text for line in by_name.get("NOTE", [])), *partial])
    kind = _first(by_name, "KIND").casefold()
    shown_as = _first(by_name, "X-ABSHOWAS").casefold()
    is_firm = kind == "org" or shown_as == "company" or (not _name(by_name) and bool(company))
    cells = {
        "kind": "institution" if is_firm else "person",
        "name": name,
        "nickname": _first(by_name, "NICKNAME"),
        "sex": _sex(by_name),
        "birthday": birthday,
        "phone": phones[0] if phones else "",
        "phones": "\n".join(phones),
        "email": mails[0] if mails else "",
        "emails": "\n".join(mails),
        "address": addresses[0] if addresses else "",
        "addresses": "\n".join(addresses),
        "wechat": _wechat(by_name),
        "company": "" if is_firm else company,
        "department": department,
        "title": _first(by_name, "TITLE") or _first(by_name, "ROLE"),
        "note": note,
    }
    cells["uid"] = _uid(by_name, cells)
    return [cells[header] for header in HEADERS]


def _uid(by_name: dict[str, list[Line]], cells: dict[str, str]) -> str:
    """The card's own number; of a card without one a number made from name and ways to reach him, the same each time."""
    own = re.sub(r"[\"'`,;<>\\]", "-", re.sub(r"\s", "", _first(by_name, "UID").removeprefix("urn:uuid:"))).lstrip("=@")
    if own and len(own) <= 40:
        return own
    said = own or "|".join(cells[name] for name in ("name", "phones", "emails", "birthday", "company"))
    return "vc-" + hashlib.sha256(said.encode()).hexdigest()[:20] if said.strip("|") else ""


def _is_group(lines: list[Line]) -> bool:
    """A card that only names a group of cards is nobody."""
    return any(
        (line.name == "KIND" or line.name == "X-ADDRESSBOOKSERVER-KIND") and line.text.casefold() == "group"
        for line in lines
    )


def _first(by_name: dict[str, list[Line]], name: str) -> str:
    return next((line.text for line in _best(by_name, name) if line.text), "")


def _best(by_name: dict[str, list[Line]], name: str) -> list[Line]:
    return sorted(by_name.get(name, []), key=lambda line: line.rank)


def _distinct(texts: Iterator[str] | Sequence[str]) -> list[str]:
    return [text for text in dict.fromkeys(" ".join(text.split()) for text in texts) if text]


def _name(by_name: dict[str, list[Line]]) -> str:
    """As it is to be shown, else put together: family name first where it is written in characters."""
    shown = " ".join(_first(by_name, "FN").split())
    if shown:
        return shown
    for line in by_name.get("N", []):
        family, given, middle, before, after = (*line.parts(), "", "", "", "", "")[:5]
        if _CJK.search(family + given):
            return "".join(f"{family}{given}{middle}".split())
        whole = " ".join(f"{before} {given} {middle} {family} {after}".split())
        if whole:
            return whole
    return ""


def _phones(by_name: dict[str, list[Line]]) -> list[str]:
    """Numbers that people answer, the preferred first, mobiles before others; faxes and pagers are left out."""

    def order(line: Line) -> tuple[int, int]:
        mobile = bool({"CELL", "IPHONE", "MOBILE"} & line.types)
        return line.rank, 0 if mobile else 1

    answered = [
        line
        for line in by_name.get("TEL", [])
        if not {"FAX", "PAGER", "MODEM", "BBS", "TELEX"} & line.types or "VOICE" in line.types
    ]
    return _distinct(_number(line) for line in sorted(answered, key=order))


def _number(line: Line) -> str:
    """``tel:+86-138-…;ext=802`` of 4.0 as people write it."""
    text = line.text
    if text[:4].casefold() == "tel:":
        number, *more = text[4:].split(";")
        extension = next((part[4:] for part in more if part.casefold().startswith("ext=")), "")
        return f"{number} ext {extension}" if extension else number
    return text


def _address(line: Line) -> str:
    """One line, the way its country writes it: from the large to the small in characters, else from small to large."""
    parts = [part.strip(", ") for part in line.parts()]
    box, more, street, city, region, code, country = (*parts, *[""] * 7)[:7]
    if _CJK.search(line.value):
        whole = "".join(
            part
            for part in (country, region, city if city.rstrip("市") != region.rstrip("市") else "", street, more, box)
            if part
        )
        return f"{whole} {code}".strip()
    return ", ".join(part for part in (box, street, more, city, region, code, country) if part)


def _organisation(by_name: dict[str, list[Line]]) -> tuple[str, str]:
    for line in _best(by_name, "ORG"):
        parts = [part for part in line.parts() if part]
        if parts:
            return parts[0], " / ".join(parts[1:])
    return "", ""


def _birthday(by_name: dict[str, list[Line]]) -> tuple[str, list[str]]:
    """The day where a whole one is given; what says less (no year, words) goes into the note instead."""
    for line in by_name.get("BDAY", []):
        text = line.text
        if found := _DAY.fullmatch(text):
            year, month, day = (part for part in found.groups() if part is not None)
            if year not in ("0000", line.params.get("X-APPLE-OMIT-YEAR")):
                return f"{year}-{month:0>2}-{day:0>2}", []
            text = f"{month:0>2}-{day:0>2}"
        elif found := _NO_YEAR.fullmatch(text):
            text = f"{found[1]}-{found[2]}"
        if text:
            with override(settings.LANGUAGE_CODE):  # the note is the same whoever brings the file in
                return "", [_("Birthday: %(day)s") % {"day": text}]
    return "", []


def _sex(by_name: dict[str, list[Line]]) -> str:
    said = _first(by_name, "GENDER") or _first(by_name, "X-GENDER")
    return _SEX.get(said[:1].upper(), "")


def _wechat(by_name: dict[str, list[Line]]) -> str:
    """Under a name of its own, else among the ways to send messages and the social profiles that phones keep."""
    own = _first(by_name, "X-WECHAT") or _first(by_name, "X-WEIXIN")
    if own:
        return own
    for line in (*by_name.get("IMPP", []), *by_name.get("X-SOCIALPROFILE", []), *by_name.get("SOCIALPROFILE", [])):
        scheme, colon, name = line.text.rpartition(":")
        services = {scheme.casefold(), line.params.get("X-SERVICE-TYPE", "").casefold()}
        services |= {line.params.get("SERVICE-TYPE", "").casefold(), *(word.casefold() for word in line.types)}
        if services & _WECHAT:
            return line.params.get("X-USER", "") or (name if colon else line.text)
    return ""
