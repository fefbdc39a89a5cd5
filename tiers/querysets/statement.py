"""What a client was given, for the sheet that he may read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import TYPE_CHECKING

from django.db.models import Count, Max

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


def services_received(user: User, client: Client, since: date) -> list[Received]:
    """Promises kept and bookings that took place from ``since`` on, by service, the newest first."""
    from tiers.models import Booking, Promise, ServiceItem

    kept = Promise.objects.visible_to(user).kept().filter(client=client, kept_on__gte=since)
    came = Booking.objects.visible_to(user).filter(client=client, state="done", slot__day__gte=since)
    told: dict[int, tuple[int, date]] = {}
    for rows, service, day in ((kept, "item", "kept_on"), (came, "slot__item", "slot__day")):
        for item, times, last in rows.order_by().values_list(service).annotate(n=Count("pk"), last=Max(day)):
            before = told.get(item, (0, last))
            told[item] = (before[0] + times, max(before[1], last))
    items = ServiceItem.objects.in_bulk(told)
    found = [Received(items[item].name, times, last) for item, (times, last) in told.items()]
    return sorted(found, key=lambda one: (one.last_on, one.name), reverse=True)


def contacts_by_channel(user: User, client: Client, since: date) -> list[tuple[str, int]]:
    """How often the client was spoken with from ``since`` on, by channel, the most frequent first."""
    rows = ContactLog.objects.visible_to(user).standing().filter(client=client, at__gte=at_local(since, time()))
    counts = rows.order_by().values_list("channel").annotate(count=Count("pk")).order_by("-count", "channel")
    words = dict(ContactLog._meta.get_field("channel").flatchoices)
    return [(str(words.get(channel, channel)), count) for channel, count in counts]
