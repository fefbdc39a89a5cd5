"""Preference segments inside a tier: who they are, and the menu of reports, ideas and events that reaches them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.models import Client, Segment
from crm.core.clocks import local_date
from crm.core.forms.commands import CommandForm
from crm.core.keyset import capped_count, capped_text
from crm.core.views.commands import command, form_page
from crm.core.views.places import actor_of, place_of
from tiers.forms.services import PreferenceForm
from tiers.models import PreferenceSegment, Programme, Tier
from tiers.querysets.menus import belongs_q
from tiers.services.menus import Line, change_preference, create_preference

_MOST = 40


@require_safe
@permission_required("tiers.view_preferencesegment", raise_exception=True)
def preference_list(request: HttpRequest) -> HttpResponse:
    """Each segment with its tiers and its menu; how many clients it means is counted when it comes into view."""
    user, place, today = actor_of(request), place_of(request), local_date(timezone.now())
    names = Tier.objects.names(place.branch, today)
    rows: list[Any] = list(PreferenceSegment.objects.visible_to(user).for_list()[:_MOST])
    may_change = user.has_perm("tiers.change_preferencesegment")
    for row in rows:
        row.tier_names = [names.get(code, code) for code in row.tier_codes]
        row.may_change = may_change and user.scope.keeps(row.company_id, row.branch_id)
    context = {
        "rows": rows,
        "may_add": user.has_perm("tiers.add_preferencesegment"),
        "may_publish": user.has_perm("tiers.add_publication"),
    }
    return render(request, "tiers/preferences.html", context)


@require_safe
@permission_required("tiers.view_preferencesegment", raise_exception=True)
def preference_count(request: HttpRequest, public_id: str) -> HttpResponse:
    """How many clients belong to a segment now, as the reader sees them."""
    user = actor_of(request)
    row = get_object_or_404(PreferenceSegment.objects.visible_to(user), public_id=public_id)
    found = Client.objects.visible_to(user).served().filter(belongs_q(row, user, timezone.now()))
    return HttpResponse(capped_text(*capped_count(found)))


@form_page
@permission_required("tiers.add_preferencesegment", raise_exception=True)
def preference_new(request: HttpRequest) -> HttpResponse:
    """A new segment: of the company for who sees the company, else of the own branch."""
    user = actor_of(request)
    branch, company = (None if user.scope.sees_company else user.branch), user.company
    if company is None:
        raise Http404
    form = _form(request, None)

    def save(form: CommandForm) -> PreferenceSegment:
        return create_preference(values=_values(form), menu=_menu(form), company=company, branch=branch, actor=user)

    title = _("Draw up a preference segment")
    return _show(request, form, save, {"title": title, "sub": branch.name if branch else company.name})


@form_page
@permission_required("tiers.change_preferencesegment", raise_exception=True)
def preference_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Change a segment and its menu."""
    user = actor_of(request)
    row = get_object_or_404(PreferenceSegment.objects.visible_to(user).for_list(), public_id=public_id)
    form = _form(request, row)

    def save(form: CommandForm) -> PreferenceSegment:
        return change_preference(segment=row, values=_values(form), menu=_menu(form), actor=user, version=form.seen)

    return _show(request, form, save, {"title": _("Change a preference segment"), "sub": row.name})


def _form(request: HttpRequest, row: PreferenceSegment | None) -> PreferenceForm:
    user, today = actor_of(request), local_date(timezone.now())
    programme = Programme.objects.governing(place_of(request).branch, today)
    initial: dict[str, Any] = {}
    if row is not None:
        initial = {name: getattr(row, name) for name in ("name_zh", "name_en", "tier_codes", "is_active", "version")}
    return PreferenceForm(
        request.POST or None,
        segments=Segment.objects.for_work(user).order_by("name"),
        tiers=list(programme.tiers.order_by("-rank")) if programme else [],
        is_new=row is None,
        menu=list(row.entries.all()) if row is not None else (),
        initial=initial,
    )


def _values(form: Any) -> dict[str, Any]:
    said = form.cleaned_data
    values = {name: said[name] for name in ("name_zh", "name_en", "tier_codes", "is_active")}
    if said["segment"] is not None:
        values["rule"] = said["segment"].rule
    return values


def _menu(form: Any) -> list[Line]:
    return [Line(*line) for line in form.menu()]


def _show(request: HttpRequest, form: PreferenceForm, save: Any, context: dict[str, Any]) -> HttpResponse:
    back = reverse("tiers:preferences")
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
            "crumbs": [{"label": _("Preference segments"), "url": back}],
            "columns": 2,
        },
        said=_("Saved. Who belongs to it follows at once."),
    )
