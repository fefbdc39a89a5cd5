"""The sheet that a client may read: what he was given, what he pays, and why he stands in his tier."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.models import Client
from clients.querysets.asset_history import asset_history, sum_of
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.models import User
from crm.core.views.places import actor_of
from tiers.models import Product, RateBasis
from tiers.querysets import EffectiveRate, effective_rates, may_see_commission
from tiers.querysets.proof import proof_of
from tiers.querysets.statement import contacts_by_channel, services_received
from tiers.services.fees import split_turnover

_YEAR = 365


@require_safe
@permission_required("tiers.view_clientrate", raise_exception=True)
def statement(request: HttpRequest, public_id: str) -> HttpResponse:
    """A printable A4 sheet over the last twelve months, masked; that it was opened is in the trail."""
    user, today = actor_of(request), local_date(timezone.now())
    client = get_object_or_404(Client.objects.visible_to(user).select_related("branch"), public_id=public_id)
    if not may_see_commission(user, client):
        raise Http404
    audit.record_read(user, "commission.statement", client, client=client)
    since = today - timedelta(days=_YEAR - 1)
    words = {"name": user.name, "day": today.isoformat()}
    rates = effective_rates(client, today)
    context = {
        "client": client,
        "name": client.masked_name,
        "since": since,
        "today": today,
        "proof": proof_of(client, today),
        "rates": rates,
        "contacts": contacts_by_channel(user, client, since),
        "received": services_received(user, client, since),
        **_paid(user, client, since, today, rates),
        "watermark": _("%(name)s, %(day)s") % words,
    }
    return render(request, "tiers/statement.html", context)


def _paid(user: User, client: Client, since: date, today: date, rates: Sequence[EffectiveRate]) -> dict[str, Any]:
    """Turnover and commission of the time, the one as a share of the other, and what the whole consists of."""
    lines = asset_history(user, client, since, today)
    turnover, commission = sum_of(lines, "turnover"), sum_of(lines, "commission")
    basis = next((rate.basis for rate in rates if rate.product == Product.A_SHARE), RateBasis.ALL_IN.value)
    traded = [(line.day, line.turnover, line.commission) for line in lines if line.turnover]
    return {
        "turnover": turnover,
        "commission": commission,
        "share": commission / turnover if turnover else None,
        "split": split_turnover(traded, basis, client.branch),
    }
