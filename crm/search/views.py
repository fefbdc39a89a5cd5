"""One box for everything: clients by name, pinyin and numbers; pages and actions by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from clients.models import Client
from clients.querysets.scope import shown_name
from clients.querysets.search import FoundBy, Hits
from crm.core.views.places import actor_of

PALETTE_SIZE, PAGE_SIZE = 8, 50


@dataclass(frozen=True)
class Action:
    """Something to do from anywhere, for those who hold the right."""

    label: Any
    icon: str
    url_name: str
    right: str


ACTIONS = (
    Action(gettext_lazy("New client"), "user-plus", "clients:create", "clients.add_client"),
    Action(gettext_lazy("Take a complaint down"), "message-report", "complaints:register", "complaints.add_complaint"),
    Action(gettext_lazy("Export clients"), "file-export", "clients:export", "clients.export_client"),
)


@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """Everything that the words find, the best first; a single client is opened by the reader, never by us."""
    return render(request, "search/page.html", _found(request, PAGE_SIZE))


@require_safe
def search_palette(request: HttpRequest) -> HttpResponse:
    """The few best hits for the command palette."""
    return render(request, "search/_palette.html", _found(request, PALETTE_SIZE))


def _found(request: HttpRequest, size: int) -> dict[str, Any]:
    typed = request.GET.get("q", "").strip()[:60]
    actions = [
        {"label": str(action.label), "icon": action.icon, "url": reverse(action.url_name)}
        for action in ACTIONS
        if actor_of(request).has_perm(action.right)
    ]
    clients, more = _clients(request, typed, size)
    return {"q": typed, "clients": clients, "more": more, "actions": actions, "title": _("Search")}


def _clients(request: HttpRequest, typed: str, size: int) -> tuple[list[Client], bool]:
    user = actor_of(request)
    if not typed or not user.has_perm("clients.view_client"):
        return [], False
    hits = Hits.of(typed, user)
    rows, order = Client.objects.visible_to(user).filter(hits.q).ranked(hits, user)
    ids = list(rows.order_by(*order).values_list("pk", flat=True)[: size + 1])
    clients = Client.objects.for_list(ids[:size], hits=hits)
    for client in clients:
        client.shown_name, client.found_in_words = shown_name(client, user), FoundBy(client.found_by).label
    return clients, len(ids) > size
