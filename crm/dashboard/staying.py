"""Who stays (R20): clients by the year in which they came, what has become of them, and milestones reached lately."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import permission_required
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from clients.models import AssetMilestone, Client
from clients.querysets.scope import shown_name
from crm.core.clocks import local_date
from crm.core.models import Branch, User

#: Years of opening that have a line of their own; those before stand together.
_YEARS = 15
#: Milestones of so many days are shown, and so many of them.
_LATELY, _MOST = timedelta(days=90), 20


@require_safe
@permission_required(("core.view_branchhome", "clients.view_client"), raise_exception=True)
def clients_who_stay(request: HttpRequest) -> HttpResponse:
    """One branch, or all that the reader sees; ``?branch=CODE`` chooses."""
    user: Any = request.user
    today = local_date(timezone.now())
    branches = list(Branch.objects.visible_to(user).open().order_by("code"))
    chosen = next((branch for branch in branches if branch.code == request.GET.get("branch")), None)
    ids = [branch.pk for branch in ([chosen] if chosen else branches)]
    lines = _lines(Client.objects.visible_to(user).filter(branch_id__in=ids), today, chosen)
    context = {
        "branches": branches,
        "chosen": chosen,
        "lines": lines,
        "whole": _together(lines, _("Together"), chosen),
        "chart": _chart(lines),
        "milestones": _milestones(user, ids, today),
        "risk_url": f"{reverse('clients:list')}?stage=at_risk",
        "today": today,
    }
    return render(request, "dashboard/staying.html", context)


def _lines(clients: Any, today: date, chosen: Branch | None) -> list[dict[str, Any]]:
    """One line a year of opening, the newest first, with the share of those who are still served."""
    rows = list(clients.staying_by_year())
    dated = [{**row, "years": today.year - row["opened_on__year"]} for row in rows if row["opened_on__year"]]
    found = [
        _line(row, chosen, row["opened_on__year"], row["opened_on__year"]) for row in dated if row["years"] < _YEARS
    ]
    last = today.year - _YEARS
    if before := [row for row in dated if row["years"] >= _YEARS]:
        found.append(_together(before, _("%(year)s and before") % {"year": last}, chosen, until=last))
    if unknown := [row for row in rows if not row["opened_on__year"]]:
        found.append({**_together(unknown, _("Not on file"), chosen), "urls": _urls(chosen, opened="unknown")})
    return found


def _line(row: dict[str, Any], chosen: Branch | None, since: int, until: int) -> dict[str, Any]:
    urls = _urls(chosen, opened_from=date(since, 1, 1), opened_to=date(until, 12, 31))
    return {**row, "label": str(since), "kept": Decimal(row["served"]) / row["clients"], "urls": urls}


def _together(
    rows: list[dict[str, Any]], label: str, chosen: Branch | None, until: int | None = None
) -> dict[str, Any]:
    names = ("clients", "served", "at_risk", "lost", "assets")
    told: dict[str, Any] = {name: sum((row[name] or 0 for row in rows), start=0) for name in names}
    told["kept"] = Decimal(told["served"]) / told["clients"] if told["clients"] else None
    urls = _urls(chosen, **({"opened_to": date(until, 12, 31)} if until else {}))
    return {"label": label, "years": None, "urls": urls, **told}


def _urls(chosen: Branch | None, **narrowed: Any) -> dict[str, str]:
    """The records behind each number of a line."""
    of_branch = {"branch": chosen.public_id} if chosen else {}
    states = {
        "clients": {},
        "served": {"status": "staying"},
        "at_risk": {"status": "staying", "stage": "at_risk"},
        "lost": {"status": "lost"},
    }
    at = reverse("clients:list")
    return {name: f"{at}?{urlencode({**narrowed, **state, **of_branch})}" for name, state in states.items()}


def _chart(lines: list[dict[str, Any]]) -> dict[str, Any] | None:
    if not lines:
        return None
    shown = list(reversed(lines))
    return {
        "kind": "bar",
        "categories": [line["label"] for line in shown],
        "category_label": pgettext("year", "Client since"),
        "series": [
            {"name": _("Still served"), "data": [line["served"] for line in shown], "tone": "accent"},
        ],
        "unit": "count",
    }


def _milestones(user: User, ids: list[int], today: date) -> list[dict[str, Any]]:
    """Amounts that clients have reached for the first time lately."""
    rows = AssetMilestone.objects.visible_to(user).filter(client__branch_id__in=ids, reached_on__gte=today - _LATELY)
    higher = rows.filter(client=OuterRef("client"), reached_on=OuterRef("reached_on"), amount__gt=OuterRef("amount"))
    # Who passes several amounts on one day has reached the highest of them.
    rows = rows.filter(~Exists(higher.order_by()))
    return [
        {
            "name": shown_name(row.client, user),
            "url": row.client.get_absolute_url(),
            "amount": row.amount,
            "on": row.reached_on,
        }
        for row in rows.select_related("client").order_by("-reached_on", "-amount", "pk")[:_MOST]
    ]
