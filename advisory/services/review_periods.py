"""A period that has become shorter since the next review was set (a rise in tier, an agreement) brings it forward.

The day of the next review is named when the last one is recorded, by the period that held then. Nothing else tells that it
should come sooner now: what came up with the portfolio is another matter (``review_plan``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from advisory.deviations import Deviation, shorter_period
from advisory.models import AdvisoryAgreement, PortfolioReview
from clients.months import add_months
from crm.core.batches import batches
from crm.core.policies import Figures
from tiers.models import TierChange

if TYPE_CHECKING:
    from advisory.services.review_plan import Entitled

AGREEMENT, _RANK = "agreement", "rank"


def periods(known: Figures) -> tuple[dict[int, int], int]:
    """The house's periods in months: by rank of the tier, and under an agreement (0: none)."""
    months: dict[str, int] = {name: int(count) for name, count in known.json("review.months").items()}
    ranks = {int(name.removeprefix(_RANK)): n for name, n in months.items() if name.startswith(_RANK) and n}
    return ranks, months[AGREEMENT]


def sooner_by_period(
    due: Mapping[int, PortfolioReview],
    entitled: Mapping[int, Entitled],
    last: Mapping[int, Any],
    today: date,
    known: Figures,
) -> dict[int, tuple[list[Deviation], date]]:
    """Of those whose right to a shorter period began with or after the last review: why, and the day that it asks for.

    A day that is over by now becomes one that lies ``review.bring_forward_days`` ahead. At most two statements for the branch.
    """
    soon = today + timedelta(days=known.days("review.bring_forward_days"))
    wanted: dict[int, date] = {}
    for pk, one in entitled.items():
        before, row = last.get(pk), due.get(pk)
        if row is None or (before is not None and one.since < before.done_on):
            continue
        day = max(soon, add_months(before.done_on if before is not None else one.since, one.months))
        if day < row.due_on:
            wanted[pk] = day
    then = _months_then({pk: last[pk].done_on for pk in wanted if pk in last}, entitled, known)
    return {
        pk: ([shorter_period(entitled[pk].since, entitled[pk].months, then.get(pk))], day)
        for pk, day in wanted.items()
        if entitled[pk].months < (then.get(pk) or entitled[pk].months + 1)
    }


def _months_then(days: Mapping[int, date], entitled: Mapping[int, Entitled], known: Figures) -> dict[int, int]:
    """The period under which each was last reviewed, by the periods of the house today; without whoever had none.

    A tier is found after the close of its day, so that a step of the same day came after the review.
    """
    ranks, by_agreement = periods(known)
    stood = {pk: entitled[pk].rank for pk in days}
    signed: set[int] = set()
    for page in batches(sorted(days)):
        for pk, rank in _first_steps(page, days):
            stood[pk] = rank
        rows = AdvisoryAgreement.objects.filter(client__in=page).values_list("client_id", "signed_on", "ended_on")
        signed |= {pk for pk, start, end in rows if start <= days[pk] and (end is None or end > days[pk])}
    found = {}
    for pk in days:
        rights = [ranks.get(stood[pk] or 0, 0), by_agreement if pk in signed else 0]
        if any(rights):
            found[pk] = min(months for months in rights if months)
    return found


def _first_steps(page: Iterable[int], days: Mapping[int, date]) -> Iterable[tuple[int, int | None]]:
    """The rank that each left with his first step since his day."""
    pages = list(page)
    rows = TierChange.objects.filter(client__in=pages, day__gte=min(days[pk] for pk in pages))
    seen: set[int] = set()
    for pk, day, rank in rows.order_by("day", "pk").values_list("client_id", "day", "old__rank"):
        if pk not in seen and day >= days[pk]:
            seen.add(pk)
            yield pk, rank
