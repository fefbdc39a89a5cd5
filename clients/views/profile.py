"""Groups of facts with source and day, edited in place; a stage set by hand; who introduced the client; the household."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clients.crumbs import to_client
from clients.forms.profile import GroupForm, HouseholdForm, IntroducerForm, StageForm
from clients.models import Client, HouseholdMember
from clients.querysets.scope import said_of, shown_name
from clients.services import (
    change_client,
    confirm_facts,
    end_stage,
    found_household,
    join_household,
    leave_household,
    set_stage,
)
from clients.services.relations import client_with_number
from clients.views.about import about_client
from clients.views.fact_groups import GROUPS, group_shown, groups_for
from clients.views.rows import today, visible_client
from crm.core.errors import StaleEdit
from crm.core.views.commands import at_once, command, form_page
from crm.core.views.places import actor_of, by_htmx

#: The version that a form about the household of a client without one sends: somebody may found one meanwhile.
_IN_NONE = 0
#: What the form of a stage proposes as its last day.
_USUAL = timedelta(days=30)


@form_page
@permission_required("clients.change_client", raise_exception=True)
def group_edit(request: HttpRequest, public_id: str, group: str) -> HttpResponse:
    """One group of facts. With htmx the group turns into its form and back; without it the form is a page."""
    client = visible_client(request, public_id)
    if group not in groups_for(client):
        raise Http404
    names = GROUPS[group].names
    form = GroupForm(request.POST or None, client=client, names=names)
    htmx = by_htmx(request)

    def done() -> str | HttpResponse:
        if not htmx:
            return client.tab_url("profile")
        return _group(request, visible_client(request, public_id), group)

    context = {
        "client": client,
        "group": {"key": group, "label": GROUPS[group].label},
        "title": GROUPS[group].label,
        "client_name": shown_name(client, request.user),
        "submit": _("Save"),
        "back_url": client.tab_url("profile"),
        "crumbs": to_client(client, request.user),
        "columns": 2,
    }
    return command(
        request,
        form,
        do=lambda _form: _save(request, client, form),
        done=done,
        template="clients/_fact_group_form.html" if htmx else "clients/form.html",
        context=context,
        said="" if htmx else said_of(client, request.user, _("Saved.")),
    )


def _save(request: HttpRequest, client: Client, form: GroupForm) -> Client:
    """The changed facts, then, where it was said, that the others were asked again: both or neither."""
    terms = {
        "actor": actor_of(request),
        "now": timezone.now(),
        "source": form.cleaned_data["source"],
        "as_of": form.cleaned_data["as_of"],
    }
    with transaction.atomic():
        changed = change_client(client=client, values=form.values, refused=form.refusals, version=form.seen, **terms)
        if form.cleaned_data["confirmed"]:
            changed = confirm_facts(client=changed, names=form.names, **terms)
    return changed


@require_safe
@permission_required("clients.view_profile", raise_exception=True)
def group_view(request: HttpRequest, public_id: str, group: str) -> HttpResponse:
    """The group as it reads: what a form in its place is left for."""
    client = visible_client(request, public_id)
    if group not in groups_for(client):
        raise Http404
    return _group(request, client, group)


def _group(request: HttpRequest, client: Client, key: str) -> HttpResponse:
    context = {"client": client, "group": group_shown(client, key, today())}
    return render(request, "clients/_fact_group.html", context)


@form_page
@permission_required("clients.add_stageoverride", raise_exception=True)
def stage_set(request: HttpRequest, public_id: str) -> HttpResponse:
    """Set the stage by hand."""
    client = visible_client(request, public_id)
    first = {"stage": client.stage, "until": today() + _USUAL, "version": client.version}
    form = StageForm(request.POST or None, initial=first)

    def do() -> Any:
        return set_stage(client=client, actor=actor_of(request), now=timezone.now(), version=form.seen, **form.command)

    return about_client(
        request, client, form, do, title=_("Set the stage by hand"), submit=_("Set"), back=client.tab_url("profile")
    )


@require_POST
@permission_required("clients.add_stageoverride", raise_exception=True)
def stage_end(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let the rule say the stage again."""
    client = visible_client(request, public_id)
    who, now = actor_of(request), timezone.now()
    return at_once(
        request,
        do=lambda seen: end_stage(client=client, actor=who, now=now, version=seen),
        back=client.tab_url("profile"),
        said=said_of(client, request.user, _("Saved.")),
    )


@form_page
@permission_required("clients.change_client", raise_exception=True)
def introducer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Name the client who introduced this one."""
    client = visible_client(request, public_id)
    form = IntroducerForm(request.POST or None, initial={"version": client.version})

    def do() -> Client:
        number, who = form.cleaned_data["other_number"], actor_of(request)
        other = client_with_number(who, client, number) if number else None
        return change_client(
            client=client,
            values={"introduced_by_client": other},
            actor=who,
            now=timezone.now(),
            version=form.seen,
        )

    return about_client(
        request, client, form, do, title=_("Introduced by client"), submit=_("Save"), back=client.tab_url("profile")
    )


@form_page
@permission_required("clients.change_household", raise_exception=True)
def household_join(request: HttpRequest, public_id: str) -> HttpResponse:
    """Found a household with this client, or bring another client into his."""
    client = visible_client(request, public_id)
    place = HouseholdMember.objects.filter(client=client).select_related("household").first()
    seen_first = place.household.version if place else _IN_NONE
    form = HouseholdForm(request.POST or None, exists=place is not None, initial={"version": seen_first})

    def do() -> Any:
        who, now = actor_of(request), timezone.now()
        number = form.cleaned_data["other_number"]
        other = client_with_number(who, client, number) if number else None
        if place is None and form.seen != _IN_NONE:
            raise StaleEdit
        with transaction.atomic():
            home = (
                place.household
                if place
                else found_household(client=client, name=form.cleaned_data["name"], actor=who, now=now)
            )
            if other is not None:
                version = form.seen if place else None
                join_household(household=home, client=other, actor=who, now=now, version=version)
        return home

    title = _("Bring a client into the household") if place else _("Found a household")
    return about_client(request, client, form, do, title=title, submit=_("Save"), back=client.tab_url("profile"))


@require_POST
@permission_required("clients.change_household", raise_exception=True)
def household_leave(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take the client out of his household."""
    client = visible_client(request, public_id)
    who, now = actor_of(request), timezone.now()
    return at_once(
        request,
        do=lambda seen: leave_household(client=client, actor=who, now=now, version=seen),
        back=client.tab_url("profile"),
        said=said_of(client, request.user, _("Saved.")),
    )


# -- what the pages share ----------------------------------------------------------------------------------------------
