"""The first tab: three months of assets and the newest contacts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from clients.views.contacts import contacts_context
from crm.core.views.places import actor_of
from crm.overview.curve import curve
from crm.overview.tabs.tab import Tab

_QUARTER = timedelta(days=92)


def _context(request: HttpRequest, client: Client, day: date) -> dict[str, Any]:
    found = contacts_context(request, client)
    if actor_of(request).has_perm("clients.view_dailyasset"):
        found["curve"] = curve(actor_of(request), client, day, _QUARTER)
    return found


TAB = Tab("overview", _("Overview"), _context)
