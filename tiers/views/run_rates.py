"""The rates that one evaluation has proposed, decided together."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.core.clocks import local_date
from crm.core.forms.commands import CommandForm
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of
from tiers.forms import RunRatesForm
from tiers.models import ClientRate, EvaluationRun
from tiers.services.rate_effects import effects_of
from tiers.services.run_approval import Approved, approve_run

_PAGE = 100


@form_page
@permission_required("tiers.approve_clientrate", raise_exception=True)
def run_rates(request: HttpRequest, public_id: str) -> HttpResponse:
    """A page of proposals with what each costs a year; those ticked are approved as they were seen."""
    user, now = actor_of(request), timezone.now()
    runs: Any = EvaluationRun.objects.visible_to(user).select_related("branch", "programme")
    run: EvaluationRun = get_object_or_404(runs, public_id=public_id)
    rows: Any = ClientRate.objects.visible_to(user).waiting().filter(tier_change__run=run)
    rows = rows.for_list().select_related("tier_change__old", "tier_change__new")
    page = listed(request, rows, ("id",), size=_PAGE)
    _tell(page.rows, now)
    told: list[Approved] = []

    def approve(form: CommandForm) -> Approved:
        told.append(approve_run(run=run, seen=cast(RunRatesForm, form).chosen, actor=user, now=now))
        return told[0]

    def done() -> str:
        if told:
            _say(request, told[0])
        return reverse("tiers:run_rates", args=[run.public_id]) if rows.exists() else reverse("tiers:commission")

    return command(
        request,
        RunRatesForm(request.POST or None),
        do=approve,
        done=done,
        template=part(request, "tiers/run_rates.html", "tiers/_run_rates.html"),
        context={
            "run": run,
            "page": page,
            "effect": sum((rate.effect for rate in page if rate.effect is not None), Decimal(0)),
            "back_url": reverse("tiers:commission"),
        },
    )


def _tell(rates: list[Any], now: Any) -> None:
    """Beside each proposal: what holds today, and what the step costs or brings a year on the turnover of shares."""
    effects = effects_of(rates, local_date(now))
    for rate in rates:
        rate.name_shown = rate.client.masked_name
        rate.holds, rate.effect = effects[rate.pk].holds, effects[rate.pk].yearly


def _say(request: HttpRequest, told: Approved) -> None:
    count = len(told.done)
    if count:
        text = ngettext(
            "%(count)d rate has been approved and waits for the client's word.",
            "%(count)d rates have been approved and wait for the clients' word.",
            count,
        )
        messages.success(request, text % {"count": count})
    for reason in sorted(set(told.refused.values())):
        number = sum(1 for one in told.refused.values() if one == reason)
        messages.warning(request, _("%(count)d not approved: %(reason)s") % {"count": number, "reason": reason})
