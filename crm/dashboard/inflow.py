"""What clients brought in and took out this month and who moved most: what a number of the branch home rests on."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import F, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clients.models import BranchDay, Client, DailyAsset
from clients.querysets.scope import shown_name
from crm.core.clocks import local_date
from crm.core.fields import MoneyField
from crm.core.models import Branch, User

#: Clients with the highest and with the lowest net inflow that are named.
_MOST = 50


@require_safe
@permission_required(("core.view_branchhome", "clients.view_dailyasset"), raise_exception=True)
def net_inflow(request: HttpRequest) -> HttpResponse:
    """One branch, or all that the reader sees; ``?branch=`` (public id) chooses."""
    user: Any = request.user
    first = local_date(timezone.now()).replace(day=1)
    branches = list(Branch.objects.visible_to(user).open().order_by("code"))
    chosen = next((branch for branch in branches if branch.public_id == request.GET.get("branch")), None)
    ids = [branch.pk for branch in ([chosen] if chosen else branches)]
    days = _days(ids, first)
    context = {
        "branches": branches,
        "chosen": chosen,
        "first": first,
        "days": days,
        "total": sum((day["net"] for day in days), start=0),
        "came": _movers(user, ids, first, "-net"),
        "went": _movers(user, ids, first, "net"),
    }
    return render(request, "dashboard/inflow.html", context)


def _days(ids: list[int], first: date) -> list[dict[str, Any]]:
    """Of each day of the month that is on file, the newest first: in, out, and the difference."""
    rows = BranchDay.objects.filter(branch_id__in=ids, day__gte=first).order_by("-day").values("day")
    told = rows.annotate(came=Sum("inflow"), went=Sum("outflow"))
    return [{**row, "net": row["came"] - row["went"]} for row in told]


def _movers(user: User, ids: list[int], first: date, order: str) -> list[dict[str, Any]]:
    """Clients by their net inflow of the month, those on one side of nought only."""
    moved = Sum(F("inflow") - F("outflow"), output_field=MoneyField())
    rows: Any = DailyAsset.objects.visible_to(user).filter(day__gte=first, client__branch_id__in=ids)
    # On most days most clients move nothing: what is grouped is a small part of the book.
    rows = rows.exclude(inflow=0, outflow=0)
    rows = rows.order_by().values("client_id").annotate(net=moved)
    side = rows.filter(net__gt=0) if order == "-net" else rows.filter(net__lt=0)
    found = dict(side.order_by(order, "client_id").values_list("client_id", "net")[:_MOST])
    clients: dict[int, Any] = Client.objects.visible_to(user).select_related("advisor").in_bulk(list(found))
    return [
        {
            "client": clients[pk],
            "name": shown_name(clients[pk], user),
            "net": net,
            "advisor": clients[pk].advisor.name if clients[pk].advisor else "",
        }
        for pk, net in found.items()
        if pk in clients
    ]
