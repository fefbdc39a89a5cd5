"""Tiers given by hand: the queue of approvals, asking for one, and the decision."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clients.models import Client
from clients.querysets.scope import said_of, shown_name
from crm.core.clocks import local_date
from crm.core.forms.commands import CommandForm
from crm.core.views.commands import at_once, command, form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of
from tiers.forms.overrides import EndOverrideForm, OverrideDecisionForm, OverrideForm
from tiers.models import TierOverride
from tiers.querysets import tier_of
from tiers.querysets.proof import proof_of
from tiers.services.overrides import (
    approve_override,
    end_override,
    limits_of,
    longest_days,
    reject_override,
    request_override,
    withdraw_override,
)

SHOWN_WAITING = 50


@require_safe
@permission_required("tiers.view_tieroverride", raise_exception=True)
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, what holds and until when, and what there was."""
    user, today = actor_of(request), local_date(timezone.now())
    rows = TierOverride.objects.visible_to(user).for_list()
    waiting = list(rows.waiting().order_by("decide_by", "pk")[:SHOWN_WAITING])
    page = listed(request, rows.past_waiting(), ("-id",))
    for row in (*waiting, *page):
        row.name_shown = row.client.masked_name
        row.is_own = row.requested_by_id == user.pk
        row.too_late = row.is_too_late(today)
    context = {"waiting": waiting, "page": page, "today": today}
    return render(request, part(request, "tiers/overrides.html", "tiers/_overrides.html"), context)


@form_page
@permission_required("tiers.add_tieroverride", raise_exception=True)
def request_new(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask that a client be given another tier for a while."""
    user = actor_of(request)
    client = get_object_or_404(Client.objects.visible_to(user).select_related("branch"), public_id=public_id)
    state, back = tier_of(client), reverse("tiers:proof", args=[client.public_id])
    if state is None:
        messages.error(request, _("This client has no tier yet: no evaluation has found assets on file."))
        return redirect(back)
    by_rule = state.by_rule
    today = local_date(timezone.now())
    form = OverrideForm(
        request.POST or None,
        programme_id=state.programme_id,
        not_this=by_rule.pk,
        last=today + timedelta(days=longest_days(client.branch, today)),
        today=today,
    )

    def ask(form: CommandForm) -> TierOverride:
        return request_override(client=client, actor=user, now=timezone.now(), **form.command)

    return command(
        request,
        form,
        do=ask,
        done=lambda: back,
        template="tiers/override_form.html",
        context={
            "title": _("Ask for a tier by hand"),
            "save": _("Ask"),
            "client": client,
            "name": shown_name(client, user),
            "state": state,
            "by_rule": by_rule,
            "back_url": back,
        },
        said=_("The request waits for somebody else's approval."),
    )


def _override(request: HttpRequest, public_id: str) -> Any:
    rows = TierOverride.objects.visible_to(actor_of(request)).for_list()
    return get_object_or_404(rows, public_id=public_id)


@form_page
@permission_required("tiers.approve_tieroverride", raise_exception=True)
def decide(request: HttpRequest, public_id: str, verb: str) -> HttpResponse:
    """Approve or reject a request, beside what the rules say of the client."""
    user, now = actor_of(request), timezone.now()
    row, approve = _override(request, public_id), verb == "approve"
    form = OverrideDecisionForm(request.POST or None, note_required=not approve, initial={"version": row.version})

    def do(form: CommandForm) -> TierOverride:
        service = approve_override if approve else reject_override
        return service(override=row, actor=user, now=now, version=form.seen, note=form.cleaned_data["note"])

    today = local_date(now)
    row.is_decided, row.is_own = row.state != TierOverride.State.PROPOSED, row.requested_by_id == user.pk
    return command(
        request,
        form,
        do=do,
        done=lambda: reverse("tiers:overrides"),
        template="tiers/override_form.html",
        context={
            "title": _("Approve a tier by hand") if approve else _("Reject a tier by hand"),
            "save": _("Approve") if approve else _("Reject"),
            "danger": not approve,
            "override": row,
            "client": row.client,
            "name": shown_name(row.client, user),
            "proof": proof_of(row.client, today, user),
            "limits": limits_of(user, today, row.client.branch),
            "back_url": reverse("tiers:overrides"),
        },
        said=said_of(
            row.client,
            user,
            _("The client has been given the tier.") if approve else _("The request has been rejected."),
        ),
    )


@require_POST
@permission_required("tiers.add_tieroverride", raise_exception=True)
def withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take one's own request back."""
    row = _override(request, public_id)
    return at_once(
        request,
        do=lambda seen: withdraw_override(override=row, actor=actor_of(request), now=timezone.now(), version=seen),
        back=reverse("tiers:overrides"),
        said=_("The request has been withdrawn."),
    )


@form_page
@permission_required("tiers.approve_tieroverride", raise_exception=True)
def end(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return a client to the tier by rule before the last day."""
    user, row = actor_of(request), _override(request, public_id)
    form = EndOverrideForm(request.POST or None, initial={"version": row.version})
    row.is_decided = row.state != TierOverride.State.HOLDING
    context: dict[str, Any] = {
        "title": _("End a tier by hand"),
        "save": _("Return to the rule"),
        "danger": True,
        "override": row,
        "client": row.client,
        "name": shown_name(row.client, user),
        "back_url": reverse("tiers:overrides"),
    }
    return command(
        request,
        form,
        do=lambda form: end_override(override=row, actor=user, now=timezone.now(), version=form.seen, **form.command),
        done=lambda: reverse("tiers:overrides"),
        template="tiers/override_form.html",
        context=context,
        said=said_of(row.client, user, _("The client stands in the tier by rule again.")),
    )
