"""Two people at once: one outcome. The twins without the lock show that the tests can fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from advisory.errors import NotEnoughPlaces
from advisory.models import HandOver, MatchingRun
from advisory.querysets import AdvisorQuerySet
from advisory.services import approve_matching, hand_over, hand_overs, run_matching
from clients.models import AdvisorAssignment, Client
from crm.core.errors import AlreadyDecided
from crm.core.models import Branch, User
from tests.doors import Staff
from tests.factories.advisory import AdvisorFactory
from tests.factories.clients import ClientFactory
from tests.racing import Meeting, on_postgresql, race

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def proposed(branch: Branch, staff: Staff) -> tuple[MatchingRun, list[User]]:
    """A run with two clients, and two managers who look at it."""
    managers = [staff("branch_manager"), staff("branch_manager")]
    AdvisorFactory(user__branch=branch)
    ClientFactory.create_batch(2, branch=branch)
    return run_matching(actor=managers[0], branch=branch, now=NOW), managers


def test_of_two_managers_who_approve_at_once_one_is_told_that_it_is_decided(
    proposed: tuple[MatchingRun, list[User]],
) -> None:
    run, managers = proposed

    results = race(2, lambda number: approve_matching(actor=managers[number], run=run, now=NOW))

    assert sorted(type(result).__name__ for result in results) == ["AlreadyDecided", "MatchingRun"]
    assert any(isinstance(result, AlreadyDecided) for result in results)
    assert AdvisorAssignment.objects.count() == 2
    assert MatchingRun.objects.get(pk=run.pk).version == run.version + 1


@on_postgresql
def test_without_the_lock_both_managers_would_decide(proposed: tuple[MatchingRun, list[User]]) -> None:
    """The twin: look at the state first and write afterwards."""
    run, managers = proposed
    meeting = Meeting(2)

    def look_then_decide(number: int) -> bool:
        with transaction.atomic():
            is_open: bool = MatchingRun.objects.get(pk=run.pk).state == MatchingRun.State.PROPOSED
            meeting.wait()
            MatchingRun.objects.filter(pk=run.pk).update(state="approved", decided_by=managers[number], decided_at=NOW)
            return is_open

    assert race(2, look_then_decide) == [True, True]


@pytest.fixture
def last_place(branch: Branch, staff: Staff) -> Callable[[int], Any]:
    """Two colleagues leave with a client each; their heir has one place."""
    manager, givers = staff("branch_manager"), [staff("advisor"), staff("advisor")]
    heir = AdvisorFactory(user__branch=branch, capacity=1).user
    for giver in givers:
        ClientFactory(branch=branch, advisor=giver)

    def give(number: int) -> Any:
        return hand_over(giver=givers[number], taker=heir, branch=branch, actor=manager, now=NOW, reason="离职")

    return give


def test_the_last_place_is_given_once(last_place: Callable[[int], Any]) -> None:
    results = race(2, last_place)

    assert sum(isinstance(result, NotEnoughPlaces) for result in results) == 1
    assert HandOver.objects.count() == 1


@on_postgresql
def test_without_the_lock_the_last_place_would_be_given_twice(
    last_place: Callable[[int], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting, count_places = Meeting(2), hand_overs._takers

    def count_then_wait(*said: Any) -> dict[int, int]:
        takers = count_places(*said)
        meeting.wait()
        return takers

    monkeypatch.setattr(hand_overs, "_takers", count_then_wait)
    monkeypatch.setattr(AdvisorQuerySet, "select_for_update", lambda rows, *_args, **_named: rows)
    race(2, last_place)

    assert HandOver.objects.count() == 2
    heir = HandOver.objects.values_list("taker", flat=True)[0]
    assert Client.objects.filter(advisor_id=heir).count() == 2
