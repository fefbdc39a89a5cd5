"""A value that pages show masked, in full: with a reason, within the daily allowance, on record; never kept by the browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from crm.core.errors import DomainError
from crm.core.services.reveal import reveal_allowance, reveal_field
from crm.core.views.places import actor_of


def revealed(
    request: HttpRequest,
    subject: models.Model,
    field: str,
    *,
    client: Any = None,
    written: Callable[[str], str] = str,
) -> HttpResponse:
    """What takes the place of the masked value, with what is left of the allowance; ``written`` is how it is read best.

    The caller has checked the right, that the row may be seen, and that ``field`` is one of those that may be revealed.
    """
    actor, now = actor_of(request), timezone.now()
    try:
        value = reveal_field(
            actor=actor, subject=subject, field=field, reason=request.POST.get("reason", ""), client=client, now=now
        )
    except DomainError as refusal:
        why = next(iter(refusal.fields.values()), refusal.message)
        answer = HttpResponse(format_html('<span class="form-error">{}</span>', str(why)), status=refusal.status)
    else:
        used, budget = reveal_allowance(actor, now)
        left = _("%(used)d of %(budget)d today") % {"used": used, "budget": budget}
        shown = '<span class="mono" data-copy="{}">{}</span> <span class="muted">{}</span>'
        answer = HttpResponse(format_html(shown, value, written(value), left))
    answer["Cache-Control"] = "no-store, private"
    return answer
