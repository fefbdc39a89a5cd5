"""Looking at a private value that pages show masked: with a reason, within a daily allowance, and on record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.core import audit
from crm.core.clocks import day_bounds, local_date
from crm.core.errors import BudgetSpent, InvalidInput
from crm.core.looks import count_looks
from crm.core.models import AuditEntry, User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.versions import lock

ACTION = "field.reveal"
#: Two Chinese characters say why somebody looks: 回访, 核实.
SHORTEST_REASON = 2


class ReasonMissing(InvalidInput):
    """Nobody looks at a private value without saying why."""

    code = "reason_missing"
    message = _("Say why you need to see it.")


def revealed_today(actor: User, now: datetime) -> int:
    """How many values ``actor`` has looked at since local midnight; the audit trail is the count."""
    since, until = day_bounds(local_date(now))
    return AuditEntry.objects.filter(actor=actor, action=ACTION, at__gte=since, at__lt=until).count()


def reveal_allowance(actor: User, now: datetime) -> tuple[int, int]:
    """How many private values ``actor`` has looked at today, and how many he may."""
    return revealed_today(actor, now), figures(local_date(now), actor.branch).integer("reveal.daily_budget")


@service("field.reveal")
def reveal_field(
    *, actor: User, subject: models.Model, field: str, reason: str, client: Any = None, now: datetime | None = None
) -> str:
    """The value of ``field``, once it stands in the trail that ``actor`` has looked at it (the value itself never does).

    The caller has checked the right and that ``actor`` may see the row. Raises ``ReasonMissing``, and ``BudgetSpent`` when
    the allowance of ``reveal.daily_budget`` is used up. The row of the actor is locked, so that two looks at once count as two.
    """
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonMissing(fields={"reason": ReasonMissing.message})
    subject._meta.get_field(field)  # a name that is no field must never be looked up as an attribute
    moment = now or timezone.now()
    lock(User.objects.all(), pk=actor.pk)
    allowance = figures(local_date(moment), actor.branch).integer("reveal.daily_budget")
    if revealed_today(actor, moment) >= allowance:
        raise BudgetSpent
    count_looks(actor, looks=0, reveals=1, now=moment)
    audit.record(actor, ACTION, subject, after={"field": field}, reason=reason.strip(), client=client, is_read=True)
    return str(getattr(subject, field) or "")
