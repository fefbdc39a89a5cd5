"""What other pages ask about a client's tier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clients.models import Client
    from crm.core.models import Branch
    from tiers.models import TierState


@dataclass(frozen=True)
class TierLine:
    """A threshold to draw into a chart of assets; yuan."""

    name: str
    lower_bound: Decimal
    palette: int


def tier_of(client: Client) -> TierState | None:
    """The present tier of a client with its programme; None before the first evaluation."""
    from tiers.models import TierState

    return TierState.objects.select_related("tier", "programme", "run", "earned").filter(pk=client.pk).first()


def tier_lines(branch: Branch, day: date) -> list[TierLine]:
    """The bounds that govern a branch on ``day``, from the lowest to the highest; the lowest tier has none."""
    from tiers.models import Tier

    rows = Tier.objects.governing(branch, day)
    return [TierLine(tier.name, tier.lower_bound, tier.palette) for tier in rows if tier.lower_bound is not None]
