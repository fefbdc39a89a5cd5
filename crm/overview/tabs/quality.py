"""How well the branch knows the client, what is wanting, and what somebody has verified."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from clients.views.quality import quality_context
from crm.overview.tabs.tab import Tab


def _context(request: HttpRequest, client: Client, _day: date) -> dict[str, Any]:
    return quality_context(request, client)


TAB = Tab("quality", _("Data quality"), _context, right="clients.view_clientquality")
