"""What a client is owed, and speaking with him."""

from __future__ import annotations

from datetime import date
from typing import Any

from clients.models import Client, ContactLog
from clients.services import log_contact
from crm.core.access import system_user
from tests.factories.services import morning
from tiers.models import Promise

#: The first day of a quarter, and a day in it.
FIRST, LATER = date(2026, 4, 1), date(2026, 5, 4)
OLD = date(2025, 1, 1)


def owed(client: Client) -> list[tuple[str, str, str]]:
    rows = Promise.objects.filter(client=client).order_by("due_on", "pk")
    return list(rows.values_list("occurrence_key", "state", "closed_as"))


def speak(client: Client, day: date, **details: Any) -> ContactLog:
    made: ContactLog = log_contact(
        client=client,
        channel="phone",
        content="节日问候",
        actor=client.advisor or system_user(),
        now=morning(day),
        at=morning(day),
        details={"purpose": "care", **details},
    )
    return made
