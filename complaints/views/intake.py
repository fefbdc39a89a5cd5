"""Taking a complaint down: whose it is, then what it says."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Client
from clients.querysets.scope import shown_name
from clients.querysets.search import Hits
from complaints.forms import RegisterForm
from complaints.models import Complaint
from complaints.services import register_complaint
from crm.core.forms.commands import CommandForm
from crm.core.masking import mask_phone
from crm.core.views.commands import command, form_page
from crm.core.views.lists import part
from crm.core.views.places import actor_of

_FOUND = 10


@form_page
@permission_required("complaints.add_complaint", raise_exception=True)
def register(request: HttpRequest) -> HttpResponse:
    """First the client (``?q=`` finds, ``?client=`` names him) or somebody who is none (``?stranger=1``), then the form."""
    chosen = request.GET.get("client", "")
    if not chosen and not request.GET.get("stranger"):
        return _choose(request)
    client = get_object_or_404(Client.objects.visible_to(actor_of(request)), public_id=chosen) if chosen else None
    form = RegisterForm(request.POST or None, request.FILES or None, actor=actor_of(request), client=client)
    taken: list[Complaint] = []

    def take_down(form: CommandForm) -> Complaint:
        said = form.command
        place = client.branch if client is not None else said.pop("branch")
        taken.append(
            register_complaint(actor=actor_of(request), branch=place, client=client, now=timezone.now(), **said)
        )
        return taken[0]

    return command(
        request,
        form,
        do=take_down,
        done=lambda: _where(request, taken),
        template=part(request, "complaints/register.html", "complaints/_register.html"),
        context={
            "client": client,
            "client_name": shown_name(client, actor_of(request)) if client is not None else "",
            "crumbs": _crumbs(),
            "back_url": reverse("complaints:register"),
        },
    )


def _where(request: HttpRequest, taken: list[Complaint]) -> str:
    """To the dossier; whoever is recused from what he has just taken down goes back to the list."""
    if not taken:
        return reverse("complaints:list")
    mine = Complaint.objects.visible_to(actor_of(request)).filter(pk=taken[0].pk).exists()
    if mine:
        messages.success(
            request, _("Complaint %(number)s is registered; its clocks run.") % {"number": taken[0].number}
        )
        return taken[0].get_absolute_url()
    messages.success(request, _("The complaint is registered and lies with others, who will handle it."))
    return reverse("complaints:list")


def _choose(request: HttpRequest) -> HttpResponse:
    typed = request.GET.get("q", "").strip()[:60]
    found: list[Any] = []
    if typed:
        hits = Hits.of(typed, actor_of(request))
        rows, order = Client.objects.visible_to(actor_of(request)).filter(hits.q).ranked(hits, actor_of(request))
        found = list(rows.order_by(*order).select_related("advisor", "branch")[:_FOUND])
    for client in found:
        client.shown_name, client.shown_phone = shown_name(client, actor_of(request)), mask_phone(client.phone)
    context = {"typed": typed, "found": found, "crumbs": _crumbs()}
    return render(request, part(request, "complaints/choose.html", "complaints/_found.html"), context)


def _crumbs() -> list[dict[str, Any]]:
    return [{"label": _("Complaints"), "url": reverse("complaints:list")}, {"label": _("Take down"), "url": ""}]
