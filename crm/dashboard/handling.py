"""How long the work takes: complaints from receipt to their end, follow-up calls from the day they are due to the call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time, timedelta
from math import ceil

from care.models import FollowUpCall
from complaints.models import Complaint
from crm.core.clocks import Calendar, at_local, local_date
from crm.core.models import Branch, User

#: The last twelve months; work that lasted longer than another year before them is counted by weekdays alone.
_YEAR = 365


@dataclass(frozen=True)
class Times:
    """Of ``count`` pieces of work, half took at most ``median`` working days and nine of ten at most ``ninth``."""

    count: int
    median: int
    ninth: int


@dataclass(frozen=True)
class HandlingTimes:
    """One branch; None where nothing came to its end in the time."""

    branch: Branch
    complaints: Times | None
    calls: Times | None


def handling_times(user: User, branches: list[Branch], today: date) -> list[HandlingTimes]:
    """For each branch the work that ended in the last twelve months, as far as ``user`` may see it; three statements.

    A call before its due day took no time.
    """
    since = at_local(today - timedelta(days=_YEAR - 1), time())
    calendar, ids = Calendar.around(today, before=2 * _YEAR), [branch.pk for branch in branches]
    closed = Complaint.objects.visible_to(user).closed_since(since).filter(branch_id__in=ids)
    complaints = _by_branch(
        (branch, calendar.working_days_between(local_date(came), local_date(ended)))
        for branch, came, ended in closed.order_by().values_list("branch_id", "received_at", "closed_at")
    )
    made = FollowUpCall.objects.visible_to(user).filter(client__branch_id__in=ids, state="done", done_at__gte=since)
    calls = _by_branch(
        (branch, calendar.working_days_between(due, local_date(done)))
        for branch, due, done in made.order_by().values_list("client__branch_id", "due_on", "done_at")
    )
    return [HandlingTimes(one, complaints.get(one.pk), calls.get(one.pk)) for one in branches]


def _by_branch(took: Iterable[tuple[int, int]]) -> dict[int, Times]:
    found: dict[int, list[int]] = defaultdict(list)
    for branch, days in took:
        found[branch].append(max(days, 0))
    return {branch: Times(len(days), _share(days, 0.5), _share(days, 0.9)) for branch, days in found.items()}


def _share(days: list[int], share: float) -> int:
    """The least number of days within which at least ``share`` of the work was done (nearest rank)."""
    return sorted(days)[ceil(len(days) * share) - 1]
