"""What the client has and moves over a time of choice, and what he holds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clients.models import Client, Holding
from clients.portfolio import portfolio
from clients.querysets.asset_history import AssetLine, asset_history, by_month, sum_of
from crm.core.models import User
from crm.core.views.places import actor_of
from crm.overview.curve import drawn
from crm.overview.tabs.tab import Tab
from tiers.querysets.commission import commission_q
from tiers.services.burden import burden_of

#: Key → (label, how far back). Ten years are all there is: longer no account is kept on line.
PERIODS: dict[str, tuple[Any, timedelta]] = {
    "1m": (_("1 month"), timedelta(days=31)),
    "3m": (_("3 months"), timedelta(days=92)),
    "1y": (_("1 year"), timedelta(days=366)),
    "all": (_("All"), timedelta(days=3660)),
}
_USUAL = "3m"
#: More points than these are drawn as month-ends: they would lie on one pixel.
_DRAWN = 400
_MOST_HELD = 500


def _context(request: HttpRequest, client: Client, day: date) -> dict[str, Any]:
    user = actor_of(request)
    period = request.GET.get("period", "")
    period = period if period in PERIODS else _USUAL
    back, last = PERIODS[period][1], client.assets_on or day
    days = asset_history(user, client, last - back, last)
    monthly = period in ("1y", "all")
    months = by_month(days) if monthly else []
    sees_commission = _sees_commission(user, client)
    held = Holding.objects.visible_to(user).newest_of(client)[:_MOST_HELD] if _sees_holdings(user) else []
    return {
        "periods": [
            {"label": label, "url": f"?tab=assets&period={key}", "active": key == period}
            for key, (label, _back) in PERIODS.items()
        ],
        "curve": drawn(user, client, day, months if len(days) > _DRAWN else days),
        "newest": days[-1] if days else None,
        "moved": _moved(days),
        "lines": list(reversed(months or days)),
        "monthly": monthly,
        "has_debt": any(line.margin_debt for line in days),
        "sees_commission": sees_commission,
        "burden": burden_of(user, client, day) if sees_commission else None,
        "portfolio": portfolio(held),
    }


def _moved(days: list[AssetLine]) -> dict[str, Any]:
    """What came, went and was traded in the whole time, and by how much the net assets changed."""
    if not days:
        return {}
    found: dict[str, Any] = {name: sum_of(days, name) for name in ("inflow", "outflow", "turnover", "commission")}
    found["net_inflow"] = found["inflow"] - found["outflow"]
    found["change"] = days[-1].net_assets - days[0].net_assets
    # The change that nobody brought or took away since the close of the first day.
    found["gain"] = found["change"] - (found["net_inflow"] - days[0].net_inflow)
    return found


def _sees_holdings(user: User) -> bool:
    return user.has_perm("clients.view_holding")


def _sees_commission(user: User, client: Client) -> bool:
    """What a client pays is the commission desk's business and his own advisor's (contracts: who sees what)."""
    if not user.has_perm("tiers.view_clientrate"):
        return False
    return bool(Client.objects.visible_to(user).filter(commission_q(user, ""), pk=client.pk).exists())


TAB = Tab("assets", _("Assets"), _context, right="clients.view_dailyasset")
