"""What the pages of care ask of a request: the signed-in actor, the call he may see, the sections he may open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from care.models import Finding, FollowUpCall
from clients.models import PermissionCode
from crm.core.clocks import local_date
from crm.core.views.places import actor_of
from tiers.models import TierChange


def now() -> datetime:
    return timezone.now()


def today() -> date:
    return local_date(timezone.now())


def visible_call(request: HttpRequest, public_id: str) -> FollowUpCall:
    """The call, if the reader may see its client; 404 for a foreign one as for none."""
    rows = FollowUpCall.objects.visible_to(actor_of(request)).for_page()
    return get_object_or_404(rows, public_id=public_id)


def say_why(calls: Iterable[Any]) -> None:
    """Give each call its ``why`` in the reader's language: the permission, or the tiers before and after, else the reason."""
    calls = list(calls)
    ids = {call.tier_change_id for call in calls} - {""}
    changes = TierChange.objects.filter(public_id__in=ids).select_related("old", "new") if ids else ()
    moves = {row.public_id: " → ".join(tier.name for tier in (row.old, row.new) if tier) for row in changes}
    permissions = dict(PermissionCode.choices)
    for call in calls:
        call.why = permissions.get(call.permission_code) or moves.get(call.tier_change_id, call.reason)


def sections(request: HttpRequest, here: str) -> list[dict[str, Any]]:
    """The tabs of care that the reader may open; what waits for somebody is counted."""
    user = actor_of(request)
    found = [{"label": _("Follow-up calls"), "url": reverse("care:queue"), "active": here == "queue", "count": None}]
    if user.has_perm("care.approve_unable"):
        waiting = FollowUpCall.objects.visible_to(user).awaiting_approval().count()
        found.append(
            {"label": _("Not possible"), "url": reverse("care:unable"), "active": here == "unable", "count": waiting}
        )
    if user.has_perm("care.view_finding"):
        waiting = Finding.objects.visible_to(user).open().count()
        found.append(
            {"label": _("Findings"), "url": reverse("care:findings"), "active": here == "findings", "count": waiting}
        )
    if user.has_perm("care.view_surveyinvitation"):
        found.append(
            {"label": _("Surveys"), "url": reverse("care:surveys"), "active": here == "surveys", "count": None}
        )
    return found
