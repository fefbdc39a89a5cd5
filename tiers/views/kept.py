"""How well promises are kept, and with whom the branch is losing touch."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import permission_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from clients.querysets.scope import shown_name
from crm.core.clocks import local_date
from crm.core.policies import figures
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of
from tiers.forms.services import KeptForm
from tiers.querysets.kept import GROUPS, kept_report
from tiers.querysets.touch import SILENT_FIRST, STATES, in_touch
from tiers.slices import period_of

_LABELS: dict[str, Any] = {
    "service": lambda: _("By service"),
    "tier": lambda: _("By tier"),
    "advisor": lambda: _("By who serves the client"),
    "client": lambda: _("By client"),
}
#: What a line of each view is.
_COLUMNS: dict[str, Any] = {
    "service": lambda: pgettext("catalogue", "Service"),
    "tier": lambda: _("Client tier"),
    "advisor": lambda: _("Served by"),
    "client": lambda: _("Client"),
}


@require_safe
@permission_required("tiers.view_promise", raise_exception=True)
def kept(request: HttpRequest) -> HttpResponse:
    """Promises due in a time, by service, tier, who serves the client, or client: kept in time, late, missed, and the cost."""
    user, today = actor_of(request), local_date(timezone.now())
    by = request.GET.get("by", "")
    by = by if by in GROUPS else "service"
    form = KeptForm(request.GET or None)
    first, last = form.span(period_of("quarter", today)[0], today)
    costs = user.has_perm("tiers.cost_promise")
    lines, total = kept_report(user, by, first, last, today, costs=costs)
    for line in lines:
        client = line.get("client")
        line["url"] = client.tab_url("services") if client else ""
        line["missed_url"] = _missed(by, line, first, last)
    context = {
        "form": KeptForm(initial={"first": first, "last": last}),
        "lines": lines,
        "total": total,
        "by": by,
        "column": _COLUMNS[by](),
        "views": [{"key": key, "label": label()} for key, label in _LABELS.items()],
        "first": first,
        "last": last,
        "costs": total["spent"] is not None,
    }
    return render(request, "tiers/kept.html", context)


def _missed(by: str, line: dict[str, Any], first: date, last: date) -> str:
    """The rows behind the number of those missed, where the list of promises can be narrowed to them."""
    narrowed = {"tier": "key", "advisor": "client__advisor__public_id", "client": "key"}.get(by)
    if not narrowed or not line.get(narrowed) or not line["missed"]:
        return ""
    asked = {"view": "all", "state": "missed", by: line[narrowed], "due_from": first, "due_to": last}
    return f"{reverse('tiers:promises')}?{urlencode(asked)}"


@require_safe
@permission_required("tiers.view_promise", raise_exception=True)
def touch(request: HttpRequest) -> HttpResponse:
    """Clients by how long ago they were spoken with, held against their tier: longest first, red and amber unless asked."""
    user, today = actor_of(request), local_date(timezone.now())
    rows = in_touch(user, today, figures(today, user.branch))
    mine = request.GET.get("whose", "mine" if user.scope.sees_book_only else "all") == "mine"
    if mine:
        rows = rows.filter(advisor_id__in=user.scope.acting_ids)
    counts = dict(rows.order_by().values_list("touch").annotate(count=Count("pk")))
    state = request.GET.get("state", "")
    shown = rows.filter(touch=state) if state in STATES else rows.exclude(touch="green")
    shown = shown.select_related("advisor", "tier_state__tier")
    page = listed(request, shown, SILENT_FIRST)
    for client in page:
        client.name_shown = shown_name(client, user)
        client.silent_days = (today - local_date(client.last_contact_at)).days if client.last_contact_at else None
    context = {
        "page": page,
        "state": state,
        "mine": mine,
        "counts": [{"key": key, "count": counts.get(key, 0)} for key in STATES],
        "today": today,
    }
    return render(request, part(request, "tiers/touch.html", "tiers/_touch.html"), context)
