"""Service plans: their list, one with what has changed since, drawing one up, agreeing, confirming and ending it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from clients.crumbs import to_client
from clients.models import Client, NeedsInterview
from clients.querysets.scope import said_of, shown_name
from clients.questions import BY_KEY
from crm.core.clocks import local_date
from crm.core.forms.commands import CommandForm
from crm.core.models import User
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of
from tiers.filters import PlanFilter
from tiers.forms.plans import AgreePlanForm, ConfirmPlanForm, EndPlanForm, PlanForm, as_choices
from tiers.models import PlanStep, ServiceItem, ServicePlan
from tiers.querysets.plan_steps import dress_for, seeing_to
from tiers.services.plans import agree_plan, changed_needs, confirm_plan, end_plan, make_plan
from tiers.services.suggestions import plan_to_begin_with

State = ServicePlan.State
VIEWS: dict[str, Callable[[], str]] = {
    "mine": lambda: pgettext("service plans", "Mine, open"),
    "open": lambda: pgettext("service plans", "All open"),
    "all": lambda: _("All"),
}


@dataclass(frozen=True)
class Changed:
    """One question to which the client now says something else."""

    label: Any
    old: str
    new: str


def changes_since(user: User, plan: ServicePlan) -> list[Changed]:
    """What the client says now otherwise than the plan rests on, in words; nothing for who may not see needs."""
    if plan.state != State.AGREED or not user.has_perm("clients.view_needsinterview"):
        return []
    present = NeedsInterview.objects.visible_to(user).present().filter(client=plan.client_id).first()
    if present is None:
        return []
    return [
        Changed(
            BY_KEY[key].label,
            BY_KEY[key].in_words(plan.basis.answer(key)) if plan.basis else "",
            BY_KEY[key].in_words(present.answer(key)),
        )
        for key in changed_needs(plan, present)
    ]


@require_safe
@permission_required("tiers.view_serviceplan", raise_exception=True)
def plan_list(request: HttpRequest) -> HttpResponse:
    """Plans of clients one may see, the newest first: those of one's own clients that are open, all that are open, or all."""
    user, today = actor_of(request), local_date(timezone.now())
    view = request.GET.get("view", "")
    view = view if view in VIEWS else ("mine" if user.scope.sees_book_only else "open")
    rows = ServicePlan.objects.visible_to(user).in_rows()
    rows = {"mine": lambda: rows.open().mine(user), "open": rows.open, "all": rows.all}[view]()
    found = PlanFilter(request.GET, rows, request=request)
    page = listed(request, found.qs, ("-pk",))
    _dress_rows(page.rows, user, today)
    context = {
        "filter": found,
        "page": page,
        "view": view,
        "views": [{"key": key, "label": label()} for key, label in VIEWS.items()],
    }
    return render(request, part(request, "tiers/plans.html", "tiers/_plans.html"), context)


def _dress_rows(rows: list[Any], user: User, today: date) -> None:
    """Give each row what the list shows of it. Two statements, however many rows."""
    keys = [row.pk for row in rows]
    late = Counter(PlanStep.objects.filter(plan__in=keys).overdue(today).values_list("plan_id", flat=True))
    sees = user.has_perm("clients.view_needsinterview")
    again = set(ServicePlan.objects.filter(pk__in=keys).to_look_at().values_list("pk", flat=True)) if sees else set()
    for row in rows:
        row.name_shown = shown_name(row.client, user)
        row.overdue_steps, row.to_look_at = late[row.pk], row.pk in again


@require_safe
@permission_required("tiers.view_serviceplan", raise_exception=True)
def plan_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One plan: its steps, on what it rests, what has changed since, and what may be done."""
    user, row = actor_of(request), _visible(request, public_id)
    today = local_date(timezone.now())
    dress_for(user, [row], today)
    may, changes = user.has_perm("tiers.change_serviceplan"), changes_since(user, row)
    context = {
        "plan": row,
        "name": shown_name(row.client, user),
        "changes": changes,
        "may_agree": may and row.state == State.DRAFT,
        "may_confirm": may and bool(changes),
        "may_revise": may and row.is_open,
        "sees_needs": user.has_perm("clients.view_needsinterview"),
        "marks": _marks(row),
        "today": today,
        "later": ServicePlan.objects.filter(replaces=row).exclude(state=State.DRAFT).order_by("-pk").first(),
        "crumbs": to_client(row.client, user, "services"),
    }
    return render(request, "tiers/plan.html", context)


@form_page
@permission_required("tiers.change_serviceplan", raise_exception=True)
def plan_new(request: HttpRequest, public_id: str) -> HttpResponse:
    """Draw a plan up: from the one that is open, else from what suits the client."""
    user, now = actor_of(request), timezone.now()
    rows = Client.objects.visible_to(user).select_related("branch", "advisor")
    client = get_object_or_404(rows, public_id=public_id)
    today = local_date(now)
    plans: Any = ServicePlan.objects.visible_to(user).filter(client=client)
    before = plans.for_list().to_begin_with().first()
    steps = as_choices(before.steps.all()) if before else plan_to_begin_with(user, client, today)
    form = PlanForm(
        request.POST or None,
        items=ServiceItem.objects.of_branch(client.branch).in_force(today).order_by("code"),
        owners=seeing_to(client).order_by("staff_number"),
        steps=steps,
        initial={"aim": before.aim if before else "", "before": before.public_id if before else ""},
    )
    made: list[ServicePlan] = []

    def do(form: Any) -> ServicePlan:
        said = {name: form.cleaned_data[name] for name in ("aim", "agreed_on")}
        seen = form.cleaned_data["before"]
        made.append(make_plan(client=client, steps=form.steps(user), actor=user, now=now, seen=seen, **said))
        return made[0]

    def done() -> str:
        row = made[0] if made else ServicePlan.objects.filter(client=client).latest("pk")
        return row.get_absolute_url()

    context = {
        "title": _("Revise a service plan") if before else _("Draw a service plan up"),
        "sub": f"{shown_name(client, user)} {client.external_id}",
        "submit": _("Save the plan"),
        "back_url": client.tab_url("services"),
        "crumbs": to_client(client, user, "services"),
        "text": _("The plan before it stays on file.") if before else "",
    }
    said = said_of(client, request.user, _("The service plan is on file."))
    return command(request, form, do=do, done=done, template="tiers/plan_form.html", context=context, said=said)


@form_page
@permission_required("tiers.change_serviceplan", raise_exception=True)
def plan_agree(request: HttpRequest, public_id: str) -> HttpResponse:
    """The client agreed to what was drawn up."""
    row, now = _visible(request, public_id), timezone.now()
    form = AgreePlanForm(request.POST or None, initial={"agreed_on": local_date(now), "version": row.version})

    def do(form: Any) -> ServicePlan:
        return agree_plan(plan=row, actor=actor_of(request), now=now, version=form.seen, **form.command)

    return _step(request, row, form, do, _("Agree a service plan"), _("Note as agreed"), _("The plan is agreed."))


@form_page
@permission_required("tiers.change_serviceplan", raise_exception=True)
def plan_confirm(request: HttpRequest, public_id: str) -> HttpResponse:
    """The needs have changed, and the plan stands."""
    row, now = _visible(request, public_id), timezone.now()
    form = ConfirmPlanForm(request.POST or None, initial={"version": row.version})
    facts = [
        {"label": one.label, "value": f"{one.old or '—'} → {one.new or '—'}"}
        for one in changes_since(actor_of(request), row)
    ]

    def do(form: Any) -> ServicePlan:
        return confirm_plan(plan=row, actor=actor_of(request), now=now, version=form.seen, **form.command)

    title, said = _("Confirm a service plan"), _("The plan is confirmed.")
    return _step(request, row, form, do, title, _("Confirm the plan"), said, facts=facts)


@form_page
@permission_required("tiers.change_serviceplan", raise_exception=True)
def plan_end(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give a plan up."""
    row, now = _visible(request, public_id), timezone.now()
    form = EndPlanForm(request.POST or None, initial={"version": row.version})

    def do(form: Any) -> ServicePlan:
        return end_plan(plan=row, actor=actor_of(request), now=now, version=form.seen, **form.command)

    said = _("The plan has ended.")
    return _step(request, row, form, do, _("End a service plan"), _("End the plan"), said, danger=True)


def _step(
    request: HttpRequest,
    row: ServicePlan,
    form: CommandForm,
    do: Callable[[Any], ServicePlan],
    title: str,
    submit: str,
    said: str,
    **more: Any,
) -> HttpResponse:
    user, back = actor_of(request), row.get_absolute_url()
    context = {
        "title": title,
        "sub": f"{shown_name(row.client, user)} {row.client.external_id}",
        "submit": submit,
        "back_url": back,
        "crumbs": to_client(row.client, user, "services"),
        **more,
    }
    told = said_of(row.client, request.user, said)
    return command(request, form, do=do, done=lambda: back, template="tiers/step.html", context=context, said=told)


def _marks(row: ServicePlan) -> list[Any]:
    """What was noted of its steps, the newest first; none of it costs a statement, since it came with the plan."""
    found = [mark for step in row.steps.all() for mark in step.marks.all()]
    return sorted(found, key=lambda mark: (mark.day, mark.pk), reverse=True)


def _visible(request: HttpRequest, public_id: str) -> ServicePlan:
    rows = ServicePlan.objects.visible_to(actor_of(request)).for_list()
    return get_object_or_404(rows, public_id=public_id)
