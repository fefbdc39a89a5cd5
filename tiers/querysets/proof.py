"""The arithmetic behind a client's tier: as of the newest day on file, and as of any step in the past."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Max

from crm.core.fields import from_fen, money
from tiers.rules import Check, Values, checks, conditions, from_stored, metrics

if TYPE_CHECKING:
    from clients.models import Client
    from crm.core.models import User
    from tiers.models import Programme, Tier, TierChange, TierState


@dataclass(frozen=True)
class Proof:
    """Sum ÷ days = average against what the tiers ask, as of ``day``; amounts in yuan.

    ``state`` is None before the first evaluation, ``average`` None without a day on file in the window. ``missing`` is what
    the one condition of the next tier lacks, rounded up to the fen, so that a client who is promised it gets there; where the
    next tier asks for several things, ``next_checks`` says it line by line.
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
    reached_checks: list[Check] = field(default_factory=list)
    next_checks: list[Check] = field(default_factory=list)
    #: The tier that long standing gives where the figures alone would give a lower one.
    floor: Tier | None = None
    #: The last day on which a new client does not fall.
    grace_until: date | None = None

    @property
    def by_rule(self) -> Tier | None:
        """The tier by rule: the present one, unless one given by hand holds."""
        return None if self.state is None else self.state.by_rule


def proof_of(client: Client, today: date, reader: User) -> Proof:
    """The proof as of the newest day on file of the client's branch (else of its last evaluation, else of ``today``).

    What the client pays is in it for those alone who may see his commission.
    """
    from clients.models import BranchDay
    from crm.core.policies import figures
    from tiers.models import EvaluationRun
    from tiers.querysets.lines import tier_of
    from tiers.services.questions import down_after, window_days

    state = tier_of(client)
    day = _newest(BranchDay, client) or _newest(EvaluationRun, client) or today
    known = figures(day, client.branch)
    if state is None:
        window, months = known.days("tier.window_days"), known.months("tier.down_after_periods")
        ladder: list[Any] = []
    else:
        window = window_days(client.branch, state.programme, day)
        months = down_after(client.branch, state.programme, day)
        ladder = list(state.programme.tiers.order_by("rank"))
    is_institution = client.kind == "institution"
    rules = [tier.asks_of(institution=is_institution) for tier in ladder]
    values = _measured(client, day, window, rules)
    total, days = values["average"] or (0, 0)
    placed = _placed(ladder, values, client, state.programme if state else None, day) if days else None
    return Proof(
        day=day,
        window_days=window,
        down_after=months,
        state=state,
        total=from_fen(total),
        days=days,
        average=money(from_fen(total) / days) if days else None,
        grace_until=_grace_until(client, state.programme, day) if state else None,
        **(
            _told(placed, ladder, values, window, institution=is_institution, kept=_kept(reader, client, rules))
            if placed
            else _nothing()
        ),
    )


@dataclass(frozen=True)
class Explanation:
    """Why a step was taken, from what was kept with it: what the tiers asked, and what the client had."""

    change: TierChange
    programme: Programme
    window_days: int
    down_after: int
    institution: bool
    reached_checks: list[Check]
    next: Tier | None
    next_checks: list[Check]
    #: For a fall: what the tier before asked, and what was missing.
    old_checks: list[Check]
    floor: Tier | None


def _kept(reader: User, client: Client, rules: list[Any]) -> frozenset[str]:
    """Kinds of figures in these rules that the reader may not see of this client; asked only where a rule speaks of one."""
    from tiers.querysets.commission import may_see_commission

    if all(metric.kind != "commission" for metric in metrics(rules)) or may_see_commission(reader, client):
        return frozenset()
    return frozenset({"commission"})


def explain(change: TierChange, reader: User) -> Explanation | None:
    """The proof of one step, months later, as ``reader`` may see it; None for a step by hand, which has its reason instead."""
    if change.run is None:
        return None
    run, programme = change.run, change.run.programme
    ladder: list[Any] = list(programme.tiers.order_by("rank"))
    total: Any = change.total
    values = from_stored(change.facts, int(total * 100), change.days)
    institution = bool(change.facts.get("institution"))
    new = next(tier for tier in ladder if tier.pk == change.new_id)
    above = next((tier for tier in ladder if tier.rank > new.rank), None)
    floor = next((tier for tier in ladder if tier.rank == change.facts.get("floor") == new.rank), None)
    by_rule = new.asks_of(institution=institution)
    if floor is not None and (by_rule is None or by_rule.holds(values)):
        floor = None
    fell_from = change.old if change.reason == "down" else None
    window = run.window_days

    rules = [tier.asks_of(institution=institution) for tier in (new, above, fell_from) if tier]
    kept = _kept(reader, change.client, rules)

    def lines(tier: Any) -> list[Check]:
        return checks(tier.asks_of(institution=institution), values, window, kept=kept) if tier else []

    return Explanation(
        change=change,
        programme=programme,
        window_days=window,
        down_after=run.down_after,
        institution=institution,
        reached_checks=lines(new),
        next=above,
        next_checks=lines(above),
        old_checks=lines(fell_from),
        floor=floor,
    )


def _measured(client: Client, day: date, window: int, rules: list[Any]) -> dict[str, tuple[int, int] | None]:
    """The client's figures for every metric that the rules speak of, and the plain average in any case."""
    from tiers.rules import Metric
    from tiers.services.questions import before
    from tiers.window_sql import last_of_client, sums_of_client

    wanted = {metric.key: metric for metric in (Metric("average"), *metrics(rules))}
    own = before(Metric("average"), day, window)
    found: dict[str, tuple[int, int] | None] = {}
    sums: dict[date, tuple[dict[str, int], int]] = {}
    with connection.cursor() as cursor:
        for key, metric in wanted.items():
            if metric.kind == "month_end":
                last = last_of_client(cursor, client.pk, day, own)
                found[key] = None if last is None else (last, 1)
                continue
            start = before(metric, day, window)
            if start not in sums:
                sums[start] = sums_of_client(cursor, client.pk, day, start, ("total", "commission", "turnover"))
            amounts, days = sums[start]
            if metric.kind in ("commission", "turnover"):
                found[key] = (amounts[metric.kind], 1)
            else:
                found[key] = (amounts["total"], days) if days else None
    return found


def _placed(
    ladder: list[Any], values: Values, client: Client, programme: Programme | None, day: date
) -> tuple[Any, Any] | None:
    """(the tier that the figures give, the tier that long standing gives in its place or None), as the evaluation does."""
    from tiers.services.questions import months_before

    if not ladder or programme is None:
        return None
    institution, average = client.kind == "institution", values["average"]
    by_rule = ladder[0]
    if average is not None and average[0] < 0:
        return by_rule, None
    for tier in ladder[1:]:
        asks = tier.asks_of(institution=institution)
        if asks is not None and asks.holds(values):
            by_rule = tier
    floor = by_rule
    for each in programme.age_floors:
        tier = next((tier for tier in ladder if tier.code == each["tier"]), None)
        since = client.opened_on
        if tier and since and since <= months_before(day, each["months"]) and tier.rank > floor.rank:
            floor = tier
    return by_rule, (floor if floor is not by_rule else None)


def _told(
    placed: tuple[Any, Any],
    ladder: list[Any],
    values: Values,
    window: int,
    *,
    institution: bool,
    kept: frozenset[str],
) -> dict[str, Any]:
    by_rule, floor = placed
    reached = floor or by_rule
    above = next((tier for tier in ladder if tier.rank > reached.rank), None)
    asks = above.asks_of(institution=institution) if above else None
    single = list(conditions(asks))
    return {
        "reached": reached,
        "floor": floor,
        "reached_checks": checks(reached.asks_of(institution=institution), values, window, kept=kept),
        "next": above,
        "next_checks": checks(asks, values, window, kept=kept),
        "missing": from_fen(single[0].missing(values)) if len(single) == 1 and not single[0].tells_of(kept) else None,
    }


def _nothing() -> dict[str, Any]:
    return {"reached": None, "next": None, "missing": None}


def _grace_until(client: Client, programme: Programme, day: date) -> date | None:
    from tiers.services.questions import months_before

    if not programme.grace_months or client.opened_on is None:
        return None
    if client.opened_on <= months_before(day, programme.grace_months):
        return None
    return months_before(client.opened_on, -programme.grace_months)


def _newest(model: Any, client: Client) -> date | None:
    found: date | None = model.objects.filter(branch_id=client.branch_id).aggregate(newest=Max("day"))["newest"]
    return found
