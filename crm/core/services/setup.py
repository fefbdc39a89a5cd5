"""What must be there before anybody works: the house's own account, the calendar, the triggers, the folder of attachments."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from crm.core import append_only
from crm.core.access import system_user


def prepare_ground(using: str = "default") -> None:
    """Idempotent; runs after each migration."""
    from crm.core.services.calendar import seed_calendar

    Path(settings.MEDIA_ROOT).mkdir(mode=0o700, parents=True, exist_ok=True)  # a backup names it from the first day on
    append_only.install(using)
    seed_calendar(actor=system_user())
