"""The client page: facts and risk grade, assets with the bounds of the tiers, every contact, and who has had him."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.models import AdvisorAssignment, Client, DailyAsset, Holding, RiskAssessment
from clients.querysets.scope import shown_name
from clients.views.contacts import contacts_context, timeline_context
from clients.views.rows import actor, today, visible_client
from crm.core import audit
from crm.core.masking import MASKS
from crm.core.models import User
from crm.core.views.lists import part
from crm.overview.pieces import lines_for, pieces

#: Field → mask, in the order of the page.
_PRIVATE = {"phone": "phone", "id_number": "id_number", "email": "email", "address": "address"}
#: How far back the curve on the first tab goes, and the one on the tab of assets.
_QUARTER, _YEAR = timedelta(days=92), timedelta(days=396)


@require_safe
@permission_required("clients.view_client", raise_exception=True)
def client_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """One client. Each look is on the trail before the answer: no entry, no answer."""
    client, user, day = visible_client(request, public_id), actor(request), today()
    tabs = _tabs(user)
    tab = request.GET.get("tab", "")
    tab = tab if tab in tabs else "overview"
    audit.record_read(user, "client.view", client, client=client)
    context = {
        "client": client,
        "client_name": shown_name(client, user),
        "today": day,
        "tab": tab,
        "tabs": [
            {"label": label, "url": "?" if key == "overview" else f"?tab={key}", "active": key == tab}
            for key, label in tabs.items()
        ],
        "template": f"overview/_{tab}.html",
        **_TABS[tab](request, client, day),
    }
    whole = part(request, "overview/client.html", "overview/_tab.html")
    if whole == "overview/client.html":
        context |= {
            "crumbs": [{"label": _("Clients"), "url": reverse("clients:list")}],
            "days_left": client.risk_days_left(day),
            "age": client.age(day),
            "private": _private(client, user),
            "pieces": pieces(user, client, day),
        }
    return render(request, whole, context)


def _tabs(user: User) -> dict[str, str]:
    found = {"overview": _("Overview"), "timeline": _("Timeline")}
    if user.has_perm("clients.view_dailyasset"):
        found["assets"] = _("Assets")
    if user.has_perm("clients.view_riskassessment"):
        found["history"] = _("History")
    return found


def _private(client: Client, user: User) -> list[dict[str, Any]]:
    may = user.has_perm("clients.reveal_client")
    return [
        {
            "label": Client._meta.get_field(name).verbose_name,  # type: ignore[union-attr]  # plain fields all
            "value": MASKS[mask](held),
            "reveal_url": reverse("clients:reveal", args=[client.public_id, name]) if may else "",
        }
        for name, mask in _PRIVATE.items()
        if (held := getattr(client, name))
    ]


def _overview(request: HttpRequest, client: Client, day: date) -> dict[str, Any]:
    found = contacts_context(request, client)
    if actor(request).has_perm("clients.view_dailyasset"):
        found["curve"] = _curve(actor(request), client, day, _QUARTER)
    return found


def _timeline(request: HttpRequest, client: Client, _day: date) -> dict[str, Any]:
    return timeline_context(request, client)


def _assets(request: HttpRequest, client: Client, day: date) -> dict[str, Any]:
    user = actor(request)
    found: dict[str, Any] = {"curve": _curve(user, client, day, _YEAR), "holdings": []}
    if user.has_perm("clients.view_holding"):
        found["holdings"] = list(Holding.objects.visible_to(user).newest_of(client)[:200])
    return found


def _history(request: HttpRequest, client: Client, _day: date) -> dict[str, Any]:
    user = actor(request)
    return {
        "assignments": AdvisorAssignment.objects.visible_to(user).filter(client=client).newest_first()[:50],
        "assessments": RiskAssessment.objects.visible_to(user)
        .filter(client=client)
        .select_related("entered_by")
        .order_by("-assessed_on", "-pk")[:50],
        "looks_url": f"{reverse('core:audit_list')}?client={client.public_id}"
        if user.has_perm("core.view_auditentry")
        else "",
    }


_TABS = {"overview": _overview, "timeline": _timeline, "assets": _assets, "history": _history}


def _curve(user: User, client: Client, day: date, back: timedelta) -> dict[str, Any] | None:
    """The chart of net assets up to the newest day on file; tier bounds that lie near the curve are drawn in."""
    last = client.assets_on or day
    rows = list(DailyAsset.objects.visible_to(user).curve(client, last - back, last).values_list("day", "net_assets"))
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
