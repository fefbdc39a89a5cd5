"""What the client wants and how he behaves: present needs, tags with their definitions, every interview."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from clients.views.needs import needs_context
from clients.views.tags import tags_context
from crm.core.views.places import actor_of
from crm.overview.tabs.tab import Tab


def _context(request: HttpRequest, client: Client, _day: date) -> dict[str, Any]:
    found = needs_context(request, client)
    return found | tags_context(request, client) if actor_of(request).has_perm("clients.view_tag") else found


TAB = Tab("needs", _("Needs"), _context, right="clients.view_needsinterview")
