"""What clients think of us, and handing out links to those who got none."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from care import services
from care.filters import SurveyFilter
from care.forms.calls import TakeForm
from care.models import SurveyInvitation
from care.services.effect import effect_of_service
from care.services.surveys import Link
from care.views.rows import now, sections
from crm.core.clocks import local_date
from crm.core.forms.commands import CommandForm
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of

_MONTHS = 12


@require_safe
@permission_required("care.view_surveyinvitation", raise_exception=True)
def results(request: HttpRequest) -> HttpResponse:
    """Mean satisfaction, recommendation, how both moved, and the surveys themselves with their comments."""
    user = actor_of(request)
    visible = SurveyInvitation.objects.visible_to(user)
    found = SurveyFilter(request.GET, visible.for_list(), request=request)
    context: dict[str, Any] = {
        "filter": found,
        "page": listed(request, found.qs, ("-created_at", "-pk")),
        "now": now(),
    }
    fragment = part(request, "care/surveys.html", "care/_surveys.html")
    if fragment == "care/surveys.html":
        months = list(visible.by_month(now(), _MONTHS))
        context |= {
            "tabs": sections(request, "surveys"),
            "found": visible.results(),
            "effect": effect_of_service(user, local_date(now())),
            "satisfaction_chart": _chart(months, "satisfaction", _("Mean satisfaction")) if months else None,
            "nps_chart": _chart(months, "nps", _("Net promoter score")) if months else None,
        }
    return render(request, fragment, context)


def _chart(months: list[dict[str, Any]], key: str, label: str) -> dict[str, Any]:
    return {
        "kind": "line",
        "categories": [f"{row['month']:%Y-%m}" for row in months],
        "category_label": _("Month"),
        "series": [{"name": label, "data": [row[key] for row in months], "slot": 3}],
        "unit": "",
    }


@form_page
@permission_required("care.hand_out_survey", raise_exception=True)
def hand_out(request: HttpRequest, public_id: str) -> HttpResponse:
    """Make a link for somebody at the counter; it is shown now and never again."""
    invitation = get_object_or_404(
        SurveyInvitation.objects.visible_to(actor_of(request)).for_list(), public_id=public_id
    )
    made: list[Link] = []

    def do(_form: CommandForm) -> SurveyInvitation:
        made.append(services.hand_out_link(actor=actor_of(request), invitation=invitation, now=now()))
        return made[0].invitation

    def done() -> str | HttpResponse:
        if not made:  # the same click again: the link was shown the first time
            return reverse("care:surveys")
        answer = render(request, "care/survey_link.html", {"invitation": invitation, "link": made[0].url})
        answer["Cache-Control"] = "no-store, private"
        return answer

    context = {"invitation": invitation, "back_url": reverse("care:surveys")}
    form = TakeForm(request.POST or None)
    return command(request, form, do=do, done=done, template="care/survey_link.html", context=context)
