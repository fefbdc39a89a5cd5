"""Looking at a private value takes a reason, counts against the day's allowance, and leaves its mark – never the value."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import FieldDoesNotExist
from django.db import transaction
from django.utils import timezone

from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.errors import BudgetSpent
from crm.core.models import AuditEntry, Outbound, PolicyKey, User
from crm.core.services.policies import set_policy
from crm.core.services.reveal import ReasonMissing, reveal_field, revealed_today
from tests.factories.core import BranchFactory, UserFactory
from tests.racing import Meeting, on_postgresql, race

pytestmark = pytest.mark.django_db


def allow(count: int) -> None:
    day = date(2020, 1, 1)
    set_policy(
        actor=system_user(), key=PolicyKey.objects.get(pk="reveal.daily_budget"), value=count, effective_from=day,
        source="s", reason="r", today=day,
    )  # fmt: skip


def private_row() -> Outbound:
    return Outbound.objects.create(
        purpose="t", channel="sms", address="13812348000", subject="s", body="b", dedupe_key="k", due_at=timezone.now()
    )


def look(actor: User, row: Outbound, **fields) -> str:
    return reveal_field(**{"actor": actor, "subject": row, "field": "address", "reason": "client calls back", **fields})


def test_the_value_comes_with_an_entry_that_does_not_hold_it(staff):
    actor = staff("front_desk")

    assert look(actor, private_row(), client="0" * 26) == "13812348000"

    entry = AuditEntry.objects.get(action="field.reveal")
    assert (entry.after, entry.reason, entry.is_read) == ({"field": "address"}, "client calls back", True)
    assert entry.client_ref == "0" * 26
    assert "138" not in str(entry.before) + str(entry.after)


@pytest.mark.parametrize("reason", ["", "   ", "x"])
def test_without_a_reason_nobody_looks(staff, reason):
    with pytest.raises(ReasonMissing):
        look(staff("front_desk"), private_row(), reason=reason)

    assert not AuditEntry.objects.filter(action="field.reveal").exists()


@pytest.mark.parametrize("field", ["__class__", "save", "pk__exact", "nope"])
def test_only_fields_can_be_looked_at(staff, field):
    with pytest.raises(FieldDoesNotExist):
        look(staff("front_desk"), private_row(), field=field)


def test_the_allowance_ends_and_begins_again_at_midnight(staff, time_machine):
    time_machine.move_to("2026-11-22T23:50:00+08:00")
    allow(2)
    actor, row = staff("front_desk"), private_row()
    look(actor, row)
    look(actor, row)

    with pytest.raises(BudgetSpent):
        look(actor, row)
    time_machine.move_to("2026-11-23T00:00:01+08:00")

    assert look(actor, row)
    assert revealed_today(actor, timezone.now()) == 1


def test_one_persons_looks_do_not_cost_another(staff):
    allow(1)
    row = private_row()
    look(staff("front_desk"), row)

    assert look(staff("front_desk"), row)


def test_if_the_entry_cannot_be_written_nothing_is_shown(staff, monkeypatch):
    def fail(*_args, **_fields):
        raise RuntimeError("no trail")

    monkeypatch.setattr("crm.core.services.reveal.audit.record", fail)

    with pytest.raises(RuntimeError):
        look(staff("front_desk"), private_row())


@pytest.mark.django_db(transaction=True)
def test_twenty_looks_at_once_do_not_pass_the_allowance():
    allow(5)
    actor, row = UserFactory(branch=BranchFactory()), private_row()

    outcomes = race(20, lambda _n: look(actor, row))

    assert sum(outcome == "13812348000" for outcome in outcomes) == 5
    assert sum(isinstance(outcome, BudgetSpent) for outcome in outcomes) == 15


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_counting_without_the_lock_lets_more_through():
    """The twin: count, then write."""
    actor, row, meeting = UserFactory(branch=BranchFactory()), private_row(), Meeting(4)

    def count_then_write(_number: int) -> bool:
        from crm.core import audit

        with transaction.atomic():
            free = revealed_today(actor, timezone.now()) < 1
            meeting.wait()
            if free:
                audit.record(actor, "field.reveal", row)
            return free

    assert sum(race(4, count_then_write)) > 1


def test_yesterday_does_not_count(staff):
    actor = staff("front_desk")
    look(actor, private_row())

    assert revealed_today(actor, timezone.now() + timedelta(days=1)) == 0
    assert local_date(timezone.now())
