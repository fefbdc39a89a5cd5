"""Doors for the queue and the clock: computing a matching, and closing runs whose computation has died."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from advisory.models import MatchingRun
from advisory.services.matching import JOB, abandoned_runs, give_up_matching, run_matching, summary
from crm.core.access import system_user
from crm.core.clocks import database_now
from crm.core.errors import DomainError
from crm.core.jobs import Tick, due, job
from crm.core.models import JobRun


@job(JOB, label=_("Client matching"), right="advisory.view_matchingrun")
def compute_matching(job_run: JobRun, tick: Tick) -> dict[str, Any]:
    """Compute the run that ``matching.start`` made; a second worker finds it proposed and leaves it. Params: run."""
    from advisory.services.solving import plan_of  # here, because it needs NumPy and the web lists jobs, too

    run = MatchingRun.objects.select_related("branch", "segment", "created_by").get(public_id=job_run.params["run"])
    if run.state == MatchingRun.State.COMPUTING:
        now = database_now()
        tick(0, 2)
        try:
            # Outside of the transaction: seconds of arithmetic must not hold locks.
            plan = plan_of(run, now)
        except DomainError:
            give_up_matching(actor=job_run.actor, run=run)
            raise
        tick(1, 2)
        run = run_matching(actor=job_run.actor, branch=run.branch, now=now, run=run, plan=plan)
        tick(2, 2)
    return {**summary(run), "report_url": run.get_absolute_url()}


@due("advisory.abandoned_runs")
def close_abandoned_runs(now: datetime) -> int:
    """Runs whose job has failed or was cancelled before it could answer."""
    runs = list(abandoned_runs())
    for run in runs:
        give_up_matching(actor=system_user(), run=run)
    return len(runs)
