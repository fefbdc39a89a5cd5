"""The brief before a call: the client in a few lines, and the form for what is said."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clients.querysets.scope import shown_name
from clients.suitability import told_along
from clients.views.contacts import contacts_context
from clients.views.rows import today, visible_client
from crm.core import audit
from crm.core.views.places import actor_of
from crm.overview.pieces import along, beside, pieces, private_values


@require_safe
@permission_required("clients.view_client", raise_exception=True)
def client_brief(request: HttpRequest, public_id: str) -> HttpResponse:
    """A fragment beside my day; looking at it is on the trail like looking at the whole page."""
    user, day = actor_of(request), today()
    client = visible_client(request, public_id, *beside(user), along=along(user, day))
    audit.record_read(user, "client.view", client, client=client)
    context = {
        "client": client,
        "client_name": shown_name(client, user),
        "days_left": client.risk_days_left(day),
        "warn_days": told_along(client),
        "phone": next(iter(private_values(client, user, only=("phone",))), None),
        "pieces": pieces(user, client, day, brief=True),
        **contacts_context(request, client),
    }
    return render(request, "overview/_brief.html", context)
