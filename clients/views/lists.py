"""The list of clients."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from clients.filters import ClientFilter
from clients.models import Client, Tag
from clients.querysets.scope import shown_name
from clients.querysets.search import FoundBy
from clients.views.rows import actor, today
from crm.core.keyset import capped_count, page_of
from crm.core.models import User
from crm.core.views.lists import PAGE_SIZE, Listed, part


@require_safe
@permission_required("clients.view_client", raise_exception=True)
def client_list(request: HttpRequest) -> HttpResponse:
    """Clients, the largest first, searched ones by how well they fit; the ids of a page from an index, then their rows."""
    found = _found(request)
    rows, order = _ordered(found, request.GET.get("sort", ""), actor(request))
    cursor = request.GET.get("cursor", "")
    page = page_of(rows, order, cursor=cursor, size=PAGE_SIZE)
    clients = Client.objects.for_list([row.pk for row in page.rows], hits=found.hits)
    day = today()
    for client in clients:
        client.found_in_words = FoundBy(client.found_by).label if found.hits else ""
        client.shown_name = shown_name(client, request.user)
        client.days_left = client.risk_days_left(day)
    context = {
        "filter": found,
        "page": Listed(clients, page.next, page.previous, "" if cursor else count_text(found.qs)),
        "today": day,
        "settable": Tag.objects.settable_by(actor(request)),
        "export_url": f"{reverse('clients:export')}?{request.GET.urlencode()}",
    }
    return render(request, part(request, "clients/list.html", "clients/_table.html"), context)


def _ordered(found: ClientFilter, sort: str, user: User) -> tuple[Any, tuple[str, ...]]:
    """Rows that carry what their order needs: the order asked for, else that of the hits."""
    rows: Any = found.qs
    if sort or found.hits is None:
        return rows.in_order(sort, user)  # type: ignore[no-any-return]
    ranked, order = rows.ranked(found.hits, user)
    return ranked.only("pk", "total_assets"), order


def count_text(rows: Any) -> str:
    count, more = capped_count(rows)
    text = number_format(count, force_grouping=True) + ("+" if more else "")
    return ngettext("%(count)s client", "%(count)s clients", count) % {"count": text}


def _found(request: HttpRequest) -> ClientFilter:
    return ClientFilter(request.GET, Client.objects.visible_to(actor(request)), request=request)
