"""Who spoke with whom about what today: the manager's feed, kept fresh without load, and how much of it we began."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from clients.filters import ContactFeedFilter
from clients.models import Client, ContactLog
from clients.querysets.scope import shown_name
from crm.core import audit
from crm.core.clocks import at_local, local_date
from crm.core.forms.days import is_day
from crm.core.models import User
from crm.core.policies import figures
from crm.core.views.lists import listed, part

#: Contacts of a page; on the branch home only the newest of today.
_PAGE, _GLANCE = 50, 8


@require_safe
@permission_required(("core.view_branchhome", "clients.view_contactlog"), raise_exception=True)
def contact_feed(request: HttpRequest) -> HttpResponse:
    """Contacts of a day, the newest first. The page asks again with the newest it has ``seen``: 204 while nothing is newer."""
    user: Any = request.user
    today = local_date(timezone.now())
    day = _day(request.GET.get("day", "")) or today
    rows = ContactLog.objects.visible_to(user).standing().on_day(day)
    found = ContactFeedFilter(request.GET, rows, request=request)
    newest = found.qs.order_by().aggregate(newest=Max("public_id"))["newest"] or ""
    if request.GET.get("seen") is not None and request.GET["seen"] == newest:
        return HttpResponse(status=204)
    page = listed(request, dressed_rows(found.qs), ("-at", "-id"), size=_PAGE)
    entries = _dressed(page.rows, user)
    if entries:
        audit.record_read(user, "contact.view", "clients.contactlog", ids=[row.public_id for row in entries])
    context = {
        "filter": found,
        "page": page,
        "entries": entries,
        "day": day,
        "today": today,
        "is_live": day == today and not request.GET.get("cursor"),
        "seen": newest,
    }
    whole = part(request, "dashboard/contacts.html", "dashboard/_contacts.html")
    if whole == "dashboard/contacts.html":
        context["colleagues"] = colleagues(user, today)
        context["month"] = today.replace(day=1)
    return render(request, whole, context)


def dressed_rows(rows: Any) -> Any:
    return rows.select_related("client", "staff", "contact_person", "relation__client", "relation__other")


def _dressed(rows: list[Any], user: User) -> list[Any]:
    for row in rows:
        row.client_name = shown_name(row.client, user)
        row.person = row.named_person()
    return rows


def glance(user: User, branch_ids: list[int], today: date) -> dict[str, Any]:
    """The newest contacts of today for the branch home, and how many there were."""
    if not user.has_perm("clients.view_contactlog"):
        return {}
    rows = ContactLog.objects.visible_to(user).standing().on_day(today).filter(client__branch_id__in=branch_ids)
    newest = _dressed(list(dressed_rows(rows).order_by("-at", "-pk")[:_GLANCE]), user)
    if newest:
        audit.record_read(user, "contact.view", "clients.contactlog", ids=[row.public_id for row in newest])
    return {"entries": newest, "count": rows.count() if len(newest) == _GLANCE else len(newest)}


def colleagues(user: User, today: date) -> list[dict[str, Any]]:
    """Per colleague (R123): since the first of the month contacts, clients reached and the share that we began; of the
    clients whom he serves today, the share whose needs have been asked within ``kyc.needs_fresh_days``.
    """
    since = at_local(today.replace(day=1), time())
    until = at_local(today + timedelta(days=1), time())
    fresh = Client.objects.visible_to(user).needs_freshness(today - timedelta(days=_fresh_days(user, today)))
    books = {row["advisor__public_id"]: row for row in fresh}
    found = [
        {
            **row,
            "share": Decimal(row["proactive"]) / row["contacts"],
            **_needs(books.pop(row["staff__public_id"], None)),
        }
        for row in ContactLog.objects.visible_to(user).proactive_by_staff(since, until)
    ]
    silent = [
        {
            "staff__name": row["advisor__name"],
            "staff__staff_number": row["advisor__staff_number"],
            "contacts": 0,
            "reached": 0,
            "proactive": 0,
            "share": None,
            **_needs(row),
        }
        for row in books.values()
    ]
    return found + sorted(silent, key=lambda one: str(one["staff__staff_number"]))


def _fresh_days(user: User, today: date) -> int:
    return figures(today, user.branch).days("kyc.needs_fresh_days")


def _needs(book: Mapping[str, Any] | None) -> dict[str, Any]:
    """Of a book the share of clients whose needs are fresh; None without a book."""
    if book is None:
        return {"served": 0, "fresh": None}
    return {"served": book["served"], "fresh": Decimal(book["fresh"]) / book["served"]}


def _day(given: str) -> date | None:
    try:
        found = parse_date(given)
    except ValueError:
        return None
    return found if is_day(found) else None
