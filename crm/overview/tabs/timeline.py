"""Every touch of the client in one list, narrowed by kind, person and days, and what is booked."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from clients.views.contacts import TIMELINE_SIZE, booked_for
from crm.core.merged import MergedPage
from crm.core.views.places import actor_of
from crm.overview.tabs.tab import Tab
from crm.overview.timeline import TimelineForm, kinds_for, touches_of, touches_told


def _context(request: HttpRequest, client: Client, _day: date) -> dict[str, Any]:
    user, form = actor_of(request), TimelineForm(request.GET)
    page = MergedPage([], None, None)  # what was not understood must not look like an answer
    if form.is_valid():
        cursor = request.GET.get("cursor", "")
        page = touches_of(user, client, form.cleaned_data, now=timezone.now(), cursor=cursor, size=TIMELINE_SIZE)
    kind = request.GET.get("kind", "")
    return {
        "client": client,
        "form": form,
        "kind": kind,
        "kinds": [
            {"label": one.label if one else _("Everything"), "url": _address(request, key), "active": key == kind}
            for key, one in {"": None, **kinds_for(user)}.items()
        ],
        "of_contacts": kind == "contact",
        "page": page,
        "entries": [touch.entry() for touch in touches_told(user, client, page)],
        "appointments": booked_for(user, client),
    }


def _address(request: HttpRequest, kind: str) -> str:
    """The same person and days, another kind."""
    query = request.GET.copy()
    for name in ("cursor", "kind", "channel", "direction", "outcome"):
        query.pop(name, None)
    query["tab"] = "timeline"
    if kind:
        query["kind"] = kind
    return f"?{query.urlencode()}"


TAB = Tab("timeline", _("Timeline"), _context)
