"""Who was merged into a client is the same person: his data are told and erased with him (PIPL Art. 45 and 47)."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from clients import tombstones
from clients.models import Client, MergeRecord
from clients.registry import bound
from clients.services.erasure import PROOF, approve_erasure, carry_out, erase, propose_erasure
from clients.services.merges import approve_merge, ask_merge
from clients.services.told import NOT_TOLD, told
from crm.core.models import Branch
from tests.clients.two_clients import NOW, two_full_clients
from tests.doors import Staff
from tests.factories.clients import ClientFactory


def merge(staying: Client, leaving: Client, staff: Staff) -> None:
    record = ask_merge(
        staying=staying, leaving=leaving, actor=staff("front_desk"), now=NOW, reason="同一人", adds_assets=True
    )
    approve_merge(record=record, actor=staff("branch_manager"), now=NOW)
    for row in (staying, leaving):
        row.refresh_from_db()


@pytest.fixture
def chain(branch: Branch, staff: Staff) -> list[Client]:
    """The survivor, the one merged into him, and the one merged into that one before; all gone since 1999."""
    gone = {"branch": branch, "status": "closed", "closed_on": date(1999, 5, 1)}
    rows = [
        ClientFactory(**gone, name=name, phone=f"+861381234800{at}") for at, name in enumerate(("甲一", "乙二", "丙三"))
    ]
    merge(rows[1], rows[2], staff)
    merge(rows[0], rows[1], staff)
    return rows


def words(client: Client) -> str:
    row = Client.objects.get(pk=client.pk)
    return str([getattr(row, field.attname) for field in Client._meta.concrete_fields])


def test_erasing_a_survivor_empties_every_client_that_became_part_of_him(
    chain: list[Client], staff: Staff, settings: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    settings.CRM_VAR = tmp_path
    assert all(name in words(row) for row, name in zip(chain, ("甲一", "乙二", "丙三"), strict=True))
    row = propose_erasure(client=chain[0], reason="保存期届满", actor=staff("compliance"), now=NOW)
    approve_erasure(erasure=row, actor=staff("compliance"), now=NOW)
    approve_erasure(erasure=row, actor=staff("head_office"), now=NOW)

    with django_capture_on_commit_callbacks(execute=True):
        done = carry_out(erasure=row, actor=staff("compliance"), now=NOW)

    for client, name in zip(chain, ("甲一", "乙二", "丙三"), strict=True):
        assert name not in words(client) and "1381234800" not in words(client)
        assert Client.objects.get(pk=client.pk).erased_on is not None
    assert set(done.certificate["absorbed"]) == {chain[1].public_id, chain[2].public_id}
    stones = [stone["client"] for stone in tombstones.read(tmp_path / tombstones.NAME)]
    assert sorted(stones) == sorted(client.public_id for client in chain)
    assert not MergeRecord.objects.exists(), "the record of the merge keeps rows of his"


def test_after_a_restore_from_before_the_merge_the_absorbed_client_is_erased_too(
    branch: Branch, tmp_path: Path, capsys: Any
) -> None:
    both = [ClientFactory(branch=branch, name=name) for name in ("甲一", "乙二")]
    path = tmp_path / "list.jsonl"
    certificate = {"client": both[0].public_id, "absorbed": [both[1].public_id], "erased_at": "2026-06-01"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tombstones, "place", lambda: path)
        tombstones.bury({**certificate, "proposed_by": "1", "approved_by": ["2", "3"]})

    call_command("replay_tombstones", str(path))

    assert json.loads(capsys.readouterr().out) == {"erased": 2, "already": 0, "unknown": 0}
    assert set(Client.objects.values_list("name", flat=True)) == {""}


def test_nothing_of_two_full_clients_is_left_after_the_survivor_is_erased(branch: Branch, staff: Staff) -> None:
    staying, leaving = two_full_clients(branch, staff)
    merge(staying, leaving, staff)

    erase(staying, NOW)

    for client in (staying, leaving):
        left = {
            kind.key: rows.count()
            for kind in bound()
            if kind.model.lower() not in PROOF and kind.key != "clients.client:merged_into"
            for rows in [kind.rows(client.pk)]
            if rows.exists()
        }
        assert left == {}
        assert "张三" not in words(client) and "上海" not in words(client)
    assert Client.objects.get(pk=leaving.pk).merged_into_id == staying.pk


def test_the_file_of_a_survivor_tells_what_is_on_file_under_his_former_numbers(branch: Branch, staff: Staff) -> None:
    staying, leaving = two_full_clients(branch, staff)
    Client.objects.filter(pk=leaving.pk).update(employer="东海纺织厂")
    leaving.refresh_from_db()
    Client.objects.filter(pk=staying.pk).update(employer="西山钢铁厂")
    staying.refresh_from_db()
    merge(staying, leaving, staff)
    kept = json.loads(str(MergeRecord.objects.get().kept))["rows"]["aside"]
    kinds = {kind.key: kind for kind in bound() if kind.is_told and kind.model.lower() not in NOT_TOLD}
    aside = {key: len(rows) for key, rows in kept.items() if rows and key in kinds}

    parts = told(staying, staff("compliance"))

    text = json.dumps(parts, ensure_ascii=False)
    assert "西山钢铁厂" in text and "东海纺织厂" in text and leaving.phone in text
    assert aside, "the two meet in a rule that allows one row"
    by_title: Counter[str] = Counter()
    for key, kind in kinds.items():
        by_title[str(kind.model_class._meta.verbose_name_plural)] += kind.rows(staying.pk).count() + aside.get(key, 0)
    for title in {str(kinds[key].model_class._meta.verbose_name_plural) for key in aside}:
        assert sum(len(part["rows"]) for part in parts if part["title"] == title) == by_title[title], title
