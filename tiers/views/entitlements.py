"""The grid of entitlements: services down, tiers across, and below them how often each tier is spoken with."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from crm.core.clocks import local_date
from crm.core.forms.commands import CommandForm
from crm.core.views.commands import command, form_page
from crm.core.views.places import actor_of, place_of
from tiers.forms.services import CadenceForm, EntitlementForm
from tiers.models import ContactCadence, Entitlement, Period, Programme, ServiceItem, Tier
from tiers.services.entitlements import set_cadence, set_entitlement
from tiers.views.catalogue import may_change, visible_item


@require_safe
@permission_required("tiers.view_serviceitem", raise_exception=True)
def grid(request: HttpRequest) -> HttpResponse:
    """What each tier of the programme that governs the branch may have today, and from later days on."""
    user, place, today = actor_of(request), place_of(request), local_date(timezone.now())
    programme = Programme.objects.governing(place.branch, today)
    tiers = list(programme.tiers.order_by("rank")) if programme else []
    rows = ServiceItem.objects.of_branch(place.branch).in_force(today).select_related("company", "branch")
    items = list(rows.in_order())
    cells = _cells(Entitlement.objects.filter(item__in=items), programme, today)
    cadences = _cells(ContactCadence.objects.filter(company_id=place.branch.company_id), programme, today)
    lines = [
        {
            "item": item,
            "may_change": may_change(user, item),
            "cells": [{"tier": tier, **cells.get((item.pk, tier.code), {})} for tier in tiers],
        }
        for item in items
    ]
    context = {
        "place": place,
        "programme": programme,
        "tiers": tiers,
        "lines": lines,
        "cadences": [{"tier": tier, **cadences.get((None, tier.code), {})} for tier in tiers],
        "may_pace": user.has_perm("tiers.add_entitlement") and user.scope.sees_company,
        "may_set": user.has_perm("tiers.add_entitlement"),
    }
    return render(request, "tiers/grid.html", context)


def _cells(rows: Any, programme: Any, today: Any) -> dict[Any, dict[str, Any]]:
    """By service and tier: the row that holds today and the one to come."""
    found: dict[Any, dict[str, Any]] = {}
    if programme is None:
        return found
    for row in rows.filter(programme_code=programme.code).order_by("valid_from"):
        cell = found.setdefault((getattr(row, "item_id", None), row.tier_code), {"row": None, "later": None})
        if row.valid_from > today:
            cell["later"] = cell["later"] or row
        elif row.valid_to is None or row.valid_to >= today:
            cell["row"] = row
    return found


def _in_words(row: Entitlement) -> str:
    """How often, as the grid says it; a standing service has no number."""
    if not row.times:
        return _("not entitled")
    if row.item.rhythm == "standing":
        return pgettext("service", "always")
    return _("%(times)s per %(period)s") % {"times": row.times, "period": str(Period(row.period).label).lower()}


@form_page
@permission_required("tiers.add_entitlement", raise_exception=True)
def entitlement_set(request: HttpRequest, public_id: str, tier_id: str) -> HttpResponse:
    """A new row from a day on, beside the rows before it."""
    user, today, item = actor_of(request), local_date(timezone.now()), visible_item(request, public_id)
    tier = _tier(request, tier_id)
    kept = Entitlement.objects.filter(item=item, tier_code=tier.code, programme_code=tier.programme.code)
    rows = list(kept.select_related("created_by", "item").order_by("-valid_from"))
    initial: dict[str, Any] = {"valid_from": today}
    if rows:
        initial |= {"times": rows[0].times, "period": rows[0].period}
    form = EntitlementForm(request.POST or None, initial=initial)

    def save(form: CommandForm) -> Entitlement:
        return set_entitlement(item=item, tier=tier, today=today, actor=user, **form.command)

    history = [
        {
            "from": row.valid_from,
            "to": row.valid_to,
            "words": _in_words(row),
            "by": row.created_by.called,
            "reason": row.reason,
        }
        for row in rows
    ]
    return _set(
        request,
        form,
        save,
        {"title": _("Set an entitlement"), "sub": f"{item.name} · {tier.name}", "history": history},
    )


@form_page
@permission_required("tiers.add_entitlement", raise_exception=True)
def cadence_set(request: HttpRequest, tier_id: str) -> HttpResponse:
    """How often clients of a tier are spoken with, from a day on."""
    user, today, tier = actor_of(request), local_date(timezone.now()), _tier(request, tier_id)
    company = tier.programme.company
    kept = ContactCadence.objects.filter(company=company, tier_code=tier.code, programme_code=tier.programme.code)
    rows = list(kept.select_related("created_by").order_by("-valid_from"))
    form = CadenceForm(request.POST or None, initial={"valid_from": today, "days": rows[0].days if rows else None})

    def save(form: CommandForm) -> ContactCadence:
        return set_cadence(company=company, tier=tier, today=today, actor=user, **form.command)

    history = [
        {
            "from": row.valid_from,
            "to": row.valid_to,
            "words": _("every %(days)s days") % {"days": row.days} if row.days else _("no cadence"),
            "by": row.created_by.called,
            "reason": row.reason,
        }
        for row in rows
    ]
    return _set(request, form, save, {"title": _("Set a contact cadence"), "sub": tier.name, "history": history})


def _set(request: HttpRequest, form: CommandForm, save: Any, context: dict[str, Any]) -> HttpResponse:
    back = reverse("tiers:grid")
    return command(
        request,
        form,
        do=save,
        done=lambda: back,
        template="tiers/step.html",
        context={
            **context,
            "submit": _("Save"),
            "back_url": back,
            "crumbs": [{"label": _("Entitlements"), "url": back}],
        },
        said=_("Saved. It holds from its first day on; what was owed before stays."),
    )


def _tier(request: HttpRequest, public_id: str) -> Tier:
    rows = Tier.objects.visible_to(actor_of(request)).select_related("programme__company")
    return get_object_or_404(rows, public_id=public_id)
