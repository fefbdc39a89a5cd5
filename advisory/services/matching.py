"""Matching runs: computed on arrays, proposed as rows, decided by a manager, applied in one transaction."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q
from django.utils.translation import gettext as _

from advisory.errors import MatchingOutdated, NotProposed
from advisory.models import AdvisorProfile, MatchingRun, MatchProposal
from advisory.services.places import licensed_advisors
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

if TYPE_CHECKING:
    from advisory.services.solving import Plan

JOB = "advisory.matching"
MOST_POINTS = 10_000
_BATCH = 1000


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
    points = continuity_asked(
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
    from advisory.services import solving  # here, so that what serves pages does without NumPy

    row: MatchingRun
    if run is None:
        plan = plan or solving.plan_matching(branch=branch, now=now, continuity_points=continuity_points)
        row = MatchingRun(branch=branch, created_by=actor)
    else:
        row = lock(MatchingRun.objects.all(), pk=run.pk)
        if row.state != MatchingRun.State.COMPUTING:
            raise AlreadyDecided
        plan = plan or solving.plan_of(row, now)
    solving.describe(row, plan)
    row.state = MatchingRun.State.PROPOSED
    row.save()
    MatchProposal.objects.bulk_create(solving.proposals(row, plan), batch_size=_BATCH)
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


def continuity_asked(points: int) -> int:
    """Points for staying, as far as they can be asked for. Raises ``InvalidInput``."""
    if not 0 <= points <= MOST_POINTS:
        raise InvalidInput(fields={"continuity_points": _("A number of points from 0 to 10,000.")})
    return points


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
