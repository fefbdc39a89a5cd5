"""The arithmetic behind a client's tier, asked for one client."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Max

from crm.core.fields import from_fen, money
from crm.core.policies import figures

if TYPE_CHECKING:
    from clients.models import Client
    from tiers.models import Tier, TierState


@dataclass(frozen=True)
class Proof:
    """Sum ÷ days = average against the bounds, as of ``day``; amounts in yuan.

    ``state`` is None before the first evaluation, ``average`` None without a day on file in the window. ``missing`` is what
    the average lacks to the next tier, rounded up to the fen, so that a client who is promised it gets there.
    """

    day: date
    window_days: int
    down_after: int
    state: TierState | None
    total: Decimal
    days: int
    average: Decimal | None
    reached: Tier | None
    next: Tier | None
    missing: Decimal | None


def proof_of(client: Client, today: date) -> Proof:
    """The proof as of the newest day on file of the client's branch (else of its last evaluation, else of ``today``)."""
    from clients.models import BranchDay
    from tiers.evaluation_sql import sum_of_client
    from tiers.models import EvaluationRun, Tier
    from tiers.querysets.lines import tier_of

    state = tier_of(client)
    day = _newest(BranchDay, client) or _newest(EvaluationRun, client) or today
    known = figures(day, client.branch)
    window = known.days("tier.window_days")
    with connection.cursor() as cursor:
        total, days = sum_of_client(cursor, client.pk, day, window)
    ladder: list[Any] = list(Tier.objects.filter(programme_id=state.programme_id).order_by("rank")) if state else []
    reached = next_tier = missing = None
    if ladder and days:
        fits = [tier for tier in ladder if tier.lower_bound is None or total >= int(tier.lower_bound * 100) * days]
        reached = fits[-1]
        above = [tier for tier in ladder if tier.rank > reached.rank]
        if above:
            next_tier = above[0]
            lacking = int(next_tier.lower_bound * 100) * days - total
            missing = from_fen(-(-lacking // days))
    return Proof(
        day=day,
        window_days=window,
        down_after=known.months("tier.down_after_periods"),
        state=state,
        total=from_fen(total),
        days=days,
        average=money(from_fen(total) / days) if days else None,
        reached=reached,
        next=next_tier,
        missing=missing,
    )


def _newest(model: Any, client: Client) -> date | None:
    found: date | None = model.objects.filter(branch_id=client.branch_id).aggregate(newest=Max("day"))["newest"]
    return found
