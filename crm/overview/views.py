"""The client page: facts and risk grade, assets with the bounds of the tiers, every contact, and who has had him."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.crumbs import to_clients
from clients.models import Client
from clients.querysets.accounts import margin_lines
from clients.querysets.scope import shown_name
from clients.querysets.tags import tags_along
from clients.segments.catalogue import sees_fact
from clients.suitability import told_along
from clients.views.accounts import margin_flag
from clients.views.quality import tone as quality_tone
from clients.views.rows import today, visible_client
from crm.core import audit
from crm.core.models import User
from crm.core.policies import figures
from crm.core.views.lists import part
from crm.core.views.places import actor_of
from crm.overview.pieces import along, beside, pieces, private_values
from crm.overview.tabs import tabs_for


@require_safe
@permission_required("clients.view_client", raise_exception=True)
def client_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """One client, one of his tabs, or what stands beside them. Each look is on the trail first: no entry, no answer."""
    user, day = actor_of(request), today()
    beside_it = request.GET.get("part") == "aside"
    whole = part(request, "overview/client.html", "overview/_aside.html" if beside_it else "overview/_tab.html")
    is_page, is_tab = whole == "overview/client.html", whole == "overview/_tab.html"
    with_tags = is_page and user.has_perm("clients.view_tag")
    asked = {} if is_tab else along(user, day)
    try:
        client = visible_client(request, public_id, *beside(user), tags=with_tags, along=asked)
    except Http404:
        return _merged(request, public_id)
    tabs = tabs_for(user)
    tab = tabs.get(request.GET.get("tab", ""), tabs["overview"])
    audit.record_read(user, "client.view", client, client=client)
    context: dict[str, Any] = {"client": client, "client_name": shown_name(client, user), "today": day}
    if is_page or is_tab:
        context |= {
            "tab": tab.key,
            "tabs": [
                {"label": each.label, "url": "?" if key == "overview" else f"?tab={key}", "active": each is tab}
                for key, each in tabs.items()
            ],
            "template": f"overview/_{tab.key}.html",
            **tab.context(request, client, day),
        }
    if not is_tab:
        context |= {
            "age": client.age(day),
            "sees": {key: sees_fact(user, key) for key in ("age", "occupation", "education")},
            "private": private_values(client, user),
            "pieces": pieces(user, client, day),
        }
    if is_page:
        context |= {
            "crumbs": to_clients(),
            "days_left": client.risk_days_left(day),
            "warn_days": told_along(client),
            "margin_flag": _margin_flag(client, user, day),
            "tags": tags_along(client) if with_tags else [],
            "quality_tone": _quality_tone(client, user),
        }
    return render(request, whole, context)


def _quality_tone(client: Any, user: User) -> str:
    """The colour of the client's score; "" for those who do not see it."""
    found = getattr(client, "quality", None) if user.has_perm("clients.view_clientquality") else None
    return quality_tone(found.score) if found else ""


def _merged(request: HttpRequest, public_id: str) -> HttpResponse:
    """The page of a client who was merged into another leads there; 404 for everybody else."""
    rows = Client.objects.merged_away(actor_of(request)).select_related("merged_into")
    gone = get_object_or_404(rows, public_id=public_id)
    here = cast(Client, gone.merged_into)
    numbers = {"gone": gone.external_id, "here": here.external_id}
    messages.info(request, _("Client %(gone)s was merged into client %(here)s, whom you see here.") % numbers)
    return redirect(here)


def _margin_flag(client: Any, user: User, day: date) -> dict[str, Any] | None:
    """The level of the client's collateral; figures are asked only for who owes on margin."""
    if client.margin_ratio is None or not user.has_perm("clients.view_marginday"):
        return None
    return margin_flag(client.margin_ratio, margin_lines(figures(day, client.branch)))
