"""Taking a list out: clients as the list shows them, their contacts, their daily assets."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from clients.crumbs import to_clients
from clients.filters import ClientFilter
from clients.forms.export import ExportForm, kinds_for
from clients.models import Client
from clients.services.export import take_out
from clients.views.lists import count_text
from clients.views.rows import today
from crm.core.clocks import local_date
from crm.core.errors import DomainError
from crm.core.exporting import ExportKind
from crm.core.step_up import SignInAgain, again_url, is_fresh
from crm.core.views.commands import form_page
from crm.core.views.exports import file_answer
from crm.core.views.places import actor_of


@form_page
@permission_required("clients.export_client", raise_exception=True)
def client_export(request: HttpRequest) -> HttpResponse:
    """Asked with a reason; on the trail before the first byte leaves, or a request that somebody else decides about."""
    kinds = kinds_for(actor_of(request))
    kind = _kind(request, kinds)
    found = ClientFilter(request.GET, Client.objects.visible_to(actor_of(request)), request=request)
    form = ExportForm(request.POST or None, user=actor_of(request), kind=kind, today=today())
    fresh, status = is_fresh(request, actor_of(request), timezone.now()), 200
    again = again_url(request.get_full_path())
    if request.method != "POST" and not fresh:
        return redirect(again)
    if request.method == "POST":
        if form.is_valid():
            try:
                if not fresh:
                    raise SignInAgain
                return _taken(request, found, form, kind)
            except DomainError as refusal:
                form.add_error(None, str(refusal.message))
                status = refusal.status
        else:
            status = 400
    context: dict[str, Any] = {
        "form": form,
        "filter": found,
        "kinds": [(one.key, one.label, _with_kind(request, one.key)) for one in kinds],
        "kind": kind.key,
        "crumbs": to_clients(),
        "back_url": f"{reverse('clients:list')}?{request.GET.urlencode()}",
        "count_text": count_text(found.qs),
        "again_url": "" if fresh else again,
    }
    return render(request, "clients/export.html", context, status=status)


def _taken(request: HttpRequest, found: ClientFilter, form: ExportForm, kind: ExportKind) -> HttpResponse:
    now = timezone.now()
    with transaction.atomic():
        export, body = take_out(
            actor=actor_of(request),
            clients=found.qs,
            kind=kind.key,
            said=form.command,
            narrowed_by=request.GET.urlencode(),
            now=now,
        )
    if body is None:
        return redirect("core:export_detail", export.public_id)
    return file_answer(f"{kind.key}-{local_date(now):%Y%m%d}", export.form, body)


def _kind(request: HttpRequest, kinds: list[ExportKind]) -> ExportKind:
    if not kinds:
        raise PermissionDenied
    wanted = request.GET.get("what", "")
    return next((kind for kind in kinds if kind.key == wanted), kinds[0])


def _with_kind(request: HttpRequest, key: str) -> str:
    query = request.GET.copy()
    query["what"] = key
    return f"{request.path}?{query.urlencode()}"
