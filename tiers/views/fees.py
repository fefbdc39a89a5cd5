"""The fee calculator: a form, and the lines of what was worked out."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.models import Client
from clients.querysets.scope import shown_name
from crm.core.clocks import local_date
from crm.core.figure_sources import source_in_words
from crm.core.forms.commands import CommandForm
from crm.core.views.commands import command, form_page
from crm.core.views.places import actor_of
from tiers.forms import FeeForm
from tiers.models import FeeQuote, Product
from tiers.querysets import effective_rates, may_see_commission
from tiers.services.fees import CALCULABLE, save_quote

_RECENT = 20


@form_page
@permission_required("tiers.add_feequote", raise_exception=True)
def calculator(request: HttpRequest) -> HttpResponse:
    """Work out the fees of a trade; with ``client`` in the address it is kept with him and starts from his rate."""
    user = actor_of(request)
    client = _client(request)
    initial: dict[str, Any] = {"day": local_date(timezone.now())}
    if client is not None:
        initial |= _start(client, initial["day"])
    made: list[FeeQuote] = []

    def save(form: CommandForm) -> FeeQuote:
        said = cast(FeeForm, form)
        made.append(save_quote(trade=said.trade(), price=said.price(), client=client, actor=user, now=timezone.now()))
        return made[0]

    recent = list(FeeQuote.objects.visible_to(user).for_list().filter(client=client).order_by("-id")[:_RECENT])
    return command(
        request,
        FeeForm(request.POST or None, initial=initial),
        do=save,
        done=lambda: reverse("tiers:fee_quote", args=[made[0].public_id]) if made else request.get_full_path(),
        template="tiers/fees.html",
        context={
            "client": client,
            "name": shown_name(client, user) if client else "",
            "recent": recent,
            "back_url": reverse("tiers:commission"),
        },
    )


def _client(request: HttpRequest) -> Client | None:
    asked = request.GET.get("client", "")
    if not asked:
        return None
    user = actor_of(request)
    client: Client = get_object_or_404(Client.objects.visible_to(user).select_related("branch"), public_id=asked)
    if not may_see_commission(user, client):
        raise Http404
    return client


def _start(client: Client, day: Any) -> dict[str, Any]:
    """The client's own price for the first product that can be worked out."""
    for found in effective_rates(client, day):
        if Product(found.product) in CALCULABLE:
            return {
                "product": found.product,
                "rate": found.rate * 10_000,
                "basis": found.basis,
                "min_fee": found.min_fee,
            }
    return {}


@require_safe
@permission_required("tiers.view_feequote", raise_exception=True)
def quote(request: HttpRequest, public_id: str) -> HttpResponse:
    """What a trade costs, line by line, with the figures used and their sources."""
    row: Any = get_object_or_404(FeeQuote.objects.visible_to(actor_of(request)).for_list(), public_id=public_id)
    columns: Any = FeeQuote._meta
    lines = [(columns.get_field(name).verbose_name, getattr(row, name)) for name in _LINES]
    context = {
        "quote": row,
        "name": row.client.masked_name if row.client else "",
        "lines": lines,
        "figures": [{**used, "source": source_in_words(used["source"])} for used in row.figures.values()],
        "again_url": reverse("tiers:fees") + (f"?client={row.client.public_id}" if row.client else ""),
        "all_in": row.basis == "all_in",
        "title": _("Fees of a trade"),
    }
    return render(request, "tiers/fee_quote.html", context)


_LINES = ("commission", "handling", "regulation", "transfer", "stamp")
