"""What a year costs a client, measured by what he has with us."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from clients.querysets.asset_history import AssetLine, asset_history, sum_of
from crm.core.clocks import year_up_to
from tiers.models import Product, RateBasis
from tiers.querysets.commission import EffectiveRate, effective_rates
from tiers.services.fees import Split, split_turnover

if TYPE_CHECKING:
    from clients.models import Client
    from crm.core.models import User


@dataclass(frozen=True)
class Burden:
    """Turnover, commission and all fees of the twelve months up to the last day on file, and the average net assets of the
    days on file in them."""

    since: date
    day: date
    turnover: Decimal
    commission: Decimal
    split: Split
    average: Decimal | None

    @property
    def share_of_turnover(self) -> Decimal | None:
        return self.commission / self.turnover if self.turnover else None

    @property
    def share_of_assets(self) -> Decimal | None:
        """Commission and fees of the year as a share of the average assets; None where there were none."""
        return self.split.total / self.average if self.average and self.average > 0 else None


def burden_of(user: User, client: Client, today: date, rates: Sequence[EffectiveRate] | None = None) -> Burden:
    """The year up to the client's last day on file, so that every page tells one number; without one, up to ``today``.

    Ask ``may_see_commission`` before showing it.
    """
    day = min(client.assets_on or today, today)
    since = year_up_to(day)
    lines: list[AssetLine] = asset_history(user, client, since, day)
    known = effective_rates(client, today) if rates is None else rates
    basis = next((rate.basis for rate in known if rate.product == Product.A_SHARE), RateBasis.ALL_IN.value)
    traded = [(line.day, line.turnover, line.commission) for line in lines if line.turnover]
    return Burden(
        since=since,
        day=day,
        turnover=sum_of(lines, "turnover"),
        commission=sum_of(lines, "commission"),
        split=split_turnover(traded, basis, client.branch),
        average=sum_of(lines, "net_assets") / len(lines) if lines else None,
    )
