"""Two people note one step at once: it is marked, and its promise kept, once. The twin without the locks shows that the test can
fail."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from clients.models import Client
from crm.core.errors import DomainError
from crm.core.models import AuditEntry, Branch, User
from tests.factories.clients import ClientFactory
from tests.factories.core import UserFactory
from tests.factories.services import morning
from tests.racing import Meeting, on_postgresql, race
from tiers.models import PlanStep, PlanStepMark
from tiers.services import plan_steps
from tiers.services.plans import Step, make_plan

pytestmark = pytest.mark.django_db(transaction=True)

MONDAY = date(2026, 6, 1)


@pytest.fixture
def two_note(branch: Branch, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The advisor and the head of the branch: both have read the step before either writes, unless a lock holds one back."""
    people: list[User] = [UserFactory(role=role, branch=branch) for role in ("advisor", "branch_manager")]
    client: Client = ClientFactory(branch=branch, advisor=people[0])
    said = Step(purpose="回顾持仓", owner=people[0], title="季度面谈", period="quarter")
    made = make_plan(client=client, aim="稳健", steps=[said], actor=people[0], now=morning(MONDAY), agreed_on=MONDAY)
    row: PlanStep = made.steps.get()

    def act() -> list[str]:
        together, read = Meeting(2), plan_steps._locked

        def read_together(step: PlanStep, actor: User, version: int | None) -> Any:
            found = read(step, actor, version)
            together.wait()
            return found

        monkeypatch.setattr(plan_steps, "_locked", read_together)
        words = {"day": MONDAY, "word": "谈过", "now": morning(MONDAY)}
        results = race(2, lambda n: plan_steps.note_step(step=row, actor=people[n], **words))
        return sorted(found.code if isinstance(found, DomainError) else type(found).__name__ for found in results)

    return act


def test_of_two_who_note_a_step_at_once_one_is_told_that_it_is_noted(two_note: Any) -> None:
    assert two_note() == ["PlanStep", "plan_step_settled"]

    assert PlanStepMark.objects.count() == 1
    assert AuditEntry.objects.filter(action="service_plan.note_step").count() == 1


@on_postgresql
def test_without_the_locks_both_would_find_nothing_noted(two_note: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: now only the constraint saves the day, and the second gets a fault instead of an answer."""
    monkeypatch.setattr(plan_steps, "lock", lambda rows, *, version=None, **lookup: rows.get(**lookup))

    assert two_note() == ["IntegrityError", "PlanStep"]
