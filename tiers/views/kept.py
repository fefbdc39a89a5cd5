"""How well promises are kept, and with whom the branch is losing touch."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.models import Client
from clients.querysets.scope import shown_name
from crm.core.clocks import local_date
from crm.core.policies import figures
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of
from tiers.forms.services import KeptForm
from tiers.models import ServiceItem, Tier
from tiers.querysets.kept import GROUPS, kept_report
from tiers.querysets.touch import STATES, in_touch
from tiers.slices import period_of

_LABELS: dict[str, Any] = {
    "service": lambda: _("By service"),
    "tier": lambda: _("By tier"),
    "advisor": lambda: _("By who serves the client"),
    "client": lambda: _("By client"),
}


@require_safe
@permission_required("tiers.view_promise", raise_exception=True)
def kept(request: HttpRequest) -> HttpResponse:
    """Promises due in a time, by service, tier, who serves the client, or client: kept in time, late, missed, and the cost."""
    user, today = actor_of(request), local_date(timezone.now())
    by = request.GET.get("by", "")
    by = by if by in GROUPS else "service"
    form = KeptForm(request.GET or None)
    first, last = form.span(period_of("quarter", today)[0], today)
    costs = user.has_perm("tiers.cost_promise")
    lines, total = kept_report(user, by, first, last, today, costs=costs)
    _name(lines, by, user, today)
    context = {
        "form": KeptForm(initial={"first": first, "last": last}),
        "lines": lines,
        "total": total,
        "by": by,
        "views": [{"key": key, "label": label()} for key, label in _LABELS.items()],
        "first": first,
        "last": last,
        "costs": costs and by in ("service", "tier"),
    }
    return render(request, "tiers/kept.html", context)


def _name(lines: list[dict[str, Any]], by: str, user: Any, today: date) -> None:
    """Words of the reader's language; clients in the form he may see."""
    if by == "tier":
        names = Tier.objects.names(user.branch, today, user.company)
        for line in lines:
            line["name"] = names.get(line["key"], line["name"])
    elif by == "service":
        unnamed = [line["key"] for line in lines if line["name"] == line["key"]]
        names = {item.code: item.name for item in ServiceItem.objects.visible_to(user).filter(code__in=unnamed)}
        for line in lines:
            line["name"] = names.get(line["key"], line["name"])
    elif by == "advisor":
        for line in lines:
            line["name"] = line["name"] or _("Nobody")
    elif by == "client":
        rows = Client.objects.visible_to(user).filter(public_id__in=[line["key"] for line in lines])
        known = {client.public_id: client for client in rows}
        for line in lines:
            client = known.get(line["key"])
            line["name"] = shown_name(client, user) if client else line["name"]
            line["url"] = f"{client.get_absolute_url()}?tab=services" if client else ""


@require_safe
@permission_required("tiers.view_promise", raise_exception=True)
def touch(request: HttpRequest) -> HttpResponse:
    """Clients by how long ago they were spoken with, held against their tier: longest first, red and amber unless asked."""
    user, today = actor_of(request), local_date(timezone.now())
    rows = in_touch(user, today, figures(today, user.branch))
    mine = request.GET.get("whose", "mine" if user.has_perm("tiers.keep_promise") else "all") == "mine"
    if mine:
        rows = rows.filter(advisor_id__in=user.scope.acting_ids)
    counts = dict(rows.order_by().values_list("touch").annotate(count=Count("pk")))
    state = request.GET.get("state", "")
    shown = rows.filter(touch=state) if state in STATES else rows.exclude(touch="green")
    shown = shown.select_related("advisor", "tier_state__tier")
    page = listed(request, shown, ("spoken", "pk"))
    for client in page:
        client.name_shown = shown_name(client, user)
        client.silent_days = (today - local_date(client.last_contact_at)).days if client.last_contact_at else None
    context = {
        "page": page,
        "state": state,
        "mine": mine,
        "counts": [{"key": key, "count": counts.get(key, 0)} for key in STATES],
        "today": today,
    }
    return render(request, part(request, "tiers/touch.html", "tiers/_touch.html"), context)
