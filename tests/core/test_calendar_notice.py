"""What a notice in a file may look like, and what is said about a wrong one."""

from __future__ import annotations

import io
import json
from datetime import date, datetime

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from crm.core.calendar_notice import MAX_BYTES, fill_years, read_notice

pytestmark = pytest.mark.nodb

HEADER = "date,is_workday,is_trading,note\n"


def codes(text: str | bytes) -> list[tuple[int, str, str]]:
    content = text if isinstance(text, bytes) else text.encode()
    return [(problem.row, problem.field, problem.code) for problem in read_notice(content).problems]


def test_a_notice_names_days_with_both_answers_and_a_note():
    notice = read_notice((HEADER + "2027-01-01,0,0,元旦\n2027-02-20,1,0,春节调休上班\n").encode())

    assert notice.problems == []
    assert [facts[:4] for facts in notice.days] == [
        (date(2027, 1, 1), False, False, "元旦"),
        (date(2027, 2, 20), True, False, "春节调休上班"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_from_a_chinese_spreadsheet_is_read_in_any_usual_encoding(encoding):
    content = "日期,工作日,交易日,备注\r\n2027/1/1,否,否,元旦\r\n2027/1/4,是,是,\r\n".encode(encoding)

    notice = read_notice(content)

    assert notice.problems == []
    assert [(facts.day, facts.is_workday, facts.note) for facts in notice.days] == [
        (date(2027, 1, 1), False, "元旦"),
        (date(2027, 1, 4), True, ""),
    ]


def test_without_an_answer_a_working_day_from_monday_to_friday_is_traded():
    notice = read_notice(b"date,is_workday\n2027-01-04,1\n2027-02-20,1\n2027-01-01,0\n")

    assert [facts.is_trading for facts in notice.days] == [True, False, False]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("2027-02-30,1,1,", (2, "date", "invalid_date")),
        ("soon,1,1,", (2, "date", "invalid_date")),
        (",1,1,", (2, "date", "invalid_date")),
        ("1066-10-14,1,1,", (2, "date", "date_out_of_range")),
        ("20270000000000000104-01-04,1,1,", (2, "date", "invalid_date")),
        ("2027-01-04,maybe,1,", (2, "is_workday", "not_yes_or_no")),
        ("2027-01-04,,1,", (2, "is_workday", "not_yes_or_no")),
        ("2027-01-04,1,2,", (2, "is_trading", "not_yes_or_no")),
        ("2027-01-04,0,1,", (2, "is_trading", "trading_not_workday")),
        ("2027-02-20,1,1,", (2, "is_trading", "trading_on_weekend")),
        ("2027-01-04,1,1," + "长" * 121, (2, "note", "too_long")),
    ],
)
def test_a_wrong_row_is_named_with_its_column(row, problem):
    assert codes(HEADER + row) == [problem]


def test_all_wrong_rows_are_named_by_the_number_a_spreadsheet_shows():
    text = HEADER + "2027-01-01,0,0,\n\n2027-01-01,0,0,\nx,0,0,\n"

    assert codes(text) == [(4, "date", "duplicate"), (5, "date", "invalid_date")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (HEADER.encode(), "empty_file"),
        (b"date,note\n2027-01-01,x\n", "missing_column"),
        (b"\xff\xfe\x00\x00", "unreadable"),
        (b"\x00" * 10, "unreadable"),
        (b"date,is_workday\n" + b"x" * 200_000, "unreadable"),
        (b"x" * (MAX_BYTES + 1), "too_large"),
    ],
    ids=["empty", "only a header", "no answers", "binary", "zeros", "endless cell", "huge"],
)
def test_a_file_that_is_no_notice_is_refused_as_a_whole(content, code):
    assert [found for _row, _field, found in codes(content)] == [code]


def book(*days: dict, year: object = 2028) -> bytes:
    return json.dumps({"$schema": "x", "year": year, "papers": [], "days": list(days)}, ensure_ascii=False).encode()


def test_a_list_of_holidays_names_days_off_and_the_days_worked_instead():
    notice = read_notice(
        b"\xef\xbb\xbf" + book(
            {"name": "元旦", "date": "2027-12-31", "isOffDay": True},
            {"name": "元旦", "date": "2028-01-08", "isOffDay": False},
            {"name": "春节", "date": "2028-01-26", "isOffDay": True},
        )
    )  # fmt: skip

    assert notice.problems == []
    assert [facts[:4] for facts in notice.days] == [
        (date(2027, 12, 31), False, False, "元旦"),
        (date(2028, 1, 8), True, False, "元旦调休上班"),
        (date(2028, 1, 26), False, False, "春节"),
    ]
    assert notice.years == {2028}
    # One day of the year before makes no calendar of that year.
    assert {facts.day.year for facts in fill_years(notice.days, notice.years) if facts.day != date(2027, 12, 31)} == {
        2028
    }


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (book(), [(1, "days", "empty_file")]),
        (b"{", [(1, "", "unreadable")]),
        (b"{" * 100_000, [(1, "", "unreadable")]),
        (b'{"year": 2028}', [(1, "", "unreadable")]),
        (book(year="2028"), [(1, "", "unreadable")]),
        (book(year=99999), [(1, "", "unreadable")]),
        (b'{"year": 2028, "days": {"a": 1}}', [(1, "", "unreadable")]),
        ("{“}".encode("gb18030"), [(1, "", "unreadable")]),
        (
            book({"name": "a", "date": "2028-01-01", "isOffDay": True}, {"name": "a", "date": "2028-02-30", "isOffDay": True}),
            [(2, "date", "invalid_date")],
        ),
        (book({"date": "2028-01-01", "isOffDay": "yes"}, 7), [(row, "isOffDay", "not_yes_or_no") for row in (1, 2)]),
        (book(*[{"date": "2028-01-01", "isOffDay": True}] * 2), [(2, "date", "duplicate")]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_list_of_holidays_is_named(content, problems):
    assert codes(content) == problems


def test_a_table_of_trading_days_says_nothing_about_work():
    notice = read_notice(b"trade_date,trade_status,day_week\n2028-01-03,0,2\n20280104,1,3\n2028-01-08,0,7\n")

    assert (notice.days, notice.problems) == ([], [])
    assert [tuple(found) for found in notice.trading] == [
        (2, date(2028, 1, 3), False),
        (3, date(2028, 1, 4), True),
        (4, date(2028, 1, 8), False),
    ]
    assert codes("trade_date,trade_status\n2028-01-08,1\n2028-01-08,0\n2028-01-08,0\nx,1\n2028-01-04,\n") == [
        (2, "is_trading", "trading_on_weekend"),
        (4, "date", "duplicate"),
        (5, "date", "invalid_date"),
        (6, "is_trading", "not_yes_or_no"),
    ]


@pytest.mark.parametrize(
    "written", ["2028-01-04", "2028/1/4", "2028.1.4", "20280104", "2028年1月4日", "2028-01-04 00:00:00"]
)
def test_a_day_is_read_as_spreadsheets_and_people_write_it(written):
    assert [facts.day for facts in read_notice(f"date;is_workday\n{written};1\n".encode("utf-16")).days] == [
        date(2028, 1, 4)
    ]


def test_a_notice_may_be_a_workbook():
    body = io.BytesIO()
    workbook = xlsxwriter.Workbook(body, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
    sheet = workbook.add_worksheet()
    sheet.write_row(0, 0, ["日期", "工作日", "说明"])
    sheet.write_datetime(1, 0, datetime(2028, 1, 3))  # noqa: DTZ001  a cell has no zone
    sheet.write_row(1, 1, [0, "元旦"])
    workbook.close()

    notice = read_notice(body.getvalue())

    assert [facts[:4] for facts in notice.days] == [(date(2028, 1, 3), False, False, "元旦")]


@given(st.binary(max_size=300))
def test_no_file_whatsoever_makes_the_reader_fall_over(content):
    notice = read_notice(HEADER.encode() + content)

    assert notice.days or notice.problems


def test_a_year_is_filled_up_with_monday_to_friday():
    notice = read_notice((HEADER + "2027-01-01,0,0,元旦\n2027-02-20,1,0,调休\n").encode())

    days = {facts.day: facts for facts in fill_years(notice.days)}

    assert len(days) == 365
    assert not days[date(2027, 1, 1)].is_workday
    assert days[date(2027, 2, 20)].is_workday
    assert days[date(2027, 1, 4)].is_trading
    assert not days[date(2027, 1, 2)].is_workday
