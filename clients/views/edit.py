"""Taking a client in, correcting facts, risk grade, advisor, do-not-contact, and looking at what is masked."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clients.crumbs import to_clients
from clients.forms import AdvisorForm, ClientForm, DoNotContactForm, RiskForm
from clients.identity import in_groups
from clients.models import Client
from clients.services import assess_risk, assign_advisor, change_client, create_client, set_do_not_contact
from clients.services.clients import BOOK_ROLES
from clients.views.about import about_client
from clients.views.rows import today, visible_client
from crm.core.errors import InvalidInput
from crm.core.views.commands import command, form_page
from crm.core.views.places import actor_of
from crm.core.views.reveal import revealed

REVEALABLE = ("phone", "id_number", "email", "address")


@form_page
@permission_required("clients.add_client", raise_exception=True)
def client_create(request: HttpRequest) -> HttpResponse:
    """A new client of the own branch; who has a book himself takes the client into it."""
    user, made = actor_of(request), []
    form = ClientForm(request.POST or None)

    def do(_form: Any) -> Client:
        if user.branch is None:
            raise InvalidInput(_("You belong to no branch, so a new client has no place."))
        made.append(
            create_client(
                branch=user.branch,
                external_id=form.cleaned_data["external_id"],
                values=form.facts,
                actor=user,
                now=timezone.now(),
                advisor=user if user.role_keys & BOOK_ROLES else None,
                same_document_reason=form.cleaned_data["same_document_reason"],
            )
        )
        return made[0]

    def done() -> str:
        if not made:
            return reverse("clients:list")
        _tell_what_gave_way(request, form, made[0])
        return made[0].get_absolute_url()

    context = {
        "title": _("New client"),
        "submit": _("Take in"),
        "crumbs": to_clients(),
        "back_url": reverse("clients:list"),
        "columns": 2,
        "alike": True,
    }
    return command(
        request,
        form,
        do=do,
        done=done,
        template="clients/form.html",
        context=context,
        said=_("The client is on file."),
    )


def _tell_what_gave_way(request: HttpRequest, form: ClientForm, client: Client) -> None:
    """What was typed beside an identity number that says otherwise is not on file; who typed it is told."""
    typed = [form.cleaned_data.get("birth_date"), form.cleaned_data.get("sex")]
    held = [client.birth_date, client.sex]
    if any(said and said not in (kept, Client.Sex.UNKNOWN) for said, kept in zip(typed, held, strict=True)):
        messages.warning(request, _("Sex and date of birth are those of the identity document, not what was typed."))


@form_page
@permission_required("clients.change_client", raise_exception=True)
def client_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Correct facts; a form made from an older version is answered with 412 and changes nothing."""
    client = visible_client(request, public_id)
    form = ClientForm(request.POST or None, client=client)
    return about_client(
        request,
        client,
        form,
        lambda: change_client(
            client=client,
            values=form.facts,
            actor=actor_of(request),
            now=timezone.now(),
            version=form.seen,
            same_document_reason=form.cleaned_data["same_document_reason"],
        ),
        title=_("Edit client"),
        submit=_("Save"),
        more={"columns": 2, "alike": True},
    )


@form_page
@permission_required("clients.assess_client", raise_exception=True)
def client_risk(request: HttpRequest, public_id: str) -> HttpResponse:
    """Enter a risk grade."""
    client = visible_client(request, public_id)
    form = RiskForm(request.POST or None, client=client, today=today())
    return about_client(
        request,
        client,
        form,
        lambda: assess_risk(
            client=client, actor=actor_of(request), now=timezone.now(), version=form.seen, **form.command
        ),
        title=_("Enter a risk grade"),
        submit=_("Enter"),
    )


@form_page
@permission_required("clients.assign_client", raise_exception=True)
def client_advisor(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give the client into a colleague's book."""
    client = visible_client(request, public_id)
    form = AdvisorForm(request.POST or None, client=client)

    def do() -> Client:
        assign_advisor(client=client, actor=actor_of(request), now=timezone.now(), version=form.seen, **form.command)
        return client

    return about_client(request, client, form, do, title=_("Assign an advisor"), submit=_("Assign"))


@form_page
@permission_required("clients.change_client", raise_exception=True)
def client_do_not_contact(request: HttpRequest, public_id: str) -> HttpResponse:
    """Set or lift the mark that nobody calls this client."""
    client = visible_client(request, public_id)
    initial = {"do_not_contact": not client.do_not_contact, "version": client.version}
    form = DoNotContactForm(request.POST or None, initial=initial)
    return about_client(
        request,
        client,
        form,
        lambda: set_do_not_contact(client=client, actor=actor_of(request), version=form.seen, **form.command),
        title=_("Do not contact"),
        submit=_("Save"),
    )


@require_POST
@permission_required("clients.reveal_client", raise_exception=True)
def client_reveal(request: HttpRequest, public_id: str, field: str) -> HttpResponse:
    """One private value in full, with a reason, within the daily allowance, on record; never kept by the browser."""
    client = visible_client(request, public_id)
    if field not in REVEALABLE:
        raise Http404
    return revealed(request, client, field, client=client, written=in_groups)
