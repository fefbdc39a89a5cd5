"""Doors for the clock and the queue: the nightly evaluation and the one a person starts."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.core.access import system_user
from crm.core.clocks import database_now, local_date
from crm.core.jobs import AlreadyRunning, Tick, aside, due, job
from crm.core.models import Branch, JobRun
from crm.core.policies import figures
from tiers.errors import NoProgramme, OverrideDecided, OverrideNotInForce, UnknownMeasure
from tiers.models import ClientRate, Programme, Simulation, TierChange, TierOverride
from tiers.services.evaluation import JOB, ask_evaluation, days_to_evaluate, evaluate, programme_or_default
from tiers.services.leaks import JOB as LEAKS
from tiers.services.leaks import awaits_review, review_leaks
from tiers.services.overrides import end_override, lapse_override
from tiers.services.rate_offers import expire_client_rate, lapse_client_rate, review_change
from tiers.services.simulation import JOB as SIMULATE
from tiers.services.simulation import lay_out

#: How many rows of a kind one run moves; the next run goes on.
_BATCH = 500
#: When a night that failed, or was stopped, is tried again.
_AGAIN = timedelta(hours=1)

logger = logging.getLogger(__name__)


@job(JOB, label=_("Tier evaluation"), right="tiers.view_evaluationrun")
def run_evaluation(run: JobRun, tick: Tick) -> dict[str, Any]:
    """Evaluate the branch of the run; params: day (ISO), programme (public id). All or nothing, and anew if it is killed."""
    programme = Programme.objects.get(public_id=run.params["programme"])
    tick(0, 1)
    outcome = evaluate(
        branch=Branch.objects.get(pk=run.branch_id),  # type: ignore[misc]  # the stub knows the parent field's types
        day=date.fromisoformat(run.params["day"]),
        actor=run.actor,
        programme=programme,
        job=run,
        tick=aside(run),
    )
    return {**outcome.as_json(), "report_url": reverse("tiers:run", args=[outcome.run.public_id])}


@job(SIMULATE, label=_("Figures to try bounds of tiers"), right="tiers.change_programme")
def run_simulation(run: JobRun, tick: Tick) -> dict[str, Any]:
    """Lay out the sheet of the run's branch; params: programme (public id). All or nothing, and anew if it is killed."""
    tick(0, 1)
    sheet = lay_out(
        branch=Branch.objects.get(pk=run.branch_id),  # type: ignore[misc]  # the stub knows the parent field's types
        programme=Programme.objects.get(public_id=run.params["programme"]),
        actor=run.actor,
        now=database_now(),
        tick=aside(run),
    )
    return {"clients": sheet.clients, "report_url": reverse("tiers:simulation", args=[sheet.public_id])}


@due("tiers.nightly")
def hand_evaluations_out(now: datetime) -> int:
    """Ask for the next evaluation of each open branch that has a day to evaluate: long work that people see, one a branch.

    One that failed, or that somebody stopped, is asked for again after an hour.
    """
    asked = 0
    for branch in Branch.objects.filter(is_open=True).select_related("company").order_by("pk"):
        for day in days_to_evaluate(branch)[:1]:
            last = (
                JobRun.objects.filter(kind=JOB, key=f"{branch.pk}", created_at__gt=now - _AGAIN).order_by("-pk").first()
            )
            if last is not None and last.params["day"] == day.isoformat() and last.ended:
                continue
            try:
                programme = programme_or_default(branch, day)
                ask_evaluation(actor=system_user(), branch=branch, day=day, programme=programme)
            except (NoProgramme, AlreadyRunning):
                continue
            asked += 1
    return asked


@due("tiers.nightly", by_hand=True)
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


@due("rates.settle")
def settle_rates(now: datetime) -> int:
    """Lapse what nobody answered, close what has run out, propose what changes of tier ask for; a batch each time."""
    day, actor, moved = local_date(now), system_user(), 0
    for rows, change in (
        (ClientRate.objects.run_out(day), lapse_client_rate),
        (ClientRate.objects.expired(day), expire_client_rate),
    ):
        for rate in rows.order_by("pk")[:_BATCH]:
            try:
                change(rate=rate, actor=actor, now=now)
            except ClientRate.DoesNotExist:
                continue  # another worker, or a person, was faster
            moved += 1
    since = day - timedelta(days=figures(day).days("commission.review_days"))
    for step in TierChange.objects.awaiting_rates(since)[:_BATCH]:
        moved += len(review_change(change=step, actor=actor, now=now))
    return moved


@due("tiers.by_hand")
def settle_overrides(now: datetime) -> int:
    """Return clients whose tier by hand has run out to the tier by rule, and close requests that nobody decided."""
    day, actor, moved = local_date(now), system_user(), 0
    for rows, change in (
        (TierOverride.objects.expired(day), end_override),
        (TierOverride.objects.run_out(day), lapse_override),
    ):
        for row in rows.select_related("client").order_by("pk")[:_BATCH]:
            try:
                change(override=row, actor=actor, now=now)
            except (OverrideDecided, OverrideNotInForce):
                continue  # another worker, or a person, was faster
            moved += 1
    return moved


@job(LEAKS, label=_("Review of commission leaks"), right="tiers.view_rateleak")
def run_review(run: JobRun, tick: Tick) -> dict[str, Any]:
    """Review the branch of the run."""
    branch = Branch.objects.get(pk=run.branch_id)  # type: ignore[misc]  # the stub knows the parent field's types
    done = review_leaks(branch=branch, actor=run.actor, now=database_now(), tick=tick)
    return {**done.counts, "report_url": f"{reverse('tiers:leaks')}?branch={branch.public_id}"}


@due("rates.leaks")
def find_leaks(now: datetime) -> int:
    """Each open branch once a day, and again once a file of applied rates has been applied or taken back."""
    reviewed = 0
    for branch in Branch.objects.filter(is_open=True).order_by("pk"):
        if awaits_review(branch, now):
            review_leaks(branch=branch, actor=system_user(), now=now)
            reviewed += 1
    return reviewed


@due("simulations.tidy")
def tidy_simulations(now: datetime) -> int:
    """Take sheets away that nobody has laid out anew for some days; what is worth keeping is a draft."""
    kept = timedelta(days=figures(local_date(now)).days("tier.simulation_kept_days"))
    stale = list(Simulation.objects.stale(now, kept).values_list("pk", flat=True))
    Simulation.objects.filter(pk__in=stale).delete()
    return len(stale)
