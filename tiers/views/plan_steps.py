"""Steps of a service plan: noting one as done, and dropping one."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from clients.crumbs import to_client
from clients.querysets.scope import said_of, shown_name
from crm.core.clocks import local_date
from crm.core.views.commands import command, form_page
from crm.core.views.places import actor_of
from tiers.forms.plans import StepDoneForm, StepDropForm
from tiers.models import PlanStep
from tiers.querysets.plan_steps import STEP_RIGHTS, standings
from tiers.services.plan_steps import drop_step, note_step, owed_for


@form_page
@permission_required(STEP_RIGHTS, raise_exception=True)
def step_done(request: HttpRequest, public_id: str) -> HttpResponse:
    """Note a step as done; where the client is owed it by his tier, that promise is kept."""
    row, now = _visible(request, public_id), timezone.now()
    form = StepDoneForm(request.POST or None, initial={"day": local_date(now), "version": row.version})

    def do(form: Any) -> PlanStep:
        return note_step(step=row, actor=actor_of(request), now=now, version=form.seen, **form.command)

    owed = owed_for(row, local_date(now))
    text = ""
    if owed is not None:
        said = {"day": owed.due_on.isoformat()}
        text = _("The client is owed this by his tier by %(day)s: noting it here keeps that promise.") % said
    title = _("Note a step as done")
    context = {"title": title, "submit": _("Note as done"), "text": text, "facts": _facts(row)}
    return _shown(request, row, form, do, context, _("The step is noted as done."))


@form_page
@permission_required(STEP_RIGHTS, raise_exception=True)
def step_drop(request: HttpRequest, public_id: str) -> HttpResponse:
    """Drop a step, saying why."""
    row, now = _visible(request, public_id), timezone.now()
    # What comes once, or is done for this period, has nothing to leave out.
    once = row.due_on is not None or not standings([row], local_date(now))[row.pk].is_open
    form = StepDropForm(request.POST or None, once=once, initial={"version": row.version})

    def do(form: Any) -> PlanStep:
        said = {"for_good": once, **form.command}
        return drop_step(step=row, actor=actor_of(request), now=now, version=form.seen, **said)

    text = _("What the client is owed by his tier stays owed.") if row.item_id else ""
    title, submit = _("Drop a step of the plan"), _("Drop the step")
    if not once:
        title, submit = _("Leave a step out once, or drop it"), _("Leave out or drop")
    context = {"title": title, "submit": submit, "text": text, "facts": _facts(row), "danger": True}
    return _shown(request, row, form, do, context, _("Noted with its reason."))


def _shown(request: HttpRequest, row: PlanStep, form: Any, do: Any, context: dict[str, Any], said: str) -> HttpResponse:
    """Whoever came from the page of the client or from his day goes back to it."""
    user, client = actor_of(request), row.plan.client
    # My day is where everybody lands after signing in; it is the roof's, which this app does not know.
    origins = {"client": client.tab_url("services"), "day": settings.LOGIN_REDIRECT_URL}
    back = origins.get(request.GET.get("from", ""), row.plan.get_absolute_url())
    context |= {
        "sub": f"{shown_name(client, user)} {client.external_id}",
        "back_url": back,
        "crumbs": to_client(client, user, "services"),
    }
    return command(
        request, form, do=do, done=lambda: back, template="tiers/step.html", context=context,
        said=said_of(client, user, said),
    )  # fmt: skip


def _facts(row: PlanStep) -> list[dict[str, str]]:
    found = standings([row], local_date(timezone.now()))[row.pk]
    facts = [
        {"label": pgettext("service plan", "Step"), "value": row.name},
        {"label": pgettext("service plan", "What for"), "value": row.purpose},
    ]
    if found.due_on is not None:
        facts.append({"label": _("Due date"), "value": found.due_on.isoformat()})
    return [*facts, {"label": pgettext("service plan", "Seen to by"), "value": row.owner.called}]


def _visible(request: HttpRequest, public_id: str) -> PlanStep:
    rows = PlanStep.objects.visible_to(actor_of(request)).for_list()
    return get_object_or_404(rows, public_id=public_id)
