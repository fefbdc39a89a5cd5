"""How a deadline reads: what is left, what is over, whether it was kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.translation import gettext, ngettext


@dataclass(frozen=True)
class ClockState:
    """The face of one clock: tone (success, warning, danger, neutral), icon, one word and the time in words."""

    tone: str
    icon: str
    word: str
    remaining: str


def moment_of(value: date | datetime) -> datetime:
    """A day ends at local midnight; a moment stays what it is."""
    if isinstance(value, datetime):
        return value if timezone.is_aware(value) else timezone.make_aware(value)
    if value == date.max:  # the calendar knows no midnight after it
        return timezone.make_aware(datetime.combine(value, time.max))
    return timezone.make_aware(datetime.combine(value + timedelta(days=1), time.min))


def in_words(span: timedelta) -> str:
    """A span with its two largest units: 2 d 4 h, 3 h 05 min, 12 min."""
    minutes = int(abs(span).total_seconds() // 60)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return gettext("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if hours:
        return gettext("%(hours)d h %(minutes)02d min") % {"hours": hours, "minutes": rest}
    return gettext("%(minutes)d min") % {"minutes": rest}


def apart(due: date | datetime, at: datetime) -> str:
    """How far ``at`` is from the deadline: in days where the deadline is a day, else to the minute."""
    if isinstance(due, datetime):
        return in_words(moment_of(due) - at)
    days = abs((due - timezone.localdate(at)).days)
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days} if days else gettext("today")


def clock_state_of(
    due: date | datetime | None,
    now: datetime | None,
    *,
    done: date | datetime | None = None,
    paused: bool = False,
    warn_minutes: int = 480,
) -> ClockState:
    """The state of a clock at ``now`` (the present moment where the page gives none)."""
    if due is None:
        return ClockState("neutral", "clock", gettext("No deadline"), "")
    end = moment_of(due)
    if done:
        finished = moment_of(done if isinstance(done, datetime) else datetime.combine(done, time.min))
        if finished <= end:
            return ClockState("success", "circle-check", gettext("Kept"), "")
        return ClockState("danger", "circle-x", gettext("Kept late"), apart(due, finished))
    if paused:
        return ClockState("neutral", "clock-pause", gettext("Paused"), "")
    at = now or timezone.now()
    left = end - at
    if left < timedelta(0):
        return ClockState("danger", "alert-octagon", gettext("Overdue"), apart(due, at))
    if left <= timedelta(minutes=warn_minutes):
        return ClockState("warning", "alert-triangle", gettext("Due soon"), apart(due, at))
    return ClockState("success", "clock", gettext("In time"), apart(due, at))
