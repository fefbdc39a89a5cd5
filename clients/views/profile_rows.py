"""Rows of a profile: putting one on file, changing it, taking it off, looking at a sealed value; that none is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from clients import services
from clients.forms.profile import DocumentForm, NeedForm, PersonForm, PointForm, RefusalForm, RelationForm, RowForm
from clients.identity import in_groups
from clients.models import Client, ContactPerson, ContactPoint, FinancingNeed, IdentityDocument, Relation
from clients.provenance import ROWS_OF_INSTITUTIONS
from clients.querysets.scope import said_of
from clients.services.relations import client_with_number
from clients.views.about import about_client
from clients.views.rows import visible_client
from crm.core.models import User
from crm.core.views.commands import at_once, form_page
from crm.core.views.places import actor_of
from crm.core.views.reveal import revealed


@dataclass(frozen=True)
class RowKind:
    """A kind of rows: its model, form and services, and the names of its pages (``<name>_add``, ``_edit``, ``_remove``)."""

    name: str
    slug: str
    model: Any
    form: type[RowForm]
    add: Callable[..., Any]
    change: Callable[..., Any]
    new: str | Promise
    edit: str | Promise
    #: That the client gives none, or no further ones.
    refused: str | Promise
    #: Sealed fields that may be revealed.
    sealed: tuple[str, ...] = ()

    @property
    def right(self) -> str:
        return str(self.model._meta.model_name)


KINDS: dict[str, RowKind] = {
    kind.name: kind
    for kind in (
        RowKind(
            "document",
            "documents",
            IdentityDocument,
            DocumentForm,
            services.add_document,
            services.change_document,
            _("Put a document on file"),
            _("Change a document"),
            _("The client gives no further identity document"),
            ("number",),
        ),
        RowKind(
            "contact_point",
            "contact-points",
            ContactPoint,
            PointForm,
            services.add_contact_point,
            services.change_contact_point,
            _("Put a contact point on file"),
            _("Change a contact point"),
            _("The client gives no further phone, e-mail or address"),
            ("value",),
        ),
        RowKind(
            "contact_person",
            "contact-persons",
            ContactPerson,
            PersonForm,
            services.add_contact_person,
            services.change_contact_person,
            _("Put a contact person on file"),
            _("Change a contact person"),
            _("The institution names nobody further who speaks for it"),
            ("phone", "email"),
        ),
        RowKind(
            "financing_need",
            "financing-needs",
            FinancingNeed,
            NeedForm,
            services.add_financing_need,
            services.change_financing_need,
            _("Put a financing need on file"),
            _("Change a financing need"),
            _("The institution does not say what it wants to raise"),
        ),
        RowKind(
            "relation",
            "relations",
            Relation,
            RelationForm,
            services.add_relation,
            services.change_relation,
            _("Put a relation on file"),
            _("Change a relation"),
            _("The client names no further related person"),
        ),
    )
}


def visible_row(user: User, client: Client, kind: RowKind, row: str) -> Any:
    """The row, if it is one of this client's that still holds; 404 otherwise."""
    rows = kind.model.objects.visible_to(user).present().filter(client=client)
    return get_object_or_404(rows.select_related("client__branch"), public_id=row)


def _add(kind: RowKind) -> Callable[..., HttpResponse]:
    @form_page
    @permission_required(f"clients.add_{kind.right}", raise_exception=True)
    def page(request: HttpRequest, public_id: str) -> HttpResponse:
        client = visible_client(request, public_id)
        first = {name: request.GET[name] for name in ("kind", "is_primary") if name in request.GET}
        form = kind.form(request.POST or None, initial=first)

        def do() -> Any:
            who = actor_of(request)
            return kind.add(client=client, values=_facts(form, who, client), actor=who, now=timezone.now())

        return about_client(request, client, form, do, title=kind.new, back=client.tab_url("profile"))

    return page


def _edit(kind: RowKind) -> Callable[..., HttpResponse]:
    @form_page
    @permission_required(f"clients.change_{kind.right}", raise_exception=True)
    def page(request: HttpRequest, public_id: str, row: str) -> HttpResponse:
        client = visible_client(request, public_id)
        held = visible_row(actor_of(request), client, kind, row)
        form = kind.form(request.POST or None, row=held)

        def do() -> Any:
            return kind.change(
                row=held, values=form.facts, actor=actor_of(request), now=timezone.now(), version=form.seen
            )

        return about_client(request, client, form, do, title=kind.edit, back=client.tab_url("profile"))

    return page


def _remove(kind: RowKind) -> Callable[..., HttpResponse]:
    @require_POST
    @permission_required(f"clients.change_{kind.right}", raise_exception=True)
    def page(request: HttpRequest, public_id: str, row: str) -> HttpResponse:
        client = visible_client(request, public_id)
        who, now = actor_of(request), timezone.now()
        held = visible_row(who, client, kind, row)
        return at_once(
            request,
            do=lambda seen: services.remove_row(row=held, actor=who, now=now, version=seen),
            back=client.tab_url("profile"),
            said=said_of(client, request.user, _("Taken off. It stays on file.")),
        )

    return page


@form_page
@permission_required("clients.change_client", raise_exception=True)
def rows_refused(request: HttpRequest, public_id: str, kind: str) -> HttpResponse:
    """Note that the client refuses to give rows of one kind, or that he no longer does."""
    client = visible_client(request, public_id)
    found = KINDS.get(kind)
    if found is None or (client.kind == Client.Kind.PERSON and found.model.refused_as in ROWS_OF_INSTITUTIONS):
        raise Http404
    form = RefusalForm(request.POST or None, client=client, name=found.model.refused_as, words=found.refused)

    def do() -> Client:
        who, now = actor_of(request), timezone.now()
        changed: Client = services.change_client(
            client=client, values={}, actor=who, now=now, version=form.seen, **form.terms
        )
        return changed

    return about_client(request, client, form, do, title=_("Refused to provide"), back=client.tab_url("profile"))


@require_POST
@permission_required("clients.reveal_client", raise_exception=True)
def row_reveal(request: HttpRequest, public_id: str, kind: str, row: str, field: str) -> HttpResponse:
    """One sealed value in full, with a reason, within the daily allowance, on record; never kept by the browser."""
    client = visible_client(request, public_id)
    found = KINDS.get(kind)
    if found is None or field not in found.sealed:
        raise Http404
    held = visible_row(actor_of(request), client, found, row)
    return revealed(request, held, field, client=client, written=in_groups)


def _facts(form: RowForm, user: User, client: Client) -> dict[str, Any]:
    """What the service takes; another client is named by a number among those whom the user may see."""
    said = form.facts
    if "other_number" in said:
        number = said.pop("other_number")
        said["other"] = client_with_number(user, client, number) if number else None
    return said


def urls() -> list[URLPattern]:
    """The pages of every kind of rows."""
    found = []
    for kind in KINDS.values():
        where = f"clients/<str:public_id>/{kind.slug}/"
        found += [
            path(f"{where}new/", _add(kind), name=f"{kind.name}_add"),
            path(f"{where}<str:row>/", _edit(kind), name=f"{kind.name}_edit"),
            path(f"{where}<str:row>/remove/", _remove(kind), name=f"{kind.name}_remove"),
        ]
    return found
