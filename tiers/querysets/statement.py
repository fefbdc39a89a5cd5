"""What a client was given, for the sheet that he may read."""

from __future__ import annotations

from datetime import date, time
from typing import TYPE_CHECKING

from django.db.models import Count

from clients.models import ContactLog
from crm.core.clocks import at_local

if TYPE_CHECKING:
    from clients.models import Client
    from crm.core.models import User


def contacts_by_channel(user: User, client: Client, since: date) -> list[tuple[str, int]]:
    """How often the client was spoken with from ``since`` on, by channel, the most frequent first."""
    rows = ContactLog.objects.visible_to(user).standing().filter(client=client, at__gte=at_local(since, time()))
    counts = rows.order_by().values_list("channel").annotate(count=Count("pk")).order_by("-count", "channel")
    words = dict(ContactLog._meta.get_field("channel").flatchoices)
    return [(str(words.get(channel, channel)), count) for channel, count in counts]
