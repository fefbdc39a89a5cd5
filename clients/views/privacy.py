"""Data-subject requests from receipt to answer, and the file for the client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from clients.filters import DataRequestFilter
from clients.forms.privacy import AnswerForm, ConfirmForm, FileForm, IdentityForm, ReceiveForm, WhyForm
from clients.models import Client, DataRequest, Erasure
from clients.querysets.scope import shown_name
from clients.retention import retention_of
from clients.services import data_requests as services
from clients.services.told import take_file
from clients.views.about import about_client
from clients.views.client_file import file_answer
from clients.views.rows import today, visible_client
from crm.core import audit
from crm.core.errors import MissingRight
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of


@require_safe
@permission_required("clients.view_datarequest", raise_exception=True)
def request_list(request: HttpRequest) -> HttpResponse:
    """Requests by the day of their answer."""
    user = actor_of(request)
    rows = DataRequest.objects.visible_to(user)
    found = DataRequestFilter(request.GET, rows, request=request)
    page = listed(request, found.qs.for_list(), ("due_on", "id"))
    for row in page:
        row.client_name = shown_name(row.client, user)
    context = {"filter": found, "page": page, "today": today()}
    return render(request, part(request, "clients/data_requests.html", "clients/_data_requests.html"), context)


@form_page
@permission_required("clients.add_datarequest", raise_exception=True)
def request_new(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a request down."""
    client, user = visible_client(request, public_id), actor_of(request)
    form = ReceiveForm(request.POST or None, initial={"received_on": today()})
    may_open = user.has_perm("clients.view_datarequest")
    made: list[DataRequest] = []

    def do() -> DataRequest:
        made.append(services.receive_request(client=client, actor=user, now=timezone.now(), **form.command))
        return made[0]

    return about_client(
        request,
        client,
        form,
        do,
        title=_("Data-subject request"),
        submit=_("Take down"),
        done=lambda: made[0].get_absolute_url() if made and may_open else client.get_absolute_url(),
        said=_("The request is on file."),
    )


@require_safe
@permission_required("clients.view_datarequest", raise_exception=True)
def request_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """One request with its clock and what may be done next."""
    row, user = _visible(request, public_id), actor_of(request)
    audit.record_read(user, "data_request.view", row, client=row.client)
    context = {
        "row": row,
        "client_name": shown_name(row.client, user),
        "steps": [
            {"key": key, "label": step.label, "url": reverse("clients:data_request_step", args=[row.public_id, key])}
            for key, step in STEPS.items()
            if row.state in step.states and user.has_perm(step.right) and step.fits(row, user.pk)
        ],
        "edit_url": reverse("clients:edit", args=[row.client.public_id])
        if row.kind == DataRequest.Kind.CORRECT and row.is_open and user.has_perm("clients.change_client")
        else "",
        "crumbs": [{"label": _("Data-subject requests"), "url": reverse("clients:data_requests")}],
        "ahead": _ahead(row),
        "today": today(),
    }
    return render(request, "clients/data_request.html", context)


def _ahead(row: DataRequest) -> str:
    """What comes next and by when, also once the answer is settled."""
    facts = {"due": row.due_on}
    match row.state:
        case _S.RECEIVED if row.paused_on is not None:
            return _("The client proves who he is; until then the clock stands still.")
        case _S.RECEIVED:
            return _("Make sure who asks; the answer is due on %(due)s.") % facts
        case _S.CHECKED | _S.IN_WORK:
            return _("Propose an answer; it is due on %(due)s.") % facts
        case _S.PROPOSED:
            return _("A second person approves the answer or sends it back; it is due on %(due)s.") % facts
        case _S.REFUSED:
            return _("Tell the client the answer with its reasons, by %(due)s.") % facts
    match row.kind:
        case DataRequest.Kind.ACCESS | DataRequest.Kind.COPY:
            return _("Make the file for the client and hand it to him, by %(due)s.") % facts
        case DataRequest.Kind.CORRECT:
            return _("Correct the facts in the client's file and tell him, by %(due)s.") % facts
        case DataRequest.Kind.DELETE:
            return f"{_('Tell the client the answer, by %(due)s.') % facts} {_until_erased(row.client)}".strip()
    return _("Tell the client the answer, by %(due)s.") % facts


def _until_erased(client: Client) -> str:
    """Where the erasure of a client stands whose request for it was granted."""
    if client.erased_on is not None:
        return ""
    if Erasure.objects.filter(client=client, state=Erasure.State.PROPOSED).exists():
        return _("Two others approve the erasure.")
    until = retention_of(client, today()).until
    if until is None or until < today():
        return _("The erasure is proposed once nothing stands against it any more.")
    return _("The data may be erased after %(day)s, when nothing stands against it any more.") % {"day": until}


@dataclass(frozen=True)
class Step:
    """One step of a request: its form, the service, and where it fits."""

    label: Any
    form: type[Any]
    service: Callable[..., Any]
    states: tuple[str, ...]
    right: str = "clients.change_datarequest"
    needs_now: bool = True
    fits: Callable[[DataRequest, int], bool] = lambda _row, _actor: True


_S = DataRequest.State
STEPS: dict[str, Step] = {
    "identity": Step(gettext_lazy("Identity checked"), IdentityForm, services.check_identity, (_S.RECEIVED,)),
    "proof": Step(
        gettext_lazy("Ask for proof of identity"),
        ConfirmForm,
        services.ask_for_proof,
        (_S.RECEIVED,),
        fits=lambda row, _actor: row.paused_on is None,
    ),
    "take": Step(
        gettext_lazy("Take it on"),
        ConfirmForm,
        services.take_request,
        (_S.CHECKED, _S.IN_WORK),
        needs_now=False,
        fits=lambda row, actor: row.owner_id != actor,
    ),
    "propose": Step(
        gettext_lazy("Propose an answer"),
        AnswerForm,
        services.propose_answer,
        (_S.RECEIVED, _S.CHECKED, _S.IN_WORK),
        needs_now=False,
    ),
    "approve": Step(
        gettext_lazy("Approve the answer"),
        ConfirmForm,
        services.approve_answer,
        (_S.PROPOSED,),
        right="clients.approve_datarequest",
        fits=lambda row, actor: row.proposed_by_id != actor,
    ),
    "back": Step(
        gettext_lazy("Send it back"),
        WhyForm,
        services.send_back,
        (_S.PROPOSED,),
        right="clients.approve_datarequest",
        needs_now=False,
        fits=lambda row, actor: row.proposed_by_id != actor,
    ),
    "file": Step(
        gettext_lazy("File for the client"),
        FileForm,
        take_file,
        (_S.CHECKED, _S.IN_WORK, _S.PROPOSED, _S.ANSWERED),
        fits=lambda row, _actor: row.kind in (DataRequest.Kind.ACCESS, DataRequest.Kind.COPY),
    ),
}


@form_page
@permission_required("clients.view_datarequest", raise_exception=True)
def request_step(request: HttpRequest, public_id: str, step: str) -> HttpResponse:
    """One step of a request; each asks its own right."""
    row, user = _visible(request, public_id), actor_of(request)
    if step not in STEPS:
        raise Http404
    chosen = STEPS[step]
    if not user.has_perm(chosen.right):
        raise MissingRight
    # The file only takes out what is on file; every other step changes the request.
    form = chosen.form(request.POST or None, initial={} if step == "file" else {"version": row.version})
    sections: list[Any] = []

    def do(_form: Any) -> DataRequest:
        said = {**form.command, "actor": user, **({"now": timezone.now()} if chosen.needs_now else {})}
        if step == "file":
            sections.extend(take_file(request=row, **said))
        else:
            chosen.service(request=row, version=form.seen, **said)
        return row

    def done() -> str | HttpResponse:
        if not sections:
            return row.get_absolute_url()
        return file_answer(request, row, sections, form.cleaned_data["form"], form.cleaned_data["reason"])

    context = {
        "client": row.client,
        "client_name": shown_name(row.client, user),
        "title": chosen.label,
        "submit": chosen.label,
        "note": _note(row, step),
        "download": step == "file",
        "crumbs": [
            {"label": _("Data-subject requests"), "url": reverse("clients:data_requests")},
            {"label": str(row), "url": row.get_absolute_url()},
        ],
        "back_url": row.get_absolute_url(),
    }
    return command(request, form, do=do, done=done, template="clients/form.html", context=context)


def _note(row: DataRequest, step: str) -> str:
    if step == "approve" and row.grants and row.kind == DataRequest.Kind.DELETE:
        return _("The client's data are restricted to storage at once; they go as soon as nothing stands against it.")
    if step == "proof":
        return _("The clock stands still until the identity is proved.")
    if step == "file":
        return _(
            "What is kept from you is not in it: complaints about you or somebody above you, and what your own clients "
            "answered in calls. Compliance makes the whole file."
        )
    return row.answer if step in ("approve", "back") else ""


def _visible(request: HttpRequest, public_id: str) -> DataRequest:
    rows = DataRequest.objects.visible_to(actor_of(request)).select_related(
        "client__branch", "owner", "registered_by", "identity_checked_by", "proposed_by", "approved_by"
    )
    return get_object_or_404(rows, public_id=public_id)
