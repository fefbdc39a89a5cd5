"""The client's complaints with their two clocks; of one from which the reader is recused he learns nothing here either."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from complaints.models import Complaint
from complaints.views.rows import dress
from crm.core.views.lists import listed
from crm.core.views.places import actor_of
from crm.overview.tabs.tab import Tab


def _context(request: HttpRequest, client: Client, _day: date) -> dict[str, Any]:
    user = actor_of(request)
    rows = Complaint.objects.visible_to(user).filter(client=client).select_related("handler").with_clocks()
    page = listed(request, rows, ("-received_at", "-pk"))
    for row in page:
        row.client = client
        dress(row, user)
    may_add = user.has_perm("complaints.add_complaint")
    return {
        "page": page,
        "now": timezone.now(),
        "register_url": f"{reverse('complaints:register')}?client={client.public_id}" if may_add else "",
    }


TAB = Tab("complaints", _("Complaints"), _context, right="complaints.view_complaint")
