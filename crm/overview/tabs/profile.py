"""The whole person or institution: facts with their sources, documents, contact points, relations, household, stage."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from clients.views.profile_panels import profile_context
from crm.overview.tabs.tab import Tab


def _context(request: HttpRequest, client: Client, day: date) -> dict[str, Any]:
    return profile_context(request, client, day)


TAB = Tab("profile", _("Profile"), _context, right="clients.view_profile")
