"""The queue of calls and the call screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from care import services
from care.filters import FollowUpCallFilter
from care.forms.calls import AnswersForm, AttemptForm, TakeForm
from care.models import CareProgramme, FollowUpCall
from care.services.calls import all_attempts_made, attempts_wanting, is_independent
from care.views.rows import now, say_why, sections, today, visible_call
from clients.models import Channel, ContactLog, ContactPoint
from clients.querysets.scope import said_of, sees_names, shown_name
from clients.reach import hindrances
from complaints.models import Complaint
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.forms.commands import CommandForm
from crm.core.models import User
from crm.core.policies import figures
from crm.core.views.commands import command
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of
from tiers.models import TierState

_RECENT_CONTACTS = 3
#: Several forms stand on the call screen: each names its inputs in its own way.
_IDS = {name: f"{name}_%s" for name in ("take_form", "release_form", "attempt_form", "answers_form")}


@require_safe
@permission_required("care.view_followupcall", raise_exception=True)
def queue(request: HttpRequest) -> HttpResponse:
    """Callers see what they may call today, the most urgent first; others what is open, or everything."""
    user = actor_of(request)
    visible = FollowUpCall.objects.visible_to(user)
    calls = user.has_perm("care.make_followupcall")
    views = ["todo", "open", "all"] if calls else ["open", "all"]
    view = request.GET.get("view", "")
    view = view if view in views else views[0]
    found = FollowUpCallFilter(request.GET, _rows(visible, view, user).for_list(), request=request)
    context: dict[str, Any] = {
        "filter": found,
        "page": listed(request, found.qs, ("due_on", "pk")),
        "today": today(),
        "names_shown": sees_names(user),
        "view": view,
        "views": [{"key": key, "label": _VIEWS[key]()} for key in views],
        "begun": list(visible.in_hands_of(user).for_list()) if calls else [],
    }
    say_why((*context["page"], *context["begun"]))
    fragment = part(request, "care/queue.html", "care/_calls.html")
    if fragment == "care/queue.html":
        context["tabs"] = sections(request, "queue")
        if user.has_perm("care.view_careprogramme"):
            context["programmes"] = _progress(visible)
    return render(request, fragment, context)


_VIEWS: dict[str, Callable[[], str]] = {
    "todo": lambda: _("To call today"),
    "open": lambda: _("Everything open"),
    "all": lambda: _("All calls"),
}


def _rows(visible: Any, view: str, user: User) -> Any:
    if view == "todo":
        return visible.waiting_on(today()).for_caller(user)
    return visible.open() if view == "open" else visible


def _progress(visible: Any) -> list[dict[str, Any]]:
    """This year's calls of each programme: how many are there, done, not possible, missed."""
    year = today().replace(month=1, day=1)
    labels = dict(CareProgramme.Code.choices)
    return [{**row, "label": labels[row["code"]]} for row in visible.progress_since(year)]


@require_safe
@permission_required("care.view_followupcall", raise_exception=True)
def detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One call: facts before the call, script, questions, attempts, and what may be done now."""
    call = visible_call(request, public_id)
    audit.record_read(actor_of(request), "call.view", call, client=call.client)
    return render(request, "care/call.html", _screen(request, call))


@require_POST
@permission_required("care.make_followupcall", raise_exception=True)
def take(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take the call."""
    call = visible_call(request, public_id)

    def do(form: CommandForm) -> FollowUpCall:
        return services.take_call(actor=actor_of(request), call=call, now=now(), version=form.seen)

    form = TakeForm(request.POST, **_seen(call, "take_form"))
    return _command(request, call, "take_form", form, do, done=call.get_absolute_url)


@require_POST
@permission_required("care.make_followupcall", raise_exception=True)
def release(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give the call back."""
    call = visible_call(request, public_id)

    def do(form: CommandForm) -> FollowUpCall:
        return services.release_call(actor=actor_of(request), call=call, now=now(), version=form.seen)

    return _command(
        request,
        call,
        "release_form",
        TakeForm(request.POST, **_seen(call, "release_form")),
        do,
        said=_("The call is free again."),
    )


@require_POST
@permission_required("care.make_followupcall", raise_exception=True)
def attempt(request: HttpRequest, public_id: str) -> HttpResponse:
    """Note a try; the next one is on another day."""
    call = visible_call(request, public_id)

    def do(form: CommandForm) -> Any:
        return services.record_attempt(actor=actor_of(request), call=call, now=now(), version=form.seen, **form.command)

    said = _("Noted. The next attempt is on another working day.")
    form = AttemptForm(request.POST, **_seen(call, "attempt_form"))
    return _command(request, call, "attempt_form", form, do, said=said)


@require_POST
@permission_required("care.make_followupcall", raise_exception=True)
def complete(request: HttpRequest, public_id: str) -> HttpResponse:
    """All questions are answered."""
    call = visible_call(request, public_id)

    def do(form: CommandForm) -> FollowUpCall:
        return services.complete_call(actor=actor_of(request), call=call, now=now(), version=form.seen, **form.command)

    form = AnswersForm(request.POST, call=call, **_seen(call, "answers_form"))
    return _command(request, call, "answers_form", form, do, said=_("The call is done."))


def _command(
    request: HttpRequest,
    call: FollowUpCall,
    name: str,
    form: CommandForm,
    do: Callable[[CommandForm], Any],
    *,
    done: Callable[[], str] = lambda: reverse("care:queue"),
    said: str = "",
) -> HttpResponse:
    """A command on the call screen: a refusal shows the screen again with what was typed."""
    context = {**_screen(request, call), name: form}
    told = said_of(call.client, request.user, said) if said else ""
    return command(request, form, do=do, done=done, template="care/call.html", context=context, said=told)


def _screen(request: HttpRequest, call: FollowUpCall) -> dict[str, Any]:
    user, client = actor_of(request), call.client
    say_why([call])
    makes = user.has_perm("care.make_followupcall")
    in_hands = makes and call.state == FollowUpCall.State.IN_PROGRESS and call.caller_id == user.pk
    context: dict[str, Any] = {
        "call": call,
        "client_name": shown_name(client, user),
        "today": today(),
        "hindrances": _hindrances(call),
        "ahead": _ahead(call),
        "crumbs": [{"label": _("Client care"), "url": reverse("care:queue")}],
        "answers_open": call.answers_open_to(user),
        "in_hands": in_hands,
        "may_take": makes and call.may_be_taken_on(today()) and is_independent(user, call),
        "may_give_up": makes
        and call.may_be_given_up()
        and is_independent(user, call)
        and (client.do_not_contact or all_attempts_made(call, today())),
    }
    if makes or context["answers_open"]:
        context |= _brief(user, call)
    if in_hands:
        context |= {
            "answers_form": AnswersForm(call=call, **_seen(call, "answers_form")),
            "attempt_form": AttemptForm(**_seen(call, "attempt_form")),
            "release_form": TakeForm(**_seen(call, "release_form")),
            "greeting": call.programme.greeting.replace("{branch}", client.branch.name),
        }
    elif context["may_take"]:
        context["take_form"] = TakeForm(**_seen(call, "take_form"))
    return context


def _seen(call: FollowUpCall, name: str) -> dict[str, Any]:
    """What each form of the screen is made with: the version that is before the caller, and names of its own."""
    return {"initial": {"version": call.version}, "auto_id": _IDS[name]}


def _ahead(call: FollowUpCall) -> str:
    """What comes after the attempts so far, and by when; nothing for a call that nobody has tried, or that is over."""
    if call.state == FollowUpCall.State.UNABLE_PROPOSED:
        return _("Somebody else decides whether the call counts as not possible.")
    if call.state not in (FollowUpCall.State.DUE, FollowUpCall.State.MISSED) or not call.attempts_made:
        return ""
    days, unwritten = attempts_wanting(call, today())
    facts = {"days": days, "next": call.not_before, "due": call.due_on}
    if days and unwritten:
        return (
            ngettext(
                "Next: try on %(days)d more day, from %(next)s on, and write to the client; due on %(due)s.",
                "Next: try on %(days)d more days, from %(next)s on, and write to the client; due on %(due)s.",
                days,
            )
            % facts
        )
    if days:
        return (
            ngettext(
                "The client was written to. Next: try on %(days)d more day, from %(next)s on; due on %(due)s.",
                "The client was written to. Next: try on %(days)d more days, from %(next)s on; due on %(due)s.",
                days,
            )
            % facts
        )
    if unwritten:
        return _("All tries are made. Next: write to the client; due on %(due)s.") % facts
    return (
        _("All tries are made and the client was written to. Next: ask to count it as not possible, by %(due)s.")
        % facts
    )


def _hindrances(call: FollowUpCall) -> list[str]:
    """What speaks against calling now, while the call is still to be made; that nobody may contact him stands apart."""
    if call.state not in (FollowUpCall.State.DUE, FollowUpCall.State.MISSED, FollowUpCall.State.IN_PROGRESS):
        return []
    at, client = now(), call.client
    points = ContactPoint.objects.present().filter(client=client)
    found = hindrances(client, Channel.PHONE, at, figures(local_date(at), client.branch), points)
    return [one.text for one in found if one.code != "do_not_contact"]


def _brief(user: User, call: FollowUpCall) -> dict[str, Any]:
    """What a caller ought to know before he dials; each piece through its own ``visible_to``."""
    client = call.client
    return {
        "brief": True,
        "tier": TierState.objects.filter(client=client).select_related("tier").first(),
        "contacts": ContactLog.objects.visible_to(user)
        .filter(client=client)
        .select_related("staff")
        .order_by("-at", "-pk")[:_RECENT_CONTACTS]
        if user.has_perm("clients.view_contactlog")
        else [],
        "complaints": Complaint.objects.visible_to(user).filter(client=client).open().count()
        if user.has_perm("complaints.view_complaint")
        else 0,
    }
