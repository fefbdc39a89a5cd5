"""Clients whose identity document runs out or has run out, and those whose account actions are to be limited."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.models import Client
from clients.querysets.scope import shown_name
from clients.views.profile_panels import kind_of_document
from clients.views.rows import actor, today
from crm.core.keyset import page_of
from crm.core.policies import figures
from crm.core.views.lists import PAGE_SIZE, Listed, part


@require_safe
@permission_required("clients.view_identitydocument", raise_exception=True)
def document_expiry(request: HttpRequest) -> HttpResponse:
    """``?state=limit`` (services to be limited), ``expired`` or ``soon``; without it all of them, the longest overdue first."""
    user, day = actor(request), today()
    known = figures(day, user.branch)
    limit_after, ahead = known.days("id.limit_after_days"), max(known.integers("id.expiry_reminders"))
    states = {
        "limit": _("To be limited"),
        "expired": _("Expired"),
        "soon": _("Runs out soon"),
    }
    state = request.GET.get("state", "")
    state = state if state in states else ""
    rows: Any = Client.objects.visible_to(user).document_state(state, day, limit_after, ahead)
    page = page_of(
        rows.select_related("advisor", "branch"),
        ("id_valid_until", "id"),
        cursor=request.GET.get("cursor", ""),
        size=PAGE_SIZE,
    )
    clients = list(page.rows)
    for client in clients:
        client.shown_name = shown_name(client, user)
        client.document_kind = kind_of_document(client)
        client.document_days = (client.id_valid_until - day).days
        client.is_limited = client.id_valid_until <= day - timedelta(days=limit_after)
    context = {
        "page": Listed(clients, page.next, page.previous, ""),
        "today": day,
        "state": state,
        "states": [{"key": key, "label": label} for key, label in states.items()],
        "limit_after": limit_after,
        "ahead": ahead,
    }
    return render(request, part(request, "clients/documents.html", "clients/_documents_due.html"), context)
