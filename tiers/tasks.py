"""Doors for the clock and the queue: the nightly evaluation and the one a person starts."""

from __future__ import annotations

import logging
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.core.access import system_user
from crm.core.jobs import Tick, due, job
from crm.core.models import Branch, JobRun
from tiers.errors import NoProgramme, UnknownMeasure
from tiers.models import Programme
from tiers.services.evaluation import JOB, days_to_evaluate, evaluate, programme_or_default

logger = logging.getLogger(__name__)


@job(JOB, label=_("Tier evaluation"))
def run_evaluation(run: JobRun, tick: Tick) -> dict[str, Any]:
    """Evaluate the branch of the run; params: day (ISO), programme (public id)."""
    programme = Programme.objects.get(public_id=run.params["programme"])
    tick(0, 1)
    outcome = evaluate(
        branch=Branch.objects.get(pk=run.branch_id),  # type: ignore[misc]  # the stub knows the parent field's types
        day=date.fromisoformat(run.params["day"]),
        actor=run.actor,
        programme=programme,
        job=run,
    )
    tick(1, 1)
    return {**outcome.as_json(), "report_url": reverse("tiers:run", args=[outcome.run.public_id])}


@due("tiers.nightly")
def evaluate_branches(now: datetime) -> int:
    """Each open branch for its newest asset day not evaluated yet, and for month-ends that were missed on the way."""
    evaluated = 0
    for branch in Branch.objects.filter(is_open=True).select_related("company").order_by("pk"):
        for day in days_to_evaluate(branch):
            try:
                programme = programme_or_default(branch, day)
            except NoProgramme:
                continue
            try:
                evaluate(branch=branch, day=day, actor=system_user(), programme=programme)
            except UnknownMeasure:
                logger.warning("branch not evaluated: unknown measure", extra={"branch_id": branch.pk})
                break
            evaluated += 1
    return evaluated
