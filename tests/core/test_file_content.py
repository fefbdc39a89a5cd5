"""A file is of its kind from the first byte to the last."""

from __future__ import annotations

import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.core.attachments import KINDS
from crm.core.file_content import NotThatKind, examine
from tests.factories.files import JPEG, PDF, amr, damaged, m4a, mp3, office, png, wav

pytestmark = pytest.mark.nodb

WHOLE = {
    "pdf": PDF, "png": png(), "jpg": JPEG, "jpeg": JPEG, "txt": "会议纪要\n".encode(), "docx": office("docx"),
    "xlsx": office("xlsx"), "wav": wav(), "mp3": mp3(), "m4a": m4a(), "amr": amr(),
}  # fmt: skip
ARCHIVE = office("docx")


def test_every_kind_that_is_taken_is_read_to_its_end():
    assert WHOLE.keys() == KINDS.keys()
    for ending, content in WHOLE.items():
        examine(ending, content)


@pytest.mark.parametrize(
    ("ending", "content", "seconds"),
    [("wav", wav(3), 3), ("wav", wav(65), 65), ("mp3", mp3(1000), 26), ("mp3", mp3(200, title=b"x" * 100), 5),
     ("m4a", m4a(7), 7), ("amr", amr(150), 3), ("pdf", PDF, None), ("png", png(), None)],
)  # fmt: skip
def test_a_recording_says_how_long_it_plays(ending, content, seconds):
    assert examine(ending, content) == seconds


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        ("pdf", b"%PDF-1.7 hello"), ("pdf", PDF.replace(b"<<>>endobj", b"<</S/JavaScript>>endobj")),
        ("pdf", PDF.replace(b"<<>>endobj", b"<</S/Launch>>endobj")), ("png", png()[:-4]), ("png", png() + b"<script>"),
        ("png", png().replace(b"IHDR", b"IHDX")), ("jpg", b"\xff\xd8\xff\xe0 and then words"), ("jpg", JPEG[:-2]),
        ("jpg", JPEG + b"<script>alert(1)</script>"), ("jpg", JPEG + ARCHIVE), ("wav", wav() + ARCHIVE),
        ("pdf", PDF + ARCHIVE), ("docx", office("xlsx")), ("xlsx", office("docx")),
        ("docx", office("docx", without="word/document.xml")), ("docx", office("docx", without="[Content_Types].xml")),
        ("docx", office("docx", extra={"word/vbaProject.bin": b"x"})), ("docx", office("docx", extra={"../up": b"x"})),
        ("docx", office("docx", extra={"/etc/passwd": b"x"})), ("docx", ARCHIVE[:-30]), ("docx", b"PK\x03\x04 nothing"),
        ("docx", office("docx", extra={"word/bomb": b"\0" * (201 << 20)})), ("wav", b"RIFF\0\0\0\0WAVE"),
        ("wav", b"RIFF" + b"x" * 60), ("mp3", b"ID3" + b"x" * 500), ("mp3", b"\xff\xfb" + b"<html>" * 99),
        ("mp3", mp3(3) + b"<html>" * 999), ("m4a", m4a(handler=b"vide")), ("m4a", b"\0\0\0\x08ftyp"), ("m4a", m4a()[:-9]),
        ("amr", b"#!AMR\n"), ("amr", b"#!AMR\n<html></html>"), ("amr", amr()[:-3]), ("txt", b"a\x00b"), ("txt", b"\xff\xfe"),
    ],
)  # fmt: skip
def test_what_only_begins_or_ends_like_its_kind_is_refused(ending, content):
    with pytest.raises(NotThatKind):
        examine(ending, content)


def test_an_archive_whose_parts_would_begin_before_it_is_none():
    whole = bytearray(office("docx"))
    at = whole.rfind(b"PK\x05\x06") + 16
    whole[at : at + 4] = (int.from_bytes(whole[at : at + 4], "little") + 256).to_bytes(4, "little")

    with pytest.raises(NotThatKind):
        examine("docx", bytes(whole))


@given(ending=st.sampled_from(sorted(WHOLE)), cut=st.integers(0, 400), noise=st.binary(max_size=40))
def test_whatever_comes_is_taken_or_refused_and_never_breaks(ending, cut, noise):
    whole = WHOLE[ending]
    for content in (noise, whole[:cut] + noise + whole[cut + len(noise) :], whole[: len(whole) - cut], whole + noise):
        try:
            examine(ending, content)
        except NotThatKind:
            continue


@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_workbook_is_none_however_it_is_packed(packed):
    with pytest.raises(NotThatKind):
        examine("xlsx", damaged("xl/workbook.xml", packed, {"[Content_Types].xml": b"spreadsheetml.sheet.main+xml"}))
