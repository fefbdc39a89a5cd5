"""The catalogue of services: what there is, one service with its editions, adding, changing, ending, a branch's own copy."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.models import Channel, ContactLog
from crm.core.clocks import local_date
from crm.core.forms.commands import CommandForm
from crm.core.views.commands import command, form_page
from crm.core.views.places import actor_of, place_of
from tiers.forms.services import EndServiceForm, ServiceItemForm
from tiers.gates import gate_label
from tiers.models import Entitlement, ServiceItem, Tier
from tiers.querysets.editions import editions_of
from tiers.querysets.house import not_over_q
from tiers.services.catalogue import (
    TERMS,
    adapt_item,
    change_item,
    create_item,
    end_item,
)

#: Editions shown on the page of a service.
_SHOWN = 50


def crumb() -> dict[str, str]:
    return {"label": _("Catalogue of services"), "url": reverse("tiers:catalogue")}


def may_change(user: Any, item: ServiceItem) -> bool:
    """Whether the user keeps this service: the company's by who sees the company, a branch's by the branch."""
    return bool(user.scope.keeps(item.company_id, item.branch_id) and user.has_perm("tiers.change_serviceitem"))


@require_safe
@permission_required("tiers.view_serviceitem", raise_exception=True)
def catalogue(request: HttpRequest) -> HttpResponse:
    """What a branch offers, basic services first; ended ones on demand."""
    place, today = place_of(request), local_date(timezone.now())
    ended = "ended" in request.GET
    rows = ServiceItem.objects.of_branch(place.branch).in_order()
    if not ended:
        rows = rows.filter(not_over_q(today, "ends_on"))
    tiers = Entitlement.objects.in_force(today).filter(item__in=rows.values("pk")).order_by("tier_code")
    by_item: dict[int, set[str]] = {}
    for item_id, code in tiers.values_list("item_id", "tier_code"):
        by_item.setdefault(item_id, set()).add(code)
    names = Tier.objects.names(place.branch, today)
    items: list[Any] = list(rows)
    for item in items:
        held = by_item.get(item.pk, set())
        item.tier_names = [name for code, name in names.items() if code in held]
        item.for_all = bool(names) and len(item.tier_names) == len(names)
    context = {
        "place": place,
        "items": items,
        "ended": ended,
        "today": today,
        "may_add": request.user.has_perm("tiers.add_serviceitem"),
    }
    return render(request, "tiers/catalogue.html", context)


def visible_item(request: HttpRequest, public_id: str) -> ServiceItem:
    rows = ServiceItem.objects.visible_to(actor_of(request)).select_related("company", "branch")
    return get_object_or_404(rows, public_id=public_id)


@require_safe
@permission_required("tiers.view_serviceitem", raise_exception=True)
def service_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One service: what is done and how well, by when, by whom; who is entitled; every edition."""
    user, today = actor_of(request), local_date(timezone.now())
    item = visible_item(request, public_id)
    rows = item.entitlements.filter(not_over_q(today)).order_by("tier_code", "valid_from")
    names = Tier.objects.names(item.branch or user.branch, today, item.company)
    place = {code: number for number, code in enumerate(names)}
    entitled = sorted(
        (row for row in rows if row.times), key=lambda row: (place.get(row.tier_code, len(place)), row.valid_from)
    )
    entitlements = [{"row": row, "tier_name": names.get(row.tier_code, row.tier_code)} for row in entitled]
    context = {
        "item": item,
        "gate": gate_label(item.gate) if item.gate else "",
        "counted": [str(ContactLog.Purpose(code).label) for code in item.purposes]
        + [str(Channel(code).label) for code in item.channels],
        "entitlements": entitlements,
        "editions": editions_of(item, _SHOWN, costs=user.has_perm("tiers.cost_promise")),
        "may_change": may_change(user, item) and item.ends_on is None,
        "may_adapt": _may_adapt(user, item),
        "today": today,
        "crumbs": [crumb()],
    }
    return render(request, "tiers/service.html", context)


def _may_adapt(user: Any, item: ServiceItem) -> bool:
    return bool(
        item.branch_id is None
        and item.ends_on is None
        and user.branch_id
        and user.has_perm("tiers.change_serviceitem")
        and not user.scope.sees_company
    )


@form_page
@permission_required("tiers.add_serviceitem", raise_exception=True)
def service_new(request: HttpRequest) -> HttpResponse:
    """A new service: of the company for who sees the company, else of the own branch."""
    user, today = actor_of(request), local_date(timezone.now())
    form = ServiceItemForm(request.POST or None, is_new=True, initial={"starts_on": today})
    branch = None if user.scope.sees_company else user.branch
    company = user.company
    if company is None:
        raise Http404

    def save(form: CommandForm) -> ServiceItem:
        said: Any = form
        return create_item(
            code=form.cleaned_data["code"], values=said.terms, company=company, branch=branch, actor=user
        )

    return command(
        request,
        form,
        do=save,
        done=lambda: reverse("tiers:catalogue"),
        template="tiers/step.html",
        context={
            "title": _("Add a service"),
            "submit": _("Add"),
            "back_url": reverse("tiers:catalogue"),
            "crumbs": [crumb()],
            "sub": branch.name if branch else company.name,
            "columns": 2,
        },
        said=_("The service is in the catalogue. Say now which tiers may have it."),
    )


@form_page
@permission_required("tiers.change_serviceitem", raise_exception=True)
def service_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Change a service; the words before stay as an edition."""
    user, item = actor_of(request), visible_item(request, public_id)
    initial = {name: getattr(item, name) for name in TERMS} | {"version": item.version}
    form = ServiceItemForm(request.POST or None, initial=initial)

    def save(form: CommandForm) -> ServiceItem:
        said: Any = form
        return change_item(
            item=item, values=said.terms, reason=form.cleaned_data["reason"], actor=user, version=form.seen
        )

    return command(
        request,
        form,
        do=save,
        done=lambda: reverse("tiers:service", args=[item.public_id]),
        template="tiers/step.html",
        context={**_about(item), "title": _("Change a service"), "submit": _("Save"), "columns": 2},
        said=_("Saved as a new edition. Promises that were made stay as they were made."),
    )


@form_page
@permission_required("tiers.change_serviceitem", raise_exception=True)
def service_end(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let a service end."""
    user, item, today = actor_of(request), visible_item(request, public_id), local_date(timezone.now())
    form = EndServiceForm(request.POST or None, initial={"version": item.version, "last_day": today})

    def save(form: CommandForm) -> ServiceItem:
        return end_item(item=item, actor=user, today=today, version=form.seen, **form.command)

    return command(
        request,
        form,
        do=save,
        done=lambda: reverse("tiers:catalogue"),
        template="tiers/step.html",
        context={
            **_about(item),
            "title": _("End a service"),
            "submit": _("End"),
            "danger": True,
            "text": _(
                "What is still owed after the last day is closed with this reason; what was overdue counts as missed."
            ),
        },
        said=_("The service ends on that day."),
    )


@form_page
@permission_required("tiers.change_serviceitem", raise_exception=True)
def service_adapt(request: HttpRequest, public_id: str) -> HttpResponse:
    """Make a copy of the company's service for the own branch."""
    user, item = actor_of(request), visible_item(request, public_id)
    branch = user.branch
    if branch is None:
        raise Http404
    form = CommandForm(request.POST or None)

    def save(_form: CommandForm) -> ServiceItem:
        return adapt_item(item=item, branch=branch, actor=user)

    return command(
        request,
        form,
        do=save,
        done=lambda: reverse("tiers:catalogue"),
        template="tiers/step.html",
        context={
            **_about(item),
            "title": _("Make it the branch's own"),
            "submit": _("Make a copy"),
            "text": _("The copy takes the place of the company's service in your branch, with its entitlements."),
        },
        said=_("The branch has its own edition of this service now."),
    )


def _about(item: ServiceItem) -> dict[str, Any]:
    back = reverse("tiers:service", args=[item.public_id])
    return {"sub": item.name, "back_url": back, "crumbs": [crumb(), {"label": item.name, "url": back}]}
