"""Why a client stands in a tier: the arithmetic, what is missing to the next one, and the history."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.models import Client
from clients.querysets.scope import shown_name
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.views.places import actor_of
from tiers.models import FormerTier, TierChange, TierOverride
from tiers.querysets import effective_rates, may_see_commission
from tiers.querysets.proof import explain, proof_of

SHOWN_CHANGES = 100


@require_safe
@permission_required("tiers.view_tierstate", raise_exception=True)
def proof(request: HttpRequest, public_id: str) -> HttpResponse:
    """The proof of one client's tier, as of the newest day on file of his branch."""
    user = actor_of(request)
    client = get_object_or_404(Client.objects.visible_to(user).select_related("branch"), public_id=public_id)
    audit.record_read(user, "tier.proof", client, client=client)
    today = local_date(timezone.now())
    found = proof_of(client, today, user)
    history = list(TierChange.objects.visible_to(user).filter(client=client).with_tiers().order_by("-day", "-pk"))
    may_read = user.has_perm("tiers.view_tieroverride")
    rates = effective_rates(client, today) if may_see_commission(user, client) else None
    context = {
        "client": client,
        "name": shown_name(client, user),
        "proof": found,
        "history": [_entry(change, may_read) for change in history[:SHOWN_CHANGES]]
        + [
            _former(row)
            for row in FormerTier.objects.visible_to(user).filter(client=client).newest_first()[:SHOWN_CHANGES]
        ],
        "rates": rates,
        "by_hand": _by_hand(client) if may_read else [],
        "may_propose": rates is not None and user.has_perm("tiers.add_clientrate"),
    }
    return render(request, "tiers/proof.html", context)


@require_safe
@permission_required("tiers.view_tierchange", raise_exception=True)
def change(request: HttpRequest, public_id: str) -> HttpResponse:
    """Why one step was taken, from what was kept with it: the same months later."""
    user = actor_of(request)
    rows = (
        TierChange.objects.visible_to(user)
        .with_tiers()
        .select_related("client__branch", "override__requested_by", "override__decided_by")
    )
    row = get_object_or_404(rows, public_id=public_id)
    audit.record_read(user, "tier.proof", row.client, client=row.client)
    context = {
        "change": row,
        "client": row.client,
        "name": shown_name(row.client, user),
        "told": explain(row, user),
        "may_read": user.has_perm("tiers.view_tieroverride"),
    }
    return render(request, "tiers/change.html", context)


def _former(row: FormerTier) -> dict[str, object]:
    """A tier of former days, behind those that this product gave."""
    until = _("until %(day)s") % {"day": row.until.isoformat()} if row.until else ""
    return {
        "at": row.since,
        "title": str(row),
        "text": " ".join(part for part in (until, row.note) if part),
        "kind": _("Before this system"),
        "icon": "history",
        "tone": "neutral",
    }


def _by_hand(client: Client) -> Any:
    rows = TierOverride.objects.filter(client=client).holding_or_waiting()
    return rows.select_related("tier", "requested_by", "decided_by")


def _entry(change: TierChange, may_read: bool) -> dict[str, object]:
    if change.override is not None:
        told = (
            "" if not may_read else change.override.reason if change.reason == "manual" else change.override.end_reason
        )
        return _line(
            change, ("user-shield", "info") if change.reason == "manual" else ("arrow-back-up", "neutral"), told
        )
    icons = {"up": ("trending-up", "success"), "down": ("trending-down", "warning"), "first": ("flag", "info")}
    told = _("Sum %(sum)s yuan ÷ %(days)d days on file = %(average)s yuan") % {
        "sum": f"{change.total:,.2f}",
        "days": change.days,
        "average": f"{change.average:,.2f}",
    }
    return _line(change, icons.get(change.reason, ("versions", "neutral")), told)


def _line(change: TierChange, look: tuple[str, str], text: str) -> dict[str, object]:
    icon, tone = look
    return {
        "at": change.day,
        "title": f"{change.old.name} → {change.new.name}" if change.old else change.new.name,
        "text": text,
        "kind": change.get_reason_display(),
        "icon": icon,
        "tone": tone,
        "url": reverse("tiers:change", args=[change.public_id]),
    }
