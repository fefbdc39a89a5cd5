"""Money-laundering grades and suspicion: what is due, one client's gradings, and the page of compliance alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.forms.aml import GradeForm, SuspicionForm
from clients.models import AmlGrade, Client, SuspicionFlag
from clients.querysets.aml import gradings_due, ungraded
from clients.querysets.scope import shown_name
from clients.services import grade_client, lift_suspicion, raise_suspicion
from clients.services.aml import first_due
from clients.views.about import about_client
from clients.views.rows import today, visible_client
from crm.core import audit
from crm.core.clocks import Calendar
from crm.core.models import User
from crm.core.policies import figures
from crm.core.views.commands import form_page
from crm.core.views.lists import Listed, listed
from crm.core.views.places import actor_of

TONES = {"high": "danger", "middle": "warning", "low": "success"}
#: Gradings that the page of one client shows.
_MOST = 60


@require_safe
@permission_required("clients.view_amlgrade", raise_exception=True)
def aml_list(request: HttpRequest) -> HttpResponse:
    """``?state=``: clients nobody has graded, reviews that are late or due soon, and whose key identity data changed."""
    user, day = actor_of(request), today()
    states = {
        "ungraded": _("Not graded yet"),
        "overdue": _("Review overdue"),
        "changed": _("Identity data changed"),
        "soon": _("Review due soon"),
        "all": _("All grades"),
    }
    state = request.GET.get("state", "")
    state = state if state in states else "ungraded"
    audit.record_read(user, "aml.view", AmlGrade._meta.label_lower)
    known = figures(day, user.branch)
    page: Listed = (
        listed(request, ungraded(user), ("aml_since", "id"))
        if state == "ungraded"
        else listed(request, gradings_due(user, state, day, known), ("review_on", "id"))
    )
    context = {
        "page": page,
        "rows": _ungraded(page, user, day) if state == "ungraded" else [_graded(row, user, day) for row in page],
        "state": state,
        "states": [{"key": key, "label": label} for key, label in states.items()],
        "first_days": known.days("aml.first_grade_days"),
        "today": day,
        "may_grade": user.has_perm("clients.add_amlgrade"),
    }
    return render(request, "clients/aml.html", context)


def _ungraded(clients: Iterable[Client], user: User, day: date) -> list[dict[str, Any]]:
    """Each with the day of his first grading; calendar and figures of a branch are read once."""
    calendar, known, found = Calendar.around(day), {}, []
    for client in clients:
        if client.branch_id not in known:
            known[client.branch_id] = figures(day, client.branch)
        due = first_due(client.opened_on, known[client.branch_id], calendar) if client.opened_on else None
        row = {"client": client, "name": shown_name(client, user), "grade": None, "due_on": due, "changed": ""}
        found.append(row | {"is_late": due is None or due < day})
    return found


def _graded(row: AmlGrade, user: User, day: date) -> dict[str, Any]:
    return {
        "client": row.client,
        "name": shown_name(row.client, user),
        "grade": row,
        "tone": TONES[row.grade],
        "due_on": row.review_on,
        "is_late": row.review_on < day,
        "changed": _changed(row, row.client),
    }


def _changed(row: AmlGrade, client: Client) -> str:
    """The key identity facts that are other now, in words."""
    fields: Any = Client._meta
    return _(", ").join(str(fields.get_field(name).verbose_name) for name in row.changed_facts(client))


@require_safe
@permission_required("clients.view_amlgrade", raise_exception=True)
def aml_client(request: HttpRequest, public_id: str) -> HttpResponse:
    """One client's gradings, the newest first. The look is on the trail, for those who may know of it."""
    client, user, day = visible_client(request, public_id), actor_of(request), today()
    rows = AmlGrade.objects.visible_to(user).filter(client=client).for_list()
    history: list[Any] = list(rows.order_by("-graded_on", "-pk")[:_MOST])
    audit.record_read(user, "aml.view", AmlGrade._meta.label_lower, client=client)
    for row in history:
        row.tone = TONES[row.grade]
    present = next((row for row in history if row.is_present), None)
    context = {
        "client": client,
        "client_name": shown_name(client, user),
        "history": history,
        "present": present,
        "changed": _changed(present, client) if present else "",
        "first_due": None if present else _ungraded([client], user, day)[0]["due_on"],
        "today": day,
        "crumbs": [_list_crumb()],
    }
    return render(request, "clients/aml_client.html", context)


@form_page
@permission_required("clients.add_amlgrade", raise_exception=True)
def aml_grade(request: HttpRequest, public_id: str) -> HttpResponse:
    """Grade a client: for the first time, at a review, or because something happened."""
    client, user = visible_client(request, public_id), actor_of(request)
    present = AmlGrade.objects.visible_to(user).present().filter(client=client).first()
    changed = _changed(present, client) if present else ""
    occasion = ("identity" if changed else "review") if present else "first"
    first = {"graded_on": today(), "occasion": occasion, "basis": present.public_id if present else ""}
    form = GradeForm(request.POST or None, initial=first | ({"grade": present.grade} if present else {}))
    back = reverse("clients:aml_client", args=[client.public_id])

    def do() -> AmlGrade:
        return grade_client(client=client, actor=user, now=timezone.now(), **form.command)

    note = _("Other than at the last grading: %(facts)s.") % {"facts": changed} if changed else ""
    return _about(request, client, form, do, title=_("Grade for money laundering"), note=note, back=back)


@require_safe
@permission_required("clients.view_suspicionflag", raise_exception=True)
def suspicion_list(request: HttpRequest) -> HttpResponse:
    """Flags that stand, or all of them (``?state=all``); for compliance alone, and on no other page."""
    user = actor_of(request)
    state = "all" if request.GET.get("state") == "all" else "standing"
    rows = SuspicionFlag.objects.visible_to(user).select_related("client", "raised_by", "lifted_by")
    page = listed(request, rows if state == "all" else rows.standing(), ("-raised_at", "-id"))
    audit.record_read(user, "suspicion.view", SuspicionFlag._meta.label_lower)
    for row in page:
        row.client_name = shown_name(row.client, user)
    context = {
        "page": page,
        "state": state,
        "states": [{"key": "standing", "label": _("Standing")}, {"key": "all", "label": _("All flags")}],
    }
    return render(request, "clients/suspicions.html", context)


@form_page
@permission_required("clients.add_suspicionflag", raise_exception=True)
def suspicion_raise(request: HttpRequest, public_id: str) -> HttpResponse:
    """Raise a flag."""
    client, user = visible_client(request, public_id), actor_of(request)
    form = SuspicionForm(request.POST or None)

    def do() -> SuspicionFlag:
        return raise_suspicion(client=client, actor=user, now=timezone.now(), **form.command)

    note = _("Only compliance learns of it. Tell nobody, least of all the client (Art. 7 and 35 of the law).")
    back = reverse("clients:suspicions")
    return _about(request, client, form, do, title=_("Suspicion of money laundering"), note=note, back=back)


@form_page
@permission_required("clients.change_suspicionflag", raise_exception=True)
def suspicion_lift(request: HttpRequest, public_id: str) -> HttpResponse:
    """Lift a flag."""
    user = actor_of(request)
    rows = SuspicionFlag.objects.visible_to(user).select_related("client__branch")
    flag: SuspicionFlag = get_object_or_404(rows, public_id=public_id)
    form = SuspicionForm(request.POST or None, initial={"version": flag.version})

    def do() -> SuspicionFlag:
        return lift_suspicion(flag=flag, actor=user, now=timezone.now(), version=form.seen, **form.command)

    back = reverse("clients:suspicions")
    return _about(request, flag.client, form, do, title=_("Lift the suspicion"), note=flag.reason, back=back)


def _list_crumb() -> dict[str, str]:
    return {"label": _("Money-laundering grades"), "url": reverse("clients:aml")}


def _about(
    request: HttpRequest, client: Client, form: Any, do: Any, *, title: str, note: str, back: str
) -> HttpResponse:
    return about_client(request, client, form, do, title=title, back=back, crumbs=[_list_crumb()], more={"note": note})
