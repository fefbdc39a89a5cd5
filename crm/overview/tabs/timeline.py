"""Every contact, filterable."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from clients.views.contacts import timeline_context
from crm.overview.tabs.tab import Tab


def _context(request: HttpRequest, client: Client, _day: date) -> dict[str, Any]:
    return timeline_context(request, client)


TAB = Tab("timeline", _("Timeline"), _context)
