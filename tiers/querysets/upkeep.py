"""What a client of a tier costs the branch in a year: services that he is entitled to, and contacts that he is owed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from crm.core.clocks import YEAR
from tiers.slices import times_a_year

if TYPE_CHECKING:
    from crm.core.models import Branch
    from tiers.models import Programme


@dataclass(frozen=True)
class Upkeep:
    """Yuan and contacts in a year for one client of a tier."""

    cost: Decimal = Decimal(0)
    contacts: Decimal = Decimal(0)


def upkeep_of(programme: Programme, branch: Branch, day: date) -> dict[str, Upkeep] | None:
    """By code of the tier, as the catalogue and the cadence of the day say; None where neither says anything.

    Every entitlement counts as used in full: it is what was promised, not what was asked for.
    """
    from tiers.models import ContactCadence, Entitlement, ServiceItem

    offered = ServiceItem.objects.of_branch(branch).in_force(day).values("pk")
    rows = Entitlement.objects.in_force(day).filter(item__in=offered, programme_code=programme.code)
    cost: dict[str, Decimal] = {}
    for tier, times, period, each in rows.values_list("tier_code", "times", "period", "item__cost"):
        a_year = cast(int, times) * times_a_year(period)  # an entitlement in force says how often
        cost[tier] = cost.get(tier, Decimal(0)) + each * a_year
    cadences: Any = ContactCadence.objects.in_force(day).filter(
        company_id=branch.company_id, programme_code=programme.code
    )
    contacts = {tier: Decimal(YEAR) / days for tier, days in cadences.values_list("tier_code", "days") if days}
    if not cost and not contacts:
        return None
    none = Decimal(0)
    return {code: Upkeep(cost.get(code, none), contacts.get(code, none)) for code in {*cost, *contacts}}
