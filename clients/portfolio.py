"""What a client's holdings say together: weights, kinds, and how much hangs on one security. Pure; rows in, figures out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clients.models import Holding, SecurityKind


@dataclass(frozen=True)
class Position:
    """One holding with its weight: its share of the market value of all holdings that are worth something."""

    holding: Holding
    weight: Decimal | None

    @property
    def kind_label(self) -> str:
        return str(SecurityKind(self.holding.kind).label)


@dataclass(frozen=True)
class Portfolio:
    """The holdings of one day."""

    positions: list[Position]
    market_value: Decimal
    cost: Decimal | None
    #: (label, market value, weight) by kind of security, the largest first.
    kinds: list[tuple[str, Decimal, Decimal | None]]

    @property
    def day(self) -> Any:
        return self.positions[0].holding.day if self.positions else None

    @property
    def gain(self) -> Decimal | None:
        """Over the holdings whose cost is known; None when no cost is."""
        if self.cost is None:
            return None
        known = (p.holding for p in self.positions if p.holding.cost is not None)
        return sum((Decimal(held.market_value) for held in known), Decimal(0)) - self.cost

    @property
    def gain_rate(self) -> Decimal | None:
        return self.gain / self.cost if self.gain is not None and self.cost else None

    @property
    def largest(self) -> Position | None:
        """The security on which most hangs: its weight is the concentration (集中度)."""
        weighed = [p for p in self.positions if p.weight is not None]
        return max(weighed, key=lambda p: p.weight or Decimal(0), default=None)

    @property
    def largest_three(self) -> Decimal | None:
        weights = sorted((p.weight for p in self.positions if p.weight is not None), reverse=True)
        return sum(weights[:3], Decimal(0)) if weights else None


def portfolio(holdings: Iterable[Holding]) -> Portfolio:
    """Weights are shares of the market value of long holdings: a short option has no weight and takes none from others."""
    rows = list(holdings)
    whole = sum((Decimal(held.market_value) for held in rows if held.market_value > 0), Decimal(0))
    positions = [Position(held, _share(Decimal(held.market_value), whole)) for held in rows]
    worth: dict[str, Decimal] = {}
    for held in rows:
        worth[held.kind] = worth.get(held.kind, Decimal(0)) + Decimal(held.market_value)
    kinds = [
        (str(SecurityKind(kind).label), value, _share(value, whole))
        for kind, value in sorted(worth.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    costs = [Decimal(held.cost) for held in rows if held.cost is not None]
    total = sum((Decimal(held.market_value) for held in rows), Decimal(0))
    return Portfolio(positions, total, sum(costs, Decimal(0)) if costs else None, kinds)


def _share(value: Decimal, whole: Decimal) -> Decimal | None:
    return value / whole if whole > 0 and value > 0 else None
