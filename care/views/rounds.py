"""Asking a saved segment what it thinks of something: the rounds so far, and a new one with a look before."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from care import services
from care.forms.surveys import RoundForm
from care.models import SurveyRound
from care.views.rows import now, sections
from crm.core.errors import DomainError
from crm.core.forms.commands import CommandForm
from crm.core.models import Branch
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed
from crm.core.views.places import actor_of, place_of


@require_safe
@permission_required("care.view_surveyinvitation", raise_exception=True)
def round_list(request: HttpRequest) -> HttpResponse:
    """Rounds with how many were invited and answered, the newest first."""
    rows = SurveyRound.objects.visible_to(actor_of(request)).for_list()
    page = listed(request, rows, ("-made_at", "-pk"))
    return render(request, "care/rounds.html", {"page": page, "tabs": sections(request, "surveys")})


@form_page
@permission_required(["care.view_surveyinvitation", "care.add_surveyround"], raise_exception=True)
def round_new(request: HttpRequest) -> HttpResponse:
    """Choose (GET), see who would be written to and who not (GET with the choice), confirm (POST)."""
    user, place = actor_of(request), place_of(request)
    branch = place.branch
    context: dict[str, Any] = {"place": place, "back_url": reverse("care:survey_rounds")}
    if request.method != "POST":
        choice = RoundForm(request.GET if "segment" in request.GET else None, user=user, preview=True)
        context["choice"] = choice
        return render(request, "care/round.html", context | _looked(request, choice, branch))
    form = RoundForm(request.POST, user=user)

    def do(form: CommandForm) -> SurveyRound:
        return services.invite_segment(branch=branch, actor=user, now=now(), **form.command)

    return command(
        request,
        form,
        do=do,
        done=lambda: reverse("care:survey_rounds"),
        template="care/round.html",
        context={**context, "choice": form},
        said=_("The clients are invited; their letters leave one after the other."),
    )


def _looked(request: HttpRequest, choice: RoundForm, branch: Branch) -> dict[str, Any]:
    """Who would be written to now, and the form that confirms it."""
    if not (choice.is_bound and choice.is_valid()):
        return {}
    said, user = choice.command, actor_of(request)
    try:
        found = services.find_audience(**said, branch=branch, reader=user, now=now())
    except DomainError as refusal:
        choice.add_error("segment", str(refusal.fields.get("segment", refusal.message)))
        return {}
    initial = {"segment": said["segment"].public_id, "title": said["title"]}
    return {
        "found": found,
        "form": RoundForm(user=user, initial=initial, auto_id=False),
    }
