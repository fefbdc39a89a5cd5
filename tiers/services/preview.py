"""What an evaluation would do, without doing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection, transaction

from crm.core.fields import from_fen, money
from crm.core.models import Branch
from tiers import evaluation_sql as sql
from tiers.models import Programme, Tier
from tiers.services.questions import question

#: Left ends of the bars of the histogram, in yuan: finer where the bounds of programmes lie.
EDGES = [
    Decimal(n) for n in (0, 10_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000)
]
SHOWN_MOVERS = 50


@dataclass(frozen=True)
class Mover:
    """One client who would move, with the average that moves him."""

    client_id: int
    old: Tier | None
    new: Tier
    step: str
    average: Decimal
    days: int


@dataclass(frozen=True)
class Preview:
    """Counts before and after by tier, the steps, the largest movers, and clients by average."""

    day: date
    is_month_end: bool
    window_days: int
    tiers: list[tuple[Tier, int, int]]
    steps: dict[str, int]
    no_data: int
    movers: list[Mover]
    bars: list[tuple[Decimal | None, int]]


def preview_evaluation(*, branch: Branch, programme: Programme, day: date) -> Preview:
    """The outcome of ``evaluate`` for the same arguments. Only temporary tables are written."""
    tiers = {tier.rank: tier for tier in Tier.objects.filter(programme=programme).order_by("rank")}
    asked = question(branch, programme, day)
    edges = [int(edge * 100) for edge in EDGES]
    with transaction.atomic(), connection.cursor() as cursor:
        sql.measure(cursor, asked)
        sql.decide(cursor, asked, everybody=True)
        outcome = sql.count_outcome(cursor, asked)
        moving = sql.movers(cursor, SHOWN_MOVERS)
        places = sql.count_by_average(cursor, edges)
        no_data = sql.count_without_data(cursor)
        sql.clear(cursor)
    steps: dict[str, int] = {}
    before = dict.fromkeys(tiers, 0)
    after = dict.fromkeys(tiers, 0)
    for present, target, step, count in outcome:
        steps[step] = steps.get(step, 0) + count
        if present is not None:
            before[present] += count
        moves = step in {"first", "programme", "up", "down"}
        after[target if moves or present is None else present] += count
    return Preview(
        day=day,
        is_month_end=asked.is_month_end,
        window_days=asked.window_days,
        tiers=[(tier, before[rank], after[rank]) for rank, tier in tiers.items()],
        steps=steps,
        no_data=no_data,
        movers=[
            Mover(pk, tiers.get(old or 0), tiers[new], step, money(from_fen(total) / days), days)
            for pk, old, new, step, total, days in moving
        ],
        bars=[(EDGES[place - 1] if place else None, places.get(place, 0)) for place in range(len(EDGES) + 1)],
    )
