"""What a client was given, for the sheet that he may read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import TYPE_CHECKING

from django.db.models import Count

from clients.models import ContactLog
from crm.core.clocks import at_local

if TYPE_CHECKING:
    from clients.models import Client
    from crm.core.models import User


@dataclass(frozen=True)
class Received:
    """A service that a client was given in a time: its name, how often, and when last."""

    name: str
    times: int
    last_on: date


#: Answers for a client and the time since a day, as somebody may see it.
Source = Callable[["User", "Client", date], Sequence[Received]]
_sources: list[Source] = []


def tells_received(source: Source) -> Source:
    """Name what knows of services given: promises kept, bookings, material sent."""
    _sources.append(source)
    return source


def services_received(user: User, client: Client, since: date) -> list[Received]:
    """What the client was given from ``since`` on, the newest first; contacts stand beside it by channel."""
    found = [one for source in _sources for one in source(user, client, since)]
    return sorted(found, key=lambda one: (one.last_on, one.name), reverse=True)


def contacts_by_channel(user: User, client: Client, since: date) -> list[tuple[str, int]]:
    """How often the client was spoken with from ``since`` on, by channel, the most frequent first."""
    rows = ContactLog.objects.visible_to(user).standing().filter(client=client, at__gte=at_local(since, time()))
    counts = rows.order_by().values_list("channel").annotate(count=Count("pk")).order_by("-count", "channel")
    words = dict(ContactLog._meta.get_field("channel").flatchoices)
    return [(str(words.get(channel, channel)), count) for channel, count in counts]
