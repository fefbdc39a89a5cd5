"""Of an erased client no name is left: not in the trail, which cannot be rewritten, and not in what files have brought."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.apps import apps
from django.db import connection, models

from clients.models import BulkEdit, Client, Erasure
from clients.services import add_contact_person, change_client, create_client, log_contact
from clients.services.erasure import approve_erasure, carry_out, erase, propose_erasure
from crm.core.models import AuditEntry, Branch, ExportRequest, ImportBatch, ImportRow, Policy, User
from tests.clients.conftest import Run
from tests.factories.clients import ClientFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
LONG_AGO = datetime(1997, 6, 1, 2, 0, tzinfo=UTC)
NAMES = ("欧阳芷兰", "欧阳芷澜", "司马相茹", "诸葛控股")


def places_of(text: str) -> list[str]:
    """Every column of every table that holds it."""
    found = []
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.CharField | models.TextField | models.JSONField):
                with connection.cursor() as cursor:
                    column = connection.ops.quote_name(field.column)
                    table = connection.ops.quote_name(model._meta.db_table)
                    cursor.execute(f"SELECT COUNT(*) FROM {table} WHERE CAST({column} AS TEXT) LIKE %s", [f"%{text}%"])  # noqa: S608
                    if cursor.fetchone()[0]:
                        found.append(f"{model._meta.label}.{field.name}")
    return found


@pytest.fixture
def stones(settings: Any, tmp_path: Path) -> None:
    settings.CRM_VAR = tmp_path


def test_no_name_outlives_its_client_anywhere_in_the_database(
    branch: Branch, staff: Callable[..., User], run: Run, tmp_path: Path, stones: None
) -> None:
    desk = staff("front_desk")
    client = create_client(
        branch=branch, external_id="K1", actor=desk, now=NOW,
        values={"name": NAMES[0], "kind": "institution", "controller": NAMES[3], "opened_on": date(1996, 1, 2)},
    )  # fmt: skip
    add_contact_person(client=client, values={"name": NAMES[2]}, actor=desk, now=NOW)
    log_contact(client=client, channel="phone", content=f"{NAMES[2]} 来电", actor=desk, now=NOW, at=LONG_AGO)
    file = tmp_path / "c.csv"
    file.write_text(f"no,name\nK1,{NAMES[1]}\n", encoding="utf-8")
    said = run("clients", file, '[columns]\nexternal_id = "no"\nname = "name"\n')
    assert said["updated"] == 1 and places_of(NAMES[1])
    change_client(
        client=Client.objects.get(pk=client.pk),
        values={"status": "closed", "closed_on": date(1999, 3, 1)},
        actor=desk,
        now=NOW,
    )
    row = propose_erasure(client=client, reason="保存期届满", actor=staff("compliance"), now=NOW)
    for role in ("compliance", "head_office"):
        approve_erasure(erasure=row, actor=staff(role), now=NOW)

    carry_out(erasure=Erasure.objects.get(pk=row.pk), actor=staff("compliance"), now=NOW)

    assert {name: places_of(name) for name in NAMES} == dict.fromkeys(NAMES, [])
    assert AuditEntry.objects.filter(client_ref=client.public_id, action="client.create").exists()
    assert ImportBatch.objects.exists() and not ImportRow.objects.filter(ref=client.public_id).exists()


def test_the_name_that_was_searched_for_stays_with_no_list_that_left_the_house_and_no_change_of_many(
    branch: Branch, staff: Callable[..., User], web: Callable[[User], Any]
) -> None:
    Policy.objects.filter(policy_key_id="export.approval_above").update(value=1)
    ClientFactory.create_batch(2, branch=branch, name=NAMES[0], city="上海")
    browser, query = web(staff("branch_manager")), urlencode({"q": NAMES[0], "status": "active"})
    asked = {"form": "csv", "reason": "季度核对", "form_token": "x"}

    waits = browser.post(f"/clients/export/?{query}", asked)
    Policy.objects.filter(policy_key_id="export.approval_above").update(value=1000)
    leaves = browser.post(f"/clients/export/?{query}", asked | {"form_token": "y"})
    words = {"field": "preferred_channel", "channel": "wechat", "back": query, "form_token": "z"}
    previewed = browser.post("/clients/bulk/", words)

    assert [waits.status_code, leaves.status_code, previewed.status_code] == [302, 200, 302]
    assert set(ExportRequest.objects.values_list("narrowed_by", flat=True)) == {"q=***&status=active"}
    assert BulkEdit.objects.get().narrowed_by == "q=***&status=active"
    Client.objects.update(name="", name_grams="")
    assert places_of(NAMES[0]) == places_of(quote(NAMES[0])) == []


def test_what_files_have_changed_in_his_accounts_and_assets_goes_with_him_and_with_nobody_else(
    branch: Branch, run: Run, tmp_path: Path, stones: None
) -> None:
    clients, accounts, assets = (tmp_path / f"{name}.csv" for name in ("clients", "accounts", "assets"))
    clients.write_text("no\nK7\nK8\n", encoding="utf-8")
    run("clients", clients, '[columns]\nexternal_id = "no"\n')
    for day, worth in (("2020-01-06", 100), ("2020-01-07", 200)):
        accounts.write_text(
            f"no,kind,account,opened\nK7,cash,880012345678,{day}\nK8,cash,880087654321,{day}\n", encoding="utf-8"
        )
        assets.write_text(f"no,day,worth\nK7,2020-01-06,{worth}\nK8,2020-01-06,{worth}\n", encoding="utf-8")
        run(
            "accounts",
            accounts,
            '[columns]\nexternal_id = "no"\nkind = "kind"\nnumber = "account"\nopened_on = "opened"\n',
        )
        run("assets", assets, '[columns]\nexternal_id = "no"\nday = "day"\nnet_assets = "worth"\n')
    assert ImportRow.objects.filter(key="K7", outcome="updated").count() == 2

    erase(Client.objects.get(branch=branch, external_id="K7"), NOW)

    assert not ImportRow.objects.filter(key="K7").exists()
    assert ImportRow.objects.filter(key="K8", outcome="updated").count() == 2
