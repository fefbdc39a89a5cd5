"""Text to values: nothing is repaired in silence."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from crm.core.importing.fields import ImportField
from crm.core.importing.rejects import defused, hidden
from crm.core.importing.table import CellNumber, number_text
from crm.core.importing.values import BadValue, parser_for

pytestmark = pytest.mark.nodb


def parse(kind: str, text: str, *, date_format: str = "", decimal: str = ".", **limits):
    if kind == "choice":
        limits.setdefault("choices", [("open", "Open"), ("closed", "已关闭")])
    return parser_for(ImportField("f", kind, **limits), date_format=date_format, decimal=decimal)(text)


def refused(kind: str, text: str, **options) -> str:
    with pytest.raises(BadValue) as bad:
        parse(kind, text, **options)
    assert bad.value.message
    return bad.value.code


@pytest.mark.parametrize(
    "text",
    ["NaN", "nan", "Infinity", "1e400", "1E5", "１００", "٣", "--1", "1,2,3", "12,34", "0x10", "1_000", "1 2", "−5"],
)
@pytest.mark.parametrize("kind", ["money", "decimal", "integer"])
def test_what_only_resembles_a_number_is_refused(kind, text):
    assert refused(kind, text) in {"not_a_number", "scientific_notation"}


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1787", "1787.00"),
        ("-366", "-366.00"),
        ("1,234,567.8", "1234567.80"),
        ("¥12.5", "12.50"),
        ("0.005", "0.01"),
        ("-0.005", "-0.01"),
        (".5", "0.50"),
        ("+7", "7.00"),
        ("99999999999999.99", "99999999999999.99"),
    ],
)
def test_amounts_are_read_as_people_write_them(text, amount):
    assert parse("money", text) == Decimal(amount)


def test_minus_nothing_is_nothing():
    assert str(parse("money", "-0")) == "0.00"


def test_an_amount_beyond_any_book_is_refused():
    assert refused("money", "100000000000000") == "too_large"


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=2))
def test_an_amount_that_went_through_a_spreadsheet_is_still_the_same(amount):
    assert parse("money", CellNumber(number_text(float(amount)))) == parse("money", str(amount))


@pytest.mark.parametrize("text", ["4.4E+17", "4.40102E+17", "1E+5"])
@pytest.mark.parametrize("kind", ["code", "text", "integer", "money"])
def test_a_number_cut_to_scientific_notation_is_refused(kind, text):
    assert refused(kind, text) == "scientific_notation"


def test_an_identifier_keeps_its_zeros_and_has_no_blanks():
    assert parse("code", "000017") == "000017"
    assert parse("code", "Ａ１７") == "A17"
    assert refused("code", "A 17") == "blank_inside"


def test_text_is_kept_unless_it_hides_control_characters_or_is_too_long():
    assert parse("text", "=1+1") == "=1+1"
    assert parse("text", "one\r\ntwo") == "one\ntwo"
    assert refused("text", "bell\x07") == "control_character"
    assert refused("text", "长" * 81, max_length=80) == "too_long"


def test_a_spreadsheet_error_is_never_a_value():
    assert {refused(kind, "#N/A") for kind in ("text", "code", "money", "date", "choice")} == {"cell_error"}


@pytest.mark.parametrize("text", ["2024-02-29", "2024/2/29", "2024.02.29", "20240229", "2024年2月29日"])
def test_dates_are_read_as_people_write_them(text):
    assert parse("date", text) == date(2024, 2, 29)


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-29 00:00:00", "2024-02-29T00:00:00", "2024/2/29 0:00", "2024-02-29T08:15:30.000Z", "20240229 10:30",
        "2024-02-29T12:00:00+08:00", "2024-02-29T06:00:00-01:00",
    ],
)  # fmt: skip
def test_a_day_may_be_written_with_a_time(text):
    assert parse("date", text) == date(2024, 2, 29)


@pytest.mark.parametrize("text", ["2024-02-29T12:00:00-05:00", "2024-02-28T16:00:00Z", "2024-02-29T00:00:00+14:00"])
def test_a_time_that_is_another_day_here_is_no_day_until_the_mapping_says_so(text):
    assert refused("date", text) == "day_of_elsewhere"
    assert parse("date", text, date_format="%Y-%m-%dT%H:%M:%S%z").isoformat() == text[:10]


def test_a_time_west_of_greenwich_is_a_point_in_time():
    assert parse("datetime", "2024-03-05T08:00:00-05:00") == datetime(2024, 3, 5, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2024-02-30 00:00:00", "2024-02-29 25:00", "2024-02-29 8:5", "29/02/2024 00:00", "8:00"]
)
def test_a_time_does_not_make_a_day(text):
    assert refused("date", text) == "not_a_date"


@pytest.mark.parametrize(
    "text", ["2023-02-29", "2024-13-01", "29.02.2024", "24-02-29", "２０２４-02-29", "2024-02/29", "45000"]
)
def test_a_date_that_does_not_exist_or_could_be_read_twice_is_refused(text):
    assert refused("date", text) == "not_a_date"


def test_a_date_outside_of_living_memory_is_refused():
    assert refused("date", "0001-01-01") == refused("date", "9999-12-31") == "date_out_of_range"
    assert refused("date", "0001-01-01T00:00:00+14:00") == "date_out_of_range"


def test_a_moment_is_shanghai_time_unless_it_says_otherwise():
    assert parse("datetime", "2024-03-05 08:00") == datetime(2024, 3, 5, 0, 0, tzinfo=UTC)
    assert parse("datetime", "2024-03-05T08:00:00Z") == datetime(2024, 3, 5, 8, 0, tzinfo=UTC)
    assert parse("datetime", "2024-03-05") == datetime(2024, 3, 4, 16, 0, tzinfo=UTC)
    assert refused("datetime", "2024-03-05 25:00") == "not_a_time"


def test_yes_and_no_are_understood_in_both_languages():
    assert [parse("boolean", word) for word in ("TRUE", "yes", "是", "1", "No", "否", "0")] == [True] * 4 + [False] * 3
    assert refused("boolean", "maybe") == "not_a_boolean"


def test_a_choice_is_known_by_value_and_by_label():
    assert [parse("choice", word) for word in ("open", "OPEN", "已关闭")] == ["open", "open", "closed"]
    assert refused("choice", "ajar") == "unknown_choice"


def test_whole_numbers_have_no_fraction_and_stay_in_their_limits():
    assert parse("integer", "17.0") == 17
    assert refused("integer", "17.5") == "not_an_integer"
    assert refused("integer", "-1", minimum=0) == "too_small"


def test_a_rate_with_too_many_places_is_refused_but_not_for_a_spreadsheets_noise():
    assert parse("decimal", "0.000250", places=6) == Decimal("0.000250")
    assert refused("decimal", "0.0000001", places=6) == "too_many_places"
    assert parse("decimal", CellNumber("0.30000000000000004"), places=6) == Decimal("0.300000")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "－1"])
def test_a_rejected_value_is_no_formula_in_the_errors_file(text):
    assert defused(text) == "'" + text


def test_a_sensitive_value_shows_too_little_to_be_used():
    assert hidden("13812348000") == "****00"
    assert hidden("12345") == "****"


@pytest.mark.parametrize(
    ("text", "unit", "amount"),
    [
        ("12.5", "万元", "125000.00"),
        ("1,234.5", "万", "12345000.00"),
        ("12.5万", "", "125000.00"),
        ("3亿元", "", "300000000.00"),
        ("-0.00005万元", "", "-0.50"),
        ("88元", "万元", "88.00"),
        ("7", "", "7.00"),
    ],
)
def test_an_amount_is_in_the_unit_behind_it_else_in_that_of_its_column(text, unit, amount):
    assert parser_for(ImportField("f", "money"), unit=unit)(text) == Decimal(amount)


def test_a_unit_does_not_lift_an_amount_over_what_the_books_hold():
    with pytest.raises(BadValue) as bad:
        parser_for(ImportField("f", "money"), unit="亿元")("99999999999")

    assert bad.value.code == "too_large"


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("(500)", "-500.00"), ("（1,234.50）", "-1234.50"), ("¥(500)", "-500.00"), ("(¥500)", "-500.00"),
        ("(1.5万)", "-15000.00"), ("(1.5)万元", "-15000.00"), ("-", "0.00"), ("¥ -", "0.00"),
    ],
)  # fmt: skip
def test_amounts_are_read_as_a_book_of_accounts_writes_them(text, amount):
    assert str(parse("money", text)) == amount


@pytest.mark.parametrize("text", ["--", "---", "—", "——"])
def test_dashes_say_that_there_is_no_amount(text):
    assert parse("money", text) is None


@pytest.mark.parametrize(
    "text", ["(-500)", "(+5)", "()", "(500", "500)", "((5))", "(a)", "-(5)", "(-)", "(5)(6)", "5-"]
)
def test_brackets_that_may_mean_either_are_refused(text):
    assert refused("money", text) == "not_a_number"


def test_only_amounts_know_the_habits_of_a_book_of_accounts():
    assert {refused(kind, text) for kind in ("integer", "decimal") for text in ("(5)", "-", "--")} == {"not_a_number"}


def test_a_bracketed_amount_meets_the_bounds_of_its_field():
    assert refused("money", "(5)", minimum=0) == "too_small"


@pytest.mark.parametrize("text", ["万", "元", "¥", "12万3", "1.5万万", "一万"])
def test_a_unit_alone_is_no_amount(text):
    assert refused("money", text) == "not_a_number"


@pytest.mark.parametrize("text", ["=1+1", "@x", "＝1+1"])
def test_a_formula_is_no_identifier(text):
    assert refused("code", text) == "formula"


def test_a_sign_without_width_never_makes_a_second_identifier():
    assert refused("code", "A\u200b1") == "blank_inside"
    assert parse("code", "'0600100001") == "0600100001"


def test_a_name_that_turns_the_direction_of_writing_is_refused():
    assert refused("text", "a\u202eb") == "control_character"


def test_a_number_cell_in_a_column_of_dates_is_the_day_that_the_spreadsheet_means():
    assert parse("date", CellNumber("46027")) == date(2026, 1, 5)
    assert parse("date", CellNumber("20260105")) == date(2026, 1, 5)
    assert parse("date", "46027", date_format="excel") == date(2026, 1, 5)
    assert parse("datetime", CellNumber("46027.5")).replace(tzinfo=None) == datetime(2026, 1, 5, 12)  # noqa: DTZ001
    assert refused("date", "46027") == "not_a_date"
    assert refused("date", CellNumber("12")) == "not_a_date"


def test_several_date_formats_are_tried_in_their_order():
    parse_day = parser_for(ImportField("f", "date"), date_format=["%d/%m/%Y", "%Y-%m-%d", "excel"])

    assert {parse_day(text) for text in ("05/01/2026", "2026-01-05", "46027")} == {date(2026, 1, 5)}
    with pytest.raises(BadValue):
        parse_day("5 Jan 2026")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_choice_is_understood_in_both_languages_whoever_brings_the_file_in(language):
    from django.utils.translation import gettext_lazy

    field = ImportField("f", "choice", choices=[("male", gettext_lazy("Male")), ("female", gettext_lazy("Female"))])
    with override(language):
        read = parser_for(field)

    assert [read(text) for text in ("男", "Male", "male")] == ["male"] * 3


def test_a_word_that_is_no_choice_is_answered_with_what_people_and_mappings_call_them():
    with pytest.raises(BadValue) as bad:
        parse("choice", "?")

    assert bad.value.message.endswith("open、已关闭 (closed)。") or bad.value.message.endswith("open, 已关闭 (closed).")
