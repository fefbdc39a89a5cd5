"""The clock asks every sweep in its turn; a hint leaves after the commit, and a dead broker costs nobody anything."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, transaction
from django.utils import timezone

from crm.core import jobs
from crm.core.models import Heartbeat

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kinds_of_work")]


# -- the clock ---------------------------------------------------------------------------------------------------------


def test_one_failing_sweep_does_not_stop_the_others(monkeypatch):
    monkeypatch.setattr(jobs, "DUE", {"bad": lambda now: 1 // 0, "good": lambda now: 7})

    counts = jobs.run_due()

    assert counts == {"bad": -1, "good": 7}
    assert Heartbeat.objects.get(pk="run_due").detail == counts


def test_a_sweep_that_runs_into_a_time_out_does_not_starve_those_behind_it(monkeypatch):
    def late(now):
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(jobs, "DUE", {"late": late, "good": lambda now: 7})

    assert jobs.run_due() == {"late": -1, "good": 7}


def test_without_a_database_the_round_ends(monkeypatch):
    def away(*_arguments):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(jobs, "DUE", {"first": away, "second": lambda now: 1})
    monkeypatch.setattr(jobs, "database_now", away)

    with pytest.raises(OperationalError):
        jobs.run_due(timezone.now())


def test_the_command_prints_counts_by_rule_and_takes_a_moment(monkeypatch):
    seen = []
    monkeypatch.setattr(jobs, "DUE", {"test.rule": lambda now: seen.append(now.isoformat()) or 2})
    out = io.StringIO()

    call_command("run_due", "--now", "2026-11-22T09:00:00+08:00", stdout=out)

    assert json.loads(out.getvalue()) == {"test.rule": 2}
    assert seen == ["2026-11-22T09:00:00+08:00"]


@pytest.mark.parametrize("text", ["yesterday", "2026-13-40T00:00:00"])
def test_the_command_refuses_a_moment_it_cannot_read(text):
    with pytest.raises(CommandError):
        call_command("run_due", "--now", text)


def test_the_command_fails_where_a_sweep_has_failed(monkeypatch):
    monkeypatch.setattr(jobs, "DUE", {"bad": lambda now: 1 // 0})

    with pytest.raises(CommandError):
        call_command("run_due", stdout=io.StringIO())


# -- hints -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def sent(monkeypatch):
    """What was handed to the broker."""
    tasks = []
    monkeypatch.setattr("celery.current_app.send_task", lambda name, **options: tasks.append((name, options["args"])))
    jobs.breaker.reset()
    return tasks


def test_a_hint_leaves_after_the_commit_and_not_without_one(sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        jobs.hint("core.run_job", 7)
        assert sent == []
    assert sent == [("core.run_job", [7])]

    with django_capture_on_commit_callbacks(execute=True), pytest.raises(RuntimeError), transaction.atomic():
        jobs.hint("core.run_job", 8)
        raise RuntimeError
    assert len(sent) == 1


def test_a_dead_broker_costs_nobody_anything_and_is_left_alone_for_a_while(
    monkeypatch, django_capture_on_commit_callbacks
):
    calls = []

    def dead(*_args, **_options):
        calls.append(1)
        raise ConnectionError

    monkeypatch.setattr("celery.current_app.send_task", dead)
    jobs.breaker.reset()

    with django_capture_on_commit_callbacks(execute=True):
        for _turn in range(5):
            jobs.hint("core.run_due")

    assert len(calls) == 1
    jobs.breaker.reset()
