"""Several people at the same two clients: one outcome, nothing lost. The twins without the lock show that the tests can fail."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import transaction

from clients.errors import ClientMerged
from clients.models import Client, ContactLog, DailyAsset, MergeRecord
from clients.querysets.client import ClientQuerySet
from clients.services import AssetDay, change_client, log_contact, merges, put_asset_days
from clients.services.merges import approve_merge, ask_merge
from crm.core import versions
from crm.core.access import system_user
from crm.core.errors import DomainError, StaleEdit
from crm.core.models import Branch, Policy
from crm.core.querysets.organisation import BranchQuerySet
from tests.factories.clients import ClientFactory, ContactLogFactory
from tests.racing import Meeting, on_postgresql, race

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def manager(staff: Any) -> Any:
    found = staff("branch_manager")
    Policy.objects.filter(policy_key_id="merge.four_eyes").update(value=False)
    return found


@pytest.fixture
def trio(branch: Branch, manager: Any) -> list[Client]:
    clients = [ClientFactory(branch=branch, name="张三") for _number in range(3)]
    for client in clients:
        ContactLogFactory(client=client, staff=manager)
    return clients


def merge(staying: Client, leaving: Client, actor: Any) -> MergeRecord:
    return ask_merge(staying=staying, leaving=leaving, actor=actor, now=NOW, reason="同一人")


def kinds(results: list[Any]) -> list[str]:
    return sorted(type(result).__name__ for result in results)


def looks(monkeypatch: pytest.MonkeyPatch, wait: Any = lambda: None) -> list[tuple[int, ...]]:
    """Every look at the two clients, one more for each transaction that the database broke and the service tried again."""
    look, seen = merges._rows_in_order, []

    def look_then_wait(*keys: int) -> list[Client]:
        rows = look(*keys)
        seen.append(keys)
        if len(seen) <= 2:
            wait()
        return rows

    monkeypatch.setattr(merges, "_rows_in_order", look_then_wait)
    return seen


def unlocked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Look at both clients without a lock, and wait there for the other."""
    seen = looks(monkeypatch, Meeting(2).wait)
    monkeypatch.setattr(ClientQuerySet, "select_for_update", lambda rows, *_args, **_named: rows)
    monkeypatch.setattr(BranchQuerySet, "select_for_update", lambda rows, *_args, **_named: rows)
    return seen


def one_is_told_at_the_first_look(results: list[Any], seen: list[tuple[int, ...]]) -> bool:
    """One merge and one plain refusal, and no transaction that the database had to break for it."""
    return kinds(results) == ["ClientMerged", "MergeRecord"] and len(seen) == 2


# -- two merges --------------------------------------------------------------------------------------------------------


def test_of_two_who_merge_the_same_two_the_other_way_round_one_is_told(
    trio: list[Client], manager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, _c = trio
    seen = looks(monkeypatch)

    results = race(2, lambda number: merge(*((a, b) if number else (b, a)), manager))

    assert one_is_told_at_the_first_look(results, seen), results
    assert Client.objects.exclude(merged_into=None).count() == 1
    home = Client.objects.get(pk__in=[a.pk, b.pk], merged_into=None)
    assert ContactLog.objects.filter(client=home).count() == 2


@on_postgresql
def test_without_the_locks_they_would_vanish_into_each_other_or_one_would_learn_it_too_late(
    trio: list[Client], manager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, _c = trio
    seen = unlocked(monkeypatch)

    results = race(2, lambda number: merge(*((a, b) if number else (b, a)), manager))

    assert not one_is_told_at_the_first_look(results, seen), results


def test_of_two_who_merge_one_client_into_different_ones_one_is_told(trio: list[Client], manager: Any) -> None:
    a, b, c = trio

    results = race(2, lambda number: merge((b, c)[number], a, manager))

    assert kinds(results) == ["ClientMerged", "MergeRecord"]
    a.refresh_from_db()
    assert ContactLog.objects.filter(client=a.merged_into).count() == 2
    assert ContactLog.objects.count() == 3


def test_two_who_approve_at_once_merge_once(trio: list[Client], manager: Any, staff: Any) -> None:
    Policy.objects.filter(policy_key_id="merge.four_eyes").update(value=True)
    a, b, _c = trio
    record, chiefs = merge(a, b, staff("front_desk")), [manager, staff("compliance")]

    results = race(2, lambda number: approve_merge(record=record, actor=chiefs[number], now=NOW))

    assert sum(isinstance(result, MergeRecord) for result in results) == 1
    assert all(isinstance(result, MergeRecord | DomainError) for result in results)


# -- a merge and something else ----------------------------------------------------------------------------------------


def test_an_edit_of_the_leaving_client_is_either_taken_over_or_refused(trio: list[Client], manager: Any) -> None:
    a, b, _c = trio

    def act(number: int) -> Any:
        if number:
            return merge(a, b, manager)
        return change_client(client=b, values={"city": "苏州"}, actor=manager, now=NOW, version=1)

    edit, merged = race(2, act)

    assert isinstance(merged, MergeRecord)
    a.refresh_from_db()
    if isinstance(edit, Client):
        assert a.city == "苏州"
    else:
        assert isinstance(edit, ClientMerged | StaleEdit)
        assert a.city == ""


@on_postgresql
def test_without_the_lock_an_edit_would_be_said_to_be_saved_and_be_lost(
    trio: list[Client], manager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: an edit that writes what it read before the merge, without looking again."""
    a, b, _c = trio
    read, merged = threading.Event(), threading.Event()

    def act(number: int) -> Any:
        if number:
            read.wait(30)
            record = merge(a, b, manager)
            merged.set()
            return record
        with transaction.atomic():
            seen = Client.objects.get(pk=b.pk)
            read.set()
            merged.wait(30)
            return Client.objects.filter(pk=seen.pk).update(city="苏州")

    edit, _merged = race(2, act)

    a.refresh_from_db()
    assert (edit, a.city) == (1, "")


def test_a_contact_logged_during_a_merge_lands_with_who_stays_or_is_refused(trio: list[Client], manager: Any) -> None:
    a, b, _c = trio

    def act(number: int) -> Any:
        if number:
            return merge(a, b, manager)
        return log_contact(client=b, channel="phone", content="问候", actor=manager, now=NOW)

    logged, merged = race(2, act)

    assert isinstance(merged, MergeRecord)
    assert not ContactLog.objects.filter(client=b).exists()
    expected = 3 if isinstance(logged, ContactLog) else 2
    assert ContactLog.objects.filter(client=a).count() == expected


def test_a_file_of_assets_during_a_merge_loses_no_amount(trio: list[Client], manager: Any, branch: Branch) -> None:
    a, b, _c = trio
    system, day = system_user(), date(2026, 5, 4)
    put_asset_days(branch=branch, rows=[AssetDay(b.pk, day, 300)], actor=system)

    def act(number: int) -> Any:
        if number:
            return merge(a, b, manager)
        return put_asset_days(branch=branch, rows=[AssetDay(a.pk, date(2026, 5, 5), 500)], actor=system)

    race(2, act)

    rows = DailyAsset.objects.order_by("day").values_list("client_id", "day", "net_assets", "sum_net_assets")
    assert [(pk, on.day, int(net * 100), int(total * 100)) for pk, on, net, total in rows] == [
        (a.pk, 4, 300, 300),
        (a.pk, 5, 500, 800),
    ]


@on_postgresql
def test_without_the_lock_of_the_branch_sums_would_be_built_on_what_the_other_has_not_written_yet(
    trio: list[Client], manager: Any, branch: Branch, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clients.services import assets as writer

    a, b, _c = trio
    system = system_user()
    put_asset_days(branch=branch, rows=[AssetDay(b.pk, date(2026, 5, 4), 300)], actor=system)
    meeting = Meeting(2)
    append, write = writer.asset_append.append, writer.asset_sql.write

    def write_late(*said: Any) -> Any:
        written = write(*said)
        meeting.wait()
        return written

    def append_late(*said: Any) -> Any:
        written = append(*said)
        if written is not None:
            meeting.wait()
        return written

    monkeypatch.setattr(writer.asset_sql, "write", write_late)
    monkeypatch.setattr(writer.asset_append, "append", append_late)
    monkeypatch.setattr(BranchQuerySet, "select_for_update", lambda rows, *_args, **_named: rows)
    monkeypatch.setattr(ClientQuerySet, "select_for_update", lambda rows, *_args, **_named: rows)

    def act(number: int) -> Any:
        if number:
            return merge(a, b, manager)
        return put_asset_days(branch=branch, rows=[AssetDay(a.pk, date(2026, 5, 5), 500)], actor=system)

    race(2, act)

    newest = DailyAsset.objects.filter(client=a).order_by("-day").first()
    assert newest is None or int(newest.sum_net_assets * 100) != 800


def test_a_merged_row_refuses_the_lock(trio: list[Client], manager: Any) -> None:
    a, b, _c = trio
    merge(a, b, manager)

    with pytest.raises(ClientMerged), transaction.atomic():
        versions.lock(Client.objects.all(), pk=b.pk)
