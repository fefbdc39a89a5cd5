"""Under which agreements the client is and was advised, with their state and days."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import pgettext_lazy

from advisory.models import AdvisoryAgreement
from clients.models import Client
from crm.core.views.lists import listed
from crm.core.views.places import actor_of
from crm.overview.tabs.tab import Tab


def _context(request: HttpRequest, client: Client, _day: date) -> dict[str, Any]:
    user = actor_of(request)
    rows = AdvisoryAgreement.objects.visible_to(user).filter(client=client).select_related("advisor")
    may_sign = user.has_perm("advisory.add_advisoryagreement")
    return {
        "page": listed(request, rows, ("-signed_on", "-pk")),
        "sign_url": reverse("advisory:agreement_sign", args=[client.public_id]) if may_sign else "",
    }


TAB = Tab("advice", pgettext_lazy("client tab", "Advice"), _context, right="advisory.view_advisoryagreement")
