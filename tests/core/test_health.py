"""Watchdogs learn whether the house answers and whether the work behind it gets done, and nothing else."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from crm.core import health, jobs
from crm.core.models import Heartbeat, JobRun, Outbound

pytestmark = pytest.mark.django_db


@pytest.fixture
def alive():
    """Both processes have just finished a round."""
    for name in health.PROCESSES:
        jobs.beat(name, timezone.now())


def pulse_of(client, **headers):
    return client.get("/health/jobs", headers=headers)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_open_to_anybody_and_never_cached(client, path):
    answer = client.get(path)

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]


def test_healthz_asks_nothing_of_anybody(client, cost_of):
    assert cost_of(lambda: client.get("/healthz")) == 0


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/health/jobs"])
def test_only_reading_is_possible(client, path):
    assert client.post(path).status_code == 405


def test_ready_says_which_part_is_down_and_no_detail(client, monkeypatch):
    monkeypatch.setattr(health, "database_answers", lambda: False)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "database": False, "migrations": False, "broker": True}


def test_a_database_that_fails_is_no_traceback(monkeypatch):
    class Broken:
        def cursor(self):
            raise DatabaseError("password=secret")

    monkeypatch.setattr(health, "connection", Broken())

    assert health.database_answers() is False


def test_a_missing_migration_turns_it_red(client, monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)
    monkeypatch.setattr("crm.core.health.MigrationExecutor.migration_plan", lambda *_args: ["one"])

    assert client.get("/readyz").status_code == 503


def test_a_broker_that_is_down_or_frozen_is_named_and_not_waited_for(client, monkeypatch):
    class Frozen:
        def __enter__(self):
            return self

        def __exit__(self, *_args):
            return None

        def ensure_connection(self, **_options):
            time.sleep(30)

    monkeypatch.setattr("celery.current_app.connection_for_write", lambda **_options: Frozen())
    began = time.monotonic()

    answer = client.get("/readyz")

    assert time.monotonic() - began < 2
    assert (answer.status_code, answer.json()["broker"]) == (200, False)


def test_with_fresh_beats_and_nothing_waiting_all_is_well(client, alive):
    answer = pulse_of(client)

    assert answer.status_code == 200
    assert answer.json()["red"] == []
    assert answer.json()["heartbeat_age"]["worker"] < 10


def test_silence_is_red(client):
    assert set(pulse_of(client).json()["red"]) == {"run_due_stale", "worker_stale"}


@pytest.mark.parametrize("name", health.PROCESSES)
def test_an_old_beat_is_red(client, alive, name):
    Heartbeat.objects.filter(pk=name).update(at=timezone.now() - timedelta(minutes=4))

    answer = pulse_of(client)

    assert (answer.status_code, answer.json()["red"]) == (503, [f"{name}_stale"])


def test_work_that_waits_is_red_by_the_age_of_its_oldest_row(client, alive, staff):
    run = JobRun.objects.create(kind="t", actor=staff("advisor"))
    assert pulse_of(client).status_code == 200
    JobRun.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(minutes=6))
    Outbound.objects.create(
        purpose="t", channel="sms", address="1", subject="s", body="b", dedupe_key="k",
        due_at=timezone.now() - timedelta(minutes=7),
    )  # fmt: skip

    answer = pulse_of(client).json()

    assert answer["red"] == ["jobs_waiting", "outbound_waiting"]
    assert answer["oldest_due_age"]["jobs"] >= 360


def test_queues_of_other_apps_are_watched_as_well(client, alive, monkeypatch):
    monkeypatch.setattr(jobs, "QUEUES", {})
    monkeypatch.setattr(health, "QUEUES", jobs.QUEUES)
    jobs.watches("calls")(lambda now: now - timedelta(hours=1))

    assert pulse_of(client).json()["red"] == ["calls_waiting"]


def test_given_up_and_unknown_messages_are_counted_as_warnings(client, alive):
    for number, state in enumerate(["dead", "unknown", "unknown"]):
        Outbound.objects.create(
            purpose="t", channel="sms", address="1", subject="s", body="b", dedupe_key=f"k{number}", state=state,
            due_at=timezone.now(),
        )  # fmt: skip

    answer = pulse_of(client)

    assert answer.status_code == 200
    assert (answer.json()["outbound_dead"], answer.json()["outbound_unknown"]) == (1, 2)
    assert {"outbound_dead", "outbound_unknown"} <= set(answer.json()["warnings"])


def test_a_flawed_trail_is_red(client, alive):
    jobs.beat("audit_verify", timezone.now(), {"flaws": 2, "position": 9})

    assert pulse_of(client).json()["red"] == ["audit_flaws"]


def test_strangers_learn_nothing_also_through_a_proxy_on_the_machine(client, alive):
    assert client.get("/health/jobs", REMOTE_ADDR="203.0.113.9").status_code == 403
    assert pulse_of(client, x_forwarded_for="203.0.113.9").status_code == 403


def test_staff_see_it_from_anywhere(web, staff, alive):
    assert web(staff("agent")).get("/health/jobs", REMOTE_ADDR="203.0.113.9").status_code == 200


def test_no_answer_holds_a_name_or_an_address(client, alive, staff):
    person = staff("advisor", name="秘密")
    JobRun.objects.create(kind="secret-kind", actor=person)

    text = pulse_of(client).content.decode() + client.get("/readyz").content.decode()

    assert "秘密" not in text
    assert "secret-kind" not in text
