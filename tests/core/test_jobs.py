"""Rows say what is to be done; whoever reaches for a row, exactly one gets it, and nobody's death loses it."""

from __future__ import annotations

import io
import json
import threading
import time
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from crm.core import jobs
from crm.core.errors import DomainError, MissingRight
from crm.core.models import AuditEntry, Heartbeat, JobRun
from tests.factories.core import BranchFactory, UserFactory
from tests.racing import Meeting, on_postgresql, race

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    """Kinds of work that only these tests know."""
    monkeypatch.setattr(jobs, "JOBS", dict(jobs.JOBS))
    monkeypatch.setattr(jobs, "DUE", dict(jobs.DUE))

    @jobs.job("test.count", label="Counting")
    def count(run, tick):
        for number in range(run.params.get("n", 3)):
            tick(number + 1, run.params.get("n", 3))
        return {"counted": run.params.get("n", 3)}

    @jobs.job("test.refuse")
    def refuse(_run, _tick):
        raise DomainError("Not like this.")

    @jobs.job("test.fail")
    def fail(_run, _tick):
        raise ZeroDivisionError("secret 13812348000")


def start(actor, kind="test.count", **options):
    return jobs.start_job(kind, actor=actor, params=options.pop("params", {}), **options)


def test_a_run_is_asked_for_done_and_signed(staff, branch):
    run = start(staff("advisor"), branch=branch)

    assert jobs.take_and_run(run.pk)

    run.refresh_from_db()
    assert (run.state, run.done, run.total, run.result) == ("done", 3, 3, {"counted": 3})
    assert run.percent == 100
    assert run.lease_until is None
    assert AuditEntry.objects.filter(action="job.start", object_id=run.public_id).count() == 1


def test_a_run_that_is_done_is_not_done_again(staff):
    run = start(staff("advisor"))

    assert [jobs.take_and_run(run.pk), jobs.take_and_run(run.pk)] == [True, False]


def test_the_same_work_does_not_wait_twice(staff):
    start(staff("advisor"), key="day-1")

    with pytest.raises(jobs.AlreadyRunning):
        start(staff("advisor"), key="day-1")
    start(staff("advisor"), key="day-2")
    assert JobRun.objects.count() == 2


def test_a_kind_nobody_knows_is_a_mistake(staff):
    with pytest.raises(LookupError):
        start(staff("advisor"), kind="no.such")


def test_a_refusal_of_the_trade_is_told_and_a_fault_is_not(staff):
    refused, failed = start(staff("advisor"), "test.refuse"), start(staff("advisor"), "test.fail")

    jobs.take_and_run(refused.pk)
    jobs.take_and_run(failed.pk)

    refused.refresh_from_db()
    failed.refresh_from_db()
    assert (refused.state, refused.message) == ("failed", "Not like this.")
    assert failed.state == "failed"
    assert "138" not in failed.message


@pytest.mark.parametrize("told_by", ["refusal", "progress"])
def test_a_run_ends_however_much_there_is_to_say(staff, told_by):
    long = "Row 7 was changed. " * 40

    @jobs.job("test.talk")
    def talk(_run, tick):
        tick(1, 1, long if told_by == "progress" else "")
        raise DomainError(long)

    run = start(staff("advisor"), "test.talk")
    assert jobs.take_and_run(run.pk)

    run.refresh_from_db()
    assert run.state == "failed"
    assert run.message == long[:300]


def test_the_work_of_a_dead_worker_is_taken_again(staff):
    run = start(staff("advisor"))
    now = timezone.now()
    assert JobRun.objects.take(pk=run.pk, worker="dead", now=now, until=now + timedelta(minutes=2))

    assert not JobRun.objects.take(pk=run.pk, worker="early", now=now + timedelta(minutes=1), until=now)
    assert JobRun.objects.take(
        pk=run.pk, worker="next", now=now + timedelta(minutes=3), until=now + timedelta(minutes=5)
    )


def test_whoever_has_lost_his_lease_writes_no_more(staff, monkeypatch):
    run = start(staff("advisor"))

    @jobs.job("test.count")
    def overtaken(run, tick):
        JobRun.objects.filter(pk=run.pk).update(leased_by="somebody else")
        tick(1, 2)
        raise AssertionError("went on without a lease")

    jobs.take_and_run(run.pk)

    run.refresh_from_db()
    assert (run.state, run.leased_by, run.done) == ("running", "somebody else", 0)


def test_poisonous_work_is_given_up_after_five_attempts(staff):
    run = start(staff("advisor"))
    JobRun.objects.filter(pk=run.pk).update(attempts=jobs.MAX_ATTEMPTS)

    jobs.take_and_run(run.pk)

    run.refresh_from_db()
    assert run.state == "failed"


def test_the_sweep_asks_again_for_what_no_hint_has_brought_and_leaves_the_work_to_the_task_for_long_work(
    staff, sent, django_capture_on_commit_callbacks
):
    runs = [start(staff("advisor")) for _turn in range(3)]

    with django_capture_on_commit_callbacks(execute=True):
        assert jobs.run_due()["core.run_jobs"] == 3

    assert [asked for asked in sent if asked[0] == "core.run_job"] == [("core.run_job", [run.pk]) for run in runs]
    assert JobRun.objects.filter(state="queued").count() == 3


def test_the_command_does_the_work_itself(staff):
    runs = [start(staff("advisor")) for _turn in range(3)]

    call_command("run_due", stdout=io.StringIO())

    assert JobRun.objects.filter(pk__in=[run.pk for run in runs], state="done").count() == 3


def test_a_run_that_takes_too_long_for_its_worker_waits_for_another_turn(staff):
    run = start(staff("advisor"))

    @jobs.job("test.count")
    def long(_run, _tick):
        raise SoftTimeLimitExceeded

    jobs.take_and_run(run.pk)

    run.refresh_from_db()
    assert (run.state, run.attempts, run.ended_at, run.lease_until) == ("queued", 1, None, None)
    assert run in JobRun.objects.takeable(timezone.now())


@pytest.mark.django_db(transaction=True)
def test_a_handler_that_cannot_tick_keeps_its_lease_while_it_works(staff, monkeypatch):
    monkeypatch.setattr(jobs, "RENEW_EVERY", 0.02)
    run, kept = start(staff("advisor")), []

    @jobs.job("test.count")
    def silent(run, _tick):
        JobRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        for _turn in range(200):
            if not JobRun.objects.takeable(timezone.now()).exists():
                break
            time.sleep(0.05)
        kept.append(not jobs.take_and_run(run.pk))
        return {}

    jobs.take_and_run(run.pk)

    run.refresh_from_db()
    assert (kept, run.state, run.attempts) == ([True], "done", 1)


# -- stopping ----------------------------------------------------------------------------------------------------------


def test_a_waiting_run_that_is_stopped_never_starts(staff):
    actor = staff("advisor")
    run = start(actor)

    jobs.cancel_job(run=run, actor=actor)

    run.refresh_from_db()
    assert run.state == "cancelled"
    assert not jobs.take_and_run(run.pk)


def test_a_running_one_stops_at_its_next_step(staff):
    actor = staff("advisor")
    run = start(actor)

    @jobs.job("test.count")
    def stopped(run, tick):
        tick(1, 3)
        jobs.cancel_job(run=run, actor=actor)
        tick(2, 3)
        raise AssertionError("went on")

    jobs.take_and_run(run.pk)

    run.refresh_from_db()
    assert run.state == "cancelled"


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_one_long_transaction_tells_others_how_far_it_is_and_stops_when_asked_with_nothing_written(staff):
    actor = staff("advisor")
    run, seen = start(actor), []

    @jobs.job("test.count")
    def whole(run, _tick):
        tell = jobs.aside(run)
        with transaction.atomic():
            BranchFactory(name="half")
            tell(2, 5)
            seen.append(elsewhere(lambda: JobRun.objects.values_list("done", "total").get(pk=run.pk)))
            elsewhere(lambda: jobs.cancel_job(run=run, actor=actor))
            tell(3, 5)
            raise AssertionError("went on")

    jobs.take_and_run(run.pk)

    run.refresh_from_db()
    assert (seen, run.state) == ([(2, 5)], "cancelled")
    assert not type(actor.branch).objects.filter(name="half").exists()


def elsewhere(ask):
    """On a connection of its own, which sees only what is committed."""
    found = []

    def work():
        found.append(ask())
        connection.close()

    other = threading.Thread(target=work)
    other.start()
    other.join()
    return found[0]


def test_a_tick_beside_a_transaction_that_cannot_be_written_stops_nothing(staff):
    """On SQLite there is one writer at a time; in a transaction that nobody sees yet there is no run to tell of."""
    run = start(staff("advisor"))

    jobs.aside(run)(1, 3)

    run.refresh_from_db()
    assert (run.done, run.total) == (0, 0)


def test_what_has_ended_cannot_be_stopped(staff):
    actor = staff("advisor")
    run = start(actor)
    jobs.take_and_run(run.pk)

    with pytest.raises(jobs.AlreadyEnded):
        jobs.cancel_job(run=run, actor=actor)


@pytest.mark.parametrize(("role", "may"), [("branch_manager", True), ("follow_up_caller", False), ("auditor", False)])
def test_others_stop_a_run_only_if_they_manage_the_branch(staff, branch, role, may):
    run = start(staff("advisor"), branch=branch)

    assert jobs.may_cancel(run, staff(role)) is may
    if not may:
        with pytest.raises(MissingRight):
            jobs.cancel_job(run=run, actor=staff(role))


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


# -- races -------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_ten_workers_exactly_one_gets_a_run():
    run = JobRun.objects.create(kind="test.count", actor=UserFactory(branch=BranchFactory()))
    now = timezone.now()

    taken = race(
        10, lambda n: JobRun.objects.take(pk=run.pk, worker=f"w{n}", now=now, until=now + timedelta(minutes=2))
    )

    assert sorted(taken) == [False] * 9 + [True]
    run.refresh_from_db()
    assert run.attempts == 1


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_with_a_look_before_the_claim_several_workers_get_it():
    """The twin without the condition in the UPDATE."""
    run = JobRun.objects.create(kind="test.count", actor=UserFactory(branch=BranchFactory()))
    meeting = Meeting(4)

    def look_then_take(number: int) -> bool:
        free = JobRun.objects.filter(pk=run.pk, state="queued").exists()
        meeting.wait()
        return free and bool(JobRun.objects.filter(pk=run.pk).update(state="running", leased_by=f"w{number}"))

    assert sum(race(4, look_then_take)) > 1


@pytest.mark.django_db(transaction=True)
def test_ten_requests_for_the_same_work_start_one():
    actor = UserFactory(branch=BranchFactory())

    outcomes = race(10, lambda _n: start(actor, key="same"))

    assert JobRun.objects.count() == 1
    assert sum(isinstance(outcome, jobs.AlreadyRunning) for outcome in outcomes) == 9


# -- pages -------------------------------------------------------------------------------------------------------------


def test_the_list_shows_own_runs_and_those_of_the_branch_to_its_manager(web, staff, branch, other_branch):
    advisor, manager = staff("advisor"), staff("branch_manager")
    own = start(advisor, branch=branch)
    foreign = start(staff("advisor", branch=other_branch), branch=other_branch)

    seen = web(manager).get(reverse("core:job_list")).content.decode()

    assert own.public_id in seen
    assert foreign.public_id not in seen
    assert own.public_id not in web(staff("advisor")).get(reverse("core:job_list")).content.decode()


def test_a_foreign_run_and_none_at_all_look_the_same(web, staff, other_branch):
    foreign = start(staff("advisor", branch=other_branch), branch=other_branch)
    browser = web(staff("advisor"))

    answers = [browser.get(reverse("core:job_detail", args=[i])) for i in (foreign.public_id, "0" * 26)]

    assert [answer.status_code for answer in answers] == [404, 404]


def test_the_card_asks_again_until_the_run_has_ended(web, staff):
    actor = staff("advisor")
    run = start(actor)
    browser, url = web(actor), reverse("core:job_detail", args=[run.public_id])

    waiting = browser.get(url, headers={"HX-Request": "true"}).content.decode()
    jobs.take_and_run(run.pk)
    ended = browser.get(url, headers={"HX-Request": "true"}).content.decode()

    assert "every 2s" in waiting
    assert "<html" not in waiting
    assert "Counting" in waiting
    assert "every 2s" not in ended


def test_the_page_stops_a_run(web, staff):
    actor = staff("advisor")
    run = start(actor)

    answer = web(actor).post(reverse("core:job_cancel", args=[run.public_id]))

    run.refresh_from_db()
    assert answer.status_code == 302
    assert run.state == "cancelled"


def test_who_sees_a_run_and_may_not_stop_it_is_told_so(web, staff, branch):
    run = start(staff("advisor"), branch=branch)

    assert web(staff("follow_up_caller")).post(reverse("core:job_cancel", args=[run.public_id])).status_code == 403


def test_the_list_costs_the_same_for_one_run_and_for_ten(web, staff, branch, cost_of):
    manager = staff("branch_manager")
    browser = web(manager)
    start(staff("advisor"), branch=branch)
    one = cost_of(lambda: browser.get(reverse("core:job_list")))
    for _turn in range(9):
        start(staff("advisor"), branch=branch)

    assert cost_of(lambda: browser.get(reverse("core:job_list"))) == one


def test_a_page_that_is_the_report_of_the_run_shows_itself_when_the_run_has_ended(web, staff):
    actor = staff("advisor")
    run = start(actor)
    JobRun.objects.filter(pk=run.pk).update(
        state="done", ended_at=timezone.now(), result={"report_url": "/matching/1/"}
    )
    browser, url = web(actor), reverse("core:job_detail", args=[run.public_id])

    here = browser.get(url, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/matching/1/"})
    elsewhere = browser.get(url, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/jobs/"})

    assert here["HX-Refresh"] == "true"
    assert "HX-Refresh" not in elsewhere


def test_what_runs_without_a_worker_seals_the_trail_as_well(staff, time_machine):
    import io

    from django.core.management import call_command

    from crm.core import audit
    from crm.core.models import AuditSeal

    person = staff("advisor")
    entry = audit.record(person, "test.note", person)
    later = entry.at + timedelta(minutes=2)

    call_command("run_due", "--now", later.isoformat(), stdout=io.StringIO())

    assert AuditSeal.objects.filter(entry_id=entry.pk).exists()


@pytest.mark.parametrize(
    ("kind", "kept_from", "shown_to"),
    [
        ("clients.erase", ["front_desk", "follow_up_caller", "branch_manager"], ["compliance", "auditor"]),
        ("tiers.leaks", ["front_desk", "follow_up_caller", "auditor"], ["branch_manager", "head_office"]),
        ("advisory.matching", ["front_desk", "follow_up_caller"], ["branch_manager", "auditor"]),
    ],
)
def test_what_came_out_of_a_run_is_told_to_those_alone_who_may_know_it(
    branch, staff, web, api, kind, kept_from, shown_to
):
    assert kind in jobs.JOBS
    readers = {role: staff(role) for role in (*kept_from, *shown_to)}
    before = {role: api(reader).get("/api/v1/jobs/").json() for role, reader in readers.items()}

    run = JobRun.objects.create(
        kind=kind,
        actor=staff("compliance"),
        branch=branch,
        state="done",
        result={"rows": 7},
        message="涉诉留存",
        ended_at=timezone.now(),
    )

    for role in kept_from:
        assert api(readers[role]).get("/api/v1/jobs/").json() == before[role]
        assert web(readers[role]).get("/jobs/").context["page"].rows == []
        for visitor, url in ((web, f"/jobs/{run.public_id}/"), (api, f"/api/v1/jobs/{run.public_id}/")):
            assert visitor(readers[role]).get(url).status_code == 404
    for role in shown_to:
        assert api(readers[role]).get(f"/api/v1/jobs/{run.public_id}/").json()["result"] == {"rows": 7}
    assert api(run.actor).get(f"/api/v1/jobs/{run.public_id}/").status_code == 200
