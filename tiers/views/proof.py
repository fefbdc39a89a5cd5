"""Why a client stands in a tier: the arithmetic, what is missing to the next one, and the history."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.models import Client
from clients.querysets.scope import shown_name
from crm.core import audit
from crm.core.clocks import local_date
from tiers.models import TierChange
from tiers.querysets import effective_rates, may_see_commission
from tiers.querysets.proof import proof_of
from tiers.views.places import actor_of

SHOWN_CHANGES = 100


@require_safe
@permission_required("tiers.view_tierstate", raise_exception=True)
def proof(request: HttpRequest, public_id: str) -> HttpResponse:
    """The proof of one client's tier, as of the newest day on file of his branch."""
    user = actor_of(request)
    client = get_object_or_404(Client.objects.visible_to(user).select_related("branch"), public_id=public_id)
    audit.record_read(user, "tier.proof", client, client=client)
    found = proof_of(client, local_date(timezone.now()))
    history = list(TierChange.objects.visible_to(user).filter(client=client).with_tiers().order_by("-day", "-pk"))
    rates = effective_rates(client, found.day) if may_see_commission(user, client) else None
    context = {
        "client": client,
        "name": shown_name(client, user),
        "proof": found,
        "history": [_entry(change) for change in history[:SHOWN_CHANGES]],
        "rates": rates,
        "may_propose": rates is not None and user.has_perm("tiers.add_clientrate"),
    }
    return render(request, "tiers/proof.html", context)


def _entry(change: TierChange) -> dict[str, object]:
    icons = {"up": ("trending-up", "success"), "down": ("trending-down", "warning"), "first": ("flag", "info")}
    icon, tone = icons.get(change.reason, ("versions", "neutral"))
    title = f"{change.old.name} → {change.new.name}" if change.old else change.new.name
    told = _("Sum %(sum)s yuan ÷ %(days)d days on file = %(average)s yuan") % {
        "sum": f"{change.total:,.2f}",
        "days": change.days,
        "average": f"{change.average:,.2f}",
    }
    return {
        "at": change.day,
        "title": title,
        "text": told,
        "kind": change.get_reason_display(),
        "icon": icon,
        "tone": tone,
    }
