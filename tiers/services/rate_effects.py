"""What a proposed rate would change: beside what holds today, and in yuan a year."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from crm.core.fields import money
from crm.core.policies import figures
from tiers.models import ClientRate, Product, RateCard
from tiers.querysets.commission import rates_held
from tiers.querysets.leaks import turnover_of_year
from tiers.services.commission import all_in, price_of

if TYPE_CHECKING:
    from crm.core.models import Branch


@dataclass(frozen=True)
class Effect:
    """What holds for the client and product today; the step from there, with all fees; and what it costs or brings a year.

    ``yearly`` is known for shares alone: the turnover of other products is not on file by client and day.
    """

    holds: ClientRate | RateCard | None
    step: Decimal | None = None
    yearly: Decimal | None = None


def effects_of(rates: Iterable[ClientRate], day: date) -> dict[int, Effect]:
    """The effect of each rate by its key; a handful of statements for each branch, however many rates."""
    by_branch: dict[Branch, list[ClientRate]] = {}
    for rate in rates:
        by_branch.setdefault(rate.client.branch, []).append(rate)
    found: dict[int, Effect] = {}
    for branch, own in by_branch.items():
        clients = [rate.client_id for rate in own]
        held, year, known = rates_held(clients, day), turnover_of_year(clients, branch, day), figures(day, branch)
        for rate in own:
            holds = held.get((rate.client_id, rate.product))
            if holds is None:
                found[rate.pk] = Effect(None)
                continue
            step = all_in(price_of(rate), known) - all_in(price_of(holds), known)
            is_share = rate.product == Product.A_SHARE
            yearly = money(step * year.get(rate.client_id, Decimal(0))) if is_share else None
            found[rate.pk] = Effect(holds, step, yearly)
    return found
