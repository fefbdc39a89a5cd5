"""What one client may have of the catalogue, and how much of it is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from tiers.models import Booking, Entitlement, ServiceItem
from tiers.slices import period_of

if TYPE_CHECKING:
    from clients.models import Client


@dataclass(frozen=True)
class Allowance:
    """How often a client may have a service in a period, and how often he may have it still."""

    times: int
    left: int


def entitled_services(client: Client, day: date) -> list[dict[str, Any]]:
    """Services of the branch to which the client's present tier is entitled on ``day``: {item, entitlement}, basic ones first."""
    offered = ServiceItem.objects.of_branch(client.branch).in_force(day).values("pk")
    rows = Entitlement.objects.in_force(day).of_client(client).filter(item__in=offered)
    found = [{"item": row.item, "entitlement": row} for row in rows.select_related("item").order_by("item__code")]
    order = list(ServiceItem.Kind.values)
    return sorted(found, key=lambda line: order.index(line["item"].kind))


def allowances_of(client: Client, items: Sequence[ServiceItem], day: date) -> dict[int, Allowance]:
    """By key of the service, for those to which the client is entitled on ``day``: counted in the period in which it lies.

    Two statements, however many services.
    """
    held = {row.item_id: row for row in Entitlement.objects.in_force(day).of_client(client).filter(item__in=items)}
    periods = {pk: period_of(row.period, day) for pk, row in held.items()}
    if not held:
        return {}
    first, last = min(first for first, _last in periods.values()), max(last for _first, last in periods.values())
    used = list(Booking.objects.used_by(client, first, last).values_list("slot__item__code", "slot__day"))
    found = {}
    for item in items:
        if item.pk in held:
            first, last = periods[item.pk]
            # By code: a booking of the company's service counts against the branch's own edition of it.
            count = sum(code == item.code and first <= booked <= last for code, booked in used)
            times = int(held[item.pk].times or 0)
            found[item.pk] = Allowance(times, max(0, times - count))
    return found
