"""Matching runs: computed on arrays, proposed as rows, decided by a manager, applied in one transaction."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import F, Q
from django.utils.translation import gettext as _

from advisory.errors import MatchingOutdated, NotProposed
from advisory.matching import Solution, contributions, place_price, runners_up, solve_problem, unassigned_reasons
from advisory.models import AdvisorProfile, MatchingRun, MatchProposal
from advisory.services.features import Advisor, MatchingInput, branch_input, licensed_advisors, pool_input
from clients.models import Client, Segment
from clients.segments import refuse_secret
from clients.services.books import assign_many
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.errors import AlreadyDecided, InvalidInput
from crm.core.faults import fault
from crm.core.jobs import start_job
from crm.core.models import Branch, JobRun, User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.versions import lock

JOB = "advisory.matching"
MOST_POINTS = 10_000
_BATCH = 1000
_ADVISORS_SHOWN = 3


@dataclass(frozen=True, eq=False)
class Plan:
    """A solved matching that has not been written yet."""

    given: MatchingInput
    solution: Solution
    continuity_points: int


def plan_matching(
    *,
    branch: Branch,
    now: datetime,
    continuity_points: int | None = None,
    segment: Segment | None = None,
    reader: User | None = None,
) -> Plan:
    """Read the branch and solve; writes nothing. With ``segment`` only its clients are matched, as ``reader`` sees them now.

    Raises ``BadWeights`` and ``InvalidInput``.
    """
    today = local_date(now)
    found = figures(today, branch)
    points = _continuity(
        found.integer("matching.continuity_points") if continuity_points is None else continuity_points
    )
    if segment is not None and reader is not None:
        refuse_secret(segment.group)
        given = pool_input(branch, segment.members(reader, now), today, found, points)
    else:
        given = branch_input(branch, today, found, points)
    return Plan(given, solve_problem(given.problem), points)


def plan_of(run: MatchingRun, now: datetime) -> Plan:
    """What a started run asks for. Raises what ``plan_matching`` does, and ``InvalidInput`` when its segment is gone."""
    if run.pool and run.segment is None:
        raise InvalidInput(_("The segment that was to be matched is gone."))
    return plan_matching(
        branch=run.branch,
        now=now,
        continuity_points=run.continuity_points,
        segment=run.segment,
        reader=run.created_by,
    )


@service("matching.start")
def start_matching(
    *,
    actor: User,
    branch: Branch,
    now: datetime,
    continuity_points: int | None = None,
    segment: Segment | None = None,
) -> MatchingRun:
    """Ask a worker for a matching; the run is there at once, its proposals come with the job.

    ``segment``: only its clients are matched. Raises ``AlreadyRunning`` while another one of the branch is being computed.
    """
    refuse_secret(segment.group if segment else None)
    found = figures(local_date(now), branch)
    points = _continuity(
        found.integer("matching.continuity_points") if continuity_points is None else continuity_points
    )
    run = MatchingRun.objects.create(
        branch=branch,
        continuity_points=points,
        created_by=actor,
        segment=segment,
        pool=segment.name if segment else "",
    )
    run.job = start_job(JOB, actor=actor, branch=branch, params={"run": run.public_id}, key=str(branch.pk))
    run.save(update_fields=["job"])
    audit.record(actor, "matching.start", run, after={"continuity_points": points, "pool": run.pool})
    return run


@service("matching.run")
def run_matching(
    *,
    actor: User,
    branch: Branch,
    now: datetime,
    continuity_points: int | None = None,
    run: MatchingRun | None = None,
    plan: Plan | None = None,
) -> MatchingRun:
    """Propose who should serve whom; nothing is written to clients. Returns the run, which a manager decides.

    ``run`` is one that was started before and waits for its proposals; ``plan`` its answer where that has been computed
    outside of the transaction. Raises ``BadWeights``, ``InvalidInput`` and ``AlreadyDecided``.
    """
    row: MatchingRun
    if run is None:
        plan = plan or plan_matching(branch=branch, now=now, continuity_points=continuity_points)
        row = MatchingRun(branch=branch, created_by=actor)
    else:
        row = lock(MatchingRun.objects.all(), pk=run.pk)
        if row.state != MatchingRun.State.COMPUTING:
            raise AlreadyDecided
        plan = plan or plan_of(row, now)
    _describe(row, plan)
    row.state = MatchingRun.State.PROPOSED
    row.save()
    MatchProposal.objects.bulk_create(_proposals(row, plan), batch_size=_BATCH)
    audit.record(actor, "matching.propose", row, after=summary(row))
    return row


@service("matching.approve")
def approve_matching(*, actor: User, run: MatchingRun, now: datetime, version: int | None = None) -> MatchingRun:
    """Give every client of the proposal to the advisor it names, all or none.

    Raises ``AlreadyDecided``, ``NotProposed``, ``StaleEdit``, and ``MatchingOutdated`` when clients, advisors or
    capacities are no longer those the run was computed for.
    """
    row = _open_run(run, version)
    _refuse_outdated(row, now)
    takers = dict(row.proposals.changes().values_list("client_id", "new_advisor_id"))
    changed = assign_many(takers=takers, actor=actor, now=now, reason=_("Matching"))
    fault("matching.approving")
    _decide(row, MatchingRun.State.APPROVED, actor, now)
    audit.record(actor, "matching.approve", row, after={"state": row.state, "clients": changed})
    return row


@service("matching.reject")
def reject_matching(
    *, actor: User, run: MatchingRun, now: datetime, reason: str, version: int | None = None
) -> MatchingRun:
    """Decline a proposal; everybody stays where he is. Raises ``AlreadyDecided``, ``NotProposed``, ``StaleEdit``."""
    if not reason.strip():
        raise InvalidInput(fields={"reason": _("Say why the proposal is rejected.")})
    row = _open_run(run, version)
    _decide(row, MatchingRun.State.REJECTED, actor, now, reason.strip()[:200])
    audit.record(actor, "matching.reject", row, after={"state": row.state}, reason=reason)
    return row


@service("matching.give_up")
def give_up_matching(*, actor: User, run: MatchingRun) -> MatchingRun:
    """Mark a run whose computation has failed or was cancelled; one that has its proposals stays as it is."""
    row: MatchingRun = lock(MatchingRun.objects.all(), pk=run.pk)
    if row.state == MatchingRun.State.COMPUTING:
        row.state = MatchingRun.State.FAILED
        row.save_changed(["state"])
    audit.record(actor, "matching.give_up", row, after={"state": row.state})
    return row


def abandoned_runs() -> Any:
    """Runs that wait for a computation that has ended without an answer."""
    ended = [JobRun.State.FAILED, JobRun.State.CANCELLED]
    return MatchingRun.objects.filter(state=MatchingRun.State.COMPUTING, job__state__in=ended)


def summary(run: MatchingRun) -> dict[str, Any]:
    """The run in figures, as the command and the audit trail tell it."""
    return {
        "run": run.public_id,
        "value": run.value,
        "bound": run.bound,
        "gap": run.gap,
        "assigned": run.assigned,
        "unassigned": run.unassigned,
        "moved": run.moved,
    }


def _continuity(points: int) -> int:
    if not 0 <= points <= MOST_POINTS:
        raise InvalidInput(fields={"continuity_points": _("A number of points from 0 to 10,000.")})
    return points


def _describe(row: MatchingRun, plan: Plan) -> None:
    """Value, bound, prices and counts of the solution."""
    solution, given = plan.solution, plan.given
    row.weights, row.continuity_points = given.weights, plan.continuity_points
    row.value, row.bound, row.input_hash = solution.value, solution.bound, solution.input_hash
    served = solution.served
    had = np.array([old is not None for old in given.old_advisors], np.bool_)
    new = _new_advisors(plan)
    changed = np.array([old != to for old, to in zip(given.old_advisors, new, strict=True)], np.bool_)
    row.assigned, row.unassigned = int(served.sum()), int((~served).sum())
    row.moved = int((served & had & changed).sum())
    row.newly_assigned = int((served & ~had).sum())
    loads = solution.loads()
    row.prices = {}
    for place, one in enumerate(given.advisors):
        price = place_price(solution, place)
        row.prices[one.public_id] = {
            "clients": price.clients,
            "points": price.points,
            "capacity": one.capacity,
            "load": one.load,
            "proposed": int(loads[place]),
        }


def _new_advisors(plan: Plan) -> list[int | None]:
    advisors = plan.given.advisors
    return [advisors[place].user_id if place >= 0 else None for place in plan.solution.assignment.tolist()]


def _proposals(row: MatchingRun, plan: Plan) -> list[MatchProposal]:
    """One for each client who gets another advisor, his first, or none; who stays needs no proposal."""
    given, solution = plan.given, plan.solution
    new = _new_advisors(plan)
    old = given.old_advisors
    asked = [place for place in range(len(new)) if new[place] is None or new[place] != old[place]]
    shares = contributions(given.features, given.tables, given.problem.scores, solution.assignment)
    points = given.problem.points(solution.assignment)
    others = runners_up(given.problem, solution, np.array(asked, np.int64), _ADVISORS_SHOWN) if asked else None
    reasons = unassigned_reasons(given.problem, solution, given.eligibility)
    return [
        MatchProposal(
            run=row,
            client_id=given.client_ids[place],
            old_advisor_id=old[place],
            new_advisor_id=new[place],
            points=int(points[place]),
            contributions={name: int(share[place]) for name, share in shares.items() if share[place]},
            runners_up=_others(given.advisors, solution, others, number),
            unassigned_reason=reasons[place].value if place in reasons else "",
        )
        for number, place in enumerate(asked)
    ]


def _others(advisors: list[Advisor], solution: Solution, found: Any, number: int) -> list[dict[str, Any]]:
    """The next best advisors of one client: points, and points less what a place with them is worth to others."""
    result = []
    for advisor, points in zip(found.advisors[number].tolist(), found.points[number].tolist(), strict=True):
        if advisor < 0:
            continue
        price = place_price(solution, advisor).points
        result.append({"advisor": advisors[advisor].public_id, "points": points, "net": points - price})
    return result


def _open_run(run: MatchingRun, version: int | None) -> MatchingRun:
    """The run, locked and still to be decided. Of two managers at once the second one waits here and is then refused."""
    row: MatchingRun = lock(MatchingRun.objects.select_related("branch"), pk=run.pk, version=version)
    if row.state in (MatchingRun.State.APPROVED, MatchingRun.State.REJECTED):
        raise AlreadyDecided
    if row.state != MatchingRun.State.PROPOSED:
        raise NotProposed
    return row


def _decide(row: MatchingRun, state: MatchingRun.State, actor: User, now: datetime, reason: str = "") -> None:
    row.state, row.decided_by, row.decided_at, row.reason = state, actor, now, reason
    row.save_changed(["state", "decided_by", "decided_at", "reason"])


def _refuse_outdated(row: MatchingRun, now: datetime) -> None:
    """Raise ``MatchingOutdated`` unless every change still starts from what the run has seen and ends in a free place."""
    changes = row.proposals.changes()
    # Two approvals or hand-overs at once would both find the last place free.
    list(AdvisorProfile.objects.select_for_update().of_branch(row.branch).order_by("pk").values("pk"))
    # Locked before they are looked at: an assignment that commits in between would be overwritten.
    keys = list(changes.order_by("client_id").values_list("client_id", flat=True))
    for start in range(0, len(keys), _BATCH):
        list(Client.objects.select_for_update().filter(pk__in=keys[start : start + _BATCH]).order_by("pk").values("pk"))
    unmoved = Q(client__advisor_id=F("old_advisor_id")) | Q(client__advisor=None, old_advisor=None)
    valid = unmoved & Q(client__branch_id=row.branch_id, client__status__in=["active", "dormant"])
    if changes.filter(valid).count() != len(keys):
        raise MatchingOutdated
    today = local_date(now)
    advisors = {one.user_id: one for one in licensed_advisors(row.branch, today, figures(today, row.branch))}
    coming = Counter(changes.values_list("new_advisor_id", flat=True))
    leaving = Counter(changes.values_list("old_advisor_id", flat=True))
    for user_id, arrivals in coming.items():
        one = advisors.get(user_id)
        if one is None or not one.takes_new:
            raise MatchingOutdated
        seen = row.prices.get(one.public_id, {"capacity": 0, "load": 0})
        full = one.load + arrivals - leaving[user_id] > one.capacity
        if full and (one.load > seen["load"] or one.capacity < seen["capacity"]):
            raise MatchingOutdated
