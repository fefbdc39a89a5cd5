"""What must lie in the tables before anybody works: the house's own account, the calendar, the triggers."""

from __future__ import annotations

from crm.core import append_only
from crm.core.access import system_user


def prepare_ground(using: str = "default") -> None:
    """Idempotent; runs after each migration."""
    from crm.core.services.calendar import seed_calendar

    append_only.install(using)
    seed_calendar(actor=system_user())
