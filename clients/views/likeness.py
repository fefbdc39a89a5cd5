"""While a client is typed in: is somebody with these facts on file already?"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_POST

from clients.models import LikeReason
from clients.querysets.scope import shown_name
from clients.services.duplicates import ask_duplicates, whom_to_ask
from clients.services.identity_facts import facts_typed
from clients.views.rows import today, visible_client
from crm.core.errors import BudgetSpent
from crm.core.views.places import actor_of


@require_POST
@permission_required("clients.add_client", raise_exception=True)
def client_check(request: HttpRequest) -> HttpResponse:
    """Clients in reach who look alike, and whether there is one beyond it: who that is stays unsaid."""
    user = actor_of(request)
    client = visible_client(request, request.GET["client"]) if request.GET.get("client") else None
    facts = facts_typed(_typed(request), client=client, today=today())
    context: dict[str, Any] = {"seen": [], "elsewhere": False, "spent": False, "ask": []}
    if facts.are_enough:
        try:
            answer = ask_duplicates(facts=facts, actor=user, now=timezone.now(), but=client)
        except BudgetSpent:
            context["spent"] = True
        else:
            context["elsewhere"] = answer.elsewhere
            context["seen"] = [{"client": c, "name": shown_name(c, user), "reasons": _words(r)} for c, r in answer.seen]
            # Asked for whoever is found, so that both answers cost the same.
            context["ask"] = [person.name for person in whom_to_ask(user)]
    answer_ = render(request, "clients/_alike.html", context)
    answer_["Cache-Control"] = "no-store, private"
    return answer_


def _typed(request: HttpRequest) -> dict[str, Any]:
    said = {name: request.POST.get(name, "")[:80] for name in ("name", "phone", "id_number", "kind")}
    try:
        born = parse_date(request.POST.get("birth_date", "")[:10])
    except ValueError:
        born = None
    return {**said, "birth_date": born}


def _words(reasons: list[str]) -> list[str]:
    return [str(LikeReason(code).label) for code in reasons]
