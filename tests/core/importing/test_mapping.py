"""What a mapping may say, and that everything it says wrongly is named."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils.translation import override

from crm.core.importing.binding import Binding, Reading
from crm.core.importing.fields import ImportField
from crm.core.importing.guess import guess
from crm.core.importing.mapping import Mapping, parse, text_of
from crm.core.importing.problems import MappingRefused
from crm.core.importing.table import CellDate, CellNumber, Record

pytestmark = pytest.mark.nodb

FIELDS = (
    ImportField("external_id", "code", label="Client number", required=True, headers=("客户号",)),
    ImportField("name", "text", label="Name", headers=("姓名", "客户姓名")),
    ImportField("marital", "choice", choices=["single", "married", "unknown"]),
    ImportField("assets", "money"),
    ImportField("contacted_on", "date"),
    ImportField("dnc", "boolean"),
    ImportField("phone", "text", reads="phone"),
    ImportField("email", "text", reads="email"),
)
MONTHS = "\n".join(
    f'{number:02} = "{name}"'
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
)


def read(mapping: str, headers: list[str], *rows: list[str], assumed: dict[str, str] | None = None) -> list[Reading]:
    bound = Binding(parse(mapping), headers, FIELDS, row_key_field="external_id", assumed=assumed)
    return list(bound.read([Record(at + 1, at, list(cells)) for at, cells in enumerate(rows, 1)]))


def values(mapping: str, headers: list[str], *rows: list[str]) -> list[dict[str, Any]]:
    found = read(mapping, headers, *rows)
    assert not [problem for reading in found for problem in reading.problems]
    return [reading.values for reading in found]


def refused(mapping: str, headers: list[str] = ["id", "name"]) -> str:  # noqa: B006  never changed
    with pytest.raises(MappingRefused) as refusal:
        read(mapping, headers)
    return str(refusal.value)


ID = '[columns]\nexternal_id = "id"\n'


def test_columns_are_found_by_their_title_whatever_its_case_width_and_blanks():
    assert values('[columns]\nexternal_id = "Client No"\n', ["ｃｌｉｅｎｔ  no", "x"], ["A1", "-"]) == [
        {"external_id": "A1"}
    ]


def test_values_are_translated_one_or_many_to_one_with_a_default():
    mapping = ID + 'marital = "m"\n[values.marital]\nmarried = ["M", "divorced"]\nsingle = "S"\nunknown = "*"\n'

    found = values(mapping, ["id", "m"], ["1", "M"], ["2", "divorced"], ["3", "s"], ["4", "?"], ["5", ""])

    assert [row["marital"] for row in found] == ["married", "married", "single", "unknown", "unknown"]


def test_the_default_may_also_be_written_the_other_way_round():
    mapping = ID + 'marital = "m"\n[values.marital]\nmarried = "M"\n"*" = "single"\n'

    assert [row["marital"] for row in values(mapping, ["id", "m"], ["1", "M"], ["2", "?"])] == ["married", "single"]


def test_without_a_default_a_value_stays_as_it_is_and_has_to_fit():
    mapping = ID + 'marital = "m"\n[values.marital]\nmarried = "M"\n'

    good, bad = read(mapping, ["id", "m"], ["1", "single"], ["2", "widowed"])

    assert good.values["marital"] == "single"
    assert [(p.field, p.value, p.code) for p in bad.problems] == [("marital", "widowed", "unknown_choice")]


def test_a_constant_holds_for_every_row():
    assert values(ID + "[constants]\nassets = 5\ndnc = true\n", ["id"], ["1"])[0] == {
        "external_id": "1",
        "assets": Decimal("5.00"),
        "dnc": True,
    }


def test_formats_say_how_dates_and_numbers_are_written():
    mapping = (
        ID
        + 'contacted_on = "d"\nassets = "a"\n[formats.contacted_on]\ndate = "%d-%m-%Y"\n[formats.assets]\ndecimal = ","\n'
    )

    (row,) = values(mapping, ["id", "d", "a"], ["1", "21-03-2017", "1.234.567,89"])

    assert (row["contacted_on"], row["assets"]) == (date(2017, 3, 21), Decimal("1234567.89"))


def test_formats_do_not_touch_cells_that_a_spreadsheet_has_typed():
    mapping = (
        ID
        + 'contacted_on = "d"\nassets = "a"\n[formats.contacted_on]\ndate = "%Y-%d-%m"\n[formats.assets]\ndecimal = ","\n'
    )

    (row,) = values(mapping, ["id", "d", "a"], ["1", CellDate("2017-03-05"), CellNumber("1234.5")])

    assert (row["contacted_on"], row["assets"]) == (date(2017, 3, 5), Decimal("1234.50"))


@override("en")
@pytest.mark.parametrize(
    ("said", "why"),
    [
        ('[formats.phone]\ncountry = "XX"', "two letters"),
        ('[formats.phone]\ncountry = "us"', "two letters"),
        ("[formats.phone]\ncountry = 86", "two letters"),
        ('[formats.email]\ncountry = "US"', "country is for phones, not for: email"),
        ('[formats.phone]\nunreadable = "skip"', "unreadable must be one of: reject, warn"),
        ('[formats.name]\nunreadable = "warn"', "for phones and e-mails, not for: name"),
    ],
)
def test_a_country_and_leniency_are_for_what_people_are_reached_by(said: str, why: str):
    columns = ID + 'name = "name"\nphone = "name"\n' if "phone" in said else ID + 'name = "name"\n'

    assert why in refused(f"{columns}{said}\n")


@override("en")
def test_a_country_and_leniency_may_be_said():
    mapping = ID + 'phone = "name"\n[formats.phone]\ncountry = "HK"\nunreadable = "warn"\n'

    assert values(mapping, ["id", "name"], ["1", "2"])[0]["phone"] == "2"


def test_a_date_is_put_together_from_a_constant_year_and_translated_months():
    mapping = (
        ID
        + f'[constants]\nyear = 2008\n[values.month]\n{MONTHS}\n[compose]\ncontacted_on = "{{year}}-{{month}}-{{day}}"\n'
    )

    first, empty = read(mapping, ["id", "day", "month"], ["1", "5", "may"], ["2", "", ""])

    assert first.values["contacted_on"] == date(2008, 5, 5)
    assert empty.values["contacted_on"] is None


def test_a_part_may_be_named_in_columns():
    mapping = (
        ID + f'm = "Monat"\n[constants]\nyear = 2008\n[values.m]\n{MONTHS}\n'
        '[compose]\ncontacted_on = "{year}-{m}-{Tag}"\n'
    )

    assert values(mapping, ["id", "Tag", "Monat"], ["1", "29", "feb"])[0]["contacted_on"] == date(2008, 2, 29)


def test_a_date_that_does_not_exist_is_a_problem_of_its_row():
    mapping = ID + '[constants]\nyear = 2007\n[compose]\ncontacted_on = "{year}-02-{day}"\n'

    (row,) = read(mapping, ["id", "day"], ["1", "29"])

    assert [(p.code, p.value) for p in row.problems] == [("not_a_date", "2007-02-29")]


@override("en")
def test_doubled_braces_are_braces_and_nothing_else_is_understood():
    mapping = ID + '[compose]\nname = "{{{id}}}"\n'

    assert values(mapping, ["id"], ["1"])[0]["name"] == "{1}"
    for template in ("{id.__class__}", "{0}", "{id!r}", "{id:>10}"):
        assert "no columns" in refused(ID + f'[compose]\nname = "{template}"\n')
    for template in ("{", "}", "{}"):
        assert "braces" in refused(ID + f'[compose]\nname = "{template}"\n')


def test_rows_are_skipped_by_the_words_of_a_column():
    mapping = ID + '[skip_when]\nstate = ["closed", ""]\n'

    found = read(mapping, ["id", "state"], ["1", "open"], ["2", "Closed"], ["3", ""])

    assert [reading.values["external_id"] for reading in found] == ["1"]


def test_the_row_key_is_the_number_of_the_data_row_whatever_is_skipped():
    first = '[file]\nkey = "row"\n[columns]\nname = "name"\n'
    second = first + '[skip_when]\nname = ["b"]\n'
    rows = [["a"], ["b"], ["c"]]

    assert [r.values["external_id"] for r in read(first, ["name"], *rows)] == ["1", "2", "3"]
    assert [r.values["external_id"] for r in read(second, ["name"], *rows)] == ["1", "3"]


def test_a_row_key_may_be_made_of_columns():
    mapping = '[file]\nkey = ["office", "no"]\n[columns]\nname = "name"\n'

    good, bad = read(mapping, ["office", "no", "name"], ["SH", "7", "x"], ["", "", "y"])

    assert good.values["external_id"] == "SH|7"
    assert [p.code for p in bad.problems] == ["key_missing"]


def test_a_row_with_more_or_fewer_cells_than_the_header_is_refused():
    good, long, short = read(ID, ["id", "x"], ["1", "a", ""], ["2", "a", "b"], ["3"])

    assert not good.problems
    assert [p.code for reading in (long, short) for p in reading.problems] == ["wrong_width", "wrong_width"]


@pytest.mark.parametrize(
    ("mapping", "named"),
    [
        ("[columns\n", "TOML"),
        ("[colums]\nname = 'a'\n", "colums"),
        (ID + "[file]\nkey = 'row'\nquote = 'x'\n", "quote"),
        (ID + "[file]\nkind = 'ods'\n", "kind"),
        (ID + "[file]\nencoding = 'klingon'\n", "klingon"),
        (ID + "[file]\ndelimiter = '#'\n", "delimiter"),
        (ID + "[file]\nskip_rows = -1\n", "skip_rows"),
        (ID + "[formats.assets]\nthousands = '.'\n", "thousands"),
        (ID + "[formats.assets]\ndecimal = ';'\n", "decimal"),
        (ID + "nickname = 'name'\n", "nickname"),
        (ID + "[constants]\nnickname = 'x'\n", "nickname"),
        (ID + "[values.nickname]\na = 'b'\n", "nickname"),
        (ID + "[formats.nickname]\ndecimal = ','\n", "nickname"),
        (ID + "name = 'nom'\n", "nom"),
        (ID + "[skip_when]\nmood = ['bad']\n", "mood"),
        (ID + "[compose]\nname = '{first} {last}'\n", "first、last"),
        ("[columns]\nname = 'name'\n", "external_id"),
        (ID + "[constants]\nexternal_id = 'x'\n", "external_id"),
        ("[file]\nkey = 'row'\n" + ID, "external_id"),
        (ID + "[values.marital]\na = 'x'\nb = 'x'\n", "marital"),
        (ID + "columns = 5\n", "columns"),
    ],
)
def test_what_does_not_fit_is_named(mapping, named):
    with override("zh-hans"):
        assert named in refused(mapping)


def test_a_column_that_is_there_twice_is_not_guessed_at():
    assert "id" in refused(ID, ["id", "name", "id"])


def test_a_title_that_differs_in_signs_alone_is_the_same_column():
    mapping = '[columns]\nexternal_id = "client_id"\nname = "full_name"\n'

    assert values(mapping, ["Full name?", "Client-ID"], ["Li", "A1"]) == [{"external_id": "A1", "name": "Li"}]
    assert values(mapping, ["Full name?", "full_name", "Client ID"], ["x", "Li", "A1"])[0]["name"] == "Li"
    assert "full_name" in refused(mapping, ["Full name?", "Full-name", "Client ID"])
    assert "external_id" not in guess(["#", "—"], FIELDS).columns


def test_a_guess_gives_a_column_to_the_field_that_is_called_so_before_one_that_differs_in_signs():
    fields = (ImportField("sub", "text", headers=("a.b",)), ImportField("whole", "text", headers=("ab",)))

    assert guess(["ab"], fields).columns == {"whole": "ab"}
    assert guess(["A-B?"], fields).columns == {"sub": "A-B?"}


def test_the_header_that_comes_again_is_no_row():
    rows = read(ID + 'name = "name"\n', ["id", "name"], ["1", "Li"], [" id", "name "], ["2", "name"], ["id", "Wang"])

    assert [row.values["name"] for row in rows] == ["Li", "name", "Wang"]
    assert len(read(ID, ["id"], ["id"])) == 1  # of one column nobody can tell


def test_numbers_of_rows_alone_fill_no_field():
    with override("en"):
        assert "fills no field" in refused('[file]\nkey = "row"\n')
        assert "fills no field" not in refused('[file]\nkey = "row"\n[columns]\nname = "x"\n')


def test_a_day_given_from_outside_fills_a_field_that_the_file_does_not_carry():
    (row,) = read(ID, ["id"], ["1"], assumed={"contacted_on": "2026-06-01"})

    assert row.values["contacted_on"] == date(2026, 6, 1)


def test_a_mapping_survives_being_kept():
    mapping = parse(
        '[file]\nkey = ["a", "b"]\nskip_rows = 2\n[columns]\nname = "n"\n[values.name]\nx = ["y"]\n'
        '[formats.contacted_on]\ndate = "%Y"\n[constants]\nyear = 1\n[compose]\ncontacted_on = "{year}"\n[skip_when]\nn = "z"\n'
    )

    assert Mapping.from_dict(mapping.as_dict()) == mapping


@pytest.mark.parametrize(
    "headers", [["客户号", "客户姓名", "备注"], ["Client Number", "NAME", "note"], ["external_id", "name", "x"]]
)
def test_a_mapping_is_guessed_from_chinese_and_english_titles(headers):
    assert guess(headers, FIELDS, row_key_field="external_id").columns == {
        "external_id": headers[0],
        "name": headers[1],
    }


def test_a_file_without_an_id_is_guessed_to_be_keyed_by_its_rows():
    guessed = guess(["name", "balance"], FIELDS, row_key_field="external_id")

    assert (guessed.key, guessed.columns) == ("row", {"name": "name"})


@pytest.mark.parametrize("title", ["总资产(万元)", "总资产（单位：万元）", "总资产_万元", "总资产【人民币万元】"])
def test_the_unit_in_a_title_counts_and_the_title_is_recognised(title):
    found = guess(["客户号", title], (*FIELDS[:1], ImportField("assets", "money", headers=("总资产",))))

    assert found.columns == {"external_id": "客户号", "assets": title}
    row = values(f'[columns]\nexternal_id = "id"\nassets = "{title}"\n', ["id", title], ["1", "12.5"])[0]
    assert row["assets"] == Decimal("125000.00")


def test_a_mapping_may_say_another_unit_than_the_title():
    mapping = ID + 'assets = "总资产(万元)"\n[formats.assets]\nunit = "元"\n'

    assert values(mapping, ["id", "总资产(万元)"], ["1", "12.5"])[0]["assets"] == Decimal("12.50")


@pytest.mark.parametrize("title", ["超过50万元", "balance", "总资产"])
def test_a_title_without_a_unit_has_none(title):
    row = values(f'[columns]\nexternal_id = "id"\nassets = "{title}"\n', ["id", title], ["1", "12.5"])[0]

    assert row["assets"] == Decimal("12.50")


def test_a_template_without_a_name_is_the_same_for_every_row():
    mapping = ID + '[compose]\ncontacted_on = "2024-05-01"\n'

    found = values(mapping, ["id"], ["1"], ["2"])

    assert [row["contacted_on"] for row in found] == [date(2024, 5, 1)] * 2


def test_date_formats_survive_being_kept():
    mapping = parse(ID + '[formats.contacted_on]\ndate = ["%d-%m-%Y", "excel"]\n')

    assert Mapping.from_dict(mapping.as_dict()) == mapping


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_mapping_is_read_whatever_editor_wrote_it(encoding):
    text = '[columns]\nexternal_id = "客户号"\nname = "客户姓名"\n'

    assert parse(text_of(text.encode(encoding))).columns["name"] == "客户姓名"


@pytest.mark.parametrize(
    "form",
    ['date = "dd.mm.yyyy"', 'date = "%d-%Q"', "date = []", 'date = ["%d", 5]', 'unit = "万美元"', 'date = "%"'],
)
def test_a_format_that_nobody_understands_is_refused_before_a_row_is_read(form):
    assert "contacted_on" in refused(ID + f"[formats.contacted_on]\n{form}\n")


def test_a_unit_is_for_amounts():
    assert "contacted_on" in refused(ID + 'contacted_on = "name"\n[formats.contacted_on]\nunit = "万元"\n')


def test_a_field_without_a_source_is_named_as_people_and_as_a_mapping_call_it():
    assert "Client number (external_id)" in refused('[columns]\nname = "name"\n')


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 20_000,
        "[columns]\nname = " + "{a=" * 5_000,
        "[constants]\nname = " + "9" * 5_000,
        "[constants]\nname = 0x" + "f" * 5_000,
        "[formats.assets]\nunit = ['万元']",
        '[constants]\nname = "a\\u0000b"',
        '[columns]\nname = "a\\u0000b"',
        '[values.marital]\nsingle = ["a", "\\u0000"]',
    ],
)
def test_a_text_that_is_no_mapping_is_refused_and_never_a_fault(text):
    with pytest.raises(MappingRefused):
        parse(text)
