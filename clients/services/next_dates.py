"""Putting the next contact off, and taking that back."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from clients.errors import NoNextDate
from clients.models import Client, ContactLog, NextDateMove
from clients.services.contacts import refresh_contact_facts
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.models import User
from crm.core.service import service
from crm.core.versions import lock

#: Further away nobody puts a promise off by a click: that is a conversation, and belongs into the log.
_FURTHEST = timedelta(days=92)


@service("contact.put_off")
def put_off_next_date(*, client: Client, to: date, actor: User, now: datetime) -> NextDateMove:
    """Move the day on which the client is next contacted. The contact that named it keeps its wording.

    Raises ``NoNextDate`` (409) and ``InvalidInput``.
    """
    row: Client = lock(Client.objects.all(), pk=client.pk)
    if not local_date(now) < to <= local_date(now) + _FURTHEST:
        raise InvalidInput(fields={"to": _("Choose a day from tomorrow to three months ahead.")})
    named = ContactLog.objects.standing().filter(client=row).exclude(next_on=None).order_by("-at", "-pk").first()
    if row.next_contact_on is None or named is None:
        raise NoNextDate
    move = NextDateMove.objects.create(contact=named, moved_to=to, moved_by=actor, moved_at=now)
    refresh_contact_facts([row.pk], now)
    audit.record(
        actor, "contact.put_off", move, before={"next_on": row.next_contact_on}, after={"next_on": to}, client=row
    )
    return move


@service("contact.take_back_put_off")
def take_back_put_off(*, move: NextDateMove, actor: User, now: datetime) -> NextDateMove:
    """The next date stands again where it stood. Twice does no harm."""
    client_id = ContactLog.objects.values_list("client_id", flat=True).get(pk=move.contact_id)
    row: Client = lock(Client.objects.all(), pk=client_id)
    undone = NextDateMove.objects.standing().filter(pk=move.pk).update(undone_at=now)
    refresh_contact_facts([row.pk], now)
    audit.record(actor, "contact.take_back_put_off", move, after={"undone": bool(undone)}, client=row)
    return move
