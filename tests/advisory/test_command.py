"""The command and the job that compute a matching."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from advisory.models import MatchingRun
from advisory.services import start_matching
from advisory.tasks import close_abandoned_runs, compute_matching
from clients.models import Client
from crm.core.jobs import AlreadyRunning, cancel_job, take_and_run
from crm.core.models import Branch, JobRun, Policy
from tests.doors import Staff
from tests.factories.advisory import AdvisorFactory
from tests.factories.clients import ClientFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


def run_command(*said: str) -> dict[str, object]:
    out = StringIO()
    call_command("run_matching", *said, stdout=out)
    return json.loads(out.getvalue().splitlines()[-1])


def test_the_last_line_is_json_and_nothing_moves_without_approval(branch: Branch) -> None:
    AdvisorFactory(user__branch=branch, capacity=2)
    ClientFactory.create_batch(3, branch=branch)

    said = run_command("--branch", branch.code)

    assert (said["gap"], said["assigned"], said["unassigned"], said["moved"]) == (0, 2, 1, 0)
    assert said["value"] == said["bound"]
    assert MatchingRun.objects.get(public_id=said["run"]).state == "proposed"
    assert not Client.objects.exclude(advisor=None).exists()


def test_with_approval_the_clients_have_their_advisor(branch: Branch) -> None:
    advisor = AdvisorFactory(user__branch=branch)
    ClientFactory.create_batch(3, branch=branch)

    run_command("--branch", branch.code, "--approve")
    again = run_command("--branch", branch.code, "--approve")

    assert Client.objects.filter(advisor=advisor.user).count() == 3
    assert (again["assigned"], again["moved"]) == (3, 0)


def test_an_unknown_branch_is_an_error() -> None:
    with pytest.raises(CommandError):
        run_command("--branch", "NONE")


def test_a_started_run_waits_for_its_job_and_is_computed_once(branch: Branch, staff: Staff) -> None:
    AdvisorFactory(user__branch=branch)
    ClientFactory(branch=branch)
    run = start_matching(actor=staff("branch_manager"), branch=branch, now=NOW, continuity_points=700)
    assert run.state == "computing"
    with pytest.raises(AlreadyRunning):
        start_matching(actor=staff("branch_manager"), branch=branch, now=NOW)

    assert take_and_run(run.job_id)

    job = JobRun.objects.get(pk=run.job_id)
    again = compute_matching(job, lambda done, total, message="": None)
    found = MatchingRun.objects.get(pk=run.pk)
    assert (job.state, found.state, found.continuity_points, found.proposals.count()) == ("done", "proposed", 700, 1)
    assert again["run"] == run.public_id


def test_a_run_that_cannot_be_computed_has_failed_with_its_job(branch: Branch, staff: Staff) -> None:
    run = start_matching(actor=staff("branch_manager"), branch=branch, now=NOW)
    Policy.objects.filter(policy_key_id="matching.weights").update(value={"risk": 0})

    take_and_run(run.job_id)

    assert JobRun.objects.get(pk=run.job_id).state == "failed"
    assert MatchingRun.objects.get(pk=run.pk).state == "failed"


def test_a_cancelled_run_is_closed_by_the_sweep(branch: Branch, staff: Staff) -> None:
    manager = staff("branch_manager")
    run = start_matching(actor=manager, branch=branch, now=NOW)
    cancel_job(run=JobRun.objects.get(pk=run.job_id), actor=manager)

    assert close_abandoned_runs(NOW) == 1
    assert close_abandoned_runs(NOW) == 0
    assert MatchingRun.objects.get(pk=run.pk).state == "failed"
