"""Files that nobody here wrote, through the commands: clients, assets and contacts of a bank, twice, in every dress."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.core.management import call_command
from django.utils.translation import override

from clients.models import Account, AdvisorAssignment, Client, ContactLog, DailyAsset, Holding
from crm.core.models import Branch, ImportBatch, User
from crm.core.services.importing import take_back
from tests.clients.brought_files import DAY, EXCERPT, MAPPINGS, Run, counts, write


def bank(run: Run, file: Path) -> list[tuple[int, int, int, int, int]]:
    return [
        counts(run("clients", file, MAPPINGS / "bank_clients.toml")),
        counts(run("assets", file, MAPPINGS / "bank_assets.toml", "--date", DAY)),
        counts(run("contacts", file, MAPPINGS / "bank_contacts.toml")),
    ]


def as_xlsx(source: Path, target: Path) -> Path:
    book = xlsxwriter.Workbook(target)
    sheet = book.add_worksheet()
    for at, row in enumerate(csv.reader(source.open(encoding="utf-8"), delimiter=";")):
        for column, cell in enumerate(row):
            if cell.lstrip("-").isdigit():
                sheet.write_number(at, column, int(cell))
            else:
                sheet.write_string(at, column, cell)
    book.close()
    return target


def test_the_bank_excerpt_comes_in_once_and_is_unchanged_in_every_dress(
    run: Run, branch: Branch, tmp_path: Path
) -> None:
    assert bank(run, EXCERPT) == [(300, 0, 0, 0, 0)] * 3
    text = EXCERPT.read_text(encoding="utf-8")
    with_mark, gb = tmp_path / "mark.csv", tmp_path / "gb.csv"
    with_mark.write_text("\ufeff" + text, encoding="utf-8")
    # A column of Chinese words beside the others: pure ASCII would be the same bytes in GB18030 and prove nothing.
    chinese = [f'{line};"备注"' for line in text.splitlines()]
    gb.write_text("\n".join(chinese), encoding="gb18030")

    again = [bank(run, file) for file in (EXCERPT, with_mark, gb, as_xlsx(EXCERPT, tmp_path / "bank.xlsx"))]

    assert again == [[(0, 0, 300, 0, 0)] * 3] * 4
    first = Client.objects.get(branch=branch, external_id="1")
    assert (first.age_on_file, first.occupation, first.education) == (30, "unemployed", "primary")
    assert first.display_name.endswith("1")
    assert (first.total_assets, first.assets_on) == (Decimal("1787.00"), date(2026, 6, 1))
    entry = ContactLog.objects.get(client=first)
    assert (entry.channel, entry.duration_seconds, entry.at.date()) == ("phone", 79, date(2025, 10, 19))
    assert first.last_contact_at == entry.at
    negative = sum(1 for row in csv.DictReader(EXCERPT.open(), delimiter=";") if int(row["balance"]) < 0)
    assert Client.objects.filter(total_assets__lt=0).count() == negative > 0


def test_the_whole_bank_file_comes_in(run: Run, shared_data: Path) -> None:
    file = shared_data / "clients" / "bank_marketing_bank.csv"

    assert bank(run, file) == [(4521, 0, 0, 0, 0)] * 3
    assert bank(run, file) == [(0, 0, 4521, 0, 0)] * 3

    assert DailyAsset.objects.filter(net_assets__lt=0).count() == 366
    assert Client.objects.order_by("-total_assets").values_list("total_assets", flat=True)[0] == Decimal("71188.00")
    assert ContactLog.objects.filter(channel="unknown").count() == 1324


CLIENTS = """
[columns]
external_id = "客户号"
name = "姓名"
phone = "手机"
id_number = "证件"
advisor = "投顾"
status = "状态"
"""
HEAD = "客户号,姓名,手机,证件,投顾,状态\n"


def test_chinese_clients_come_in_from_gb18030_with_their_advisor_and_search_words(
    run: Run, tmp_path: Path, staff: Callable[..., User]
) -> None:
    advisor = staff("advisor", staff_number="A001")
    row = "K1,单雄信,13812348000,110101199003074514,A001,active\n"

    assert counts(run("clients", write(tmp_path, HEAD + row, "gb18030"), CLIENTS)) == (1, 0, 0, 0, 0)
    assert counts(run("clients", write(tmp_path, HEAD + row), CLIENTS)) == (0, 0, 1, 0, 0)

    client = Client.objects.search("sxx", advisor).get()
    assert (client.advisor, client.sex, client.phone) == (advisor, "male", "+8613812348000")
    assert AdvisorAssignment.objects.get(client=client, until=None).advisor == advisor
    assert Client.objects.search("13812348000", advisor).get() == client


def test_a_file_moves_a_client_to_another_book_and_undo_brings_him_back(
    run: Run, tmp_path: Path, staff: Callable[..., User]
) -> None:
    first, second = staff("advisor", staff_number="A001"), staff("advisor", staff_number="A002")
    run("clients", write(tmp_path, HEAD + "K1,张三,,,A001,active\n"), CLIENTS)

    said = run("clients", write(tmp_path, HEAD + "K1,张三,,,A002,active\n"), CLIENTS)

    assert counts(said) == (0, 1, 0, 0, 0)
    client = Client.objects.get()
    assert client.advisor == second
    assert [a.advisor for a in client.assignments.order_by("since")] == [first, second]
    take_back(batch_of(said), actor=staff("branch_manager"))
    client.refresh_from_db()
    assert client.advisor == first
    assert client.assignments.get(until=None).advisor == first


def test_a_file_brought_in_by_one_language_is_undone_in_another(
    run: Run, tmp_path: Path, staff: Callable[..., User]
) -> None:
    first, second = staff("advisor", staff_number="A001"), staff("advisor", staff_number="A002")
    run("clients", write(tmp_path, HEAD + "K1,张三,,,A001,active\n"), CLIENTS)
    with override("zh-hans"):
        said = run("clients", write(tmp_path, HEAD + "K1,张三,,,A002,active\n"), CLIENTS)
        moved = AdvisorAssignment.objects.get(until=None)

    with override("en"):
        take_back(batch_of(said), actor=staff("branch_manager"))

    assert second not in [row.advisor for row in AdvisorAssignment.objects.all()]
    assert AdvisorAssignment.objects.get(until=None).advisor == first
    with override("zh-hans"):
        assert moved.reason_shown.endswith("批量导入") and str(said["batch"]) not in moved.reason_shown


def batch_of(said: dict[str, Any]) -> ImportBatch:
    found: ImportBatch = ImportBatch.objects.get(public_id=said["batch"])
    return found


def test_bad_rows_are_named_and_nothing_is_written_without_partial(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path, HEAD + "K1,张三,12,110101199003074513,A999,active\nK2,李四,,,,active\nK3,王五,,,,closed\n")

    assert counts(run("clients", file, CLIENTS))[3:] == (2, 1)

    rows = list(csv.DictReader((tmp_path / "errors.csv").open(encoding="utf-8-sig")))
    assert {(row["field"], row["code"]) for row in rows} == {
        ("phone", "phone_unreadable"),
        ("id_number", "id_number_check_digit"),
        ("advisor", "unknown_staff"),
        ("closed_on", "required"),
    }
    assert all("110101199003074513" not in row["value"] for row in rows)
    assert not Client.objects.exists()


def test_assets_of_an_unknown_client_are_rejected_and_the_rest_may_come(run: Run, tmp_path: Path) -> None:
    run("clients", write(tmp_path, "客户号\nK1\n"), '[columns]\nexternal_id = "客户号"\n')
    file = write(tmp_path, "客户号,资产\nK1,-12.50\nK2,1\n")
    mapping = '[columns]\nexternal_id = "客户号"\nnet_assets = "资产"\n'

    assert counts(run("assets", file, mapping, "--date", DAY))[3:] == (1, 1)
    assert not DailyAsset.objects.exists()
    assert counts(run("assets", file, mapping, "--date", DAY, "--partial")) == (1, 0, 0, 1, 1)
    assert DailyAsset.objects.get().net_assets == Decimal("-12.50")


def test_a_corrected_asset_file_shifts_later_sums_and_undo_puts_them_back(
    run: Run, tmp_path: Path, staff: Callable[..., User]
) -> None:
    run("clients", write(tmp_path, "客户号\nK1\n"), '[columns]\nexternal_id = "客户号"\n')
    mapping = '[columns]\nexternal_id = "客户号"\nnet_assets = "资产"\nday = "日期"\n'
    run("assets", write(tmp_path, "客户号,资产,日期\nK1,100,2026-06-01\nK1,200,2026-06-02\n"), mapping)

    said = run("assets", write(tmp_path, "客户号,资产,日期\nK1,150,2026-06-01\nK1,300,2026-06-03\n"), mapping)

    assert counts(said) == (1, 1, 0, 0, 0)
    sums = DailyAsset.objects.order_by("day").values_list("sum_net_assets", flat=True)
    assert list(sums) == [150, 350, 650]
    take_back(batch_of(said), actor=staff("branch_manager"))
    assert list(sums.all()) == [100, 300]
    client = Client.objects.get()
    assert (client.total_assets, client.assets_on) == (200, date(2026, 6, 2))


def test_holdings_come_in(run: Run, tmp_path: Path) -> None:
    run("clients", write(tmp_path, "客户号\nK1\n"), '[columns]\nexternal_id = "客户号"\n')
    mapping = """
[columns]
external_id = "客户号"
security_code = "证券代码"
security_name = "证券名称"
quantity = "数量"
market_value = "市值"
"""
    file = write(tmp_path, "客户号,证券代码,证券名称,数量,市值\nK1,000001,平安银行,100,1200.00\n")

    assert counts(run("holdings", file, mapping, "--date", DAY)) == (1, 0, 0, 0, 0)
    assert counts(run("holdings", file, mapping, "--date", DAY)) == (0, 0, 1, 0, 0)
    assert Holding.objects.get().security_code == "000001"


def test_fractional_fund_shares_come_in_and_are_unchanged_the_second_time(run: Run, tmp_path: Path) -> None:
    run("clients", write(tmp_path, "客户号\nK1\n"), '[columns]\nexternal_id = "客户号"\n')
    mapping = """
[columns]
external_id = "客户号"
security_code = "代码"
security_name = "名称"
security_kind = "类别"
quantity = "份额"
market_value = "市值"
cost = "成本"
"""
    head = "客户号,代码,名称,类别,份额,市值,成本\n"
    file = write(tmp_path, f"{head}K1,110011,易方达优质精选,基金,1234567890.1234,(500.00),-\n")

    assert counts(run("holdings", file, mapping, "--date", DAY)) == (1, 0, 0, 0, 0)
    assert counts(run("holdings", file, mapping, "--date", DAY)) == (0, 0, 1, 0, 0)
    held = Holding.objects.get()
    assert (held.quantity, held.kind) == (Decimal("1234567890.1234"), "fund")
    assert (held.market_value, held.cost) == (Decimal("-500.00"), Decimal(0))

    corrected = write(tmp_path, f"{head}K1,110011,易方达优质精选,基金,1234567890.1235,(500.00),--\n")
    said = run("holdings", corrected, mapping, "--date", DAY)
    assert counts(said)[:3] == (0, 1, 0)
    assert Holding.objects.get().quantity == Decimal("1234567890.1235")
    too_fine = write(tmp_path, f"{head}K1,110011,易方达优质精选,基金,0.12345,1,1\n")
    assert counts(run("holdings", too_fine, mapping, "--date", DAY))[3:] == (1, 1)


def test_a_file_never_overwrites_what_was_said(run: Run, tmp_path: Path) -> None:
    run("clients", write(tmp_path, "客户号\nK1\n"), '[columns]\nexternal_id = "客户号"\n')
    mapping = '[columns]\nexternal_id = "客户号"\non = "日期"\ncontent = "内容"\n[constants]\nchannel = "phone"\n'
    run("contacts", write(tmp_path, "客户号,日期,内容\nK1,2026-05-04,问候\n"), mapping)

    said = run("contacts", write(tmp_path, "客户号,日期,内容\nK1,2026-05-04,别的话\n"), mapping)

    assert counts(said)[3:] == (1, 1)
    assert ContactLog.objects.get().content == "问候"


ACCOUNTS = """
[columns]
external_id = "客户号"
kind = "类型"
number = "账号"
opened_on = "开立日期"
closed_on = "销户日期"
first_trade_on = "首次交易日期"
[values.kind]
cash = "资金"
credit = "信用"
"""
ACCOUNT_ROWS = (
    "客户号,类型,账号,开立日期,销户日期,首次交易日期\n"
    "K1,资金,88000001,2020-01-02,,2020-02-03\n"
    "K1,信用,0660000001,2021-01-02,,\n"
    "K2,资金,88000002,2019-01-02,2024-05-06,\n"
)


def test_accounts_come_in_once_and_a_later_file_closes_one(
    run: Run, tmp_path: Path, staff: Callable[..., User]
) -> None:
    run("clients", write(tmp_path, "客户号\nK1\nK2\n"), '[columns]\nexternal_id = "客户号"\n')

    assert counts(run("accounts", write(tmp_path, ACCOUNT_ROWS), ACCOUNTS)) == (3, 0, 0, 0, 0)
    assert counts(run("accounts", write(tmp_path, ACCOUNT_ROWS), ACCOUNTS)) == (0, 0, 3, 0, 0)
    credit = Account.objects.get(kind="credit")
    assert (credit.number, credit.number_tail, credit.status) == ("0660000001", "0001", "open")
    assert Account.objects.get(client__external_id="K2").status == "closed"

    closing = ACCOUNT_ROWS.replace("2021-01-02,,", "2021-01-02,2026-05-04,")
    said = run("accounts", write(tmp_path, closing), ACCOUNTS)
    assert counts(said) == (0, 1, 2, 0, 0)
    credit.refresh_from_db()
    assert (credit.status, credit.closed_on) == ("closed", date(2026, 5, 4))

    take_back(batch_of(said), actor=staff("branch_manager"))
    credit.refresh_from_db()
    assert (credit.status, credit.closed_on) == ("open", None)


def test_a_number_of_somebody_else_is_refused_without_saying_whose(run: Run, tmp_path: Path) -> None:
    run("clients", write(tmp_path, "客户号\nK1\nK2\n"), '[columns]\nexternal_id = "客户号"\n')
    run("accounts", write(tmp_path, ACCOUNT_ROWS), ACCOUNTS)

    rows = "客户号,类型,账号,开立日期,销户日期,首次交易日期\nK2,资金,88000001,,,\nK2,信用,1,,,\nK9,信用,77,,,\n"
    said = run("accounts", write(tmp_path, rows), ACCOUNTS)

    assert counts(said)[3:] == (3, 1)
    with (tmp_path / "errors.csv").open(encoding="utf-8-sig", newline="") as errors:
        assert [row["code"] for row in csv.DictReader(errors)] == [
            "account_number_taken",
            "account_number",
            "unknown_client",
        ]


def test_collateral_comes_in_and_the_account_repeats_its_newest_day(
    run: Run, tmp_path: Path, staff: Callable[..., User]
) -> None:
    run("clients", write(tmp_path, "客户号\nK1\nK2\n"), '[columns]\nexternal_id = "客户号"\n')
    run("accounts", write(tmp_path, ACCOUNT_ROWS), ACCOUNTS)
    mapping = """
[columns]
external_id = "客户号"
cash = "现金"
market_value = "市值"
debt = "负债"
interest = "利息"
"""
    rows = "客户号,现金,市值,负债,利息\nK1,10000,410000,299000,1000\n"

    assert counts(run("margins", write(tmp_path, rows), mapping, "--date", DAY)) == (1, 0, 0, 0, 0)
    assert counts(run("margins", write(tmp_path, rows), mapping, "--date", DAY)) == (0, 0, 1, 0, 0)
    assert Account.objects.get(kind="credit").margin_ratio == Decimal("1.4")
    corrected = run("margins", write(tmp_path, rows.replace("410000", "350000")), mapping, "--date", DAY)
    assert counts(corrected) == (0, 1, 0, 0, 0)
    assert Account.objects.get(kind="credit").margin_ratio == Decimal("1.2")
    take_back(batch_of(corrected), actor=staff("branch_manager"))
    assert Account.objects.get(kind="credit").margin_ratio == Decimal("1.4")
    without = write(tmp_path, "客户号,现金,市值,负债,利息\nK2,1,1,-1,0\n")
    assert counts(run("margins", without, mapping, "--date", DAY))[3:] == (1, 1)


@pytest.mark.parametrize("kind", ["clients", "assets", "holdings", "contacts", "accounts", "margins"])
def test_each_command_says_its_fields(kind: str, capsys: pytest.CaptureFixture[str], db: None) -> None:
    call_command(f"import_{kind}", "--fields")

    said = json.loads(capsys.readouterr().out)
    assert "external_id" in json.dumps(said)


def test_a_corrected_file_of_holdings_replaces_its_day_for_the_clients_it_names(
    run: Run, tmp_path: Path, staff: Callable[..., User]
) -> None:
    clients, file = tmp_path / "clients.csv", tmp_path / "holdings.csv"
    clients.write_text("id,name\n1,张三\n2,李四\n", encoding="utf-8")
    run("clients", clients, '[columns]\nexternal_id = "id"\nname = "name"\n')
    mapping = (
        '[columns]\nexternal_id = "id"\nsecurity_code = "code"\nsecurity_name = "name"\n'
        'quantity = "n"\nmarket_value = "worth"\n'
    )
    head = "id,code,name,n,worth\n"
    bank, maotai = "{},000001,平安银行,100,1200\n", "{},600519,贵州茅台,10,14000\n"
    whole = head + bank.format(1) + maotai.format(1) + bank.format(2) + maotai.format(2)

    def bring(text: str, day: str = DAY, *more: str) -> dict[str, int]:
        file.write_text(text, encoding="utf-8")
        return run("holdings", file, mapping, "--date", day, *more)

    def held() -> list[tuple[str, str, str]]:
        rows = Holding.objects.order_by("client__external_id", "day", "security_code")
        return [
            (f"{day}", number, code)
            for number, day, code in rows.values_list("client__external_id", "day", "security_code")
        ]

    bring(whole, "2026-05-29")
    bring(whole)
    before = list(Holding.objects.order_by("pk").values())
    corrected = head + bank.format(1)

    rejected = bring(corrected + "1,600519,贵州茅台,many,14000\n", DAY, "--partial")
    assert list(Holding.objects.order_by("pk").values()) == before, "who knows what a broken row would have named"
    bring(corrected, DAY, "--dry-run")
    assert list(Holding.objects.order_by("pk").values()) == before
    said = bring(corrected)

    assert rejected["rejected"] == 1
    assert counts(said) == (0, 0, 1, 0, 0)
    assert (DAY, "1", "600519") not in held() and (DAY, "1", "000001") in held()
    assert ("2026-05-29", "1", "600519") in held(), "another day"
    assert (DAY, "2", "600519") in held(), "a client whom the file does not name"
    batch = ImportBatch.objects.latest("pk")
    assert batch.removed == 1 and batch.can_be_undone
    bring(corrected)
    again = ImportBatch.objects.latest("pk")
    assert (again.removed, again.can_be_undone) == (0, False)

    take_back(batch, actor=staff("branch_manager"))

    assert list(Holding.objects.order_by("pk").values()) == before


def test_holdings_of_a_day_that_has_not_come_are_rejected(run: Run, tmp_path: Path) -> None:
    clients, holdings = tmp_path / "clients.csv", tmp_path / "holdings.csv"
    clients.write_text("id\n1\n", encoding="utf-8")
    holdings.write_text("id,code,name,n,worth,day\n1,000001,平安银行,100,1200,2099-01-05\n", encoding="utf-8")
    run("clients", clients, '[columns]\nexternal_id = "id"\n')
    mapping = (
        '[columns]\nexternal_id = "id"\nsecurity_code = "code"\nsecurity_name = "name"\nquantity = "n"\n'
        'market_value = "worth"\nday = "day"\n'
    )

    assert counts(run("holdings", holdings, mapping)) == (0, 0, 0, 1, 1)
    assert "in_future" in (tmp_path / "errors.csv").read_text(encoding="utf-8")
    assert not Holding.objects.exists()
