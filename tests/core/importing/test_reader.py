"""Which files are read, and which are refused with a reason."""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from datetime import date, datetime

import pytest
import xlsxwriter
from hypothesis import example, given
from hypothesis import strategies as st

from crm.core.importing.problems import FileRefused, MappingRefused
from crm.core.importing.reader import read
from crm.core.importing.rejects import defused
from crm.core.importing.table import CellDate, CellNumber, FileOptions, Limits, number_text, plain_text

pytestmark = pytest.mark.nodb

LIMITS = Limits()


def cells(raw: bytes, limits: Limits = LIMITS, **options) -> list[list[str]]:
    table = read(raw, FileOptions(**options), limits)
    return [table.headers, *(record.cells for record in table.records)]


def refusal(raw: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(FileRefused) as refused:
        list(read(raw, FileOptions(), limits).records)
    return refused.value.code


def workbook(*rows, sheets=("Data",), **constructor) -> bytes:
    body = io.BytesIO()
    book = xlsxwriter.Workbook(body, {"in_memory": True, "default_date_format": "yyyy-mm-dd", **constructor})
    for name in sheets:
        sheet = book.add_worksheet(name)
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
    book.close()
    return body.getvalue()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"], ids=["utf8", "bom", "utf16", "gb18030", "gbk"]
)
def test_chinese_text_is_read_in_every_encoding_that_excel_writes(encoding):
    text = "客户号,姓名\r\nA1,李和可\r\nA2,欧阳小明\r\n"

    assert cells(text.encode(encoding)) == [["客户号", "姓名"], ["A1", "李和可"], ["A2", "欧阳小明"]]


def test_a_four_byte_character_of_gb18030_survives():
    text = "客户号,姓名\nA1,李𠮷明\nA2,王小二\n"

    assert cells(text.encode("gb18030"))[1] == ["A1", "李𠮷明"]


@pytest.mark.parametrize("text", ["name,town\nRené,Besançon\nAndré,Orléans\n", "name\nMüller\n"])
def test_western_text_that_only_looks_chinese_is_refused_not_damaged(text):
    with pytest.raises(FileRefused) as refused:
        cells(text.encode("latin-1"))

    assert refused.value.code == "unknown_encoding"


@pytest.mark.parametrize(
    "text",
    [
        "客戶號,姓名,地址\nA1,陳大文,香港九龍彌敦道\nA2,李小明,台北市信義區\n",
        "姓名\n林志強\n",
        "電話,備註\n1,請於下午聯絡，他要開戶\n",
    ],
)
def test_traditional_text_in_big5_is_not_taken_for_another(text):
    with pytest.raises(FileRefused) as refused:
        cells(text.encode("big5"))

    assert refused.value.code == "unknown_encoding"
    assert cells(text.encode("big5"), encoding="big5")[0] == text.splitlines()[0].split(",")


@pytest.mark.parametrize(
    "text", ["name,note\nLi,（见附件）：№１\n", "姓名\n张·伟\n", "客户，名称\nあい商贸（上海）有限公司\n"]
)
def test_signs_and_a_foreign_name_do_not_make_chinese_text_suspicious(text):
    assert cells(text.encode("gb18030"))[1] == text.splitlines()[1].split(",")


def test_western_text_is_read_when_the_mapping_names_its_encoding():
    assert cells("name\nMüller\n".encode("latin-1"), encoding="latin-1")[1] == ["Müller"]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(mark):
    raw = mark.join(['"name"', "balance"]) + "\n" + mark.join(['"Li, Wei; A|B"', "1787"]) + "\n"

    assert cells(raw.encode()) == [["name", "balance"], ["Li, Wei; A|B", "1787"]]


def test_excels_own_line_about_the_delimiter_is_understood():
    assert cells(b"sep=;\r\na;b\r\n1,5;2\r\n") == [["a", "b"], ["1,5", "2"]]


WRAPPED = '"""age"";""job"";""y"""\r\n"58;""works; at times"";""no"""\r\n"44;""a """"b"""""";""yes"""\r\n'


@pytest.mark.parametrize("raw", [WRAPPED, "\ufeff" + WRAPPED, WRAPPED.replace("\r\n", "\n")])
@pytest.mark.parametrize("said", ["auto", "semicolon"])
def test_rows_that_a_spreadsheet_took_for_one_cell_each_are_cut_all_the_same(raw, said):
    assert cells(raw.encode(), delimiter=said) == [
        ["age", "job", "y"],
        ["58", "works; at times", "no"],
        ["44", 'a "b"', "yes"],
    ]


def test_a_column_of_sentences_in_quotes_stays_one_column():
    assert cells(b'text\n"Well, no, thanks"\n"One, two; three"\n') == [
        ["text"],
        ["Well, no, thanks"],
        ["One, two; three"],
    ]
    assert cells(b'"Name, first"\nLi\nWang\n"Zhou, Wei"\n')[0] == ["Name, first"]
    assert cells(b'a,b\n"x, y"\n1,2\n"z, w"\n')[1] == ["x, y"]


def test_a_wrapped_row_that_does_not_fit_stands_under_its_own_number():
    table = read(b'"""a"";""b"""\n"1;2"\n"3;4;5"\n"6;7"\n"8;9"\n' + b'"1;2"\n' * 12, FileOptions(), LIMITS)

    assert [(r.number, len(r.cells)) for r in table.records][:3] == [(2, 2), (3, 3), (4, 2)]


def test_title_lines_are_skipped_and_rows_keep_the_number_that_a_spreadsheet_shows():
    table = read(b"Report\n\na,b\n1,2\n\n3,4\n", FileOptions(skip_rows=2), LIMITS)

    assert table.headers == ["a", "b"]
    assert [(r.number, r.ordinal, r.cells) for r in table.records] == [(4, 1, ["1", "2"]), (6, 2, ["3", "4"])]


@pytest.mark.parametrize("end", ["\x1a", "\r\n\x1a\r\n", "\u3000,\xa0\n"])
def test_what_an_old_system_ends_a_file_with_is_no_row(end):
    assert cells(f"a,b\r\n1,2\r\n{end}".encode()) == [["a", "b"], ["1", "2"]]


def test_line_breaks_inside_quotes_belong_to_the_cell():
    assert cells(b'a,b\r\n"one\r\ntwo",2\r\n')[1] == ["one\r\ntwo", "2"]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty_file"),
        (b" \r\n ", "empty_file"),
        (b"a,b\n1\x00,2\n", "nul_character"),
        ("a,b\n1,2\n".encode("utf-16-le"), "nul_character"),
        (b'a,b\n"never closed,2\n', "broken_csv"),
        (b"\xff\xfe\xd8", "wrong_encoding"),
        (b"a\n\xff\xff\xff\n", "unknown_encoding"),
        (b"%PDF-1.7", "wrong_kind"),
        (b"\x89PNG\r\n", "wrong_kind"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old_excel"),
        (b"PK\x03\x04 not a zip at all", "broken_xlsx"),
    ],
)
def test_what_is_no_table_is_refused_with_its_reason(raw, code):
    with pytest.raises(FileRefused) as refused:
        cells(raw)

    assert refused.value.code == code
    assert str(refused.value)


def test_rows_and_columns_beyond_the_limit_are_refused():
    with pytest.raises(FileRefused) as wide:
        cells(",".join(f"c{i}" for i in range(101)).encode())
    with pytest.raises(FileRefused) as long:
        cells(b"a\n" + b"1\n" * 6, limits=Limits(rows=5))

    assert (wide.value.code, long.value.code) == ("too_many_columns", "too_many_rows")


def test_a_workbook_gives_the_same_text_as_the_same_csv():
    book = workbook(
        ["id", "balance", "rate", "opened", "vip", "note"],
        ["0017", 1787.0, 0.1, date(2017, 3, 21), True, "=1+1"],
        ["0018", -366, 0.00025, datetime(2024, 1, 2, 3, 4), False, ""],
        strings_to_formulas=False,
    )

    header, first, second = cells(book)

    assert header == ["id", "balance", "rate", "opened", "vip", "note"]
    assert first == ["0017", "1787", "0.1", "2017-03-21", "TRUE", "=1+1"]
    assert second[:3] == ["0018", "-366", "0.00025"]
    assert isinstance(first[1], CellNumber) and isinstance(first[3], CellDate)


def test_a_number_that_a_spreadsheet_has_rounded_shows_as_excel_shows_it():
    assert number_text(110101199003074518.0) == "1.1010119900307451E+17"
    assert number_text(4.4e17) == "4.4E+17"
    assert number_text(1787.0) == "1787"
    assert number_text(1e-7) == "0.0000001"


def test_an_error_value_in_a_workbook_is_not_taken_for_an_empty_cell():
    body = io.BytesIO()
    book = xlsxwriter.Workbook(body, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["id", "balance"])
    sheet.write_string(1, 0, "A1")
    sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!")
    book.close()

    assert cells(body.getvalue())[1] == ["A1", "#VALUE!"]


def test_a_sheet_is_chosen_by_name_or_number():
    book = workbook(["a"], ["1"], sheets=("First", "客户"))

    assert cells(book, sheet="客户") == cells(book, sheet=2) == [["a"], ["1"]]
    with pytest.raises(MappingRefused) as refused:
        cells(book, sheet="Third")
    assert "客户" in str(refused.value)


def test_empty_rows_of_a_workbook_do_not_count_but_keep_the_numbering():
    table = read(workbook(["Title"], [], ["a", "b"], [1, 2], [], [3, 4]), FileOptions(skip_rows=2), LIMITS)

    assert [(r.number, r.ordinal, r.cells) for r in table.records] == [(4, 1, ["1", "2"]), (6, 2, ["3", "4"])]


def repacked(book: bytes, part: str, body: bytes) -> bytes:
    """The workbook with one part replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, body if entry.filename == part else old.read(entry.filename))
    return out.getvalue()


def refused_within(seconds: float, raw: bytes) -> str:
    started = time.monotonic()
    with pytest.raises(FileRefused) as refused:
        cells(raw)
    assert time.monotonic() - started < seconds
    return refused.value.code


SHEET = "xl/worksheets/sheet1.xml"
SPACE = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def test_a_workbook_that_unpacks_to_half_a_gigabyte_is_refused_before_it_is_opened():
    bomb = repacked(workbook(["a"], ["1"]), SHEET, b"<worksheet " + SPACE + b">" + b" " * 495_000_000 + b"</worksheet>")

    assert len(bomb) < 2_000_000
    assert refused_within(2, bomb) == "too_large_unpacked"


def test_a_workbook_that_lies_about_its_unpacked_size_takes_nothing_down():
    honest = repacked(
        workbook(["a"], ["1"]), SHEET, b"<worksheet " + SPACE + b">" + b" " * 300_000_000 + b"</worksheet>"
    )
    size = struct.pack("<I", 300_000_000 + len(b"<worksheet " + SPACE + b"></worksheet>"))
    assert size in honest
    lie = honest.replace(size, struct.pack("<I", 1000))

    assert refused_within(10, lie) in {"broken_xlsx", "too_large_unpacked"}


def test_a_tiny_workbook_with_a_huge_dimension_is_refused():
    sheet = b"<worksheet " + SPACE + b'><dimension ref="A1:XFD1048576"/><sheetData/></worksheet>'
    tiny = repacked(workbook(["a"], ["1"]), SHEET, sheet)

    assert len(tiny) < 10_000
    assert refused_within(2, tiny) in {"too_many_columns", "too_many_rows"}


@pytest.mark.parametrize(("cell", "code"), [(b"XFD2", "too_many_columns"), (b"A1048576", "too_many_rows")])
def test_a_sheet_that_hides_a_far_cell_behind_a_small_dimension_is_refused(cell, code):
    row = cell.lstrip(b"XFDA")
    sheet = (
        b"<worksheet " + SPACE + b'><dimension ref="A1:B2"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        b'<row r="' + row + b'"><c r="' + cell + b'"><v>1</v></c></row></sheetData></worksheet>'
    )

    assert refused_within(2, repacked(workbook(["a"], ["1"]), SHEET, sheet)) == code


def test_a_workbook_with_entities_is_refused():
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet ' + SPACE + b"><sheetData/></worksheet>"

    assert refused_within(2, repacked(workbook(["a"], ["1"]), SHEET, laughs)) == "hostile_xml"


def test_an_archive_that_is_no_workbook_is_refused():
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("evil.exe", zlib.compress(b"MZ"))

    assert refused_within(2, body.getvalue()) == "not_xlsx"


def test_a_workbook_above_ten_megabytes_is_refused():
    assert refused_within(2, b"PK\x03\x04" + b"x" * (10 * 1024 * 1024)) == "file_too_large"


def part_of(raw: bytes, name: str, change) -> bytes:
    """The same workbook with one part of it changed."""
    body = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == name else old.read(part))
    return body.getvalue()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (b'<row><c t="s"><v>0</v></c></row>' * 400_000, "too_many_rows"),
        (b"<row>" + b'<c t="s"><v>0</v></c>' * 400_000 + b"</row>", "too_many_columns"),
    ],
    ids=["rows", "cells"],
)
def test_rows_and_cells_that_do_not_say_where_they_are_count_as_well(more, code):
    raw = part_of(
        workbook(["id"], ["1"]),
        "xl/worksheets/sheet1.xml",
        lambda body: body.replace(b"</sheetData>", more + b"</sheetData>"),
    )

    assert refusal(raw) == code


def test_a_million_blank_rows_of_a_workbook_are_counted_not_told():
    raw = workbook(["id"], ["1"], *([[""]] * 2_000), ["2"])

    records = list(read(raw, FileOptions(), LIMITS).records)

    assert [(record.number, record.ordinal, record.cells) for record in records] == [(2, 1, ["1"]), (2003, 2, ["2"])]


@pytest.mark.parametrize("raw", [b"<html><table>", b"\xef\xbb\xbf <!DOCTYPE html>", b'<?xml version="1.0"?><Workbook>'])
def test_a_web_page_that_bears_the_name_of_a_spreadsheet_is_told_what_it_is(raw):
    assert refusal(raw) == "wrong_kind"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('="0600100001"', "0600100001"),
        ('"=""0600100001"""', "0600100001"),
        ("'=1+1", "=1+1"),
        ("'-5", "-5"),
        ("\u200b王五\ufeff", "王五"),
        ('="', '="'),
        ("'n roll", "'n roll"),
    ],
)
def test_what_was_wrapped_against_spreadsheets_is_unwrapped(cell, text):
    (_head, (found,)) = cells(f"a\n{cell}\n".encode())

    assert plain_text(found) == text


def test_a_title_wrapped_against_spreadsheets_is_unwrapped():
    assert cells('="资金账号"\t="姓名"\n="06"\t="王五"\n'.encode())[0] == ["资金账号", "姓名"]


@given(st.text(alphabet="=+-@'\"ab0１＝ ", max_size=8))
@example("'=1+1")
@example("''@")
def test_what_an_export_writes_comes_back_as_it_was(text):
    name = text.strip()
    if not (name.startswith('="') and name.endswith('"')):
        assert plain_text(defused(name)) == name


@pytest.mark.parametrize(
    "text", ["\u202a+86 138 0013 8000\u202c", "\u200e+86 138 0013 8000", "\u2066+86 138 0013 8000\u2069 "]
)
def test_signs_of_direction_that_a_phone_puts_around_a_number_are_taken_off(text):
    assert plain_text(text) == "+86 138 0013 8000"
    assert plain_text("a\u202eb") == "a\u202eb"  # inside they make one word look like another, and are refused
