"""What a client of a tier costs the branch in a year: services that he is entitled to, and contacts that he is owed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm.core.models import Branch
    from tiers.models import Programme


@dataclass(frozen=True)
class Upkeep:
    """Yuan and contacts in a year for one client of a tier."""

    cost: Decimal = Decimal(0)
    contacts: Decimal = Decimal(0)


#: Answers for a programme at a branch on a day, by the code of the tier.
Source = Callable[["Programme", "Branch", date], Mapping[str, Upkeep]]
_sources: list[Source] = []


def tells_upkeep(source: Source) -> Source:
    """Name what knows a part of it: the catalogue of services, the cadence of contacts."""
    _sources.append(source)
    return source


def upkeep_of(programme: Programme, branch: Branch, day: date) -> dict[str, Upkeep] | None:
    """By code of the tier, all parts together; None while nothing knows."""
    told = [found for source in _sources if (found := source(programme, branch, day))]
    if not told:
        return None
    codes = {code for part in told for code in part}
    none = Upkeep()
    return {
        code: Upkeep(
            sum((part.get(code, none).cost for part in told), Decimal(0)),
            sum((part.get(code, none).contacts for part in told), Decimal(0)),
        )
        for code in codes
    }
