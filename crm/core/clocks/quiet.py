"""Quiet hours: the part of the day in which nobody is rung up or written to. They may pass midnight."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from crm.core.clocks.zone import SHANGHAI, at_local


def is_quiet(moment: time, begin: time, end: time) -> bool:
    """Whether ``moment`` lies within hours that may pass midnight; the same beginning and end mean: never."""
    if begin <= end:
        return begin <= moment < end
    return moment >= begin or moment < end


def after_quiet(moment: datetime, begin: time, end: time) -> datetime:
    """This moment, or the end of the quiet hours in which it lies (UTC)."""
    local = moment.astimezone(SHANGHAI)
    if not is_quiet(local.time(), begin, end):
        return moment.astimezone(UTC)
    day = local.date() if local.time() < end else local.date() + timedelta(days=1)
    return at_local(day, end)
