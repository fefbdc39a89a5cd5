"""Rows say what is to be done; whoever reaches for a row, exactly one gets it, and nobody's death loses it."""

from __future__ import annotations

import io
import time
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from crm.core import jobs
from crm.core.errors import DomainError, MissingRight
from crm.core.models import AuditEntry, JobRun
from tests.core.job_ground import elsewhere, start
from tests.factories.core import BranchFactory, UserFactory
from tests.racing import Meeting, on_postgresql, race

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kinds_of_work")]


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


@pytest.fixture
def sent(monkeypatch):
    """What was handed to the broker."""
    tasks = []
    monkeypatch.setattr("celery.current_app.send_task", lambda name, **options: tasks.append((name, options["args"])))
    jobs.breaker.reset()
    return tasks


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
