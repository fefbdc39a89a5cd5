"""The hand-over: choose whose clients go, see who would take how many, confirm."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from advisory.forms import HandOverForm
from advisory.models import HandOver
from advisory.services import hand_over, preview_hand_over
from advisory.services.hand_overs import book_of, chosen_of
from crm.core.errors import DomainError
from crm.core.models import User
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed
from crm.core.views.places import Place, actor_of, place_of

#: A longer book goes as a whole.
MOST_TICKED = 300


@require_safe
@permission_required("advisory.view_handover", raise_exception=True)
def hand_over_list(request: HttpRequest) -> HttpResponse:
    """Hand-overs of the branch, the newest first."""
    place = place_of(request)
    rows = HandOver.objects.visible_to(actor_of(request)).filter(branch=place.branch)
    page = listed(request, rows.select_related("giver", "taker", "done_by"), ("-id",))
    return render(request, "advisory/hand_overs.html", {"place": place, "page": page})


@form_page
@permission_required("advisory.add_handover", raise_exception=True)
def hand_over_new(request: HttpRequest) -> HttpResponse:
    """First the choice (GET), then the preview with the confirmation (POST)."""
    place = place_of(request)
    said = request.POST if request.method == "POST" else request.GET
    choice = HandOverForm(said if "giver" in said else None, branch=place.branch, preview=True)
    context: dict[str, Any] = {"place": place, "choice": choice}
    chosen: list[int] | None = None
    if choice.is_bound and choice.is_valid():
        picked = _pick(request, choice, place, said.getlist("clients"))
        chosen = [row.pk for row in picked if row.is_chosen] if said.getlist("clients") else None
        context |= {"picked": picked, "is_some": chosen is not None, **_previewed(choice, place, chosen)}
    if request.method == "POST":
        return _done(request, place, HandOverForm(request.POST, branch=place.branch), context)
    return render(request, "advisory/hand_over.html", context)


def _pick(request: HttpRequest, choice: HandOverForm, place: Place, keys: list[str]) -> list[Any]:
    """The clients to choose from, the wealthiest first; none where they are too many to be ticked one by one."""
    book = book_of(choice.from_whom, place.branch).visible_to(actor_of(request)).order_by("-total_assets", "-pk")
    rows = list(book[: MOST_TICKED + 1])
    if len(rows) > MOST_TICKED and not keys:
        return []
    for row in rows:
        row.name_shown, row.is_chosen = row.masked_name, row.public_id in keys
    return rows


def _previewed(choice: HandOverForm, place: Place, chosen: list[int] | None) -> dict[str, Any]:
    giver, taker = choice.from_whom, choice.to_whom
    try:
        seen = preview_hand_over(giver=giver, taker=taker, branch=place.branch, now=timezone.now(), clients=chosen)
    except DomainError as refusal:
        choice.add_error("taker", str(refusal.message))
        return {}
    names = {user.pk: user.name for user in User.objects.filter(pk__in=[one.advisor.user_id for one in seen.shares])}
    initial = {"giver": choice.cleaned_data["giver"], "taker": choice.cleaned_data["taker"]}
    return {
        "seen": seen,
        "shares": [{"name": names[one.advisor.user_id], "share": one} for one in seen.shares],
        "giver": giver,
        "form": HandOverForm(branch=place.branch, initial=initial),
    }


def _done(request: HttpRequest, place: Place, form: HandOverForm, context: dict[str, Any]) -> HttpResponse:
    def do(_form: Any) -> list[HandOver]:
        named = request.POST.getlist("clients")
        chosen = chosen_of(form.from_whom, place.branch, named, actor=actor_of(request)) if named else None
        return hand_over(
            giver=form.from_whom,
            taker=form.to_whom,
            branch=place.branch,
            actor=actor_of(request),
            now=timezone.now(),
            reason=form.cleaned_data["reason"],
            clients=chosen,
        )

    return command(
        request,
        form,
        do=do,
        done=lambda: reverse("advisory:hand_overs"),
        template="advisory/hand_over.html",
        context={**context, "form": form},
        said=_("The clients have changed hands."),
    )
