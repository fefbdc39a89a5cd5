"""Booking, moving and cancelling a contact at a set time. It is held by logging the contact (``log_contact``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from clients.errors import NotBooked, SlotTaken
from clients.models import Appointment, Channel, Client
from crm.core import audit
from crm.core.checked import check
from crm.core.errors import InvalidInput
from crm.core.models import User
from crm.core.service import service
from crm.core.versions import lock

_SLACK = timedelta(minutes=5)
_FURTHEST = timedelta(days=366)


@service("appointment.book")
def book_appointment(
    *, client: Client, staff: User, starts_at: datetime, values: Mapping[str, Any], actor: User, now: datetime
) -> Appointment:
    """Agree on a contact at ``starts_at`` with ``staff``; ``values``: channel, purpose, minutes, subject, place.

    Raises ``SlotTaken`` (409) when he has another one then, ``InvalidInput`` for what cannot be.
    """
    row: Client = lock(Client.objects.all(), pk=client.pk)
    if row.do_not_contact:
        raise InvalidInput(_("This client must not be contacted by us."))
    booked = Appointment(client=row, staff=staff, starts_at=starts_at, booked_by=actor, **values)
    _fits(booked, now)
    booked.save()
    after = {"starts_at": starts_at, "channel": booked.channel, "staff": staff.public_id}
    audit.record(actor, "appointment.book", booked, after=after, client=row)
    return booked


@service("appointment.move")
def move_appointment(
    *, appointment: Appointment, starts_at: datetime, actor: User, now: datetime, version: int | None = None
) -> Appointment:
    """Agree on another time. Raises ``NotBooked``, ``SlotTaken``, ``StaleEdit``, ``InvalidInput`` and ``ClientRestricted``."""
    lock(Client.objects.all(), pk=appointment.client_id)
    row = _open(appointment, version)
    before = row.starts_at
    row.starts_at, row.version = starts_at, row.version + 1
    _fits(row, now)
    row.save(update_fields=["starts_at", "version"])
    audit.record(
        actor, "appointment.move", row, before={"starts_at": before}, after={"starts_at": starts_at}, client=row.client
    )
    return row


@service("appointment.cancel")
def cancel_appointment(
    *, appointment: Appointment, reason: str, actor: User, version: int | None = None
) -> Appointment:
    """Take the appointment off, with a reason. Raises ``NotBooked``, ``StaleEdit`` and ``InvalidInput``.

    Also for a client restricted to storage: an appointment that stood would end in the contact that is not to be.
    """
    row = _open(appointment, version)
    if not reason.strip():
        raise InvalidInput(fields={"reason": _("Say why the appointment is cancelled.")})
    row.state, row.cancel_reason, row.version = Appointment.State.CANCELLED, reason.strip()[:200], row.version + 1
    row.save(update_fields=["state", "cancel_reason", "version"])
    audit.record(actor, "appointment.cancel", row, after={"state": row.state}, reason=reason, client=row.client)
    return row


def _open(appointment: Appointment, version: int | None) -> Appointment:
    row: Appointment = lock(Appointment.objects.select_related("client", "staff"), version=version, pk=appointment.pk)
    if row.state != Appointment.State.BOOKED:
        raise NotBooked
    return row


def _fits(row: Appointment, now: datetime) -> None:
    if not now - _SLACK <= row.starts_at <= now + _FURTHEST:
        raise InvalidInput(fields={"starts_at": _("Choose a time from now to a year ahead.")})
    if row.channel == Channel.UNKNOWN:
        raise InvalidInput(fields={"channel": _("Choose how you will speak with the client.")})
    check(row)
    # One booking at a time for each member of staff: two at once would both find the hour free.
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=row.staff_id)
    if Appointment.objects.overlapping(row.staff, row.starts_at, row.ends_at).exclude(pk=row.pk).exists():
        raise SlotTaken(fields={"starts_at": SlotTaken.message})
