"""Classes of investors as sets, and the conditions of a class against one client (regulation.md §1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models

from clients.conditions import Condition, Outcome, facts
from clients.months import months_between
from clients.querysets.scope import client_q
from crm.core.policies import Figures

if TYPE_CHECKING:
    from clients.models import Client, InvestorClassification
    from crm.core.models import User


class InvestorClassificationQuerySet(models.QuerySet["InvestorClassification"]):
    def visible_to(self, user: User) -> InvestorClassificationQuerySet:
        return self.filter(client_q(user, "client__"))

    def waiting(self) -> InvestorClassificationQuerySet:
        """Applications that somebody has to decide, the oldest first."""
        return self.filter(state="waiting").order_by("requested_at", "pk")

    def in_force(self) -> InvestorClassificationQuerySet:
        return self.filter(state="approved")

    def run_out(self, today: date) -> InvestorClassificationQuerySet:
        """Classes whose last day is over and that nobody has ended yet."""
        return self.in_force().filter(valid_until__lt=today)

    def expiring(self, today: date, until: date) -> InvestorClassificationQuerySet:
        return self.in_force().filter(valid_until__gte=today, valid_until__lte=until)

    def for_list(self) -> InvestorClassificationQuerySet:
        return self.select_related("client__branch", "client__advisor", "requested_by", "decided_by")

    def newest_first(self) -> InvestorClassificationQuerySet:
        return self.order_by("-requested_at", "-pk")


#: What an application may state.
STATED = ("financial_assets", "income", "net_assets", "months", "role")


def class_conditions(
    client: Client, wanted: str, stated: Mapping[str, Any], day: date, known: Figures
) -> list[Condition]:
    """Each condition of the class met, not met or not known, from what is on file and what the application states."""
    if wanted == "A":
        return [_licensed(client, stated)]
    if client.kind == "institution":
        table = known.json(f"professional.{wanted.lower()}_org")
        return [
            _at_least("net_assets", _known(stated.get("net_assets"), client.own_funds), table["net_assets"]),
            _financial(client, stated, table["financial_assets"]),
            _years(client, stated, table["months"], day),
        ]
    table = known.json(f"professional.{wanted.lower()}_person")
    return [_means(client, stated, table), _background(client, stated, table["months"], day)]


def classes_for(kind: str) -> tuple[str, ...]:
    """The professional classes that a person or an institution can be in: A is for institutions alone (办法 Art. 8)."""
    return ("A", "B", "C") if kind == "institution" else ("B", "C")


def class_outlook(client: Client, day: date, known: Figures) -> list[tuple[str, str, list[Condition]]]:
    """Each class that the client could ask for besides his own, with the outcome and its conditions as what is on file tells
    them, before anybody has stated anything."""
    found: list[tuple[str, str, list[Condition]]] = []
    for wanted in classes_for(client.kind):
        if wanted == client.investor_class:
            continue
        conditions = class_conditions(client, wanted, {}, day, known)
        outcomes = {condition.outcome for condition in conditions}
        outcome = next((one for one in (Outcome.NOT_MET, Outcome.UNKNOWN) if one in outcomes), Outcome.MET)
        found.append((wanted, outcome, conditions))
    return found


def _licensed(client: Client, stated: Mapping[str, Any]) -> Condition:
    from clients.models.investors import ROLES_OF_A

    role = stated.get("role") or ""
    found = facts(role=role, institution=client.kind == "institution")
    if client.kind != "institution":
        return Condition("licensed", Outcome.NOT_MET, found)
    if not role:
        return Condition("licensed", Outcome.UNKNOWN, found)
    return Condition("licensed", Outcome.MET if role in ROLES_OF_A else Outcome.NOT_MET, found)


def _known(*amounts: Any) -> Decimal | None:
    """The largest of the amounts that are known."""
    there = [Decimal(amount) for amount in amounts if amount is not None]
    return max(there) if there else None


def _at_least(key: str, found: Decimal | None, needed: Any) -> Condition:
    told = facts(found=found, minimum=Decimal(str(needed)))
    if found is None:
        return Condition(key, Outcome.UNKNOWN, told)
    return Condition(key, Outcome.MET if found >= Decimal(str(needed)) else Outcome.NOT_MET, told)


def _assets(client: Client, stated: Mapping[str, Any]) -> tuple[Decimal, bool]:
    """Financial assets as far as they are known, and whether that is all: what lies elsewhere has to be stated."""
    here = max(Decimal(client.total_assets), Decimal())
    whole = _known(
        stated.get("financial_assets"), None if client.outside_assets is None else here + client.outside_assets
    )
    return (here, False) if whole is None else (max(whole, here), True)


def _financial(client: Client, stated: Mapping[str, Any], needed: Any) -> Condition:
    found, complete = _assets(client, stated)
    enough = found >= Decimal(str(needed))
    outcome = Outcome.MET if enough else Outcome.NOT_MET if complete else Outcome.UNKNOWN
    return Condition("financial_assets", outcome, facts(found=found, minimum=Decimal(str(needed)), complete=complete))


def _means(client: Client, stated: Mapping[str, Any], table: Mapping[str, Any]) -> Condition:
    """Financial assets or the average income of the last three years; one of them is enough."""
    assets, complete = _assets(client, stated)
    income = _known(stated.get("income"))
    need_assets, need_income = Decimal(str(table["financial_assets"])), Decimal(str(table["income"]))
    if assets >= need_assets or (income is not None and income >= need_income):
        outcome = Outcome.MET
    else:
        outcome = Outcome.NOT_MET if complete and income is not None else Outcome.UNKNOWN
    told = facts(assets=assets, complete=complete, income=income, need_assets=need_assets, need_income=need_income)
    return Condition("means", outcome, told)


def _experience(client: Client, stated: Mapping[str, Any], day: date) -> int | None:
    """Months of investing: since the first trade on file, since when the client says, or as the application states."""
    from clients.models import Account

    begun = [since for since in (Account.objects.first_trade_of(client), client.investing_since) if since]
    held = [months_between(since, day) for since in begun]
    if stated.get("months") is not None:
        held.append(int(stated["months"]))
    return max(held, default=None)


def _years(client: Client, stated: Mapping[str, Any], needed: int, day: date) -> Condition:
    held = _experience(client, stated, day)
    told = facts(months=held, minimum=int(needed))
    if held is None:
        return Condition("years", Outcome.UNKNOWN, told)
    return Condition("years", Outcome.MET if held >= int(needed) else Outcome.NOT_MET, told)


def _background(client: Client, stated: Mapping[str, Any], needed: int, day: date) -> Condition:
    """Investing experience, or a profession that stands for it."""
    from clients.models.investors import ROLES_OF_PERSONS

    role = stated.get("role") or ""
    found = _years(client, stated, needed, day)
    if role in ROLES_OF_PERSONS:
        return Condition("background", Outcome.MET, {**found.facts, "role": role})
    return Condition("background", found.outcome, {**found.facts, "role": ""})
