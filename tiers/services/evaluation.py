"""Evaluating a branch: averages, first tiers, moves up and down, with history and proof (docs/adr/0004)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Max

from clients.models import BranchDay
from crm.core import audit
from crm.core.access import system_user
from crm.core.errors import BranchClosed
from crm.core.faults import fault as break_here
from crm.core.jobs import Tick, start_job
from crm.core.models import Branch, JobRun, User
from crm.core.service import service
from tiers import evaluation_sql as sql
from tiers.errors import LaterDayEvaluated, NoProgramme
from tiers.models import EvaluationRun, Programme, Tier, TierState
from tiers.services.programmes import seed_default_programme
from tiers.services.questions import closes_month, down_after, question

#: The long work that evaluates one branch for one day.
JOB = "tiers.evaluate"


@dataclass(frozen=True)
class Outcome:
    """What one call did; the run itself sums up all calls for its day."""

    run: EvaluationRun
    counts: dict[str, int]
    steps: dict[str, int] = field(default_factory=dict)
    no_data: int = 0

    @property
    def moved(self) -> int:
        """Clients who changed tier; a first tier is no move."""
        return sum(self.steps.get(step, 0) for step in ("up", "down", "programme"))

    @property
    def written(self) -> int:
        """Rows of clients' tiers that were written."""
        return sum(self.steps.values())

    def as_json(self) -> dict[str, Any]:
        return {
            "run": self.run.public_id,
            "date": self.run.day.isoformat(),
            "programme": self.run.programme.code,
            "counts": self.counts,
            "moved": self.moved,
            "up": self.steps.get("up", 0),
            "down": self.steps.get("down", 0),
            "first": self.steps.get("first", 0),
            "no_data": self.no_data,
        }


def programme_for(branch: Branch, day: date, code: str = "") -> Programme:
    """The programme named ``code``, else the one that governs the branch on ``day``. Raises ``NoProgramme``."""
    if code:
        found = Programme.objects.active_on(day).of_branch(branch).filter(code=code).first()
    else:
        found = Programme.objects.governing(branch, day)
    if found is None:
        raise NoProgramme
    return found


def programme_or_default(branch: Branch, day: date) -> Programme:
    """The programme that governs the branch; a company that has none gets the one the product brings."""
    try:
        return programme_for(branch, day)
    except NoProgramme:
        seed_default_programme(company=branch.company, actor=system_user())
        return programme_for(branch, day)


def days_to_evaluate(branch: Branch) -> list[date]:
    """The newest day on file after the last evaluation, led by the days that closed a month in between.

    Without them a house whose sweeps stood still over the end of a month would move nobody for that month.
    """
    last = EvaluationRun.objects.filter(branch=branch).aggregate(day=Max("day"))["day"]
    on_file = BranchDay.objects.filter(branch=branch)
    newest: date | None = on_file.aggregate(newest=Max("day"))["newest"]
    if newest is None or (last is not None and last >= newest):
        return []
    if last is None:
        return [newest]
    between = on_file.filter(day__gt=last, day__lt=newest).order_by("day").values_list("day", flat=True)
    newest_of_month = {day.replace(day=1): day for day in between}
    return [*(day for day in newest_of_month.values() if closes_month(day)), newest]


@service("tiers.evaluate")
def evaluate(
    *,
    branch: Branch,
    day: date,
    actor: User,
    programme: Programme | None = None,
    job: JobRun | None = None,
    tick: Tick | None = None,
    fault: Callable[[str], None] | None = None,
) -> Outcome:
    """Grade every client of a branch for ``day``: all or nothing, and a second time for the same day without effect.

    ``tick`` is told each step that is done (a window measured, judged, moved, counted), of how many. Raises ``NoProgramme`` and
    ``LaterDayEvaluated``. ``fault`` is called between the steps; tests break in there.
    """
    # One writer a branch, the same lock as for assets: no file arrives between the average and the move.
    Branch.objects.select_for_update(of=("self",), no_key=True).get(pk=branch.pk)
    programme = programme or programme_for(branch, day)
    if EvaluationRun.objects.filter(programme=programme, branch=branch, day__gt=day).exists():
        raise LaterDayEvaluated
    asked = question(branch, programme, day)
    run = _run(branch, programme, asked, actor, job)
    step = Steps(tick, asked.measured + 3)
    with connection.cursor() as cursor:
        sql.measure(cursor, asked, step.done)
        sql.decide(cursor, asked)
        step.done()
        steps = sql.apply(cursor, asked, run.pk)
        step.done()
        break_here("evaluation.applied")
        if fault:
            fault("applied")
        no_data = sql.count_without_data(cursor)
        sql.clear(cursor)
    counts = counts_of_branch(branch, programme)
    _sum_up(run, steps, counts, no_data)
    step.done()
    outcome = Outcome(run, counts, steps, no_data)
    audit.record(actor, "tiers.evaluate", run, after=outcome.as_json())
    return outcome


class Steps:
    """Tells ``tick`` one step after the other."""

    def __init__(self, tick: Tick | None, total: int) -> None:
        self._tick, self._total, self._so_far = tick, total, 0

    def done(self) -> None:
        self._so_far += 1
        if self._tick is not None:
            self._tick(self._so_far, self._total)


def ask_evaluation(*, actor: User, branch: Branch, day: date, programme: Programme) -> JobRun:
    """Put an evaluation in the queue; one at a time for each branch. Raises ``BranchClosed`` and ``AlreadyRunning``."""
    if not branch.is_open:
        raise BranchClosed
    params = {"day": day.isoformat(), "programme": programme.public_id}
    return start_job(JOB, actor=actor, params=params, branch=branch, key=f"{branch.pk}")


def _run(branch: Branch, programme: Programme, asked: sql.Question, actor: User, job: JobRun | None) -> EvaluationRun:
    run, _made = EvaluationRun.objects.select_related("programme").get_or_create(
        programme=programme,
        branch=branch,
        day=asked.day,
        defaults={
            "is_month_end": asked.is_month_end,
            "window_days": asked.window_days,
            "down_after": down_after(branch, programme, asked.day),
            "actor": actor,
            "job": job,
        },
    )
    return run


def _sum_up(run: EvaluationRun, steps: dict[str, int], counts: dict[str, int], no_data: int) -> None:
    """Keep the run's figures up to date; nothing is written when nothing has changed."""
    before = (run.counts, run.no_data, run.up, run.down, run.first, run.changed_programme)
    run.up += steps.get("up", 0)
    run.down += steps.get("down", 0)
    run.first += steps.get("first", 0)
    run.changed_programme += steps.get("programme", 0)
    run.counts, run.no_data = counts, no_data
    if before != (run.counts, run.no_data, run.up, run.down, run.first, run.changed_programme):
        run.save(update_fields=["counts", "no_data", "up", "down", "first", "changed_programme", "updated_at"])


def counts_of_branch(branch: Branch, programme: Programme) -> dict[str, int]:
    """Clients by tier code, every tier of the programme named."""
    found = TierState.objects.of_branch(branch).counts_by_tier()
    return {tier.code: found.get(tier.pk, 0) for tier in Tier.objects.filter(programme=programme).order_by("rank")}
