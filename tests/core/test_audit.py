"""The audit trail: signed, append-only, and provably whole."""

from __future__ import annotations

import runpy
from datetime import timedelta
from typing import Any

import pytest
from celery.signals import beat_init, worker_init
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from crm.core import append_only, audit
from crm.core.models import AuditEntry, AuditSeal
from tests.factories.core import BranchFactory, UserFactory
from tests.racing import Meeting, on_postgresql, race

pytestmark = pytest.mark.django_db


@pytest.fixture
def trail(staff):
    """Five sealed entries."""
    actor = staff("compliance")
    for number in range(5):
        audit.record(actor, "test.note", actor, after={"number": number})
    audit.seal_entries(timezone.now() + timedelta(seconds=1))
    return list(AuditEntry.objects.filter(action="test.note").order_by("pk"))


def tampered(statement: str, *values: object) -> None:
    with append_only.lifted(), connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.mark.parametrize("statement", ["UPDATE core_auditentry SET reason = 'x'", "DELETE FROM core_auditentry"])
def test_the_database_refuses_to_change_the_trail(trail, statement):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert AuditEntry.objects.filter(action="test.note").count() == 5


def test_an_untouched_trail_has_no_flaw(trail):
    assert audit.verify(audit.head()) == []


def test_a_changed_entry_is_named(trail):
    tampered("UPDATE core_auditentry SET reason = 'changed' WHERE id = %s", trail[2].pk)

    assert [flaw.detail for flaw in audit.verify()] == [str(trail[2].pk)]


def test_a_deleted_entry_is_named(trail):
    tampered("DELETE FROM core_auditentry WHERE id = %s", trail[1].pk)

    assert ("entry_missing", str(trail[1].pk)) in [(flaw.kind, flaw.detail) for flaw in audit.verify()]


def test_a_deleted_range_of_links_is_named(trail):
    lost = list(AuditSeal.objects.filter(entry__in=trail[1:3]).values_list("position", flat=True))
    tampered("DELETE FROM core_auditseal WHERE position IN (%s, %s)", *lost)

    assert "links_missing" in {flaw.kind for flaw in audit.verify()}


def test_a_cut_tail_is_seen_by_its_anchor(trail):
    anchor = audit.head()
    tampered("DELETE FROM core_auditseal WHERE position >= %s", anchor[0] - 1)
    tampered("DELETE FROM core_auditentry WHERE id >= %s", trail[3].pk)

    assert audit.verify() == []
    assert [flaw.kind for flaw in audit.verify(anchor)] == ["tail_cut"]


def test_swapped_entries_are_named(trail):
    first, second = trail[0].pk, trail[1].pk
    for old, new in ((first, -1), (second, first), (-1, second)):
        tampered("UPDATE core_auditseal SET entry_id = %s WHERE entry_id = %s", new, old)

    assert {flaw.kind for flaw in audit.verify()} == {"entry_changed"}


def test_secrets_never_reach_the_trail(staff):
    actor = staff("front_desk")

    entry = audit.record(actor, "test.note", actor, after={"phone": "13812348000", "name": "x"})

    assert entry.after == {"phone": "***", "name": "x"}


def test_a_name_in_an_entry_about_a_client_is_a_mask_and_a_mark_that_knows_it_again(staff):
    actor, client = staff("front_desk"), "01KC0000000000000000000001"

    entry = audit.record(
        actor, "test.note", actor, client=client, before={"name": "张三丰"}, after={"name": "张三疯", "city": "上海"}
    )
    again = audit.record(actor, "test.note", actor, client=client, after={"name": "张三丰", "controller": ""})

    assert entry.before["name"].startswith("张**#") and "三" not in str(entry.before) + str(entry.after)
    assert entry.before["name"] == again.after["name"] != entry.after["name"]
    assert (entry.after["city"], again.after["controller"]) == ("上海", "")


def test_sealing_twice_makes_one_chain(trail):
    assert audit.seal_entries(timezone.now() + timedelta(seconds=1)) == 0


@pytest.mark.django_db(transaction=True)
def test_sealers_and_writers_at_once_make_one_whole_chain():
    actor = UserFactory(branch=BranchFactory())

    def write_and_seal(number):
        for turn in range(5):
            audit.record(actor, "test.race", actor, after={"n": number, "turn": turn})
            audit.seal_entries(timezone.now())
        return "done"

    outcomes = race(6, write_and_seal)

    audit.seal_entries(timezone.now() + timedelta(seconds=1))
    assert outcomes == ["done"] * 6
    assert audit.verify() == []
    assert AuditSeal.objects.count() == AuditEntry.objects.count()


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_sealers_without_the_lock_get_in_each_others_way(monkeypatch):
    """The twin."""
    actor, meeting = UserFactory(branch=BranchFactory()), Meeting(3)
    audit.record(actor, "test.race", actor)
    monkeypatch.setattr(audit, "_lock_chain", lambda: None)
    monkeypatch.setattr(audit, "entry_digest", lambda *_args: (meeting.wait(), "0" * 64)[1])

    outcomes = race(3, lambda _n: audit.seal_entries(timezone.now() + timedelta(seconds=1)))

    assert any(isinstance(outcome, DatabaseError) for outcome in outcomes)


def _as_web() -> None:
    runpy.run_path("gunicorn.conf.py")["post_worker_init"](None)


def _as_worker_or_beat() -> None:
    # The signals themselves would close the connections of this test.
    (begin,) = {_called_at(worker_init), _called_at(beat_init)}
    begin()


def _called_at(signal: Any) -> Any:
    return next(ref() for _key, ref in signal.receivers if getattr(ref(), "__module__", "") == "crm.celery")


@pytest.mark.parametrize("begin", [_as_web, _as_worker_or_beat])
def test_no_process_begins_over_a_trail_that_can_be_rewritten(begin):
    begin()

    with append_only.lifted(), pytest.raises(SystemExit, match="triggers are missing"):
        begin()
