"""The sheet that hangs in the branch: tiers, what each asks, what each pays, and the fees passed through."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from crm.core.clocks import local_date
from crm.core.views.places import place_of
from tiers.models import Exchange
from tiers.services.fees import known_on
from tiers.views.commission import card_grid
from tiers.views.programmes import in_words


@require_safe
@permission_required("tiers.view_ratecard", raise_exception=True)
def criteria(request: HttpRequest) -> HttpResponse:
    """Fee items and standards as they are displayed on the premises (条例 Art. 40; PIPL Art. 24: public criteria)."""
    place, today = place_of(request), local_date(timezone.now())
    known = known_on(today, place.branch)
    passed = known.figure("commission.passthrough")
    exchanges: list[dict[str, Any]] = [
        {"name": exchange.label, "handling": passed.value[exchange][0], "regulation": passed.value[exchange][1]}
        for exchange in Exchange
    ]
    context: dict[str, Any] = {
        "branch": place.branch,
        "back_url": reverse("tiers:commission"),
        "today": today,
        "exchanges": exchanges,
        "passed_from": passed.effective_from,
        "stamp": known.figure("fee.stamp_sell"),
        "transfer": known.figure("fee.transfer"),
        "cap": known.rate("commission.max_rate_all_in"),
        "least": known.money("commission.min_fee"),
        **card_grid(place, today),
    }
    programme = context["programme"]
    if programme is not None:
        told = in_words(programme, place)
        asked = {line["tier"].pk: line for line in told["lines"]}
        # Products that no tier has a rate for are no part of the sheet.
        priced = {cell["product"] for line in context["lines"] for cell in line["cells"] if cell["row"]}
        context |= {name: told[name] for name in ("down_after", "floors")}
        context["products"] = [(code, label) for code, label in context["products"] if code in priced]
        for line in context["lines"]:
            line |= {name: asked[line["tier"].pk][name] for name in ("asks", "institutions")}
            line["cells"] = [cell for cell in line["cells"] if cell["product"] in priced]
    return render(request, "tiers/criteria.html", context)
