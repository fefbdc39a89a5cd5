"""What the client may have, what he is owed next, what he was given, and the menu that his preferences choose."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from crm.core.models import User
from crm.core.policies import figures
from crm.core.views.places import actor_of
from crm.overview.tabs.tab import Tab
from tiers.models import Booking, Promise, Recipient, ServicePlan
from tiers.querysets.menus import menu_of
from tiers.querysets.plan_steps import dress_for
from tiers.querysets.received import entitled_services
from tiers.querysets.touch import touch_of
from tiers.services.suggestions import suggested_services
from tiers.views.plans import changes_since

#: Rows of a list; the rest is a click away.
_MOST = 30


def _context(request: HttpRequest, client: Client, day: date) -> dict[str, Any]:
    user = actor_of(request)
    promises = Promise.objects.visible_to(user).filter(client=client).select_related("item", "delivery", "event")
    open_ones: list[Any] = list(promises.due().order_by("due_on", "pk")[:_MOST])
    for row in open_ones:
        row.overdue = row.is_overdue(day)
    bookings: Any = ()
    if user.has_perm("tiers.view_booking"):
        rows = Booking.objects.visible_to(user).filter(client=client).select_related("slot__item")
        bookings = rows.order_by("-slot__day", "-pk")[:_MOST]
    services = entitled_services(client, day)
    may_ask = user.has_perm("clients.view_needsinterview")
    entitled = {line["item"].pk for line in services}
    return {
        "owed": open_ones,
        "given": promises.kept().order_by("-kept_on", "-pk")[:_MOST],
        "let_go": promises.let_go().order_by("-due_on", "-pk")[:_MOST],
        "bookings": bookings,
        "services": services,
        "suggested": suggested_services(user, client, day, entitled) if may_ask else [],
        "touch": touch_of(user, client, day, figures(day, client.branch)),
        "menu": menu_of(client, user, timezone.now()) if user.has_perm("tiers.view_preferencesegment") else [],
        "publications": _publications(user, client),
        **_plans(user, client, day),
    }


def _publications(user: User, client: Client) -> Any:
    """What went to the client from the menus, or is on its way; the newest first."""
    if not user.has_perm("tiers.view_publication"):
        return ()
    rows = Recipient.objects.visible_to(user).given().filter(client=client).select_related("publication")
    return rows.order_by("-pk")[:_MOST]


def _plans(user: User, client: Client, day: date) -> dict[str, Any]:
    """The plans that are open, with how their steps stand and what has changed since, and where one is drawn up."""
    if not user.has_perm("tiers.view_serviceplan"):
        return {}
    rows: Any = ServicePlan.objects.visible_to(user).filter(client=client)
    open_ones = list(rows.open().for_list().order_by("state", "-pk"))
    for row in open_ones:
        row.changes = changes_since(user, row)
    dress_for(user, open_ones, day)
    may = user.has_perm("tiers.change_serviceplan")
    return {
        "plans": open_ones,
        "former_plans": rows.exclude(pk__in=[row.pk for row in open_ones]).order_by("-pk")[:_MOST],
        "plan_url": reverse("tiers:plan_new", args=[client.public_id]) if may else "",
    }


TAB = Tab("services", _("Services and promises"), _context, right="tiers.view_promise")
