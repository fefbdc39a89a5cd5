"""Advisory agreements of one client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from advisory.forms import CancelForm, EndForm, SignForm
from advisory.models import AdvisoryAgreement
from advisory.services import cancel_agreement, end_agreement, sign_agreement
from clients.models import Client
from clients.querysets.scope import said_of, shown_name
from crm.core.clocks import local_date
from crm.core.forms.commands import CommandForm
from crm.core.views.commands import command, form_page
from crm.core.views.places import actor_of


@require_safe
@permission_required("advisory.view_advisoryagreement", raise_exception=True)
def agreement_list(request: HttpRequest, public_id: str) -> HttpResponse:
    """Agreements of the client, the newest first."""
    client = _client(request, public_id)
    rows = AdvisoryAgreement.objects.visible_to(actor_of(request)).filter(client=client).select_related("advisor")
    context = {
        "client": client,
        "name": shown_name(client, request.user),
        "agreements": rows.order_by("-signed_on", "-pk"),
        "today": local_date(timezone.now()),
    }
    return render(request, "advisory/agreements.html", context)


@form_page
@permission_required("advisory.add_advisoryagreement", raise_exception=True)
def agreement_sign(request: HttpRequest, public_id: str) -> HttpResponse:
    """Put a signed agreement on file."""
    client = _client(request, public_id)
    form = SignForm(request.POST or None, initial={"signed_on": local_date(timezone.now())})

    def do(form: Any) -> AdvisoryAgreement:
        return sign_agreement(client=client, actor=actor_of(request), now=timezone.now(), **form.command)

    return _about(
        request,
        client,
        form,
        do,
        title=_("Sign an advisory agreement"),
        submit=_("Put on file"),
        said=_("The agreement is on file."),
    )


@form_page
@permission_required("advisory.change_advisoryagreement", raise_exception=True)
def agreement_cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    """The client has cancelled in time."""
    row = _agreement(request, public_id)
    form = CancelForm(request.POST or None, initial={"received_on": local_date(timezone.now()), "version": row.version})

    def do(form: Any) -> AdvisoryAgreement:
        return cancel_agreement(
            agreement=row, actor=actor_of(request), now=timezone.now(), version=form.seen, **form.command
        )

    return _about(
        request,
        row.client,
        form,
        do,
        title=_("Cancel agreement %(number)s") % {"number": row.number},
        submit=_("Cancel the agreement"),
        said=_("The agreement is cancelled."),
    )


@form_page
@permission_required("advisory.change_advisoryagreement", raise_exception=True)
def agreement_end(request: HttpRequest, public_id: str) -> HttpResponse:
    """The agreement ends as agreed."""
    row = _agreement(request, public_id)
    form = EndForm(request.POST or None, initial={"ended_on": local_date(timezone.now()), "version": row.version})

    def do(form: Any) -> AdvisoryAgreement:
        return end_agreement(
            agreement=row, actor=actor_of(request), now=timezone.now(), version=form.seen, **form.command
        )

    return _about(
        request,
        row.client,
        form,
        do,
        title=_("End agreement %(number)s") % {"number": row.number},
        submit=_("End the agreement"),
        said=_("The agreement has ended."),
    )


def _about(
    request: HttpRequest,
    client: Client,
    form: CommandForm,
    do: Callable[[Any], AdvisoryAgreement],
    *,
    title: str,
    submit: str,
    said: str,
) -> HttpResponse:
    back = reverse("advisory:agreements", args=[client.public_id])
    context = {
        "title": title,
        "submit": submit,
        "about": f"{shown_name(client, request.user)} {client.external_id}",
        "back_url": back,
        "crumbs": [{"label": _("Advisory agreements"), "url": back}],
    }
    return command(
        request,
        form,
        do=do,
        done=lambda: back,
        template="advisory/form.html",
        context=context,
        said=said_of(client, request.user, said),
    )


def _client(request: HttpRequest, public_id: str) -> Client:
    rows = Client.objects.visible_to(actor_of(request)).select_related("branch", "advisor")
    return get_object_or_404(rows, public_id=public_id)


def _agreement(request: HttpRequest, public_id: str) -> AdvisoryAgreement:
    rows = AdvisoryAgreement.objects.visible_to(actor_of(request)).select_related("client__branch", "advisor")
    return get_object_or_404(rows, public_id=public_id)
