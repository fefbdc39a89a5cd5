"""Files never touch a client whose data are restricted to storage (PIPL Art. 47), and an undo that is refused says why."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from django.utils.translation import override

from clients.models import Account, Client, ContactLog, ContactPoint, DailyAsset, Holding, MarginDay
from clients.services.standing import end_restriction, restrict_client
from complaints.models import Complaint
from crm.core.importing import ImportStale, ImportTouched
from crm.core.importing.mapping import from_tables
from crm.core.models import Branch, ImportBatch, User
from crm.core.services.importing import bring_file, carry_out, check_batch, take_back
from tests.clients.conftest import Run
from tests.factories.clients import AccountFactory, ClientFactory

HEADS = {
    "clients": ("客户号,姓名,城市", '[columns]\nexternal_id = "客户号"\nname = "姓名"\ncity = "城市"\n'),
    "contacts": ("客户号,日期,内容", '[columns]\nexternal_id = "客户号"\non = "日期"\ncontent = "内容"\n'),
    "assets": ("客户号,日期,资产", '[columns]\nexternal_id = "客户号"\nday = "日期"\nnet_assets = "资产"\n'),
    "holdings": (
        "客户号,日期,代码,证券,数量,市值",
        (
            '[columns]\nexternal_id = "客户号"\nday = "日期"\nsecurity_code = "代码"\nsecurity_name = "证券"\n'
            'quantity = "数量"\nmarket_value = "市值"\n'
        ),
    ),
    "accounts": (
        "客户号,类型,账号",
        '[columns]\nexternal_id = "客户号"\nkind = "类型"\nnumber = "账号"\n[values.kind]\ncash = "资金"\n',
    ),
    "margins": (
        "客户号,日期,现金,市值,负债",
        '[columns]\nexternal_id = "客户号"\nday = "日期"\ncash = "现金"\nmarket_value = "市值"\ndebt = "负债"\n',
    ),
    "complaints": (
        "编号,客户号,日期",
        (
            '[columns]\nexternal_id = "编号"\nclient = "客户号"\nreceived_on = "日期"\n'
            '[constants]\nchannel = "phone"\nsubject = "manner"\n'
        ),
    ),
}
#: Of each kind one row about K1, whose data are restricted, and one about K2.
ROWS = {
    "clients": ["K1,王小明,北京", "K2,李四,北京"],
    "contacts": ["K1,2026-05-01,问候", "K2,2026-05-01,问候"],
    "assets": ["K1,2026-05-04,100", "K2,2026-05-04,100"],
    "holdings": ["K1,2026-05-04,600519,贵州茅台,100,1", "K2,2026-05-04,600519,贵州茅台,100,1"],
    "accounts": ["K1,资金,88000001", "K2,资金,88000002"],
    "margins": ["K1,2026-05-04,1,2,0", "K2,2026-05-04,1,2,0"],
    "complaints": ["T1,K1,2026-05-04", "T2,K2,2026-05-04"],
}
MODELS: dict[str, Any] = {
    "contacts": ContactLog,
    "assets": DailyAsset,
    "holdings": Holding,
    "accounts": Account,
    "margins": MarginDay,
    "complaints": Complaint,
}


@pytest.fixture
def two(branch: Branch) -> Iterator[tuple[Client, Client]]:
    first, second = (ClientFactory(branch=branch, external_id=number, city="上海") for number in ("K1", "K2"))
    yield first, second


def bring(run: Run, tmp_path: Path, kind: str, rows: list[str], *more: str) -> dict[str, int]:
    head, mapping = HEADS[kind]
    file = tmp_path / f"{kind}.csv"
    file.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return run(kind, file, mapping, *more)


def restrict(client: Client, staff: Callable[..., User]) -> None:
    restrict_client(client=client, reason="删除请求", actor=staff("compliance"), now=timezone.now())


@pytest.mark.parametrize("kind", HEADS)
def test_a_file_of_any_kind_leaves_a_restricted_client_alone_and_says_so(
    kind: str, run: Run, tmp_path: Path, two: tuple[Client, Client], staff: Callable[..., User]
) -> None:
    if kind == "margins":
        for client in two:
            AccountFactory(client=client, kind="credit")
    restrict(two[0], staff)
    at_first = Account.objects.filter(client=two[0]).count()

    with override("zh-hans"):
        said = bring(run, tmp_path, kind, ROWS[kind], "--partial")

    assert (said["created"] + said["updated"], said["rejected"], said["status"]) == (1, 1, 1)
    rejected = list(csv.DictReader((tmp_path / "errors.csv").open(encoding="utf-8-sig")))
    assert [(row["row"], row["code"]) for row in rejected] == [("2", "client_restricted")]
    assert "限制为仅存储" in rejected[0]["message"] and "合规" in rejected[0]["message"]
    two[0].refresh_from_db()
    assert two[0].city == "上海"
    if kind == "accounts":
        assert Account.objects.filter(client=two[0]).count() == at_first
    elif kind == "margins":
        assert not MarginDay.objects.filter(account__client=two[0]).exists()
    elif kind != "clients":
        assert not MODELS[kind].objects.filter(client=two[0]).exists()


@pytest.mark.parametrize("kind", [kind for kind in HEADS if kind != "margins"])
def test_what_a_file_says_again_of_a_restricted_client_is_unchanged_and_stops_nobody(
    kind: str, run: Run, tmp_path: Path, two: tuple[Client, Client], staff: Callable[..., User]
) -> None:
    assert bring(run, tmp_path, kind, ROWS[kind])["status"] == 0
    restrict(two[0], staff)

    said = bring(run, tmp_path, kind, ROWS[kind])

    assert (said["unchanged"], said["rejected"], said["status"]) == (2, 0, 0)


def test_a_row_under_a_merged_number_of_a_restricted_client_is_refused(
    run: Run, tmp_path: Path, two: tuple[Client, Client], staff: Callable[..., User]
) -> None:
    Client.objects.filter(pk=two[1].pk).update(merged_into=two[0], status="closed", closed_on=date(2026, 1, 5))
    restrict(two[0], staff)

    said = bring(run, tmp_path, "assets", ["K2,2026-05-04,100"])

    assert (said["created"], said["rejected"]) == (0, 1)


def test_a_corrected_file_takes_no_line_of_a_restricted_client_away(
    run: Run, tmp_path: Path, two: tuple[Client, Client], staff: Callable[..., User]
) -> None:
    more = ["K1,2026-05-04,000001,平安银行,100,1", "K2,2026-05-04,000001,平安银行,100,1"]
    bring(run, tmp_path, "holdings", ROWS["holdings"] + more)
    restrict(two[0], staff)

    bring(run, tmp_path, "holdings", ROWS["holdings"])

    assert Holding.objects.filter(client=two[0]).count() == 2
    assert Holding.objects.filter(client=two[1]).count() == 1


@pytest.mark.parametrize("kind", ["contacts", "assets"])
def test_a_file_checked_before_a_restriction_is_not_applied_after_it(
    kind: str, two: tuple[Client, Client], branch: Branch, staff: Callable[..., User]
) -> None:
    head, words = HEADS[kind]
    raw = "\n".join([head, *ROWS[kind]]).encode()
    manager = staff("branch_manager")
    batch = bring_file(
        actor=manager, kind=kind, branch=branch, file_name="f.csv", raw=raw, mapping=from_tables(tomllib.loads(words))
    )
    check_batch(batch, raw)
    restrict(two[0], staff)

    with pytest.raises(ImportStale):
        carry_out(batch, actor=manager, partial=False)

    assert not MODELS[kind].objects.exists()


@pytest.mark.parametrize("kind", ["clients", "contacts", "assets", "holdings", "accounts", "complaints"])
def test_a_batch_with_a_client_restricted_since_is_not_taken_back_and_the_row_is_named(
    kind: str, run: Run, tmp_path: Path, two: tuple[Client, Client], staff: Callable[..., User]
) -> None:
    said = bring(run, tmp_path, kind, ROWS[kind])
    restrict(two[0], staff)
    batch = ImportBatch.objects.get(public_id=said["batch"])

    with override("en"), pytest.raises(ImportTouched) as refused:
        take_back(batch, actor=staff("branch_manager"))

    assert "Row 2 (…1): The data of this client are restricted to storage" in str(refused.value)
    assert "Row 3" not in str(refused.value)
    end_restriction(client=Client.objects.get(pk=two[0].pk), reason="误操作撤销", actor=staff("compliance"))
    if kind != "clients":  # whose own row was changed twice by now
        batch.refresh_from_db()
        take_back(batch, actor=staff("branch_manager"))
        assert not MODELS[kind].objects.exists()


def test_a_refused_undo_of_assets_names_the_days_and_the_later_file(
    run: Run, tmp_path: Path, two: tuple[Client, Client], staff: Callable[..., User]
) -> None:
    said = bring(run, tmp_path, "assets", ROWS["assets"])
    bring(run, tmp_path, "assets", ["K2,2026-05-04,250"])

    with override("en"), pytest.raises(ImportTouched) as refused:
        take_back(ImportBatch.objects.get(public_id=said["batch"]), actor=staff("branch_manager"))

    text = str(refused.value)
    assert "Row 3 (…2, 2026-05-04) was changed by the later import assets.csv of " in text
    assert text.endswith(": net assets.") and "Row 2" not in text and "250" not in text


def test_days_of_one_client_under_two_numbers_are_taken_back_as_one(
    run: Run, tmp_path: Path, two: tuple[Client, Client], staff: Callable[..., User]
) -> None:
    Client.objects.filter(pk=two[1].pk).update(merged_into=two[0], status="closed", closed_on=date(2026, 1, 5))
    said = bring(run, tmp_path, "assets", ROWS["assets"])
    assert DailyAsset.objects.get(client=two[0], day=date(2026, 5, 4)).net_assets == 200

    take_back(ImportBatch.objects.get(public_id=said["batch"]), actor=staff("branch_manager"))

    assert not DailyAsset.objects.exists()


def test_a_refused_undo_of_further_phones_says_what_became_of_them(
    run: Run, tmp_path: Path, branch: Branch, staff: Callable[..., User]
) -> None:
    file = tmp_path / "clients.csv"
    file.write_text("客户号,备用电话\nK100,13800138000；139 0013 9000\n", encoding="utf-8")
    said = run("clients", file, '[columns]\nexternal_id = "客户号"\nphones = "备用电话"\n')
    one, other = ContactPoint.objects.order_by("pk")
    one.removed_at = timezone.now()
    one.save_changed(["removed_at"])
    other.label = "家里"
    other.save_changed(["label"])

    with override("en"), pytest.raises(ImportTouched) as refused:
        take_back(ImportBatch.objects.get(public_id=said["batch"]), actor=staff("branch_manager"))

    text = str(refused.value)
    assert "Row 2 (…00) was changed, last on " in text
    assert "Phone taken off." in text and ": Phone." in text and "1380" not in text
