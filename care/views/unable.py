"""Calls that were not possible: asked by the caller, decided by somebody else."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from care import services
from care.forms.calls import RefuseForm, TakeForm, UnableForm
from care.models import FollowUpCall
from care.views.rows import now, sections, today, visible_call
from clients.querysets.scope import said_of, sees_names, shown_name
from crm.core.forms.commands import CommandForm
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of


@require_safe
@permission_required("care.approve_unable", raise_exception=True)
def waiting(request: HttpRequest) -> HttpResponse:
    """Requests that wait for a second pair of eyes, with the attempts that were made."""
    user = actor_of(request)
    rows = FollowUpCall.objects.visible_to(user).awaiting_approval().for_list().with_attempts()
    context = {
        "page": listed(request, rows, ("due_on", "pk")),
        "today": today(),
        "names_shown": sees_names(user),
        "tabs": sections(request, "unable"),
    }
    return render(request, part(request, "care/unable.html", "care/_unable.html"), context)


@form_page
@permission_required("care.make_followupcall", raise_exception=True)
def propose(request: HttpRequest, public_id: str) -> HttpResponse:
    """The caller says that the call is not possible."""
    call = visible_call(request, public_id)
    form = UnableForm(request.POST or None, initial={"version": call.version})

    def do(form: CommandForm) -> FollowUpCall:
        return services.propose_unable(actor=actor_of(request), call=call, now=now(), version=form.seen, **form.command)

    said = _("Somebody else will look at it.")
    return _about(request, call, form, do, title=_("Not possible"), submit=_("Ask for approval"), said=said)


@form_page
@permission_required("care.approve_unable", raise_exception=True)
def approve(request: HttpRequest, public_id: str) -> HttpResponse:
    """Somebody else agrees."""
    call = visible_call(request, public_id)
    form = TakeForm(request.POST or None, initial={"version": call.version})

    def do(form: CommandForm) -> FollowUpCall:
        return services.approve_unable(actor=actor_of(request), call=call, now=now(), version=form.seen)

    said = _("The call counts as not possible.")
    return _about(request, call, form, do, title=_("Approve as not possible"), submit=_("Approve"), said=said)


@form_page
@permission_required("care.approve_unable", raise_exception=True)
def refuse(request: HttpRequest, public_id: str) -> HttpResponse:
    """Somebody else wants one more try."""
    call = visible_call(request, public_id)
    form = RefuseForm(request.POST or None, initial={"version": call.version})

    def do(form: CommandForm) -> FollowUpCall:
        return services.refuse_unable(actor=actor_of(request), call=call, now=now(), version=form.seen, **form.command)

    said = _("The call is back in the queue.")
    return _about(request, call, form, do, title=_("Try again"), submit=_("Back to the queue"), said=said)


def _about(
    request: HttpRequest, call: FollowUpCall, form: CommandForm, do: Any, *, title: str, submit: str, said: str
) -> HttpResponse:
    decides = isinstance(form, TakeForm | RefuseForm)
    back = reverse("care:unable") if decides else call.get_absolute_url()
    context = {
        "call": call,
        "client_name": shown_name(call.client, actor_of(request)),
        "title": title,
        "submit": submit,
        "back_url": back,
        "crumbs": [{"label": _("Client care"), "url": reverse("care:queue")}],
        "show_answers": False,
    }
    done = reverse("care:unable") if decides else reverse("care:queue")
    return command(
        request,
        form,
        do=do,
        done=lambda: done,
        template="care/decide.html",
        context=context,
        said=said_of(call.client, request.user, said),
    )
