"""Under which agreements the client is and was advised, when his holdings are looked at, and what came of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import pgettext_lazy

from advisory.models import AdvisoryAgreement, PortfolioReview
from clients.models import Client
from crm.core.models import User
from crm.core.views.lists import listed
from crm.core.views.places import actor_of
from crm.overview.tabs.tab import Tab

#: Rows of a list; the rest is a click away.
_MOST = 30


def _context(request: HttpRequest, client: Client, day: date) -> dict[str, Any]:
    user = actor_of(request)
    found = _reviews(user, client, day)
    if not user.has_perm("advisory.view_advisoryagreement"):
        return found
    rows = AdvisoryAgreement.objects.visible_to(user).filter(client=client).select_related("advisor")
    may_sign = user.has_perm("advisory.add_advisoryagreement")
    return {
        "page": listed(request, rows, ("-signed_on", "-pk")),
        "sign_url": reverse("advisory:agreement_sign", args=[client.public_id]) if may_sign else "",
        **found,
    }


def _reviews(user: User, client: Client, day: date) -> dict[str, Any]:
    """The review that is due, then what was recorded, the newest first; what the client decided for who may know it."""
    rows: Any = PortfolioReview.objects.visible_to(user).filter(client=client).select_related("done_by")
    recorded = rows.done().order_by("-done_on", "-pk")[:_MOST]
    found = [*rows.due(), *recorded]
    for row in found:
        row.overdue = row.is_overdue(day)
        row.answer_shown = row.answer_for(user)
    may = user.has_perm("advisory.change_portfolioreview")
    return {"reviews": found, "review_url": reverse("advisory:review_open", args=[client.public_id]) if may else ""}


TAB = Tab("advice", pgettext_lazy("client tab", "Advice"), _context, right="advisory.view_portfolioreview")
