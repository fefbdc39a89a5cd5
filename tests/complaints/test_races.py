"""Two people at once: one outcome. The twins without the lock show that the tests can fail."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from complaints.errors import StepNotPossible
from complaints.models import Complaint
from complaints.services import act, register
from complaints.services.clocks import escalate_overdue
from crm.core.access import system_user
from crm.core.querysets.organisation import BranchQuerySet
from tests.complaints.conftest import MONDAY
from tests.racing import Meeting, on_postgresql, race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def proposed(heard, walk):
    return walk(heard(), "accept", "propose")


def test_of_two_who_approve_at_once_one_is_told_that_it_is_done(proposed, crew):
    chiefs = [crew.manager, crew.compliance]

    results = race(2, lambda number: act(actor=chiefs[number], complaint=proposed, action="approve", now=MONDAY))

    assert sorted(type(result).__name__ for result in results) == ["Complaint", "StepNotPossible"]
    assert any(isinstance(result, StepNotPossible) for result in results)
    assert proposed.events.filter(action="approve").count() == 1


@on_postgresql
def test_without_the_lock_both_would_approve(proposed, crew):
    """The twin: look at the state first and write afterwards."""
    chiefs, meeting = [crew.manager, crew.compliance], Meeting(2)

    def look_then_approve(number: int) -> bool:
        with transaction.atomic():
            waits = Complaint.objects.get(pk=proposed.pk).state == "approving"
            meeting.wait()
            Complaint.objects.filter(pk=proposed.pk).update(state="replying", approved_by=chiefs[number])
            return waits

    assert race(2, look_then_approve) == [True, True]


def test_numbers_are_never_doubled_when_several_register_at_once(heard, branch):
    from tests.factories.clients import ClientFactory

    clients = [ClientFactory(branch=branch) for _number in range(6)]

    results = race(6, lambda number: heard(client=clients[number]))

    assert sorted(row.number for row in results) == [f"SH01-2026-{number:05}" for number in range(1, 7)]


@on_postgresql
def test_without_the_lock_two_would_take_the_same_number(heard, branch, monkeypatch):
    from tests.factories.clients import ClientFactory

    clients, meeting, ask = [ClientFactory(branch=branch) for _number in range(2)], Meeting(2), register.next_number

    def ask_then_wait(*said):
        number = ask(*said)
        meeting.wait()
        return number

    monkeypatch.setattr(register, "next_number", ask_then_wait)
    monkeypatch.setattr(BranchQuerySet, "select_for_update", lambda rows, *_args, **_named: rows)
    results = race(2, lambda number: heard(client=clients[number]))

    assert any(isinstance(result, IntegrityError) for result in results)


def test_two_sweeps_at_once_escalate_each_clock_once(heard):
    from datetime import timedelta

    complaint, system = heard(), system_user()
    later = MONDAY + timedelta(days=90)

    counts = race(2, lambda _number: escalate_overdue(actor=system, now=later))

    assert sum(counts) == 4
    assert complaint.events.filter(action="overdue").count() == 4
