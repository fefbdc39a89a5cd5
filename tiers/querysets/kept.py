"""The report of promises kept (履约率): by service, tier, advisor or client, with what the services cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Sum

from crm.core.language import in_language
from tiers.models import Booking, Promise

if TYPE_CHECKING:
    from crm.core.models import User

#: What the report may be grouped by: the columns.
GROUPS: dict[str, tuple[str, ...]] = {
    "service": ("item__code", "item__name_en", "item__name_zh"),
    "tier": ("tier_code",),
    "advisor": ("client__advisor__staff_number", "client__advisor__name"),
    "client": ("client__public_id", "client__external_id"),
}
#: Lines shown of clients: those with the most missed.
MOST_CLIENTS = 50


def kept_report(
    user: User, by: str, first: date, last: date, today: date, *, costs: bool
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Lines and total of the promises due between two days to clients whom the user may see.

    Each line has ``key`` and ``name`` beside what was counted; ``spent`` is None for who may not see costs. What bookings
    cost stands with the tier and the service, since nobody owed them.
    """
    rows = Promise.objects.visible_to(user).settled_between(first, last, today)
    lines = rows.kept_by(*GROUPS[by], most=MOST_CLIENTS if by == "client" else 500)
    name: Callable[[dict[str, Any]], str] = _NAMES[by]
    booked = _booked(user, by, first, last) if costs else {}
    for line in lines:
        line["key"], line["name"] = str(line[GROUPS[by][0]] or ""), name(line)
        line["spent"] = _yuan(line["spent"]) + booked.pop(line["key"], Decimal()) if costs else None
    if costs and by in ("service", "tier"):
        lines += [_only_booked(by, key, spent) for key, spent in sorted(booked.items())]
    total = rows.kept_in_all()
    total["spent"] = sum((line["spent"] for line in lines), Decimal()) if costs and by in ("service", "tier") else None
    return lines, total


def _booked(user: User, by: str, first: date, last: date) -> dict[str, Decimal]:
    path = {"service": "slot__item__code", "tier": "tier_code"}.get(by)
    if path is None:
        return {}
    done = Booking.objects.visible_to(user).filter(state="done", slot__day__gte=first, slot__day__lte=last)
    rows = done.order_by().values_list(path).annotate(spent=Sum("cost"))
    return {str(key): _yuan(spent) for key, spent in rows}


def _only_booked(by: str, key: str, spent: Decimal) -> dict[str, Any]:
    """A line for what was booked only: nobody was owed it."""
    counted = dict.fromkeys(("owed", "in_time", "late", "missed", "overdue"), 0)
    return {**counted, "percent": None, "key": key, "name": key, "spent": spent}


def _yuan(value: Any) -> Decimal:
    return Decimal(value) if value is not None else Decimal()


_NAMES: dict[str, Callable[[dict[str, Any]], str]] = {
    "service": lambda line: in_language(en=line["item__name_en"], zh=line["item__name_zh"]),
    "tier": lambda line: str(line["tier_code"]),
    "advisor": lambda line: str(line["client__advisor__name"] or ""),
    "client": lambda line: str(line["client__external_id"]),
}
