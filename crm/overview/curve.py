"""The chart of a client's net assets with the bounds of the tiers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from clients.models import Client, DailyAsset
from clients.querysets.asset_history import LONG, SHORT, AssetLine
from crm.core.models import User
from crm.overview.pieces import lines_for


def curve(user: User, client: Client, day: date, back: timedelta) -> dict[str, Any] | None:
    """The chart of net assets up to the newest day on file; tier bounds that lie near the curve are drawn in."""
    last = client.assets_on or day
    rows = list(DailyAsset.objects.visible_to(user).curve(client, last - back, last).values_list("day", "net_assets"))
    return _chart(user, client, day, rows)


def drawn(user: User, client: Client, day: date, lines: list[AssetLine]) -> dict[str, Any] | None:
    """The chart of these days or months, with both rolling averages where there are days enough for them."""
    spec = _chart(user, client, day, [(line.day, line.net_assets) for line in lines])
    if spec is None:
        return None
    for name, days, slot in (("average_short", SHORT, 5), ("average_long", LONG, 6)):
        values = [getattr(line, name) for line in lines]
        if any(value is not None for value in values):
            label = _("%(days)d-day average") % {"days": days}
            spec["series"].append({"name": label, "data": values, "slot": slot, "plain": True})
    return spec


def _chart(user: User, client: Client, day: date, rows: list[tuple[date, Any]]) -> dict[str, Any] | None:
    if not rows:
        return None
    lowest, highest = min(amount for _on, amount in rows), max(amount for _on, amount in rows)
    lines: list[dict[str, Any]] = []
    for line in lines_for(user, client, day):
        if line.lower_bound <= lowest:
            lines = []  # only the highest bound below the curve counts, those beneath would lie on top of each other
        lines.append({"label": line.name, "value": line.lower_bound, "slot": line.palette})
        if line.lower_bound > highest:
            break  # the next tier up is a goal, those beyond would flatten the curve
    return {
        "kind": "area",
        "categories": [on.isoformat() for on, _amount in rows],
        "category_label": _("Day"),
        "series": [{"name": _("Net assets"), "data": [amount for _on, amount in rows], "tone": "accent"}],
        "unit": "yuan",
        "thresholds": lines,
    }
