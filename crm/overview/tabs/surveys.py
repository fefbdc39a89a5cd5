"""What the client was asked and what he answered: satisfaction, recommendation, his own words, and on what occasion."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import pgettext_lazy

from care.models import SurveyInvitation
from clients.models import Client
from crm.core.views.lists import listed
from crm.core.views.places import actor_of
from crm.overview.tabs.tab import Tab


def _context(request: HttpRequest, client: Client, _day: date) -> dict[str, Any]:
    rows = SurveyInvitation.objects.visible_to(actor_of(request)).filter(client=client).for_list()
    return {"page": listed(request, rows, ("-created_at", "-pk")), "now": timezone.now()}


TAB = Tab("surveys", pgettext_lazy("client tab", "Surveys"), _context, right="care.view_surveyinvitation")
