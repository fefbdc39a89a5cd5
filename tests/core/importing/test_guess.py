"""What is recognised of a file before anybody has looked at it: its header, its columns, how its days are written."""

from __future__ import annotations

import io

import pytest
import xlsxwriter

from crm.core.importing import TARGETS
from crm.core.importing.fields import ImportField
from crm.core.importing.guess import recognised
from crm.core.importing.mapping import Mapping
from crm.core.importing.problems import MappingRefused
from crm.core.importing.table import Limits
from tests.core.importing.kinds import DepartmentTarget

pytestmark = pytest.mark.nodb


class Clients(DepartmentTarget):
    kind = "guessed"
    row_key_field = "number"
    fields = (
        ImportField("number", "code", label="Number", required=True, headers=("客户号", "uid")),
        ImportField("name", "text", label="Name", headers=("姓名",)),
        ImportField("opened", "date", label="Opened", headers=("开户日期",)),
        ImportField("born", "date", label="Born", headers=("出生日期", "birthday")),
        ImportField("phone", "text", label="Phone", reads="phone"),
        ImportField("said", "text", label="Said", headers=("note",)),
    )


@pytest.fixture(autouse=True)
def kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TARGETS, "guessed", Clients())


def found(raw: str | bytes, **options: bool) -> Mapping:
    return recognised(raw.encode() if isinstance(raw, str) else raw, "guessed", Limits(), **options)


TABLE = "客户号;姓名;开户日期\nA1;李;2024-03-05\n"


@pytest.mark.parametrize("above", ["客户信息表\n", "客户信息表;;\n打印日期：2026-06-01;;\n\n", "某营业部\n\n\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_the_header_is_found_below_the_name_of_a_report(above: str, encoding: str) -> None:
    mapping = found((above + TABLE).encode(encoding))

    assert mapping.columns == {"number": "客户号", "name": "姓名", "opened": "开户日期"}
    assert mapping.file.skip_rows == above.count("\n")


def test_a_header_that_is_recognised_where_it_stands_is_the_header() -> None:
    assert found("客户号,x\n客户号,姓名\n").file.skip_rows == 0
    assert found(TABLE).file.skip_rows == 0


def test_rows_of_data_are_no_header() -> None:
    with pytest.raises(MappingRefused):
        found("a,b\n1,2\n客户号,4\n")

    assert found("a,b\n1,2\n客户号,4\n", incomplete=True).file.skip_rows == 0


def test_the_header_of_a_workbook_is_found_below_the_name_of_a_report() -> None:
    body = io.BytesIO()
    book = xlsxwriter.Workbook(body, {"in_memory": True})
    sheet = book.add_worksheet()
    for at, row in enumerate((["客户信息表"], ["客户号", "出生日期"], ["A1", "15.04.1953"])):
        sheet.write_row(at, 0, row)
    book.close()

    mapping = found(body.getvalue())

    assert (mapping.file.skip_rows, mapping.columns) == (1, {"number": "客户号", "born": "出生日期"})
    assert mapping.formats == {"born": {"date": "%d.%m.%Y"}}


@pytest.mark.parametrize(
    ("days", "form"),
    [
        (["7/26/2013", "3/5/2016"], "%m/%d/%Y"), (["26/7/2013", "3/5/2016", ""], "%d/%m/%Y"), (["3/5/2016", "4/6/2016"], ""),
        (["15.04.1953"], "%d.%m.%Y"), (["26-Jul-2013"], "%d-%b-%Y"), (["2024-03-05", "26/7/2013"], ""), (["soon"], ""),
        (["7/26/2013", "26/7/2013"], ""), (["7/26/13"], ""), ([""], ""),
    ],
)  # fmt: skip
def test_how_days_are_written_is_recognised_where_they_can_be_read_in_one_way_only(days: list[str], form: str) -> None:
    rows = "".join(f"A{at},{day},2024-03-05\n" for at, day in enumerate(days))

    assert found("客户号,出生日期,开户日期\n" + rows).formats == ({"born": {"date": form}} if form else {})


def test_numbers_of_days_are_no_days_whatever_their_title_says() -> None:
    mapping = found("客户号,出生日期,开户日期\nA1,5,2024-03-05\nA2,28,\n")

    assert mapping.columns == {"number": "客户号", "opened": "开户日期"}
    assert "born" in found("客户号,出生日期\nA1,5\nA2,soon\n").columns


def test_an_address_book_is_recognised_with_what_nobody_can_dial_as_a_warning() -> None:
    mapping = found("BEGIN:VCARD\nVERSION:3.0\nFN:A\nTEL:none\nEND:VCARD\n")

    assert mapping.columns == {"number": "uid", "name": "name", "born": "birthday", "phone": "phone", "said": "note"}
    assert mapping.formats == {"phone": {"unreadable": "warn"}}
    assert mapping.skip_when == {"note": ("",)}
