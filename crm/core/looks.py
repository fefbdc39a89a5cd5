"""The daily budget of looks (reliability.md P12): who opens too many details is slowed down, and his manager is told.

A look costs one statement: the row of the day is moved on and says where it stands. Up to the budget nothing else happens.
Beyond it one detail may be opened every ``slow_seconds``; whoever asks sooner gets 429 and no worker waits for him.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.core.clocks import local_date
from crm.core.errors import BudgetSpent
from crm.core.models import LookCount, User
from crm.core.policies import figures

_MOVE = (
    "UPDATE core_lookcount SET looks = looks + %s, reveals = reveals + %s, last_at = %s "
    "WHERE user_id = %s AND day = %s AND (looks + %s <= budget OR last_at <= %s) RETURNING looks"
)


class TooManyLooks(BudgetSpent):
    """The day's budget of details is used up; now they come slowly."""

    code = "too_many_looks"


def count_looks(actor: User, *, looks: int = 1, reveals: int = 0, now: datetime | None = None) -> None:
    """Count details that ``actor`` is about to see. Raises ``TooManyLooks``."""
    moment = now or timezone.now()
    if _move(actor, looks, reveals, moment, slow_seconds=None):
        return
    row = _todays(actor, moment)
    if not _move(actor, looks, reveals, moment, slow_seconds=row.slow_seconds):
        raise TooManyLooks(
            _("You have opened %(count)d details today. The next one is open to you in %(seconds)d seconds.")
            % {"count": row.looks, "seconds": row.slow_seconds}
        )


def _move(actor: User, looks: int, reveals: int, moment: datetime, *, slow_seconds: int | None) -> bool:
    """Whether the row of the day could be moved on: within the budget, or long enough after the last look."""
    since = moment - timedelta(seconds=slow_seconds) if slow_seconds is not None else moment - timedelta(days=2)
    values = [looks, reveals, _bound(moment), actor.pk, local_date(moment), looks, _bound(since)]
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, values)
        return cursor.fetchone() is not None


def _bound(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _todays(actor: User, moment: datetime) -> LookCount:
    """The row of the day, made with the limits of the day if this is the first look."""
    day = local_date(moment)
    found = LookCount.objects.filter(user=actor, day=day).first()
    if found is not None:
        return found  # type: ignore[no-any-return]  # the manager is typed loosely
    known = figures(day, actor.branch)
    limits = known.json("looks.daily")
    row = LookCount(
        user=actor,
        day=day,
        budget=int(limits["details"]),
        reveal_budget=known.integer("reveal.daily_budget"),
        alarm_percent=int(limits["alarm_percent"]),
        slow_seconds=int(limits["slow_seconds"]),
        last_at=moment - timedelta(days=1),
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:  # two first looks at once
        return LookCount.objects.get(user=actor, day=day)  # type: ignore[no-any-return]  # as above
    return row
