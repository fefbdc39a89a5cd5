"""Laying a branch's figures out to try bounds on, telling what a set of bounds would do, and keeping it as a draft."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.db import connection
from django.db.models import Max
from django.utils.translation import gettext as _

from clients.models import BranchDay, Client
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.fields import ROUNDING, from_fen, money
from crm.core.jobs import AlreadyRunning, Tick, start_job
from crm.core.models import Branch, User
from crm.core.policies import figures
from crm.core.service import service
from tiers import evaluation_sql as sql
from tiers import window_sql
from tiers.errors import BadProgramme, NothingToTry, NotLaidOut
from tiers.models import ClientRate, Product, Programme, RateCard, SimulatedClient, SimulatedTurnover, Simulation, Tier
from tiers.querysets.upkeep import Upkeep, upkeep_of
from tiers.services.commission import all_in, price_of
from tiers.services.drafts import put_tier, start_draft
from tiers.services.evaluation import Steps
from tiers.services.questions import months_before, question
from tiers.services.simulated_turnover import lay_out_products
from tiers.window_sql import Window

#: The long work that lays one sheet out.
JOB = "tiers.simulate"
_YEAR_TABLE = "tiers_year"
#: Left ends of the bars in yuan: five to each power of ten, from a thousand to a hundred million.
EDGES = (
    *(Decimal(first) * 10**power for power in range(3, 8) for first in ("1", "1.6", "2.5", "4", "6.3")),
    Decimal(10**8),
)


@dataclass(frozen=True)
class Pair:
    """Clients who go from one tier to another, and what it does in a year; None where nobody knows."""

    old: Tier
    new: Tier
    clients: int
    commission: Decimal | None
    cost: Decimal | None
    contacts: Decimal | None


@dataclass(frozen=True)
class ProductEffect:
    """What one product of the rate card does: turnover of twelve months of those who move, and the step in commission a year.

    None for the commission where the card of one of the two tiers says nothing of it.
    """

    product: Product
    turnover: Decimal
    commission: Decimal | None


@dataclass(frozen=True)
class Outcome:
    """What a set of bounds would do: clients by tier before and after, and the pairs in between, the largest first."""

    tiers: list[tuple[Tier, int, int]]
    pairs: list[Pair]
    #: Which of commission, cost and contacts are known at all.
    known: frozenset[str] = frozenset()
    #: Members of staff who share the contacts.
    advisors: int = 0
    #: The commission by product, of products in which those who move have turned something over.
    products: tuple[ProductEffect, ...] = ()

    @property
    def lines(self) -> list[tuple[Tier, int, int, int]]:
        """Each tier with its clients before and after, and the difference."""
        return [(tier, before, after, after - before) for tier, before, after in self.tiers]

    @property
    def up(self) -> int:
        return sum(pair.clients for pair in self.pairs if pair.new.rank > pair.old.rank)

    @property
    def down(self) -> int:
        return sum(pair.clients for pair in self.pairs if pair.new.rank < pair.old.rank)

    @property
    def contacts_per_advisor(self) -> Decimal | None:
        """Contacts a month for each who serves these clients, to the tenth; None where that is not known."""
        contacts = self.total("contacts")
        if contacts is None or not self.advisors:
            return None
        return (contacts / 12 / self.advisors).quantize(Decimal("0.1"), rounding=ROUNDING)

    def total(self, name: str) -> Decimal | None:
        """Commission, cost or contacts of all pairs; None where that is not known."""
        if name not in self.known:
            return None
        return sum((value for pair in self.pairs if (value := getattr(pair, name)) is not None), Decimal(0))


def movable(tiers: Sequence[Tier]) -> list[Tier]:
    """The tiers whose bound can be tried: those that ask for average assets and nothing else, of everybody."""
    return [tier for tier in tiers if tier.lower_bound is not None and not tier.rule and not tier.rule_institution]


def bounds_of(tiers: Sequence[Tier]) -> dict[int, int]:
    """Rank → bound in fen of the tiers that can be tried."""
    told: list[tuple[int, Any]] = [(tier.rank, tier.lower_bound) for tier in movable(tiers)]
    return {rank: int(bound * 100) for rank, bound in told}


@service("simulation.ask")
def ask_simulation(*, branch: Branch, programme: Programme, actor: User, now: datetime) -> Simulation:
    """The sheet of an edition: of a small book laid out at once, else by a job that the sheet names.

    Who asks while it is being laid out gets the same sheet. Raises ``NothingToTry``.
    """
    _refuse_nothing_to_try(list(Tier.objects.filter(programme=programme)))
    today = local_date(now)
    book = Client.objects.filter(branch=branch).exclude(status=Client.Status.CLOSED).order_by()
    most = figures(today, branch).integer("tier.simulation_at_once")
    if book[: most + 1].count() <= most:
        return lay_out(branch=branch, programme=programme, actor=actor, now=now)
    sheet, _made = Simulation.objects.get_or_create(
        branch=branch,
        programme=programme,
        defaults={"day": today, "window_days": 0, "made_by": actor, "made_at": now, "waits": True},
    )
    try:
        params = {"programme": programme.public_id}
        sheet.job = start_job(JOB, actor=actor, params=params, branch=branch, key=f"{branch.pk}/{programme.pk}")
    except AlreadyRunning:
        return sheet
    sheet.save(update_fields=["job"])
    audit.record(actor, "simulation.ask", sheet)
    return sheet


@service("simulation.lay_out")
def lay_out(
    *, branch: Branch, programme: Programme, actor: User, now: datetime, tick: Tick | None = None
) -> Simulation:
    """Lay out the figures of the branch's clients as of the newest day on file; a sheet that is there is laid out anew.

    ``tick`` is told each step that is done. Raises ``NothingToTry`` for a programme without a bound on average assets.
    """
    # One writer a branch and edition: two who open the page at once lay it out one after the other.
    Programme.objects.select_for_update(of=("self",), no_key=True).get(pk=programme.pk)
    tiers = list(Tier.objects.filter(programme=programme).order_by("rank"))
    _refuse_nothing_to_try(tiers)
    today = local_date(now)
    newest = BranchDay.objects.filter(branch=branch, day__lte=today).aggregate(day=Max("day"))["day"]
    asked = question(branch, programme, newest or today)
    sheet, made = Simulation.objects.update_or_create(
        branch=branch,
        programme=programme,
        defaults={
            "day": asked.day,
            "window_days": asked.window_days,
            "made_by": actor,
            "made_at": now,
            "waits": False,
        },
    )
    if not made:
        SimulatedClient.objects.filter(simulation=sheet).delete()
        SimulatedTurnover.objects.filter(simulation=sheet).delete()
    step = Steps(tick, asked.measured + 3)
    with connection.cursor() as cursor:
        sql.measure(cursor, asked, step.done)
        _copy(cursor, sheet, asked, tiers)
        step.done()
        lay_out_products(cursor, sheet, asked.day)
        step.done()
        sheet.no_data = sql.count_without_data(cursor)
        sql.clear(cursor)
        window_sql.drop(cursor, _YEAR_TABLE)
        if connection.vendor == "postgresql":
            window_sql.analyze(cursor, SimulatedClient._meta.db_table)
        sheet.bars = _bars(cursor, sheet)
        step.done()
    sheet.clients = sum(count for _edge, count in sheet.bars)
    served = Client.objects.served().filter(branch=branch, advisor__isnull=False)
    sheet.advisors = served.order_by().values("advisor").distinct().count()
    sheet.save(update_fields=["clients", "advisors", "no_data", "bars"])
    audit.record(actor, "simulation.lay_out", sheet, after={"day": sheet.day, "clients": sheet.clients})
    return sheet


def _refuse_nothing_to_try(tiers: Sequence[Tier]) -> None:
    if not movable(tiers):
        raise NothingToTry


def _copy(cursor: Any, sheet: Simulation, asked: sql.Question, tiers: Sequence[Tier]) -> None:
    """One row for each client with a day on file; averages are rounded down, so that whole fen reach what they reach."""
    year = Window(_YEAR_TABLE, sheet.branch_id, months_before(asked.day, 12), asked.day, ("turnover",))
    window_sql.lay_out(cursor, year)
    fixed = {tier.rank for tier in tiers} - {tier.rank for tier in movable(tiers)}
    base, joins = "1", ""
    if len(fixed) > 1 or asked.floors:
        sql.decide(cursor, replace(asked, rungs=[r for r in asked.rungs if r.rank in fixed]), everybody=True)
        base, joins = "b.target", "JOIN tiers_step b ON b.client_id = m.client_id"
    own = ClientRate.objects.in_force(asked.day).filter(product=Product.A_SHARE).order_by().values("client_id")
    own_sql, own_params = own.query.sql_with_params()
    cursor.execute(
        "INSERT INTO tiers_simulatedclient (simulation_id, client_id, average, base_rank, turnover, has_own_rate)"  # noqa: S608  names, no values
        " SELECT %s, m.client_id, CASE WHEN m.total < 0 THEN -((m.days - 1 - m.total) / m.days) ELSE m.total / m.days END,"
        f" {base}, COALESCE(y.turnover, 0), m.client_id IN ({own_sql})"
        f" FROM tiers_measure m {joins} LEFT JOIN {_YEAR_TABLE} y ON y.client_id = m.client_id"
        # A tier given by hand stays, whatever the bounds say.
        " LEFT JOIN tiers_tierstate s ON s.client_id = m.client_id WHERE m.days > 0 AND s.earned_id IS NULL",
        [sheet.pk, *own_params],
    )


def _bars(cursor: Any, sheet: Simulation) -> list[list[Any]]:
    edges = [int(edge * 100) for edge in EDGES]
    cases = " ".join(f"WHEN average >= {edge} THEN {place}" for place, edge in reversed([*enumerate(edges, 1)]))
    cursor.execute(
        f"SELECT CASE {cases} ELSE 0 END AS place, COUNT(*) FROM tiers_simulatedclient"  # noqa: S608  numbers
        " WHERE simulation_id = %s GROUP BY 1",
        [sheet.pk],
    )
    found = dict(cursor.fetchall())
    return [[edges[place - 1] if place else None, found.get(place, 0)] for place in range(len(edges) + 1)]


def read_bounds(tiers: Sequence[Tier], said: Mapping[str, Decimal]) -> dict[int, int]:
    """Rank → bound in fen, by the tiers' codes; what is not said stays.

    Raises ``BadProgramme`` for a tier whose bound cannot be tried, and unless bounds rise.
    """
    if unknown := sorted(set(said) - {tier.code for tier in movable(tiers)}):
        raise BadProgramme(_("No bound of these tiers can be tried: %(codes)s.") % {"codes": ", ".join(unknown)})
    bounds = {
        tier.rank: int(money(said.get(tier.code, Decimal(tier.lower_bound))) * 100)  # type: ignore[arg-type]  # a tier with a bound
        for tier in movable(tiers)
    }
    rising = [bounds[rank] for rank in sorted(bounds)]
    if any(bound < 0 for bound in rising) or any(lower >= upper for lower, upper in pairwise(rising)):
        raise BadProgramme(_("The lower bounds must rise from tier to tier."))
    return bounds


def tell(sheet: Simulation, bounds: Mapping[int, int], *, with_commission: bool) -> Outcome:
    """What these bounds would do against those of the edition; one statement over the sheet, and the rates of the tiers.

    Raises ``NotLaidOut``.
    """
    if sheet.waits:
        raise NotLaidOut
    tiers = list(Tier.objects.filter(programme=sheet.programme_id).order_by("rank"))
    by_rank = {tier.rank: tier for tier in tiers}
    before, after = dict.fromkeys(by_rank, 0), dict.fromkeys(by_rank, 0)
    rates = _rates(sheet, tiers) if with_commission else {}
    upkeep = upkeep_of(sheet.programme, sheet.branch, sheet.day)
    turnovers: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)
    if rates:
        for old, new, product, fen in sheet.turnovers.by_pair(bounds_of(tiers), bounds):
            turnovers[old, new][product] = fen
    pairs: list[Pair] = []
    for old, new, count, fen in sheet.rows.by_pair(bounds_of(tiers), bounds):
        before[old] += count
        after[new] += count
        if old != new:
            turnovers[old, new][Product.A_SHARE] = fen
            pairs.append(_pair(by_rank[old], by_rank[new], count, turnovers[old, new], rates, upkeep))
    pairs.sort(key=lambda pair: (-pair.clients, pair.old.rank, pair.new.rank))
    known = {"commission"} if rates else set()
    known |= {"cost", "contacts"} if upkeep is not None else set()
    return Outcome(
        [(tier, before[tier.rank], after[tier.rank]) for tier in tiers],
        pairs,
        frozenset(known),
        sheet.advisors,
        _by_product(turnovers, rates) if rates else (),
    )


#: Rank and product → rate with all fees.
Rates = Mapping[tuple[int, str], Decimal]


def _rates(sheet: Simulation, tiers: Sequence[Tier]) -> Rates:
    """From the card on the sheet's day, for every product that it names."""
    known = figures(sheet.day, sheet.branch)
    ranks = {tier.pk: tier.rank for tier in tiers}
    cards = RateCard.objects.filter(tier__in=ranks).in_force(sheet.day)
    return {(ranks[card.tier_id], card.product): all_in(price_of(card), known) for card in cards}


def _step(fen: int, product: str, old: int, new: int, rates: Rates) -> Decimal | None:
    """Yuan a year that a turnover brings more at the new rank's rate; None where one of the two cards says nothing of it."""
    if (old, product) not in rates or (new, product) not in rates:
        return None
    return money(from_fen(fen) * (rates[new, product] - rates[old, product])) + 0  # never minus nothing


def _by_product(turnovers: Mapping[tuple[int, int], Mapping[str, int]], rates: Rates) -> tuple[ProductEffect, ...]:
    found = []
    for product in Product:
        told = [(old, new, fen[product]) for (old, new), fen in turnovers.items() if fen.get(product)]
        if not told:
            continue
        steps = [step for old, new, fen in told if (step := _step(fen, product, old, new, rates)) is not None]
        total = from_fen(sum(fen for _old, _new, fen in told))
        found.append(ProductEffect(product, total, sum(steps, Decimal(0)) if steps else None))
    return tuple(found)


def _pair(
    old: Tier, new: Tier, count: int, fen: Mapping[str, int], rates: Rates, upkeep: Mapping[str, Upkeep] | None
) -> Pair:
    cost = contacts = None
    steps = [_step(fen[product], product, old.rank, new.rank, rates) for product in fen]
    told = [step for step in steps if step is not None]
    if upkeep is not None:
        step = [upkeep.get(tier.code, Upkeep()) for tier in (old, new)]
        cost = money((step[1].cost - step[0].cost) * count)
        contacts = (step[1].contacts - step[0].contacts) * count
    return Pair(old, new, count, sum(told, Decimal(0)) if told else None, cost, contacts)


def concerns_branch_alone(simulation: Simulation, actor: User) -> bool:
    """Whether a draft can be for the sheet's branch only: its edition is the branch's, or the actor sees no more."""
    return simulation.programme.branch_id is not None or not actor.scope.sees_company


@service("simulation.save_draft")
def save_as_draft(
    *,
    simulation: Simulation,
    bounds: Mapping[int, int],
    actor: User,
    now: datetime,
    effective_from: date,
    note: str,
    for_branch: bool,
) -> Programme:
    """Keep tried bounds as the next draft of the edition, for the branch or the company; all else is copied.

    Raises ``BadProgramme`` when nothing was moved, ``NotLaidOut``, and what drafts raise.
    """
    if simulation.waits:
        raise NotLaidOut
    source = simulation.programme
    tiers = list(Tier.objects.filter(programme=source).order_by("rank"))
    moved = {rank: bound for rank, bound in bounds.items() if bounds_of(tiers).get(rank) != bound}
    if not moved:
        raise BadProgramme(_("No bound has been moved."))
    values = {"name_en": source.name_en, "name_zh": source.name_zh, "effective_from": effective_from, "note": note}
    draft = start_draft(
        actor=actor,
        company=source.company,
        branch=simulation.branch if for_branch else source.branch,
        code=source.code,
        values=values,
        source=source,
    )
    for tier in Tier.objects.filter(programme=draft, rank__in=moved).order_by("rank"):
        put_tier(programme=draft, actor=actor, tier=tier, values={"bound": from_fen(moved[tier.rank])})
    after = {
        "draft": draft.public_id,
        "bounds": {tier.code: str(from_fen(bounds[tier.rank])) for tier in movable(tiers)},
    }
    audit.record(actor, "simulation.save_draft", simulation, after=after)
    draft.refresh_from_db()
    return draft


def drafts_to_compare(sheet: Simulation) -> list[tuple[Programme, dict[int, int]]]:
    """Open drafts that differ from the sheet's edition in bounds alone, with these bounds; the newest first."""
    tiers = list(Tier.objects.filter(programme=sheet.programme_id).order_by("rank"))
    wanted = [_shape(tier) for tier in tiers]
    found: list[tuple[Programme, dict[int, int]]] = []
    rows = Programme.objects.of_branch(sheet.branch).filter(code=sheet.programme.code, state__in=["draft", "submitted"])
    for row in rows.with_tiers().order_by("-pk"):
        own = sorted(row.tiers.all(), key=lambda tier: tier.rank)
        if row.age_floors == sheet.programme.age_floors and [_shape(tier) for tier in own] == wanted:
            found.append((row, bounds_of(own)))
    return found[:COMPARED]


COMPARED = 6


def _shape(tier: Tier) -> tuple[Any, ...]:
    return (tier.rank, tier.code, tier.lower_bound is None, tier.rule, tier.rule_institution)
