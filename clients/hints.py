"""What stands beside the form before a contact is logged, said by apps that the clients do not know.

Each app names its own in ``AppConfig.ready()``, as followers of contacts do; where none is named, none is shown.
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
class Hint:
    """One thing to think of in the contact: what, until when, what of it is asked of the contact, and where it stands."""

    text: str
    due_on: date
    words: str
    url: str
    is_overdue: bool = False


Source = Callable[["User", "Client", date], list[Hint]]
SOURCES: list[Source] = []


def offers_hints(source: Source) -> None:
    """Register a source; called from ``AppConfig.ready()``."""
    if source not in SOURCES:
        SOURCES.append(source)


def hints_for(user: User, client: Client, today: date) -> list[Hint]:
    """What this person is to think of when he speaks with this client, the most urgent first."""
    return sorted((hint for source in SOURCES for hint in source(user, client, today)), key=lambda one: one.due_on)
