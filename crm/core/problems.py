"""How programs are told what went wrong (RFC 9457), from wherever in a request it is said."""

from __future__ import annotations

from typing import Any

from django.http import JsonResponse

CONTENT_TYPE = "application/problem+json"


def problem_body(code: str, detail: Any, status: int, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    """``code`` is for programs, ``detail`` a sentence for people; ``fields`` names what was wrong with which value."""
    return {
        "type": "about:blank",
        "title": code,
        "status": status,
        "code": code,
        "detail": str(detail),
        "fields": fields or {},
    }


def problem_answer(code: str, detail: Any, status: int) -> JsonResponse:
    """The answer of whoever speaks outside of a REST resource: middleware and the handlers of Django."""
    return JsonResponse(problem_body(code, detail, status), status=status, content_type=CONTENT_TYPE)
