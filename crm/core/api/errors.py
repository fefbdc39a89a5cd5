"""One answer for everything that goes wrong: RFC 9457 problem details with a code for programs."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_handler

from crm.core.errors import DomainError
from crm.core.problems import CONTENT_TYPE, problem_body


def problem(code: str, detail: Any, http_status: int, fields: dict[str, Any] | None = None) -> Response:
    """A problem answer; ``fields`` names what was wrong with which value."""
    return Response(problem_body(code, detail, http_status, fields), status=http_status, content_type=CONTENT_TYPE)


def problem_json(fault: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's handler for every exception of a view; None lets Django answer 500."""
    if isinstance(fault, DomainError):
        return problem(fault.code, fault.message, fault.status, _texts(fault.fields))
    if isinstance(fault, IntegrityError):
        return problem("conflict", _("This is there already."), status.HTTP_409_CONFLICT)
    if isinstance(fault, Http404):
        return problem("not_found", _("There is no such thing here."), status.HTTP_404_NOT_FOUND)
    if isinstance(fault, PermissionDenied | exceptions.PermissionDenied):
        return problem("missing_right", _("You do not have the right to do this."), status.HTTP_403_FORBIDDEN)
    answer = drf_handler(fault, context)
    if answer is None:
        return None
    if isinstance(fault, exceptions.ValidationError):
        fields = fault.detail if isinstance(fault.detail, dict) else {"non_field_errors": fault.detail}
        return problem("invalid", _("Some values are not allowed."), answer.status_code, _texts(fields))
    code = getattr(fault, "default_code", "refused")
    made = problem(str(code), getattr(fault, "detail", fault), answer.status_code)
    for name in ("WWW-Authenticate", "Retry-After"):
        if answer.has_header(name):
            made[name] = answer[name]
    return made


def _texts(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [str(item) for item in found] if isinstance(found, list | tuple) else _nested(found)
        for name, found in fields.items()
    }


def _nested(found: Any) -> Any:
    return _texts(found) if isinstance(found, dict) else [str(found)]
