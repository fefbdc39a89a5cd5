"""The page behind a survey link: no sign-in, half a minute, on a phone."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from care.errors import SurveyClosed
from care.forms.surveys import SurveyForm
from care.services.surveys import answer_survey, find_open
from crm.core.access import system_user
from crm.core.views.commands import form_page


@login_not_required  # clients have no account: who holds the link may answer it, once
@never_cache
@form_page
def survey(request: HttpRequest, token: str) -> HttpResponse:
    """Show the questions, or take the answer. Looking writes nothing, so a link preview uses nothing up."""
    try:
        if request.method != "POST":
            return _asked(request, token, SurveyForm(), 200)
        form = SurveyForm(request.POST)
        if not form.is_valid():
            return _asked(request, token, form, 400)
        answer_survey(actor=system_user(), token=token, now=timezone.now(), **form.cleaned_data)
    except SurveyClosed as refusal:
        return _page(request, "care/survey_closed.html", refusal.status)
    return _page(request, "care/survey_thanks.html", 200)


def _asked(request: HttpRequest, token: str, form: SurveyForm, status: int) -> HttpResponse:
    invitation = find_open(token, timezone.now())
    form.ask_about(invitation)
    return _page(request, "care/survey.html", status, form=form, branch=invitation.branch)


def _page(request: HttpRequest, template: str, status: int, **context: object) -> HttpResponse:
    answer = render(request, template, context, status=status)
    answer["X-Robots-Tag"] = "noindex, nofollow"
    # The link stays among ourselves; "no-referrer" would make browsers send the answer with "Origin: null", which is refused.
    answer["Referrer-Policy"] = "same-origin"
    return answer
