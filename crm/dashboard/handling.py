"""How long the work takes: complaints from receipt to their end, follow-up calls from the day they are due to the call."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from math import ceil
from typing import Any

from django.db.models import Count, F
from django.db.models.functions import TruncDate

from care.models import FollowUpCall
from complaints.models import Complaint
from crm.core.clocks import SHANGHAI, YEAR, Calendar, at_local, year_up_to
from crm.core.models import Branch, User


@dataclass(frozen=True)
class Times:
    """Of ``count`` pieces of work, half took at most ``median`` working days and nine in ten at most ``nine_tenths``."""

    count: int
    median: int
    nine_tenths: int


@dataclass(frozen=True)
class HandlingTimes:
    """One branch; None where nothing came to its end in the time."""

    branch: Branch
    complaints: Times | None
    calls: Times | None


def handling_times(user: User, branches: list[Branch], today: date) -> list[HandlingTimes]:
    """For each branch the work that ended in the last twelve months, as far as ``user`` may see it; three statements.

    A call before its due day took no time. Work that lasted longer than another year before them is counted by weekdays alone.
    """
    since = at_local(year_up_to(today), time())
    calendar, ids = Calendar.around(today, before=2 * YEAR), [branch.pk for branch in branches]
    closed = Complaint.objects.visible_to(user).closed_since(since).filter(branch_id__in=ids)
    complaints = _by_branch(calendar, _spans(closed, "branch_id", _day_of("received_at"), _day_of("closed_at")))
    made = FollowUpCall.objects.visible_to(user).done_since(since).filter(client__branch_id__in=ids)
    calls = _by_branch(calendar, _spans(made, "client__branch_id", F("due_on"), _day_of("done_at")))
    return [HandlingTimes(one, complaints.get(one.pk), calls.get(one.pk)) for one in branches]


def _day_of(moment: str) -> TruncDate:
    return TruncDate(moment, tzinfo=SHANGHAI)


def _spans(work: Any, branch: str, begun: Any, ended: Any) -> Iterable[tuple[int, date, date, int]]:
    """Branch, first and last day, and how many pieces of work had both: a year of work is few pairs of days."""
    pairs = work.order_by().values(branch, begun=begun, ended=ended).annotate(number=Count("pk"))
    rows: Iterable[tuple[int, date, date, int]] = pairs.values_list(branch, "begun", "ended", "number")
    return rows


def _by_branch(calendar: Calendar, spans: Iterable[tuple[int, date, date, int]]) -> dict[int, Times]:
    found: dict[int, Counter[int]] = defaultdict(Counter)
    for branch, begun, ended, number in spans:
        found[branch][max(calendar.working_days_between(begun, ended), 0)] += number
    return {branch: Times(days.total(), _share(days, 0.5), _share(days, 0.9)) for branch, days in found.items()}


def _share(days: Counter[int], share: float) -> int:
    """The least number of days within which at least ``share`` of the work was done (nearest rank)."""
    rank, done = ceil(days.total() * share), 0
    for length in sorted(days):
        done += days[length]
        if done >= rank:
            return length
    return 0
