"""What a review looks at: the holdings of the newest day on file, and what deviates from what the client wants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from advisory.deviations import Bounds, Deviation, deviations
from clients.models import Client, Holding, NeedsInterview
from clients.portfolio import Portfolio, portfolio
from crm.core.policies import Figures, figures


@dataclass(frozen=True)
class Look:
    """A client's holdings as they are on file, his present needs, and everything that deviates."""

    portfolio: Portfolio
    needs: NeedsInterview | None
    deviations: list[Deviation]

    def picture(self) -> dict[str, Any]:
        """The holdings in figures, as they are kept with the review."""
        held, top = self.portfolio, self.portfolio.largest
        return {
            "day": held.day.isoformat() if held.day else "",
            "securities": len(held.positions),
            "market_value": str(held.market_value),
            "gain": _text(held.gain),
            "gain_rate": _text(held.gain_rate),
            "largest": top.holding.security_name if top else "",
            "largest_share": _text(top.weight if top else None),
        }


def bounds_of(known: Figures) -> Bounds:
    """The house's bounds on a day."""
    shares = known.json("review.equity_bounds")
    return Bounds(known.rate("review.concentration_share"), {name: Decimal(share) for name, share in shares.items()})


def look_at(client: Client, today: date) -> Look:
    """Look at one client, whom the caller may see, as of ``today``. Three statements."""
    held = portfolio(Holding.objects.newest_of(client))
    needs = NeedsInterview.objects.present().filter(client=client).first()
    bounds = bounds_of(figures(today, client.branch))
    return Look(held, needs, deviations(held, client, needs, bounds, today))


def _text(value: Decimal | None) -> str:
    return "" if value is None else str(value.quantize(Decimal("0.0001")))
