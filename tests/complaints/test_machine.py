"""Random people take random steps: whatever they try, the rules hold afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complaints.models import Complaint
from complaints.services import act
from complaints.services.steps import keeps_away
from complaints.steps import BY_ACTION, STEPS, possible
from crm.core.errors import DomainError
from tests.complaints.conftest import FACTS, MONDAY

pytestmark = pytest.mark.django_db

#: Who tries (0–5), which step, whether any at all or one that the buttons offer, and which of the facts.
moves = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 200), st.booleans(), st.integers(0, 5)), min_size=4, max_size=24
)


class World:
    """One complaint, the people around it, and what must never be untrue."""

    def __init__(self, complaint: Complaint, people: list[Any]) -> None:
        self.complaint, self.people, self.now = complaint, people, MONDAY
        self.limits = self._limits()

    def move(self, who: int, which: int, wild: bool, pick: int) -> None:
        self.now += timedelta(hours=7)
        actor = self.people[who]
        offered = possible(self.complaint, actor)
        step = STEPS[which % len(STEPS)] if wild or not offered else offered[which % len(offered)]
        before = (self.complaint.version, self.complaint.state, self.complaint.events.count())
        opinion_of = [person for person in (self.complaint.proposed_by, self.complaint.approved_by) if person]
        free = not keeps_away(actor, self.complaint)
        try:
            with transaction.atomic():
                act(actor=actor, complaint=self.complaint, action=step.action, now=self.now, **self._facts(step, pick))
        except DomainError:
            self.complaint.refresh_from_db()
            assert (self.complaint.version, self.complaint.state, self.complaint.events.count()) == before
        else:
            self.complaint.refresh_from_db()
            assert free
            self._check_step(step.action, actor, before, opinion_of)
        self.check()

    def _facts(self, step: Any, pick: int) -> dict[str, Any]:
        facts = dict(FACTS.get(step.action, {}))
        if "handler" in step.needs:
            facts["handler"] = self.people[pick]
        if "complained_of" in step.needs:
            facts["complained_of"] = self.people[pick]
        if "extension_days" in step.needs:
            facts["extension_days"] = [1, 20, 30, 31, 0, 90][pick]
        return facts

    def _check_step(self, action: str, actor: Any, before: tuple[int, str, int], opinion_of: list[Any]) -> None:
        step = BY_ACTION[action]
        assert before[1] in step.origin
        # Who turns out to be complained of has no opinion to stand on: the investigation begins again.
        fallen = action == "name_person" and any(keeps_away(person, self.complaint) for person in opinion_of)
        assert self.complaint.state == (Complaint.State.INVESTIGATING if fallen else step.to or before[1])
        assert self.complaint.version == before[0] + 1
        assert self.complaint.events.count() == before[2] + 1
        assert actor.has_perm(step.right)

    def check(self) -> None:
        row = self.complaint
        assert row.ended == (row.closed_at is not None)
        assert row.approved_by_id is None or row.approved_by_id != row.proposed_by_id
        assert row.handler is None or not keeps_away(row.handler, row)
        assert row.approved_by is None or not keeps_away(row.approved_by, row)
        assert 0 <= row.extended_by_days <= 30
        assert row.state not in ("replying", "replied", "closed") or row.approved_by_id is not None
        assert not row.ended or not row.clocks.running().exists()
        assert row.ended or row.clocks.running().filter(kind="close").count() == 1
        limits = self._limits()
        assert all(limits[place] >= limit for place, limit in self.limits.items())
        extended = [days for place, days in limits.items() if (days - self._start(place)).days > 90]
        assert not extended
        self.limits = limits

    def _limits(self) -> dict[int, Any]:
        return dict(self.complaint.clocks.filter(kind="close").values_list("round", "due_on"))

    def _start(self, place: int) -> Any:
        return self.complaint.clocks.get(kind="close", round=place).started_on


def walk_at_random(heard: Any, people: list[Any], about: Any, steps: Any) -> None:
    with transaction.atomic():
        world = World(heard(complained_of=about), people)
        for step in steps:
            world.move(*step)
        transaction.set_rollback(True)


def crowd(crew: Any, staff: Any) -> list[Any]:
    below = staff("front_desk", manager=crew.advisor)
    return [crew.manager, crew.desk, crew.compliance, crew.colleague, crew.advisor, below]


CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def test_no_walk_reaches_a_forbidden_state(heard, crew, staff):
    people = crowd(crew, staff)

    @settings(max_examples=15, deadline=None, suppress_health_check=CHECKS)
    @given(steps=moves)
    def walk(steps):
        walk_at_random(heard, people, crew.advisor, steps)

    walk()


@pytest.mark.long
def test_two_thousand_walks_of_fifty_steps_reach_no_forbidden_state(heard, crew, staff):
    people = crowd(crew, staff)
    far = st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 200), st.booleans(), st.integers(0, 5)), min_size=50, max_size=50
    )

    @settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps=far)
    def walk(steps):
        walk_at_random(heard, people, crew.advisor, steps)

    walk()


def test_a_broken_rule_would_be_found(heard, crew, staff, monkeypatch):
    """The machine can fail: without the four-eyes check it meets the constraint of the database."""
    from django.db import IntegrityError

    from complaints.services import steps as table

    monkeypatch.setattr(table, "proposers", lambda *_said: ())
    complaint = heard()
    for action, facts in [("accept", {"handler": crew.desk}), ("propose", FACTS["propose"])]:
        complaint = act(actor=crew.manager, complaint=complaint, action=action, now=MONDAY, **facts)

    with pytest.raises(IntegrityError), transaction.atomic():
        act(actor=crew.manager, complaint=complaint, action="approve", now=MONDAY)
