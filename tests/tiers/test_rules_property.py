"""Rule trees, grace, floors and rules for institutions: the set-based evaluation equals the plain reference on random books."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from clients.models import Client
from clients.services.asset_sql import AssetDay
from clients.services.assets import put_asset_days
from crm.core.access import system_user
from crm.core.clocks import Calendar
from tests.tiers.reference import Day, Reference, Terms
from tiers.models import TierChange, TierState
from tiers.services.evaluation import evaluate
from tiers.services.programmes import ProgrammePlan, TierPlan, create_programme

pytestmark = pytest.mark.django_db

FIRST = date(2025, 9, 1)
CLIENTS = 150
#: Amounts in fen around which figures and bounds are drawn, so that boundaries are met to the cent.
AROUND = (0, 1000, 2001, 5000, 40_000)


def amount(dice: random.Random) -> int:
    return max(0, dice.choice(AROUND) + dice.choice((-1, 0, 0, 1)))


def figure(dice: random.Random) -> dict[str, Any]:
    kind = dice.choice(["average", "average", "average_trading", "month_end", "commission", "turnover"])
    span = {"average": dice.choice([0, 0, 7, 60]), "average_trading": dice.choice([1, 10, 20, 60]), "month_end": 0}
    found = span.get(kind, dice.choice([1, 3, 12]))
    return {"metric": kind, **({"span": found} if found else {})}


def tree(dice: random.Random, depth: int = 1) -> dict[str, Any]:
    if depth < 3 and dice.random() < 0.5:
        return {dice.choice(["all", "any"]): [tree(dice, depth + 1) for _ in range(dice.choice([1, 2, 3]))]}
    least = f"{Decimal(amount(dice)) / 100:.2f}"
    if dice.random() < 0.25:
        terms = {str(sorted(said.items())): said for said in (figure(dice) for _ in range(3))}.values()
        weights = [dice.choice(["0.5", "1", "2.25", "0.01"]) for _ in terms]
        parts = [{"weight": weight, **said} for weight, said in zip(weights, terms, strict=True)]
        return {"metric": "weighted", "terms": parts, "at_least": least}
    return {**figure(dice), "at_least": least}


def random_terms(dice: random.Random) -> Terms:
    rules: list[Any] = [tree(dice) for _ in range(dice.choice([1, 2, 3]))]
    institutions = [tree(dice) if dice.random() < 0.5 else rule for rule in rules]
    floors = [(months, dice.randrange(2, len(rules) + 2)) for months in dice.sample([3, 6, 60], dice.choice([0, 1, 2]))]
    window, down_after = dice.choice([1, 7, 30]), dice.choice([1, 2, 3])
    return Terms(rules, institutions, window, down_after, dice.choice([0, 0, 4]), floors)


def made(branch: Any, terms: Terms) -> Any:
    tiers = [TierPlan("t1", "T1", "一级", None)]
    for rank, (rule, own) in enumerate(zip(terms.rules, terms.institutions, strict=True), 2):
        tiers.append(
            TierPlan(f"t{rank}", f"T{rank}", f"{rank}级", None, rule=rule, rule_institution={} if own is rule else own)
        )
    plan = ProgrammePlan(
        "p", "P", "P", date(2000, 1, 1), tuple(tiers), window_days=terms.window, down_after=terms.down_after,
        grace_months=terms.grace_months, age_floors=tuple({"months": m, "tier": f"t{r}"} for m, r in terms.floors),
    )  # fmt: skip
    # Two rules may turn out as plain bounds that do not rise; then this programme is none.
    return create_programme(actor=system_user(), plan=plan, company=branch.company, branch=branch, activate=True)


def random_book(dice: random.Random) -> dict[date, Day]:
    """Days with gaps, weekends, debts and late openings as they come."""
    start, held = dice.choice([0, 0, 40, 110, 139]), dice.choice([0.2, 0.7, 0.95])
    days = [FIRST + timedelta(days=n) for n in range(start, 150) if dice.random() < held]
    if dice.random() < 0.1:
        days = days[: len(days) // 2]
    return {
        on: Day(
            dice.choice([amount(dice), amount(dice), -dice.randrange(5000)]),
            dice.choice([0, 0, amount(dice)]),
            dice.choice([0, amount(dice)]),
        )
        for on in days
    }


@pytest.mark.parametrize("seed", range(16))
def test_trees_grace_floors_and_institutions_equal_the_reference(branch, seed):
    dice = random.Random(seed)
    terms = random_terms(dice)
    programme = made(branch, terms)
    clients = Client.objects.bulk_create(
        Client(
            branch=branch,
            external_id=str(number),
            kind=dice.choice(["person", "person", "institution"]),
            opened_on=dice.choice([None, FIRST - timedelta(days=dice.randrange(3000)), FIRST + timedelta(days=60)]),
        )
        for number in range(CLIENTS)
    )
    books = {client.pk: random_book(dice) for client in clients}
    rows = [
        AssetDay(pk, on, row.net, margin_debt=dice.randrange(9999), commission=row.commission, turnover=row.turnover)
        for pk, book in books.items()
        for on, row in book.items()
    ]
    put_asset_days(branch=branch, rows=rows, actor=system_user())
    known = Calendar.load()
    references = {
        client.pk: Reference(terms, known, institution=client.kind == "institution", opened=client.opened_on)
        for client in clients
    }
    closed: set[int] = set()

    for number in sorted(dice.sample(range(20, 150), 3) + [29, 59, 60, 90, 121]):
        day = FIRST + timedelta(days=number)
        gone = dice.sample(sorted(set(books) - closed), 3)
        Client.objects.filter(pk__in=gone).update(status="closed", closed_on=day)
        closed |= set(gone)
        evaluate(branch=branch, day=day, actor=system_user(), programme=programme)
        assert evaluate(branch=branch, day=day, actor=system_user(), programme=programme).written == 0
        for pk, reference in references.items():
            if pk not in closed:
                reference.evaluate(books[pk], day)

    states = {s.client_id: (s.tier.rank, s.below_since) for s in TierState.objects.select_related("tier")}
    assert states == {pk: (r.rank, r.below_since) for pk, r in references.items() if r.rank is not None}
    told: dict[int, list[Any]] = {pk: [] for pk in references}
    for change in TierChange.objects.order_by("pk").select_related("old", "new"):
        told[change.client_id].append((change.day, change.reason, change.old and change.old.rank, change.new.rank))
    assert told == {pk: r.moves for pk, r in references.items()}
