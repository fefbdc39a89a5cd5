"""Restricting a client's data to storage, and legal holds."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from clients.errors import AlreadyHeld, NotHeld, NotRestricted
from clients.models import Client, LegalHold
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.models import User
from crm.core.service import service
from crm.core.versions import lock

_SHORTEST = 4


@service("client.restrict")
def restrict_client(*, client: Client, reason: str, actor: User, now: datetime, version: int | None = None) -> Client:
    """Stop everything but storage; nobody contacts him, edits him or finds him in normal work. Twice is once.

    Raises ``StaleEdit``.
    """
    said = _said(reason)
    row: Client = lock(Client.objects.all(), pk=client.pk, closed_too=True, version=version)
    if row.restricted_on is not None:
        return row
    row.restricted_on, row.restriction_reason = local_date(now), said
    row.save_changed(["restricted_on", "restriction_reason"])
    audit.record(actor, "client.restrict", row, reason=said, client=row)
    return row


@service("client.end_restriction")
def end_restriction(*, client: Client, reason: str, actor: User, version: int | None = None) -> Client:
    """Take the restriction back. Raises ``NotRestricted``, also for an erased client, and ``StaleEdit``."""
    said = _said(reason)
    row: Client = lock(Client.objects.all(), pk=client.pk, closed_too=True, version=version)
    if row.restricted_on is None or row.erased_on is not None:
        raise NotRestricted
    row.restricted_on, row.restriction_reason = None, ""
    row.save_changed(["restricted_on", "restriction_reason"])
    audit.record(actor, "client.end_restriction", row, reason=said, client=row)
    return row


@service("legal_hold.set")
def set_hold(*, client: Client, reason: str, actor: User, now: datetime) -> LegalHold:
    """Put a client under a legal hold. Raises ``AlreadyHeld``."""
    said = _said(reason)
    row: Client = lock(Client.objects.all(), pk=client.pk, closed_too=True)
    if LegalHold.objects.standing().filter(client=row).exists():
        raise AlreadyHeld
    hold: LegalHold = LegalHold.objects.create(client=row, reason=said, set_by=actor, set_at=now)
    audit.record(actor, "legal_hold.set", hold, reason=said, client=row)
    return hold


@service("legal_hold.lift")
def lift_hold(*, hold: LegalHold, reason: str, actor: User, now: datetime, version: int | None = None) -> LegalHold:
    """Lift a hold with a reason; it stays in the history. Raises ``NotHeld`` and ``StaleEdit``."""
    said = _said(reason)
    row: LegalHold = lock(LegalHold.objects.select_related("client"), pk=hold.pk, version=version)
    if row.lifted_at is not None:
        raise NotHeld
    row.lifted_by, row.lifted_at, row.lift_reason = actor, now, said
    row.save(update_fields=["lifted_by", "lifted_at", "lift_reason"])
    audit.record(actor, "legal_hold.lift", row, reason=said, client=row.client)
    return row


def _said(reason: str) -> str:
    if len(reason.strip()) < _SHORTEST:
        raise InvalidInput(fields={"reason": _("Say why.")})
    return reason.strip()[:300]
