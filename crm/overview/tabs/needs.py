"""What the client wants, what has changed since the last interview, and every interview before."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from clients.views.needs import needs_context
from crm.overview.tabs.tab import Tab


def _context(request: HttpRequest, client: Client, _day: date) -> dict[str, Any]:
    return needs_context(request, client)


TAB = Tab("needs", _("Needs"), _context, right="clients.view_needsinterview")
