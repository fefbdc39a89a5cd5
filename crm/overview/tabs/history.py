"""Who has had the client, and his risk grades."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from clients.models import AdvisorAssignment, Client, RiskAssessment
from crm.core.views.places import actor_of
from crm.overview.tabs.tab import Tab


def _context(request: HttpRequest, client: Client, _day: date) -> dict[str, Any]:
    user = actor_of(request)
    return {
        "assignments": AdvisorAssignment.objects.visible_to(user).filter(client=client).newest_first()[:50],
        "assessments": RiskAssessment.objects.visible_to(user)
        .filter(client=client)
        .select_related("entered_by")
        .order_by("-assessed_on", "-pk")[:50],
        "looks_url": f"{reverse('core:audit_list')}?client={client.public_id}"
        if user.has_perm("core.view_auditentry")
        else "",
    }


TAB = Tab("history", _("History"), _context, right="clients.view_riskassessment")
