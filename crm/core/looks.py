"""The daily budget of looks (reliability.md P12): who opens too many details is slowed down, and his manager is told.

The row of the day is moved on and says where it stands. Far from the alarm a process notes up to sixty looks before it writes
them, so that an ordinary look costs nothing; a process that dies forgets at most those, and the trail knows them all. From near
the alarm on each look is written. Beyond the budget one detail may be opened every ``slow_seconds``; whoever asks sooner gets
429 and no worker waits for him.
"""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
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
    "WHERE user_id = %s AND day = %s AND (looks + %s <= budget OR last_at <= %s) "
    "RETURNING budget * alarm_percent / 100 - looks"
)
#: So many looks a process may note before it writes them: more than a page of REST shows by itself.
_NOTED = 60


class _Notes:
    """Looks that this process has not written yet, by person and day."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: (person, day) → looks noted, and how many more may be
        self._held: dict[tuple[int, date], tuple[int, int]] = {}

    def note(self, user_id: int, day: date, looks: int) -> bool:
        """Whether these looks could be noted and need not be written now."""
        with self._lock:
            noted, room = self._held.get((user_id, day), (0, 0))
            if looks > room:
                return False
            self._held[user_id, day] = (noted + looks, room - looks)
            return True

    def take(self, user_id: int, day: date) -> int:
        """Looks to be written along with the next."""
        with self._lock:
            return self._held.pop((user_id, day), (0, 0))[0]

    def make_room(self, user_id: int, day: date, to_alarm: int) -> None:
        """After a write: how many may be noted, with ``to_alarm`` to go."""
        with self._lock:
            if len(self._held) > 5000:
                self._held.clear()
            self._held[user_id, day] = (0, max(0, min(_NOTED, to_alarm - _NOTED)))

    def forget(self) -> None:
        with self._lock:
            self._held.clear()


notes = _Notes()


class TooManyLooks(BudgetSpent):
    """The day's budget of details is used up; now they come slowly."""

    code = "too_many_looks"


def count_looks(actor: User, *, looks: int = 1, reveals: int = 0, now: datetime | None = None) -> None:
    """Count details that ``actor`` is about to see. Raises ``TooManyLooks``."""
    moment = now or timezone.now()
    day = local_date(moment)
    if not reveals and notes.note(actor.pk, day, looks):
        return
    looks += notes.take(actor.pk, day)
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
        found = cursor.fetchone()
    if found is not None:
        notes.make_room(actor.pk, local_date(moment), int(found[0]))
    return found is not None


def _bound(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _todays(actor: User, moment: datetime) -> LookCount:
    """The row of the day, made with the limits of the day if this is the first look."""
    day = local_date(moment)
    found = LookCount.objects.filter(user=actor, day=day).first()
    if found is not None:
        return found
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
        return LookCount.objects.get(user=actor, day=day)
    return row
