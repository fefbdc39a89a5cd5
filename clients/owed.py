"""What is owed to a client and may be kept by the contact that is being logged, said by apps that the clients do not know.

It stands beside the form. Each app names its own in ``AppConfig.ready()``, as followers of contacts do; where none is named,
none is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clients.models import Client
    from crm.core.models import User


@dataclass(frozen=True)
class Owed:
    """One thing owed: what, until when, what it asks of the contact that keeps it, and where it stands."""

    text: str
    due_on: date
    asked: str
    url: str
    is_overdue: bool = False


Source = Callable[["User", "Client", date], list[Owed]]
SOURCES: list[Source] = []


def add_owed(source: Source) -> None:
    """Register a source; called from ``AppConfig.ready()``."""
    if source not in SOURCES:
        SOURCES.append(source)


def owed_to(user: User, client: Client, today: date) -> list[Owed]:
    """What this person can keep when he speaks with this client, the most urgent first."""
    return sorted((one for source in SOURCES for one in source(user, client, today)), key=lambda one: one.due_on)
