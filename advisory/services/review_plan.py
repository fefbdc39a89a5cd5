"""Keeping the next review day of every client who is entitled to one: a branch at a time, the same rows however often.

By tier and agreement each client has a period (``review.months``); what has come up since the last review brings the day
forward: a holding above the bound of concentration, a loss beyond what he can bear, a risk grade that changed or ran out, a
horizon that is over, a period that has become shorter. What a review has looked at already does so again only after
``review.again_days``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, Max, OuterRef, Q, Subquery, Sum, Value, When

from advisory.deviations import (
    Bounds,
    Deviation,
    concentration,
    fresh_among,
    grade_changed,
    of_grade,
    of_horizon,
    of_loss,
)
from advisory.models import AdvisoryAgreement, PortfolioReview, ReviewRun
from advisory.services.review_look import bounds_of
from advisory.services.review_periods import periods, sooner_by_period
from clients.models import Client, Holding, NeedsInterview
from clients.months import add_months
from clients.suitability import professional_q
from crm.core import audit
from crm.core.access import system_user
from crm.core.batches import batches
from crm.core.clocks import local_date
from crm.core.jobs import due
from crm.core.models import Branch, ImportBatch, User
from crm.core.policies import Figures, figures
from crm.core.service import service

State, Closed = PortfolioReview.State, PortfolioReview.Closed


@dataclass
class Entitled:
    """A client with a right to reviews: every so many months, from a day on; and what has come up with him."""

    months: int
    since: date
    rank: int | None
    grade: str
    valid_until: date | None
    found: list[Deviation] = field(default_factory=list)


@due("advisory.reviews")
def plan_due_reviews(now: datetime) -> int:
    """Each open branch whose reviews were not planned today, or not since its newest file of holdings came."""
    today, moved = local_date(now), 0
    branches = list(Branch.objects.filter(is_open=True).order_by("pk"))
    marks, known = _marks(), dict(ReviewRun.objects.filter(day__gte=today).values_list("branch_id", "mark"))
    for branch in branches:
        if known.get(branch.pk) != marks.get(branch.pk, ""):
            moved += sum(plan_reviews(branch=branch, now=now, actor=system_user()).values())
    return moved


def _marks() -> dict[int, str]:
    """The newest file of holdings of each branch."""
    rows = ImportBatch.objects.filter(kind="holdings", state=ImportBatch.State.APPLIED).order_by()
    return {pk: str(newest) for pk, newest in rows.values("branch").annotate(n=Max("pk")).values_list("branch", "n")}


@service("review.plan")
def plan_reviews(*, branch: Branch, now: datetime, actor: User) -> dict[str, int]:
    """Make, bring forward and close the reviews of a branch as they stand today; a second time without effect.

    Returns how many of each.
    """
    today, mark = local_date(now), _marks().get(branch.pk, "")
    ReviewRun.objects.get_or_create(branch=branch, defaults={"day": today, "mark": "", "at": now})
    # One planner a branch: the second finds what the first has made.
    run = ReviewRun.objects.select_for_update().get(branch=branch)
    if run.day > today:
        return {}
    known = figures(today, branch)
    entitled = _entitled(branch, today, known)
    _look_for_events(branch, entitled, today, known)
    own = PortfolioReview.objects.due().filter(client__branch=branch).select_for_update(of=("self",))
    open_rows = {row.client_id: row for row in own}
    last = _last_reviews(branch)
    again = timedelta(days=known.days("review.again_days"))
    sooner = sooner_by_period(open_rows, entitled, last, today, known)
    new, moved = [], []
    for pk, one in entitled.items():
        before = last.get(pk)
        if before is not None:
            _add_grade(one, before)
            lately = before.done_on + again > today
            one.found = fresh_among(one.found, before.found if lately else ())
        base = _base(pk, one, before, today, known)
        row = open_rows.get(pk)
        wanted = min(base, _soon(today, known)) if one.found else base
        if row is None:
            new.append(PortfolioReview(client_id=pk, due_on=wanted, causes=[found.as_json() for found in one.found]))
        elif any([_bring_forward(row, one.found, wanted), _bring_forward(row, *sooner.get(pk, ((), base)))]):
            moved.append(row)
    PortfolioReview.objects.bulk_create(new, ignore_conflicts=True, batch_size=1000)
    _write(moved)
    closed = _close(branch, entitled)
    run.day, run.mark, run.at = today, mark, now
    run.save()
    counts = {name: count for name, count in (("made", len(new)), ("moved", len(moved)), ("closed", closed)) if count}
    if counts:
        audit.record(actor, "review.plan", branch, after={"day": today, **counts})
    return counts


def _entitled(branch: Branch, today: date, known: Figures) -> dict[int, Entitled]:
    """Clients who may be served and contacted, and whose tier or agreement gives them a period; the shorter one holds."""
    ranks, by_agreement = periods(known)
    signed = AdvisoryAgreement.objects.in_force(today).filter(client=OuterRef("pk")).order_by("-signed_on")
    rows = Client.objects.served().contactable().filter(branch=branch, merged_into=None)
    rows = rows.annotate(signed_on=Subquery(signed.values("signed_on")[:1]))
    by_right = Q(tier_state__tier__rank__in=ranks)
    if by_agreement:
        by_right |= Q(signed_on__isnull=False)
    found: dict[int, Entitled] = {}
    # The grade of a professional investor binds nobody, so that nothing comes up with it.
    binding = Case(When(professional_q(today), then=Value("")), default=F("risk_grade"))
    rows = rows.filter(by_right).annotate(grade_that_binds=binding).order_by("pk")
    columns = ("pk", "signed_on", "tier_state__tier__rank", "tier_state__since", "grade_that_binds", "risk_valid_until")
    for pk, signed_on, rank, since, grade, valid_until in rows.values_list(*columns):
        rights = [(ranks[rank], since)] if rank in ranks else []
        if signed_on and by_agreement:
            rights.append((by_agreement, signed_on))
        period, begun = min(rights)
        found[pk] = Entitled(period, begun, rank, grade, valid_until)
    return found


def _last_reviews(branch: Branch) -> dict[int, Any]:
    rows = PortfolioReview.objects.newest_done().filter(client__branch=branch)
    return {row.client_id: row for row in rows.only("client_id", "done_on", "next_on", "found", "risk_grade")}


def _base(pk: int, one: Entitled, before: Any, today: date, known: Figures) -> date:
    """When the cycle asks for the next one. First reviews that the past would have asked for are spread over the first
    days (``review.first_days``), so that a branch does not begin with all of them."""
    if before is not None:
        return before.next_on or add_months(before.done_on, one.months)
    first = add_months(one.since, one.months)
    return first if first > today else today + timedelta(days=1 + pk % known.days("review.first_days"))


def _soon(today: date, known: Figures) -> date:
    return today + timedelta(days=known.days("review.bring_forward_days"))


def _bring_forward(row: PortfolioReview, found: Sequence[Deviation], wanted: date) -> bool:
    """What has come up is noted once; the day only ever moves forward by it."""
    new = fresh_among(found, row.causes)
    if not new:
        return False
    row.causes = [*row.causes, *(found.as_json() for found in new)]
    row.due_on = min(row.due_on, wanted)
    return True


def _write(rows: list[PortfolioReview]) -> None:
    for row in rows:
        row.version += 1
    PortfolioReview.objects.bulk_update(rows, ["causes", "due_on", "version"], batch_size=500)


def _close(branch: Branch, entitled: dict[int, Entitled]) -> int:
    """Of clients who left, and of those to whom only the cycle gave one and who have no right to it any more."""
    rows = PortfolioReview.objects.due().filter(client__branch=branch)
    served = Client.objects.served().contactable().filter(branch=branch, merged_into=None)
    change = {"state": State.CLOSED, "version": F("version") + 1}
    count = int(rows.exclude(client__in=served).update(closed_as=Closed.CLIENT, **change))
    left = rows.filter(opened_by=None).values_list("pk", "client_id")
    gone = [pk for pk, client_id in left if client_id not in entitled]
    for page in batches(gone):
        same = PortfolioReview.objects.due().filter(pk__in=page)
        count += int(same.update(closed_as=Closed.UNENTITLED, **change))
    return count


# -- what has come up --------------------------------------------------------------------------------------------------


def _look_for_events(branch: Branch, entitled: dict[int, Entitled], today: date, known: Figures) -> None:
    """Give each what has come up with him; three statements for the whole branch."""
    for one in entitled.values():
        if one.grade:
            one.found += of_grade(one.grade, one.valid_until, today)
    needs = {
        pk: (tolerance, horizon, (answered or {}).get("horizon"))
        for pk, tolerance, horizon, answered in NeedsInterview.objects.present()
        .filter(client__branch=branch)
        .values_list("client_id", "loss_tolerance", "horizon", "answered_on")
        if pk in entitled
    }
    for pk, (_tolerance, horizon, said) in needs.items():
        entitled[pk].found += of_horizon(horizon, date.fromisoformat(said) if said else None, today)
    _look_at_holdings(branch, entitled, {pk: said[0] for pk, said in needs.items()}, today, known)


def _look_at_holdings(
    branch: Branch, entitled: dict[int, Entitled], tolerances: dict[int, Decimal | None], today: date, known: Figures
) -> None:
    """The branch's newest day of holdings, unless it lies too far back (``tag.holdings_days``)."""
    bounds = bounds_of(known)
    oldest = today - timedelta(days=known.days("tag.holdings_days"))
    own = Holding.objects.filter(client__branch=branch, day__gt=oldest, day__lte=today).order_by()
    day = own.aggregate(day=Max("day"))["day"]
    if day is None:
        return
    sums = own.filter(day=day).values("client").annotate(
        whole=Sum("market_value", filter=Q(market_value__gt=0)),
        largest=Max("market_value"),
        worth=Sum("market_value", filter=Q(cost__isnull=False)),
        paid=Sum("cost"),
    )  # fmt: skip
    heavy: dict[int, tuple[Decimal, Decimal]] = {}
    for pk, whole, largest, worth, paid in sums.values_list("client", "whole", "largest", "worth", "paid"):
        if pk not in entitled:
            continue
        if whole and largest / whole > bounds.concentration:
            heavy[pk] = (largest, largest / whole)
        if paid:
            entitled[pk].found += of_loss(worth / paid - 1, tolerances.get(pk))
    _name_heavy(own.filter(day=day), entitled, heavy, bounds)


def _name_heavy(
    rows: Any, entitled: dict[int, Entitled], heavy: dict[int, tuple[Decimal, Decimal]], bounds: Bounds
) -> None:
    """Of which security it is: of two of the same value the one whose code comes first."""
    named: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for page in batches(sorted(heavy)):
        held = rows.filter(client__in=page).values_list("client_id", "market_value", "security_code", "security_name")
        for pk, value, code, name in held:
            if value == heavy[pk][0]:
                named[pk].append((code, name))
    for pk, found in named.items():
        entitled[pk].found.append(concentration(*min(found), heavy[pk][1], bounds))


def _add_grade(one: Entitled, before: Any) -> None:
    if one.grade and before.risk_grade and one.grade != before.risk_grade:
        one.found.append(grade_changed(before.risk_grade, one.grade))
