"""Several people, workers and clicks at once, and workers that die: one outcome, nothing lost. Twins show a missing lock."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from care.errors import CallNotOpen, CallTaken
from care.models import FollowUpCall, SurveyAnswer, SurveyInvitation
from care.querysets import FollowUpCallQuerySet
from care.services import approve_unable, invite_segment, invite_surveys, plan_calls, rounds, take_call, write_letters
from care.services.surveys import find_open
from clients.services.segments import create_segment
from crm.core.access import system_user
from crm.core.models import Branch, Outbound
from tests.doors import Staff
from tests.factories.care import (
    NOW,
    ClosedComplaintFactory,
    FollowUpCallFactory,
    SurveyInvitationFactory,
    programme_of,
)
from tests.factories.clients import ClientFactory
from tests.racing import Meeting, on_postgresql, race

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def newcomers(branch: Branch) -> int:
    """Clients who opened an account lately, and nobody has planned a call yet."""
    programme_of(branch.company)
    ClientFactory.create_batch(120, branch=branch, opened_on=date(2026, 5, 20))
    return 120


@pytest.fixture
def without_the_constraint() -> Iterator[None]:
    (planned_once,) = [c for c in FollowUpCall._meta.constraints if c.name == "call_planned_once"]
    with connection.schema_editor() as editor:
        editor.remove_constraint(FollowUpCall, planned_once)
    yield
    FollowUpCall.objects.all().delete()
    with connection.schema_editor() as editor:
        editor.add_constraint(FollowUpCall, planned_once)


# -- callers -----------------------------------------------------------------------------------------------------------


def test_of_five_callers_who_reach_for_one_call_one_gets_it(branch: Branch, staff: Staff) -> None:
    callers, call = [staff("follow_up_caller") for _n in range(5)], FollowUpCallFactory(branch=branch)

    results = race(5, lambda n: take_call(actor=callers[n], call=call, now=NOW))

    winners = [result for result in results if isinstance(result, FollowUpCall)]
    assert len(winners) == 1
    assert sum(isinstance(result, CallTaken) for result in results) == 4
    call.refresh_from_db()
    assert (call.caller, call.version) == (winners[0].caller, 2)


@on_postgresql
def test_whoever_looks_first_and_writes_afterwards_would_share_the_call(branch: Branch, staff: Staff) -> None:
    """The twin: the same two steps without the condition in the UPDATE."""
    callers, call, meeting = (
        [staff("follow_up_caller") for _n in range(2)],
        FollowUpCallFactory(branch=branch),
        Meeting(2),
    )

    def look_then_take(n: int) -> bool:
        free = FollowUpCall.objects.get(pk=call.pk).caller_id is None
        meeting.wait()
        FollowUpCall.objects.filter(pk=call.pk).update(caller=callers[n])
        return free

    assert race(2, look_then_take) == [True, True]


def test_of_two_managers_who_approve_at_once_one_is_told(branch: Branch, staff: Staff) -> None:
    managers, caller = [staff("branch_manager") for _n in range(2)], staff("follow_up_caller")
    call = FollowUpCallFactory(branch=branch, state="unable_proposed", unable_proposed_by=caller)

    results = race(2, lambda n: approve_unable(actor=managers[n], call=call, now=NOW))

    assert sorted(type(result).__name__ for result in results) == ["CallNotOpen", "FollowUpCall"]
    assert any(isinstance(result, CallNotOpen) for result in results)


# -- planners ----------------------------------------------------------------------------------------------------------


def test_four_planners_at_once_plan_every_call_once(newcomers: int) -> None:
    actor = system_user()

    counts = race(4, lambda _n: plan_calls(actor=actor, now=NOW))

    assert sum(counts) == newcomers
    assert FollowUpCall.objects.count() == newcomers


@on_postgresql
def test_without_the_constraint_two_planners_would_plan_twice(
    newcomers: int, without_the_constraint: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor, meeting, look = system_user(), Meeting(2), FollowUpCallQuerySet.occasions_of

    def look_then_wait(rows: Any, calls: list[Any]) -> Any:
        found = look(rows, calls)
        meeting.wait()
        return found

    monkeypatch.setattr(FollowUpCallQuerySet, "occasions_of", look_then_wait)
    race(2, lambda _n: plan_calls(actor=actor, now=NOW))

    assert FollowUpCall.objects.count() > newcomers


def test_a_planner_killed_in_the_middle_leaves_nothing_and_the_next_one_plans_all(
    newcomers: int, tmp_path: Path
) -> None:
    worker = start(tmp_path / "marker", 60)
    wait_for(tmp_path / "marker", worker)

    worker.send_signal(signal.SIGKILL)
    worker.wait()

    assert FollowUpCall.objects.count() == 0
    assert plan_calls(actor=system_user(), now=NOW) == newcomers
    assert plan_calls(actor=system_user(), now=NOW) == 0


@pytest.mark.long
def test_however_many_planners_die_each_call_is_planned_once(newcomers: int, tmp_path: Path) -> None:
    for turn in range(6):
        marker = tmp_path / f"marker{turn}"
        workers = [start(marker, 0.05 * turn) for _n in range(2)]
        wait_for(marker, workers[0], workers[1])
        time.sleep(0.03 * turn)
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
            worker.wait()

    plan_calls(actor=system_user(), now=NOW)

    assert FollowUpCall.objects.count() == newcomers
    assert FollowUpCall.objects.values("client").distinct().count() == newcomers


def database_url() -> str:
    held = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{held['NAME']}"
    return f"postgresql://{held['USER']}@{held['HOST']}:{held['PORT']}/{held['NAME']}"


def start(marker: Path, dawdle: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.care.worker", NOW.isoformat(), str(marker), str(dawdle)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "crm.settings.testing"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def wait_for(marker: Path, *workers: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while not marker.exists():
        alive = [worker for worker in workers if worker.poll() is None]
        said = [worker.stdout.read().decode() for worker in workers if worker.poll() and worker.stdout]
        assert alive and time.monotonic() < until, said
        time.sleep(0.02)


# -- surveys -----------------------------------------------------------------------------------------------------------


def test_four_sweeps_at_once_invite_everybody_once(branch: Branch) -> None:
    for _n in range(6):
        ClosedComplaintFactory(client__branch=branch)
    actor = system_user()

    counts = race(4, lambda _n: invite_surveys(actor=actor, now=NOW))

    assert sum(counts) == 6
    assert Outbound.objects.count() == 6


@pytest.fixture
def asked_at_once(branch: Branch, staff: Staff) -> Callable[..., list[Any]]:
    """Rounds asked by these titles at the same moment, of a segment of six clients."""
    manager = staff("branch_manager")
    rule = {"all": [{"field": "status", "op": "in", "value": ["active"]}]}
    segment = create_segment(values={"name": "活跃", "rule": rule}, actor=manager)
    ClientFactory.create_batch(6, branch=branch, email="a@example.com")

    def ask(*titles: str) -> list[Any]:
        said: dict[str, Any] = {"segment": segment, "branch": branch, "actor": manager, "now": NOW}
        return race(len(titles), lambda n: invite_segment(title=titles[n], **said))

    return ask


def test_a_round_asked_three_times_at_once_invites_everybody_once_and_two_sweeps_write_one_letter_each(
    asked_at_once: Callable[..., list[Any]],
) -> None:
    results = asked_at_once("服务", "服务", "服务")
    assert {type(result).__name__ for result in results} == {"SurveyRound"}, results
    assert len({result.pk for result in results}) == 1
    assert SurveyInvitation.objects.count() == 6

    actor = system_user()
    counts = race(2, lambda _n: write_letters(actor=actor, now=NOW))

    assert (sum(counts), Outbound.objects.count()) == (6, 6)
    for letter in Outbound.objects.all():
        found = re.search(r"/s/([\w-]+)/", letter.body)
        assert found is not None
        assert letter.dedupe_key == f"survey:{find_open(found[1], NOW).public_id}", "the link of the letter is alive"


def test_two_rounds_at_once_invite_each_client_to_one_of_them(asked_at_once: Callable[..., list[Any]]) -> None:
    made = sorted(type(result).__name__ for result in asked_at_once("服务", "软件"))

    assert made == ["NobodyToInvite", "SurveyRound"], "the second finds nobody left to ask"
    assert SurveyInvitation.objects.count() == 6


@on_postgresql
def test_without_the_lock_two_rounds_at_once_would_invite_everybody_twice(
    asked_at_once: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting, look = Meeting(2), rounds.find_audience

    def look_then_wait(**said: Any) -> Any:
        found = look(**said)
        meeting.wait()
        return found

    monkeypatch.setattr(rounds, "_branch_alone", lambda branch: branch)
    monkeypatch.setattr(rounds, "find_audience", look_then_wait)
    asked_at_once("服务", "软件")

    assert SurveyInvitation.objects.count() == 12


def test_of_fifty_answers_at_once_one_counts(branch: Branch) -> None:
    SurveyInvitationFactory(
        branch=branch, token="tok", created_at=timezone.now(), expires_at=timezone.now().replace(year=2100)
    )
    system_user()

    def twice(n: int) -> list[int]:
        browser = Browser()
        said = {"satisfaction": str(n % 5 + 1), "recommendation": "9"}
        return [browser.post("/s/tok/", said).status_code for _again in range(2)]

    statuses = [status for pair in race(25, twice) for status in pair]

    assert sorted(statuses) == [200] + [410] * 49
    assert SurveyAnswer.objects.count() == 1


@on_postgresql
def test_without_the_claim_two_would_find_the_link_open(branch: Branch) -> None:
    """The twin: looking alone tells both that the link is open."""
    SurveyInvitationFactory(branch=branch, token="tok")
    meeting = Meeting(2)

    def look(_n: int) -> str:
        found = find_open("tok", NOW).state
        meeting.wait()
        return found

    assert race(2, look) == ["invited", "invited"]
