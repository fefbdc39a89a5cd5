"""Zeros in front of a number, which a spreadsheet takes away, are missed before a row does harm."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from clients.models import Client, Holding

pytestmark = pytest.mark.django_db(transaction=True)

DAY = "2026-06-01"
Run = Callable[..., dict[str, int]]
CLIENTS = '[columns]\nexternal_id = "客户号"\nname = "姓名"\n'
HOLDINGS = (
    '[columns]\nexternal_id = "客户号"\nsecurity_code = "代码"\nsecurity_name = "名称"\nquantity = "数量"\n'
    'market_value = "市值"\nsecurity_kind = "类别"\n'
)


def write(folder: Path, text: str) -> Path:
    file = folder / "rows.csv"
    file.write_text(text, encoding="utf-8")
    return file


def reasons(folder: Path) -> list[tuple[str, str, str]]:
    with (folder / "errors.csv").open(encoding="utf-8", newline="") as lines:
        return [(line["row"], line["field"], line["code"]) for line in csv.DictReader(lines)]


def test_a_client_whose_number_has_lost_its_zeros_does_not_stand_there_twice(run: Run, tmp_path: Path) -> None:
    head = "客户号,姓名\n"
    assert run("clients", write(tmp_path, head + "0600100001,李和可\n77,王小二\n"), CLIENTS)["created"] == 2

    again = run("clients", write(tmp_path, head + "600100001,李和可\n77,王小二\n88,张伟\n"), CLIENTS, "--partial")

    assert (again["created"], again["unchanged"], again["rejected"]) == (1, 1, 1)
    assert reasons(tmp_path) == [("2", "external_id", "zeros_lost")]
    assert set(Client.objects.values_list("external_id", flat=True)) == {"0600100001", "77", "88"}


def test_a_number_that_is_on_file_without_zeros_is_that_client(run: Run, tmp_path: Path) -> None:
    text = "客户号,姓名\n012,李和可\n"
    run("clients", write(tmp_path, "客户号,姓名\n12,王小二\n"), CLIENTS)
    assert run("clients", write(tmp_path, text), CLIENTS)["created"] == 1

    assert run("clients", write(tmp_path, "客户号,姓名\n12,王小二\n"), CLIENTS)["unchanged"] == 1


def test_numbers_of_rows_have_lost_nothing(run: Run, tmp_path: Path) -> None:
    run("clients", write(tmp_path, "客户号,姓名\n01,李和可\n"), CLIENTS)

    assert (
        run("clients", write(tmp_path, "姓名\n王小二\n"), '[file]\nkey = "row"\n[columns]\nname = "姓名"\n')["created"]
        == 1
    )


def test_a_corrected_file_whose_codes_have_lost_their_zeros_takes_no_holding_away(run: Run, tmp_path: Path) -> None:
    run("clients", write(tmp_path, "客户号,姓名\nA1,李和可\n"), CLIENTS)
    rows = (
        "客户号,代码,名称,数量,市值,类别\nA1,000001,平安银行,100,1000,\nA1,00700,腾讯控股,100,30000,股票\n"
        "A1,1001,稳利一号,1,10000,wealth\n"
    )
    held = {"000001", "00700", "1001"}
    assert run("holdings", write(tmp_path, rows), HOLDINGS, "--date", DAY)["created"] == 3

    spoilt = rows.replace("000001", "1").replace("00700", "700")
    assert run("holdings", write(tmp_path, spoilt), HOLDINGS, "--date", DAY, "--partial")["rejected"] == 2

    assert reasons(tmp_path) == [("2", "security_code", "zeros_lost"), ("3", "security_code", "zeros_lost")]
    assert set(Holding.objects.values_list("security_code", flat=True)) == held
