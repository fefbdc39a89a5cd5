"""Two people, or a person and the clock, reach for one tier by hand at the same instant: one outcome, one audit entry."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from crm.core.access import system_user
from crm.core.errors import DomainError
from crm.core.models import AuditEntry, User
from tests.factories.clients import ClientFactory
from tests.factories.tiers import put_days
from tests.racing import Meeting, on_postgresql, race
from tiers.models import EvaluationRun, TierChange, TierOverride, TierState
from tiers.services import evaluation, overrides
from tiers.services.programmes import seed_default_programme

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
LATE = datetime(2026, 6, 20, 2, tzinfo=UTC)
DAY = date(2026, 5, 29)
LAST = date(2026, 8, 1)


@pytest.fixture
def waiting(branch, staff) -> TierOverride:
    programme = seed_default_programme(company=branch.company, actor=system_user())
    client = ClientFactory(branch=branch)
    put_days(branch, {client: {DAY: 20_000_000}})
    evaluation.evaluate(branch=branch, day=DAY, actor=system_user())
    gold = programme.tiers.get(code="gold")
    return overrides.request_override(
        client=client, tier=gold, reason="大额转入在途", valid_to=LAST, actor=staff("advisor"), now=NOW
    )


def meet_after_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have read the row before either writes, unless a lock holds the second back."""
    together, read = Meeting(2), overrides.lock

    def read_together(*args: Any, **lookup: Any) -> Any:
        row = read(*args, **lookup)
        together.wait()
        return row

    monkeypatch.setattr(overrides, "lock", read_together)


def answers(results: list[Any]) -> list[str]:
    return sorted(found.code if isinstance(found, DomainError) else "done" for found in results)


def entries() -> int:
    decided = [f"tier_override.{verb}" for verb in ("approve", "reject", "lapse", "end")]
    return AuditEntry.objects.filter(action__in=decided).count()


def fresh(row: TierOverride) -> TierOverride:
    found: TierOverride = TierOverride.objects.get(pk=row.pk)
    return found


def two_approve(monkeypatch: pytest.MonkeyPatch, row: TierOverride, people: list[User]) -> list[str]:
    meet_after_reading(monkeypatch)
    return answers(race(2, lambda n: overrides.approve_override(override=fresh(row), actor=people[n], now=NOW)))


def test_of_two_approvers_one_is_told_it_is_decided(monkeypatch, waiting, staff):
    said = two_approve(monkeypatch, waiting, [staff("branch_manager"), staff("head_office")])

    assert said == ["done", "tier_by_hand_decided"]
    assert entries() == 1 and TierChange.objects.filter(reason="manual").count() == 1


@on_postgresql
def test_without_the_locks_both_would_read_a_waiting_request(monkeypatch, waiting, staff):
    """The twin: now only the version in the row saves the day, so the second is told that his view is old."""
    monkeypatch.setattr(overrides, "_hold", lambda client: None)
    monkeypatch.setattr(overrides, "lock", lambda rows, *, version=None, **lookup: rows.get(**lookup))
    monkeypatch.setattr(overrides, "_state", lambda client: TierState.objects.get(client=client))

    assert two_approve(monkeypatch, waiting, [staff("branch_manager"), staff("head_office")]) == ["done", "stale_edit"]
    assert entries() == 1


def test_the_one_who_asked_and_somebody_else_at_once_leave_one_outcome(monkeypatch, waiting, staff):
    said = two_approve(monkeypatch, waiting, [waiting.requested_by, staff("branch_manager")])

    assert said == ["done", "four_eyes"] or said == ["done", "tier_by_hand_decided"]
    assert entries() == 1 and fresh(waiting).decided_by != waiting.requested_by


def test_an_approval_after_the_time_and_the_clock_at_once_leave_one_outcome(monkeypatch, waiting, staff):
    meet_after_reading(monkeypatch)
    manager = staff("branch_manager")

    def act(number: int) -> Any:
        if number:
            return overrides.approve_override(override=fresh(waiting), actor=manager, now=LATE)
        return overrides.lapse_override(override=fresh(waiting), actor=system_user(), now=LATE)

    said = answers(race(2, act))

    assert said in (["done", "tier_by_hand_expired"], ["done", "tier_by_hand_decided"])
    assert fresh(waiting).state == "lapsed" and entries() == 1
    assert TierState.objects.get().earned is None


def test_ending_by_hand_and_by_the_clock_at_once_returns_the_client_once(monkeypatch, waiting, staff):
    manager = staff("branch_manager")
    overrides.approve_override(override=waiting, actor=manager, now=NOW)
    over = datetime(2026, 8, 2, 2, tzinfo=UTC)
    meet_after_reading(monkeypatch)

    said = answers(
        race(
            2,
            lambda n: overrides.end_override(
                override=fresh(waiting), actor=manager if n else system_user(), now=over, reason="x"
            ),
        )
    )

    assert said == ["done", "tier_by_hand_not_in_force"]
    assert TierChange.objects.filter(reason="return").count() == 1


# -- two workers evaluate the same day ---------------------------------------------------------------------------------


def a_book(branch) -> None:
    """Twenty clients to grade on a day that has been evaluated before them: its run is there and holds nobody back."""
    seed_default_programme(company=branch.company, actor=system_user())
    evaluation.evaluate(branch=branch, day=DAY, actor=system_user())
    put_days(branch, {client: {DAY: client.pk * 7_000_000} for client in ClientFactory.create_batch(20, branch=branch)})


def two_evaluate(monkeypatch: pytest.MonkeyPatch, branch) -> list[Any]:
    """Both have decided before either writes, unless the branch's lock holds the second back."""
    together, decide = Meeting(2), evaluation.sql.decide

    def decide_together(*args: Any, **more: Any) -> None:
        decide(*args, **more)
        together.wait()

    monkeypatch.setattr(evaluation.sql, "decide", decide_together)
    return race(2, lambda n: evaluation.evaluate(branch=branch, day=DAY, actor=system_user()).written)


def test_two_workers_that_evaluate_the_same_day_write_each_step_once(monkeypatch, branch):
    a_book(branch)

    assert sorted(two_evaluate(monkeypatch, branch)) == [0, 20]
    assert TierChange.objects.count() == TierState.objects.count() == 20
    assert EvaluationRun.objects.get().first == 20


@on_postgresql
def test_without_the_branchs_lock_both_would_write(monkeypatch, branch):
    """The twin: the key of the client's state refuses the second run, and its transaction leaves nothing."""
    a_book(branch)
    rows = type(evaluation.Branch.objects.all())
    monkeypatch.setattr(rows, "select_for_update", lambda self, **_options: self)

    results = two_evaluate(monkeypatch, branch)

    assert sorted(type(found).__name__ for found in results) == ["IntegrityError", "int"]
    assert TierChange.objects.count() == 20
