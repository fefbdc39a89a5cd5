"""What is owed to a client and kept by speaking with him, for whoever is about to."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from clients.models import Channel, ContactLog
from clients.owed import Owed

if TYPE_CHECKING:
    from clients.models import Client
    from crm.core.models import User
    from tiers.models import ServiceItem

#: What fits beside a form.
_MOST = 6


def promises_to_keep(user: User, client: Client, today: date) -> list[Owed]:
    """Open promises that a contact of today would keep, if it is of the purpose and by the channel that the service asks."""
    from tiers.models import Promise

    if not user.has_perm("tiers.view_promise"):
        return []
    rows = Promise.objects.visible_to(user).open_on(today).filter(client=client, item__proof="contact")
    rows = rows.filter(last_day__gte=today).select_related("item", "event").order_by("due_on", "pk")[:_MOST]
    return [
        Owed(row.title, row.due_on, _asked(row.item), row.get_absolute_url(), is_overdue=row.is_overdue(today))
        for row in rows
    ]


def _asked(item: ServiceItem) -> str:
    purposes, channels = dict(ContactLog.Purpose.choices), dict(Channel.choices)
    parts = []
    if item.purposes:
        named = " / ".join(str(purposes.get(one, one)) for one in item.purposes)
        parts.append(_("purpose: %(named)s") % {"named": named})
    if item.channels:
        named = " / ".join(str(channels.get(one, one)) for one in item.channels)
        parts.append(_("channel: %(named)s") % {"named": named})
    return " · ".join(parts) or _("any contact")
