"""Public files as people pass them on: saved by a spreadsheet, with other titles, with fewer columns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from clients.models import Client, ContactLog, ContactPoint, DailyAsset
from crm.core.clocks import local_date
from crm.core.importing import TARGETS
from crm.core.importing.guess import guess, recognised
from crm.core.importing.table import Limits
from crm.core.importing.toml_out import to_toml

pytestmark = pytest.mark.django_db(transaction=True)

MAPPINGS = Path(__file__).resolve().parents[2] / "mappings"
DAY = "2026-06-01"
Run = Callable[..., dict[str, int]]

TITLES = "age;job;marital;education;default;balance;housing;loan;contact;day;month;duration;campaign;pdays;previous;poutcome;y"
ROWS = (
    "58;works, at times;married;unknown;no;-2143;yes;no;unknown;5;may;261;1;-1;0;unknown;no",
    "33;unknown;single;tertiary;no;1;yes;yes;cellular;29;jan;76;1;200;2;failure;yes",
)


def wrapped(line: str) -> str:
    """A line as a spreadsheet saves it that took the whole of it for one cell."""
    inner = ";".join(cell if cell.lstrip("-").isdigit() else f'""{cell}""' for cell in line.split(";"))
    return f'"{inner}"'


def plain(line: str, mark: str = ",") -> str:
    return mark.join(f'"{cell}"' if mark in cell else cell for cell in line.split(";"))


def test_a_bank_file_says_the_same_however_it_was_saved(run: Run, tmp_path: Path) -> None:
    lines = (TITLES, *ROWS)
    forms = {
        "as it is": "\n".join(lines),
        "wrapped": "\r\n".join(map(wrapped, lines)) + "\r\n",
        "commas": "\ufeff" + "\r\n".join(plain(line) for line in (TITLES.title(), *ROWS)),
        "told": "sep=\t\r\n" + "\r\n".join(plain(line, "\t") for line in lines),
        "numbered": "\n".join(plain(f"{at or ''};{line}") for at, line in enumerate(lines)),
        "one line end": "\r".join(lines),
    }
    for name, text in forms.items():
        file = tmp_path / f"{name}.csv"
        file.write_bytes(text.encode("utf-16" if name == "told" else "utf-8"))
        told = [
            run(kind, file, MAPPINGS / f"bank_{kind}.toml", "--date", DAY) for kind in ("clients", "assets", "contacts")
        ]
        found = "created" if name == "as it is" else "unchanged"
        assert [(said[found], said["rejected"]) for said in told] == [(2, 0)] * 3, name

    assert sorted(DailyAsset.objects.values_list("net_assets", flat=True)) == [Decimal(-2143), Decimal(1)]
    assert set(Client.objects.values_list("occupation", "education")) == {("works, at times", ""), ("", "tertiary")}


def test_a_bank_file_that_names_months_alone_gives_contacts_of_those_months(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "additional.csv"
    file.write_text(
        "age;job;marital;education;contact;month;day_of_week;duration;campaign;pdays;previous;poutcome;emp.var.rate;y\n"
        "56;housemaid;married;basic.4y;telephone;may;mon;261;1;999;0;nonexistent;-1.8;no\n"
        "41;admin.;single;unknown;cellular;nov;fri;75;3;6;2;success;-0.1;yes\n"
    )
    mapping = MAPPINGS / "bank_additional_contacts.toml"
    run("clients", file, MAPPINGS / "bank_clients.toml")

    assert run("contacts", file, mapping)["created"] == 2
    assert run("contacts", file, mapping)["unchanged"] == 2
    first, second = ContactLog.objects.order_by("at")
    assert (local_date(first.at), local_date(second.at)) == (date(2025, 5, 1), date(2025, 11, 1))
    assert (
        second.content == "campaign contact no. 3 on a fri; contacts before this campaign: 2; earlier outcome: success"
    )


@pytest.mark.parametrize(
    ("titles", "wanted"),
    [
        (
            "姓名 移动电话 电子邮件地址 单位 职务 身份证编号 生日 性别",
            "name phone email employer occupation id_number birth_date sex",
        ),
        (
            "Name|Phone 1 - Value|E-mail 1 - Value|Address 1 - Formatted|Birthday|Gender",
            "name phone email address birth_date sex",
        ),
        ("Name|Mobile Phone|E-mail Address|Home Address|Company|Job Title", "name phone email address employer occupation"),
    ],
)  # fmt: skip
def test_titles_of_address_books_in_columns_are_recognised(titles: str, wanted: str) -> None:
    headers = titles.split("|") if "|" in titles else titles.split()
    found = guess(headers, TARGETS["clients"].fields, row_key_field="external_id")

    assert found.columns == dict(zip(wanted.split(), headers, strict=True))


def test_several_phones_of_a_cell_are_cut_as_people_and_address_books_write_them(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "clients.csv"
    file.write_text(
        "客户号;姓名;电话;备用电话;其他邮箱\n"
        "A1;李和可;\u202a+86 138 0013 8000\u202c;13900139000/021-62345678，13700137000;a/b@example.com, c@example.com\n"
        "A2;王小二;;13600136000 ::: 13500135000;d@example.com ::: e@example.com\n",
        encoding="utf-8",
    )
    mapping = (
        '[columns]\nexternal_id = "客户号"\nname = "姓名"\nphone = "电话"\nphones = "备用电话"\nemails = "其他邮箱"\n'
    )

    assert run("clients", file, mapping)["created"] == 2
    assert run("clients", file, mapping)["unchanged"] == 2
    assert Client.objects.get(external_id="A1").phone == "+8613800138000"
    points = ContactPoint.objects.select_related("client")
    assert {(point.client.external_id, point.value) for point in points} == {
        ("A1", "+8613900139000"), ("A1", "+862162345678"), ("A1", "+8613700137000"), ("A1", "a/b@example.com"),
        ("A1", "c@example.com"), ("A2", "+8613600136000"), ("A2", "+8613500135000"), ("A2", "d@example.com"),
        ("A2", "e@example.com"),
    }  # fmt: skip


def test_an_address_book_comes_in_by_what_is_recognised_of_it(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "book.vcf"
    file.write_text(
        "BEGIN:VCARD\nVERSION:3.0\nFN:李和可\nTEL:none\nBDAY:1980/5/1\nNOTE:喜欢钓鱼\nEND:VCARD\n"
        "BEGIN:VCARD\nVERSION:3.0\nFN:王小二\nTEL:13800138000\nEND:VCARD\n",
        encoding="utf-8",
    )
    for kind, created in (("clients", 2), ("contacts", 1)):
        mapping = to_toml(recognised(file.read_bytes(), kind, Limits()))
        assert run(kind, file, mapping, "--date", DAY)["created"] == created
        assert run(kind, file, mapping, "--date", DAY)["unchanged"] == created
    assert ContactLog.objects.get().content == "喜欢钓鱼"


def test_balances_of_a_bank_file_come_in_by_what_is_recognised_of_it(run: Run, tmp_path: Path) -> None:
    """Its column ``day`` is a day of the month: the day of the balances is said beside the file."""
    file = tmp_path / "bank.csv"
    file.write_text("\n".join((TITLES, *ROWS)))
    for kind in ("clients", "assets"):
        mapping = to_toml(recognised(file.read_bytes(), kind, Limits()))
        assert run(kind, file, mapping, "--date", DAY)["created"] == 2
    assert set(DailyAsset.objects.values_list("day", flat=True)) == {date.fromisoformat(DAY)}
