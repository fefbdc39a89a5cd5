"""Tiers of older systems and paper files come in once, stand in the client's history, and grade nobody."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from clients.models import Client
from crm.core.access import system_user
from crm.core.models import Branch, ImportBatch, User
from crm.core.services.importing import take_back
from tests.factories.clients import ClientFactory
from tiers.models import FormerTier, TierState

MAPPING = '[columns]\nexternal_id = "客户号"\ntier = "星级"\nsystem = "体系"\nsince = "评定日期"\nuntil = "失效"\n'
HEAD = "客户号,星级,体系,评定日期,失效\n"
ROWS = f"{HEAD}K1,五星,金色阳光,2012-01-04,2014-12-31\nK1,四星,金色阳光,2015-01-05,\nK9,三星,,2012-01-04,\n"


@pytest.fixture
def bring(branch: Branch, tmp_path: Path, capsys: Any) -> Callable[..., dict[str, Any]]:
    ClientFactory(branch=branch, external_id="K1", name="王老先生")

    def command(rows: str = ROWS, *more: str) -> dict[str, Any]:
        file, mapping = tmp_path / "old.csv", tmp_path / "m.toml"
        file.write_text(rows, encoding="gb18030")
        mapping.write_text(MAPPING, encoding="utf-8")
        with suppress(SystemExit):
            call_command("import_former_tiers", str(file), "--mapping", str(mapping), "--branch", branch.code, *more)
        said: dict[str, Any] = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
        return said

    return command


def test_old_tiers_come_in_once_and_stand_behind_those_of_today(
    bring: Callable[..., dict[str, Any]], staff: Callable[..., User], web: Any
) -> None:
    first, again = bring(ROWS, "--partial"), bring(ROWS, "--partial")

    assert [(said["created"], said["unchanged"], said["rejected"]) for said in (first, again)] == [(2, 0, 1), (0, 2, 1)]
    assert not TierState.objects.exists()
    client = Client.objects.get(external_id="K1")
    page = web(staff("branch_manager")).get(f"/tiers/proof/{client.public_id}/").content.decode()
    assert page.index("金色阳光 四星") < page.index("金色阳光 五星") and "until 2014-12-31" in page
    take_back(ImportBatch.objects.get(public_id=first["batch"]), actor=system_user())
    assert not FormerTier.objects.exists()


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("K1,五星,,2999-01-04,", "since"),
        ("K1,五星,,2012-01-04,2011-01-04", "until"),
        ("K1,,,2012-01-04,", "tier"),
    ],
)
def test_a_row_that_cannot_be_is_named(
    bring: Callable[..., dict[str, Any]], tmp_path: Path, row: str, field: str
) -> None:
    said = bring(f"{HEAD}{row}\n")

    assert (said["created"], said["rejected"]) == (0, 1)
    assert f",{field}," in (tmp_path / "old.csv.errors.csv").read_text(encoding="utf-8-sig")


def test_the_manager_may_bring_them_in_the_browser_and_an_advisor_may_not(staff: Callable[..., User]) -> None:
    assert staff("branch_manager").has_perm("tiers.add_formertier")
    assert not staff("advisor").has_perm("tiers.add_formertier")
