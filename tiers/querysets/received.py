"""What one client may have of the catalogue."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import Subquery

from tiers.models import Entitlement, ServiceItem, TierState

if TYPE_CHECKING:
    from clients.models import Client


def entitled_services(client: Client, day: date) -> list[dict[str, Any]]:
    """Services of the branch to which the client's present tier is entitled on ``day``: {item, entitlement}, basic ones first."""
    offered = ServiceItem.objects.of_branch(client.branch).in_force(day).values("pk")
    state = TierState.objects.filter(client=client)
    rows = Entitlement.objects.in_force(day).filter(
        item__in=offered,
        tier_code=Subquery(state.values("tier__code")[:1]),
        programme_code=Subquery(state.values("programme__code")[:1]),
    )
    found = [{"item": row.item, "entitlement": row} for row in rows.select_related("item").order_by("item__code")]
    order = list(ServiceItem.Kind.values)
    return sorted(found, key=lambda line: order.index(line["item"].kind))
