"""What people and programs see when something is not there, not theirs, or broken. Never a detail of the house."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import TemplateDoesNotExist
from django.utils.translation import gettext as _

from crm.core.context import request_facts
from crm.core.problems import problem_answer

#: Status → code, as the REST interface names it.
_CODES = {400: "bad_request", 403: "missing_right", 404: "not_found", 500: "fault"}


def _says(status: int) -> str:
    return {
        400: _("The request is not well-formed."),
        403: _("You do not have the right to do this."),
        404: _("There is no such thing here."),
        500: _("A fault on our side. It has been logged."),
    }[status]


@login_not_required  # the answer is the same for everybody: there is no such page
def not_here(request: HttpRequest) -> HttpResponse:
    """For doors of a library that this house does not have."""
    return handler404(request)


def handler400(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 400)


def handler403(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 403)


def handler404(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 404)


def handler500(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was sent from elsewhere, or from a page that lay open through a new sign-in."""
    return _answer(request, 403, template="csrf")


def _answer(request: HttpRequest, status: int, template: str = "") -> HttpResponse:
    if request.path.startswith("/api/"):
        return problem_answer(_CODES[status], _says(status), status)
    try:
        context = {"request_id": request_facts().request_id}
        return render(request, f"errors/{template or status}.html", context, status=status)
    except TemplateDoesNotExist:
        pass
    except Exception:  # the page of a fault must not fail itself: without database there is no user to greet
        if status != HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
    return HttpResponse(_says(status), status=status, content_type="text/plain; charset=utf-8")
