"""My day, and the services page."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from advisory.models import AdvisoryAgreement
from clients.models import Client, ContactLog
from clients.querysets.scope import shown_name
from crm.core.clocks import local_date
from crm.core.models import User
from crm.core.views.places import by_htmx
from crm.workbench.queue import todays_items


@require_safe
def my_day(request: HttpRequest) -> HttpResponse:
    """Everything due for the one who is signed in; ``?kind=`` narrows it."""
    user: Any = request.user
    today = local_date(timezone.now())
    items = todays_items(user, today)
    counts = Counter(item.kind for item in items)
    labels = {item.kind: item.label for item in items}
    kind = request.GET.get("kind", "")
    kind = kind if kind in counts else ""
    context = {
        "today": today,
        "items": [item for item in items if kind in ("", item.kind)],
        "total": len(items),
        "overdue": sum(item.due_on < today for item in items),
        "kind": kind,
        "kinds": [{"key": key, "label": labels[key], "count": counts[key]} for key in sorted(labels)],
    }
    template = "workbench/_queue.html" if by_htmx(request) else "workbench/my_day.html"
    return render(request, template, context)


@require_safe
@permission_required("clients.view_client", raise_exception=True)
def services(request: HttpRequest) -> HttpResponse:
    """What the branch does for its clients now: advisory agreements in force, the latest contacts, who hears nothing.

    Each panel is behind the right of its own app, as on the client's page.
    """
    user: Any = request.user
    now = timezone.now()
    today = local_date(now)
    silent_since = now - timedelta(days=30)
    clients = Client.objects.visible_to(user)
    agreements = _agreements(user, today) if user.has_perm("advisory.view_advisoryagreement") else None
    contacts = _contacts(user) if user.has_perm("clients.view_contactlog") else None
    silent = clients.silent_since(silent_since).contactable().order_by("-total_assets", "-pk")[:20]
    for client in (*silent, *(row.client for row in (*(agreements or ()), *(contacts or ())))):
        client.shown_name = shown_name(client, user)
    context = {"today": today, "agreements": agreements, "contacts": contacts, "silent": silent}
    return render(request, "workbench/services.html", context)


def _agreements(user: User, today: date) -> list[AdvisoryAgreement]:
    rows = AdvisoryAgreement.objects.visible_to(user).in_force(today).select_related("client", "advisor")
    return list(rows.order_by("-signed_on", "-pk")[:20])


def _contacts(user: User) -> list[ContactLog]:
    rows = ContactLog.objects.visible_to(user).standing().select_related("client", "staff")
    return list(rows.order_by("-at", "-pk")[:20])
