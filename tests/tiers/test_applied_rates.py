"""What the trading system charges, from its file: once, in every unit, corrected, taken back, and never by the wrong hand."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from clients.models import Client
from crm.core.models import Branch, ImportBatch, User
from crm.core.services.importing import take_back
from tests.factories.clients import ClientFactory
from tiers.models import AppliedRate

pytestmark = pytest.mark.django_db

MAPPING = """
[columns]
external_id = "客户号"
day = "日期"
product = "品种"
ten_thousandths = "费率（万分之）"
turnover = "近12个月成交额"
[values.product]
A_SHARE = "A股"
FUND = "基金"
"""
HEAD = "客户号,日期,品种,费率（万分之）,近12个月成交额\n"
GOOD = HEAD + "K1,2026-05-29,A股,2.5,1200000\nK1,2026-05-29,基金,1,\nK2,2026-05-29,A股,0.85,30万\n"
Run = Callable[..., tuple[int, ...]]


@pytest.fixture
def run(branch: Branch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Brings a text in and returns (created, updated, unchanged, rejected, exit status)."""
    for number in ("K1", "K2"):
        ClientFactory(branch=branch, external_id=number)

    def command(text: str, *more: str, mapping: str = MAPPING) -> tuple[int, ...]:
        file, toml = tmp_path / "rates.csv", tmp_path / "rates.toml"
        file.write_text(text, encoding="utf-8")
        toml.write_text(mapping, encoding="utf-8")
        status = 0
        errors = ("--errors", str(tmp_path / "errors.csv"))
        try:
            call_command("import_rates", str(file), "--mapping", str(toml), "--branch", branch.code, *errors, *more)
        except SystemExit as left:
            status = int(left.code or 0)
        said = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
        return (said["created"], said["updated"], said["unchanged"], said["rejected"], status)

    return command


def rates() -> list[tuple[str, str, Decimal, Any]]:
    rows = AppliedRate.objects.order_by("client__external_id", "product")
    return [(row.client.external_id, row.product, row.rate, row.turnover) for row in rows.select_related("client")]


def test_a_file_comes_in_once_is_corrected_and_taken_back(run: Run, staff: Callable[..., User]) -> None:
    assert [run(GOOD), run(GOOD)] == [(3, 0, 0, 0, 0), (0, 0, 3, 0, 0)]
    before = rates()
    assert before == [
        ("K1", "A_SHARE", Decimal("0.00025"), Decimal(1_200_000)),
        ("K1", "FUND", Decimal("0.0001"), None),
        ("K2", "A_SHARE", Decimal("0.000085"), Decimal(300_000)),
    ]

    assert run(GOOD.replace("A股,2.5", "A股,3")) == (0, 1, 2, 0, 0)
    assert rates()[0][2] == Decimal("0.0003")
    take_back(ImportBatch.objects.latest("pk"), actor=staff("branch_manager"))

    assert rates() == before


def test_the_fraction_says_the_same_as_the_ten_thousandths(run: Run) -> None:
    run(GOOD)
    mapping = MAPPING.replace("ten_thousandths", "rate").replace("费率（万分之）", "佣金率")
    text = "客户号,日期,品种,佣金率,近12个月成交额\nK1,2026-05-29,A股,0.00025,1200000\n"

    assert run(text, mapping=mapping) == (0, 0, 1, 0, 0)


def test_each_bad_row_is_named_with_its_reason_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    rows = (
        "K9,2026-05-29,A股,2,\nK1,2099-05-29,A股,2,\nK1,2026-05-29,A股,,\nK1,2026-05-28,A股,10000,\n"
        "K1,2026-05-27,A股,-1,\nK1,2026-05-26,A股,2,-5\nK1,2026-05-25,外汇,2,\nK1,2026-05-24,A股,2.123,\n"
    )

    assert run(HEAD + rows) == (0, 0, 0, 8, 1)

    with (tmp_path / "errors.csv").open(encoding="utf-8-sig", newline="") as errors:
        told = [(row["row"], row["field"], row["code"]) for row in csv.DictReader(errors)]
    assert told == [
        ("2", "external_id", "unknown_client"),
        ("3", "day", "in_future"),
        ("4", "rate", "required"),
        ("5", "rate", "not_a_share"),
        ("6", "ten_thousandths", "too_small"),
        ("7", "turnover", "negative"),
        ("8", "product", "unknown_choice"),
        ("9", "ten_thousandths", "too_many_places"),
    ]
    assert not AppliedRate.objects.exists()


def test_the_number_of_a_merged_client_leads_to_the_one_who_stayed(run: Run, branch: Branch) -> None:
    stays = Client.objects.get(external_id="K1")
    Client.objects.filter(external_id="K2").update(status="closed", closed_on=date(2026, 5, 1), merged_into=stays)

    run(HEAD + "K2,2026-05-29,A股,2,\n")

    assert AppliedRate.objects.get().client == stays


def test_only_those_at_the_desk_bring_applied_rates_in(staff: Callable[..., User], web: Any) -> None:
    offered = {
        role: "rates" in [target.kind for target in _kinds(staff(role))]
        for role in ("branch_manager", "head_office", "front_desk", "advisor", "compliance")
    }

    assert offered == {
        "branch_manager": True,
        "head_office": True,
        "front_desk": False,
        "advisor": False,
        "compliance": False,
    }


def _kinds(user: User) -> Any:
    from crm.core.importing.targets import kinds_for

    return kinds_for(user)


def test_what_a_client_pays_is_told_to_those_who_may_know_and_to_nobody_else(
    branch: Branch, other_branch: Branch, staff: Callable[..., User], api: Any
) -> None:
    advisor = staff("advisor")
    row = AppliedRate.objects.create(
        client=ClientFactory(branch=branch, advisor=advisor), product="A_SHARE", day=date(2026, 5, 29), rate="0.0002"
    )

    def told(user: User) -> list[str]:
        return [one["id"] for one in api(user).get("/api/v1/applied-rates/").data.get("results", [])]

    assert told(advisor) == told(staff("branch_manager")) == told(staff("compliance")) == [row.public_id]
    assert told(staff("advisor")) == told(staff("branch_manager", branch=other_branch)) == []
    assert api(staff("front_desk")).get("/api/v1/applied-rates/").status_code == 403


@pytest.mark.parametrize("rate", ["-0.000001", "1"])
def test_the_database_refuses_what_is_no_share(branch: Branch, rate: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        AppliedRate.objects.create(
            client=ClientFactory(branch=branch), product="A_SHARE", day=date(2026, 5, 29), rate=Decimal(rate)
        )
