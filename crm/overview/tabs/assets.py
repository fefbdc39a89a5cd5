"""A year of assets and what the client holds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clients.models import Client, Holding
from clients.views.rows import actor
from crm.overview.curve import curve
from crm.overview.tabs.tab import Tab

_YEAR = timedelta(days=396)


def _context(request: HttpRequest, client: Client, day: date) -> dict[str, Any]:
    user = actor(request)
    found: dict[str, Any] = {"curve": curve(user, client, day, _YEAR), "holdings": []}
    if user.has_perm("clients.view_holding"):
        found["holdings"] = list(Holding.objects.visible_to(user).newest_of(client)[:200])
    return found


TAB = Tab("assets", _("Assets"), _context, right="clients.view_dailyasset")
