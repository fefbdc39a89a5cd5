"""The commission desk: the card as a grid, rates of single clients, and the queue of approvals."""

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
from clients.querysets.scope import said_of, shown_name
from crm.core.clocks import local_date
from crm.core.forms.commands import CommandForm
from crm.core.policies import figures
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import Place, actor_of, place_of
from tiers.filters import ClientRateFilter
from tiers.forms import AnswerForm, ClientRateForm, DecisionForm, EndRateForm, RateCardForm
from tiers.models import ClientRate, Product, Programme, RateCard, Tier
from tiers.querysets import effective_rates, may_see_commission
from tiers.services.commission import (
    approve_client_rate,
    below_line,
    end_client_rate,
    needs_two,
    propose_client_rate,
    reject_client_rate,
    set_rate_card,
)
from tiers.services.rate_effects import effects_of
from tiers.services.rate_offers import accept_client_rate, decline_client_rate

SHOWN_WAITING = 50


@require_safe
@permission_required("tiers.view_ratecard", raise_exception=True)
def desk(request: HttpRequest) -> HttpResponse:
    """The card of the programme that governs the branch, and the rates agreed with clients one may see."""
    user, place, today = actor_of(request), place_of(request), local_date(timezone.now())
    everywhere = ClientRate.objects.none()
    if user.has_perm("tiers.view_clientrate"):
        everywhere = ClientRate.objects.visible_to(user).for_list()
    rates = everywhere.filter(client__branch=place.branch)
    found = ClientRateFilter(request.GET, rates, request=request)
    page = listed(request, found.qs, ("-id",))
    # Whoever decides for several branches finds all that waits, whichever branch is chosen.
    waiting: list[Any] = list(everywhere.waiting().filter(origin="concession").order_by("id")[:SHOWN_WAITING])
    of_runs = list(everywhere.waiting().by_run()[:SHOWN_WAITING])
    offered = list(everywhere.offered().order_by("accept_by", "id")[:SHOWN_WAITING])
    known, effects = figures(today, place.branch), effects_of(waiting, today)
    for rate in waiting:
        rate.effect = effects[rate.pk]
    for rate in (*page, *waiting, *offered):
        rate.name_shown = rate.client.masked_name
        rate.below_line = below_line(rate, known)
        rate.is_own = user.pk in (rate.proposed_by_id, rate.endorsed_by_id)
    context = {
        "place": place,
        "filter": found,
        "page": page,
        "waiting": waiting,
        "of_runs": of_runs,
        "offered": offered,
        "may_see_rates": user.has_perm("tiers.view_clientrate"),
        "today": today,
        **card_grid(place, today),
    }
    return render(request, part(request, "tiers/commission.html", "tiers/_rates.html"), context)


def card_grid(place: Place, today: Any) -> dict[str, Any]:
    """One line for each tier, one cell for each product; the row in force and the one to come."""
    programme = Programme.objects.governing(place.branch, today)
    if programme is None:
        return {"programme": None, "lines": [], "products": Product.choices}
    tiers = list(programme.tiers.order_by("-rank"))
    rows = RateCard.objects.filter(tier__in=tiers).order_by("valid_from")
    now = {(row.tier_id, row.product): row for row in rows.in_force(today)}
    later = {(row.tier_id, row.product): row for row in rows.filter(valid_from__gt=today).order_by("-valid_from")}
    lines = [
        {
            "tier": tier,
            "cells": [
                {"product": product, "row": now.get((tier.pk, product)), "later": later.get((tier.pk, product))}
                for product in Product
            ],
        }
        for tier in tiers
    ]
    return {"programme": programme, "lines": lines, "products": Product.choices}


@form_page
@permission_required("tiers.add_ratecard", raise_exception=True)
def card_set(request: HttpRequest, public_id: str, product: str) -> HttpResponse:
    """A new row of the card from a day on, with the rows before it."""
    user, today = actor_of(request), local_date(timezone.now())
    tier = get_object_or_404(Tier.objects.visible_to(user).select_related("programme__branch"), public_id=public_id)
    if product not in Product.values:
        raise Http404
    rows = list(
        RateCard.objects.filter(tier=tier, product=product).select_related("created_by").order_by("-valid_from")
    )
    initial: dict[str, Any] = {"valid_from": today}
    if rows:
        initial |= {
            "rate": f"{(rows[0].rate * 10_000).normalize():f}",
            "basis": rows[0].basis,
            "min_fee": rows[0].min_fee,
        }
    form = RateCardForm(request.POST or None, initial=initial)

    def save(form: CommandForm) -> RateCard:
        said = form.cleaned_data
        price = cast(RateCardForm, form).price(product)
        return set_rate_card(tier=tier, price=price, valid_from=said["valid_from"], reason=said["reason"], actor=user)

    return command(
        request,
        form,
        do=save,
        done=lambda: reverse("tiers:commission"),
        template="tiers/card.html",
        context={
            "tier": tier,
            "product": Product(product).label,
            "rows": rows,
            "back_url": reverse("tiers:commission"),
        },
        said=_("The rate card has a new row. Rates agreed with clients stay as they are."),
    )


@form_page
@permission_required("tiers.add_clientrate", raise_exception=True)
def rate_propose(request: HttpRequest, public_id: str) -> HttpResponse:
    """Propose a rate for one client."""
    user, today = actor_of(request), local_date(timezone.now())
    client = get_object_or_404(Client.objects.visible_to(user).select_related("branch"), public_id=public_id)
    if not may_see_commission(user, client):
        raise Http404
    form = ClientRateForm(request.POST or None, initial={"valid_from": today})

    def propose(form: CommandForm) -> ClientRate:
        said = form.cleaned_data
        return propose_client_rate(
            client=client,
            price=cast(ClientRateForm, form).price(said["product"]),
            valid_from=said["valid_from"],
            valid_to=said["valid_to"],
            promised_turnover=said["promised_turnover"],
            reason=said["reason"],
            actor=user,
            now=timezone.now(),
        )

    return command(
        request,
        form,
        do=propose,
        done=lambda: reverse("tiers:commission"),
        template="tiers/rate_propose.html",
        context={
            "client": client,
            "name": shown_name(client, user),
            "rates": effective_rates(client, today),
            "back_url": reverse("tiers:commission"),
        },
        said=_("The rate waits for somebody else's approval."),
    )


@form_page
@permission_required("tiers.approve_clientrate", raise_exception=True)
def rate_decide(request: HttpRequest, public_id: str, verb: str) -> HttpResponse:
    """Approve or reject a proposed rate, beside what holds today."""
    user, now = actor_of(request), timezone.now()
    rate = _rate(request, public_id)
    approve = verb == "approve"
    form = DecisionForm(request.POST or None, note_required=not approve, initial={"version": rate.version})
    today = local_date(now)

    def decide(form: CommandForm) -> ClientRate:
        service = approve_client_rate if approve else reject_client_rate
        return service(rate=rate, actor=user, now=now, version=form.seen, note=form.cleaned_data["note"])

    rate.below_line = below_line(rate, figures(today, rate.client.branch))
    rate.takes_two = needs_two(rate, today)
    rate.is_own = user.pk in (rate.proposed_by_id, rate.endorsed_by_id)
    return command(
        request,
        form,
        do=decide,
        done=lambda: reverse("tiers:commission"),
        template="tiers/rate_decide.html",
        context={
            "rate": rate,
            "name": shown_name(rate.client, user),
            "approve": approve,
            "today": today,
            "effect": effects_of([rate], today)[rate.pk],
            "rates": effective_rates(rate.client, today),
            "back_url": reverse("tiers:commission"),
        },
        said=said_of(
            rate.client,
            user,
            _said(rate, first=rate.takes_two and rate.endorsed_by_id is None)
            if approve
            else _("The rate has been rejected."),
        ),
    )


def _said(rate: ClientRate, *, first: bool) -> str:
    """What an approval has brought about."""
    if first:
        return _("The first approval is noted; a second one has to follow.")
    if rate.origin == ClientRate.Origin.TIER_CHANGE:
        return _("The rate has been approved and waits for the client's word.")
    return _("The rate has been approved.")


@form_page
@permission_required("tiers.add_clientrate", raise_exception=True)
def rate_answer(request: HttpRequest, public_id: str, verb: str) -> HttpResponse:
    """Record the client's word on a rate offered to him, beside the notice he was given."""
    user, now = actor_of(request), timezone.now()
    rate, agrees = _rate(request, public_id), verb == "accept"
    initial = {"version": rate.version, "answered_on": local_date(now)}
    form = AnswerForm(request.POST or None, request.FILES or None, agrees=agrees, initial=initial)

    def answer(form: CommandForm) -> ClientRate:
        service: Any = accept_client_rate if agrees else decline_client_rate
        done: ClientRate = service(rate=rate, actor=user, now=now, version=form.seen, **form.command)
        return done

    return command(
        request,
        form,
        do=answer,
        done=lambda: reverse("tiers:commission"),
        template="tiers/rate_answer.html",
        context={
            "rate": rate,
            "name": shown_name(rate.client, user),
            "agrees": agrees,
            "back_url": reverse("tiers:commission"),
        },
        said=said_of(
            rate.client,
            user,
            _("The client has agreed; the rate holds.") if agrees else _("The client has declined; what held goes on."),
        ),
    )


@form_page
@permission_required("tiers.approve_clientrate", raise_exception=True)
def rate_end(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let an approved rate end."""
    rate, today = _rate(request, public_id), local_date(timezone.now())
    form = EndRateForm(request.POST or None, initial={"version": rate.version, "last_day": today})

    def end(form: CommandForm) -> ClientRate:
        return end_client_rate(
            rate=rate, actor=actor_of(request), now=timezone.now(), version=form.seen, **form.command
        )

    return command(
        request,
        form,
        do=end,
        done=lambda: reverse("tiers:commission"),
        template="tiers/rate_end.html",
        context={"rate": rate, "name": shown_name(rate.client, request.user), "back_url": reverse("tiers:commission")},
        said=said_of(
            rate.client, request.user, _("The rate ends on that day; from then on the card of the client's tier holds.")
        ),
    )


def _rate(request: HttpRequest, public_id: str) -> Any:
    rows = ClientRate.objects.visible_to(actor_of(request)).select_related(
        "client__branch", "proposed_by", "decided_by", "endorsed_by", "tier_change__old", "tier_change__new"
    )
    return get_object_or_404(rows, public_id=public_id)
