"""The list of clients."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from clients.columns import chosen, columns_for, coming_along, fill, flags_for, off_phone
from clients.crumbs import to_clients
from clients.filters import ClientFilter
from clients.models import Client, SavedView
from clients.querysets.search import FoundBy
from clients.views.rows import today
from clients.views.segments import view_url
from crm.core.keyset import Page, capped, capped_count, capped_text, page_of
from crm.core.models import User
from crm.core.views.lists import PAGE_SIZE, Listed, part
from crm.core.views.places import actor_of, by_htmx


@require_safe
@permission_required("clients.view_client", raise_exception=True)
def client_list(request: HttpRequest) -> HttpResponse:
    """Clients, the largest first, searched ones by how well they fit; the ids of a page from an index, then their rows."""
    if len(request.GET.getlist("cols")) > 1:
        return redirect(f"{request.path}?{_one_cols(request.GET)}")
    template = part(request, "clients/list.html", "clients/_table.html")
    shown = () if template == "clients/_table.html" else _shown(request)
    found, user, day = _found(request, shown), actor_of(request), today()
    rows, order = _ordered(found, request.GET.get("sort", ""), user)
    cursor = request.GET.get("cursor", "")
    everybody = Client.objects.visible_to(user)
    page = page_of(rows, order, cursor=cursor, size=PAGE_SIZE, among=everybody, counted=True)
    columns, flags = chosen(user, request.GET.get("cols", "").split(",")), flags_for(user)
    along = coming_along([*columns, *flags], user)
    clients = Client.objects.for_list([row.pk for row in page.rows], hits=found.hits, along=along)
    fill(clients, columns, user, day, flags)
    for client in clients:
        client.found_in_words = FoundBy(client.found_by).label if found.hits else ""
    may_tag, may_change = user.has_perm("clients.set_tag"), user.has_perm("clients.change_client")
    context = {
        "filter": found,
        "primary": _IN_BAR,
        "more_url": reverse("clients:list_filters") if shown else "",
        "page": Listed(clients, page.next, page.previous, _counted(page, cursor, found)),
        "today": day,
        "columns": columns,
        "span": len(columns) + 2,
        "off_phone": off_phone(columns, 3 if may_tag or may_change else 2),
        "may_tag": may_tag,
        "may_change": may_change,
        "tools_url": f"{reverse('clients:list_tools')}?{request.GET.urlencode()}",
        "export_url": f"{reverse('clients:export')}?{request.GET.urlencode()}",
    }
    return render(request, template, context)


#: Filters that stand in the bar; the others are fetched when somebody opens them.
_IN_BAR = "segment,advisor,risk,status"


def _shown(request: HttpRequest) -> tuple[str, ...] | None:
    """The filters of the page: those in the bar, and whatever is in use. All of them (None) where a script asked for nothing."""
    return None if "filters" in request.GET else ("q", *_IN_BAR.split(","))


@require_safe
@permission_required("clients.view_client", raise_exception=True)
def list_filters(request: HttpRequest) -> HttpResponse:
    """The filters behind "More filters", for the panel; without htmx the list with all of them."""
    if not by_htmx(request):
        said = request.GET.copy()
        said["filters"] = "all"
        return redirect(f"{reverse('clients:list')}?{said.urlencode()}")
    return render(request, "clients/_filters.html", {"filter": _found(request, None), "primary": _IN_BAR})


def _counted(page: Page[Client], cursor: str, found: ClientFilter) -> str:
    """How many there are, on the first page; one that holds them all, or knows, needs no counting."""
    if cursor:
        return ""
    if page.matching is not None:
        return in_words(*capped(page.matching))
    return count_text(found.qs) if page.next else in_words(len(page.rows))


#: Views that are shown above the list; the rest stands on their page.
_MENU = 20


@require_safe
@permission_required("clients.view_client", raise_exception=True)
def list_tools(request: HttpRequest) -> HttpResponse:
    """The views that were kept and the columns to choose from, for the list as the address narrows it."""
    user, said = actor_of(request), request.GET
    shown = {column.key for column in chosen(user, said.get("cols", "").split(","))}
    context = {
        "offered": [(column, column.key in shown) for column in columns_for(user)],
        "views": [(view, view_url(view)) for view in SavedView.objects.visible_to(user).for_list(user)[:_MENU]],
        "view": said.get("view", ""),
        "keep_url": f"{reverse('clients:view_new')}?{said.urlencode()}",
        "bulk_url": f"{reverse('clients:bulk')}?{said.urlencode()}" if user.has_perm("clients.change_client") else "",
        "list_url": reverse("clients:list"),
        "query": [(name, value) for name in said if name not in ("cols", "cursor") for value in said.getlist(name)],
        "crumbs": to_clients(),
    }
    return render(request, part(request, "clients/list_tools.html", "clients/_list_tools.html"), context)


def _one_cols(query: QueryDict) -> str:
    """The address with the columns in one parameter, as links and kept views carry them."""
    said = query.copy()
    said["cols"] = ",".join(key for key in query.getlist("cols") if key)
    return str(said.urlencode())


def _ordered(found: ClientFilter, sort: str, user: User) -> tuple[Any, tuple[str, ...]]:
    """Rows that carry what their order needs: the order asked for, else that of the hits."""
    rows: Any = found.qs
    if sort or found.hits is None:
        return rows.in_order(sort, user)
    ranked, order = rows.ranked(found.hits, user)
    return ranked.only("pk", "total_assets"), order


def count_text(rows: Any) -> str:
    return in_words(*capped_count(rows))


def in_words(count: int, more: bool = False) -> str:
    return ngettext("%(count)s client", "%(count)s clients", count) % {"count": capped_text(count, more)}


def _found(request: HttpRequest, shown: tuple[str, ...] | None) -> ClientFilter:
    return ClientFilter(request.GET, Client.objects.visible_to(actor_of(request)), request=request, only=shown)
