"""The sheet that a client may read: what he was given, what he pays, and why he stands in his tier."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.models import Client
from crm.core import audit
from crm.core.clocks import local_date, year_up_to
from crm.core.views.places import actor_of
from tiers.querysets import effective_rates, may_see_commission
from tiers.querysets.proof import proof_of
from tiers.querysets.statement import contacts_by_channel, services_received
from tiers.services.burden import burden_of


@require_safe
@permission_required("tiers.view_clientrate", raise_exception=True)
def statement(request: HttpRequest, public_id: str) -> HttpResponse:
    """A printable A4 sheet over the last twelve months, masked; that it was opened is in the trail."""
    user, today = actor_of(request), local_date(timezone.now())
    client = get_object_or_404(Client.objects.visible_to(user).select_related("branch"), public_id=public_id)
    if not may_see_commission(user, client):
        raise Http404
    audit.record_read(user, "commission.statement", client, client=client)
    words = {"name": user.name, "day": today.isoformat()}
    rates = effective_rates(client, today)
    burden = burden_of(user, client, today, rates)
    since = year_up_to(today)
    proof = proof_of(client, today, user)
    asked_apart = client.kind == "institution" and proof.next is not None and bool(proof.next.rule_institution)
    step = proof.reached.rank - proof.by_rule.rank if proof.reached and proof.by_rule else 0
    context = {
        "client": client,
        "back_url": client.get_absolute_url(),
        "name": client.masked_name,
        "since": since,
        "today": today,
        "proof": proof,
        "rises": step > 0,
        "falls": step < 0,
        "by_own_rule": asked_apart,
        "rates": rates,
        "contacts": contacts_by_channel(user, client, since),
        "received": services_received(user, client, since),
        "burden": burden,
        "turnover": burden.turnover,
        "commission": burden.commission,
        "share": burden.share_of_turnover,
        "split": burden.split,
        "watermark": _("%(name)s, %(day)s") % words,
    }
    return render(request, "tiers/statement.html", context)
