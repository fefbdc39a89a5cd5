"""A file brought in by mistake goes again, although the house has worked on its rows meanwhile; people's work stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from care.models import FollowUpCall
from care.services import take_call
from clients.models import Client, ClientQuality, DuplicatePair
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.importing import ImportTouched
from crm.core.models import ImportBatch
from crm.core.services.importing import take_back

pytestmark = pytest.mark.django_db(transaction=True)

MAPPING = '[columns]\nexternal_id = "客户号"\nname = "姓名"\nphone = "手机"\nopened_on = "开户"\n'


@pytest.fixture
def worked_on(branch: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> ImportBatch:
    """Two clients who look alike, brought in; then everything that is due has run."""
    today = local_date(timezone.now())
    file, mapping = tmp_path / "new.csv", tmp_path / "m.toml"
    rows = [f"K{n},王小明,13812348000,{today}" for n in (1, 2)]
    file.write_text("\n".join(["客户号,姓名,手机,开户", *rows]), encoding="utf-8")
    mapping.write_text(MAPPING, encoding="utf-8")
    call_command("import_clients", str(file), "--mapping", str(mapping), "--branch", branch.code)
    said = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert said["created"] == 2
    call_command("run_due", "--now", f"{today}T04:00:00+08:00")
    assert ClientQuality.objects.count() == 2
    assert FollowUpCall.objects.filter(state="due").count() == 2
    return ImportBatch.objects.get(public_id=said["batch"])


def test_what_the_house_worked_out_by_itself_goes_with_the_rows(worked_on: ImportBatch) -> None:
    assert DuplicatePair.objects.count() == 1

    take_back(worked_on, actor=system_user())

    assert Client.objects.count() == FollowUpCall.objects.count() == ClientQuality.objects.count() == 0
    assert DuplicatePair.objects.count() == 0


def test_a_call_that_somebody_took_stands_in_the_way_and_nothing_goes(worked_on: ImportBatch, staff: Any) -> None:
    call = FollowUpCall.objects.order_by("pk").first()
    take_call(call=call, actor=staff("follow_up_caller"), now=timezone.now())

    with pytest.raises(ImportTouched) as refused:
        take_back(worked_on, actor=system_user())

    assert "…1" in str(refused.value) and "…2" not in str(refused.value)
    assert Client.objects.count() == FollowUpCall.objects.count() == 2
