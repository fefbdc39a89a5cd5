"""The report of promises kept (履约率): by service, tier, advisor or client, with what the services cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from clients.models import Client
from clients.querysets.scope import shown_name
from crm.core.language import in_language
from tiers.models import Booking, Promise, ServiceItem, Tier

if TYPE_CHECKING:
    from crm.core.models import User

#: What the report may be grouped by: the columns.
GROUPS: dict[str, tuple[str, ...]] = {
    "service": ("item__code", "item__name_en", "item__name_zh"),
    "tier": ("tier_code",),
    "advisor": ("client__advisor__staff_number", "client__advisor__name", "client__advisor__public_id"),
    "client": ("client__public_id", "client__external_id"),
}
#: Where a booking stands in these groups.
_BOOKED = {"service": "slot__item__code", "tier": "tier_code"}
#: Lines shown of clients: those with the most missed.
MOST_CLIENTS = 50


def kept_report(
    user: User, by: str, first: date, last: date, today: date, *, costs: bool
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Lines and total of the promises due between two days to clients whom the user may see.

    Each line has ``key`` and ``name``, as the reader may see it, beside what was counted. ``spent`` is told by service and
    by tier, where it holds what bookings cost as well, since nobody owed them; else, and for who may not see costs, None.
    """
    rows = Promise.objects.visible_to(user).settled_between(first, last, today)
    lines = rows.kept_by(*GROUPS[by], most=MOST_CLIENTS if by == "client" else 500)
    costs = costs and by in _BOOKED
    booked = _booked(user, by, first, last) if costs else {}
    for line in lines:
        line["key"] = str(line[GROUPS[by][0]] or "")
        line["spent"] = _yuan(line["spent"]) + booked.pop(line["key"], Decimal()) if costs else None
    lines += [_only_booked(key, spent) for key, spent in sorted(booked.items())]
    _NAMED[by](lines, user, today)
    total = rows.kept_in_all()
    total["spent"] = sum((line["spent"] for line in lines), Decimal()) if costs else None
    return lines, total


def _booked(user: User, by: str, first: date, last: date) -> dict[str, Decimal]:
    done = Booking.objects.visible_to(user).filter(state="done", slot__day__gte=first, slot__day__lte=last)
    spent = done.order_by().values_list(_BOOKED[by]).annotate(spent=Sum("cost"))
    return {str(key): _yuan(yuan) for key, yuan in spent}


def _only_booked(key: str, spent: Decimal) -> dict[str, Any]:
    """A line for what was booked only: nobody was owed it."""
    counted = dict.fromkeys(("owed", "in_time", "late", "missed", "overdue"), 0)
    return {**counted, "percent": None, "key": key, "spent": spent}


def _yuan(value: Any) -> Decimal:
    return Decimal(value) if value is not None else Decimal()


def _name_services(lines: list[dict[str, Any]], user: User, _today: date) -> None:
    booked = [line for line in lines if "item__name_zh" not in line]
    known = ServiceItem.objects.visible_to(user).names([line["key"] for line in booked], user.branch)
    for line in booked:
        line["name"] = known.get(line["key"], line["key"])
    for line in lines:
        if "item__name_zh" in line:
            line["name"] = in_language(en=line["item__name_en"], zh=line["item__name_zh"])


def _name_tiers(lines: list[dict[str, Any]], user: User, today: date) -> None:
    known = Tier.objects.names(user.branch, today, user.company)
    for line in lines:
        line["name"] = known.get(line["key"], line["key"])


def _name_advisors(lines: list[dict[str, Any]], _user: User, _today: date) -> None:
    for line in lines:
        line["name"] = str(line["client__advisor__name"] or _("Nobody"))


def _name_clients(lines: list[dict[str, Any]], user: User, _today: date) -> None:
    rows = Client.objects.visible_to(user).filter(public_id__in=[line["key"] for line in lines])
    known = {client.public_id: client for client in rows}
    for line in lines:
        client = line["client"] = known.get(line["key"])
        line["name"] = shown_name(client, user) if client else str(line["client__external_id"])


#: Words of the reader's language; clients in the form he may see.
_NAMED: dict[str, Callable[[list[dict[str, Any]], User, date], None]] = {
    "service": _name_services,
    "tier": _name_tiers,
    "advisor": _name_advisors,
    "client": _name_clients,
}
