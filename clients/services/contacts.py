"""Logging what was said, correcting it without losing the first wording, and what follows for the client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from clients.errors import AlreadyCorrected, ContactInFuture
from clients.models import Client, ContactLog
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.importing import bulk
from crm.core.models import User
from crm.core.service import service
from crm.core.versions import lock

#: A clock of ours and one of a phone may differ by this much before "in the future" is said.
_CLOCK_SLACK = timedelta(minutes=5)
#: What a correction may change.
CORRECTABLE = (
    "at",
    "channel",
    "direction",
    "purpose",
    "outcome",
    "mood",
    "duration_seconds",
    "content",
    "next_on",
    "next_content",
)


@service("contact.log")
def log_contact(
    *,
    client: Client,
    channel: str,
    content: str,
    actor: User,
    now: datetime,
    at: datetime | None = None,
    device_at: datetime | None = None,
    next_on: date | None = None,
    details: Mapping[str, Any] | None = None,
) -> ContactLog:
    """Log one contact; ``at`` is when it took place (now if not said), ``device_at`` what the phone's clock claimed.

    ``details`` may name direction, purpose, outcome, mood, duration_seconds, next_content. The client's last contact and next
    date follow. Raises ``ContactInFuture`` and ``InvalidInput``.
    """
    more = dict(details or {})
    _refuse_unknown(more)
    row: Client = lock(Client.objects.all(), pk=client.pk)
    entry = ContactLog(
        client=row,
        at=at or now,
        device_at=device_at,
        channel=channel,
        content=content.strip(),
        next_on=next_on,
        staff=actor,
        **more,
    )
    _refuse_future(entry, now)
    if next_on is not None and next_on < local_date(now):
        raise InvalidInput(fields={"next_on": _("The next date cannot lie in the past.")})
    _check(entry)
    entry.save()
    refresh_contact_facts([row.pk])
    after = {"channel": channel, "outcome": entry.outcome, "next_on": next_on}
    audit.record(actor, "contact.log", entry, after=after, client=row)
    return entry


@service("contact.correct")
def correct_contact(
    *, contact: ContactLog, values: Mapping[str, Any], reason: str, actor: User, now: datetime
) -> ContactLog:
    """Write the corrected contact as a new row that names the old one; the old wording stays on file (留痕).

    Raises ``AlreadyCorrected`` (a row is corrected once), ``ContactInFuture`` and ``InvalidInput``.
    """
    _refuse_unknown(values)
    row: Client = lock(Client.objects.all(), pk=contact.client_id)
    old = ContactLog.objects.get(pk=contact.pk)
    if ContactLog.objects.filter(corrects=old).exists():
        raise AlreadyCorrected
    entry = ContactLog(
        client=row,
        staff=actor,
        device_at=old.device_at,
        corrects=old,
        correction_reason=reason.strip()[:200],
        **{name: values.get(name, getattr(old, name)) for name in CORRECTABLE},
    )
    if not entry.correction_reason:
        raise InvalidInput(fields={"reason": _("Say why the contact is corrected.")})
    _refuse_future(entry, now)
    _check(entry)
    entry.save()
    refresh_contact_facts([row.pk])
    changed = sorted(name for name in CORRECTABLE if getattr(old, name) != getattr(entry, name))
    after = {"corrects": old.public_id, "changed": changed}
    audit.record(actor, "contact.correct", entry, after=after, reason=reason, client=row)
    return entry


def _refuse_unknown(values: Mapping[str, Any]) -> None:
    if unknown := sorted(set(values) - set(CORRECTABLE)):
        raise TypeError(f"not for contacts: {', '.join(unknown)}")


def _refuse_future(entry: ContactLog, now: datetime) -> None:
    if entry.at > now + _CLOCK_SLACK:
        raise ContactInFuture(fields={"at": ContactInFuture.message})


def _check(entry: ContactLog) -> None:
    try:
        entry.full_clean(exclude=["client", "staff", "corrects"])
    except ValidationError as wrong:
        fields = {("" if name == "__all__" else name): " ".join(texts) for name, texts in wrong.message_dict.items()}
        raise InvalidInput(fields=fields) from None


# -- what follows for the client ---------------------------------------------------------------------------------------

_PAGE = 2_000


def refresh_contact_facts(client_ids: Iterable[int]) -> None:
    """Bring last contact and next date of these clients up to what their standing contacts say.

    A call that nobody answered is no contact. The next date is that of the newest contact which names one, until a contact
    takes place on or after it. The caller holds the transaction.
    """
    source = iter(sorted(set(client_ids)))
    with transaction.atomic():
        while page := list(islice(source, _PAGE)):
            _refresh(page)


def _refresh(page: list[int]) -> None:
    standing = ContactLog.objects.standing().filter(client_id__in=page)
    last: dict[int, datetime] = dict(
        standing.exclude(outcome=ContactLog.Outcome.NO_ANSWER)
        .order_by()
        .values("client_id")
        .annotate(last=Max("at"))
        .values_list("client_id", "last")
    )
    promise: dict[int, tuple[datetime, date]] = {}
    named = standing.exclude(next_on=None).order_by("at", "pk").values_list("client_id", "at", "next_on")
    for client_id, at, next_on in named:
        promise[client_id] = (at, next_on)
    rows = []
    known = Client.objects.filter(pk__in=page).values_list("pk", "last_contact_at", "next_contact_on")
    for pk, last_at, next_on in known:
        wanted = (last.get(pk), _still_promised(promise.get(pk), last.get(pk)))
        if wanted != (last_at, next_on):
            rows.append((pk, *(bulk.ready(Client, name, value) for name, value in zip(_FACTS, wanted, strict=True))))
    bulk.update(Client, ("id",), _FACTS, rows)


_FACTS = ("last_contact_at", "next_contact_on")


def _still_promised(promise: tuple[datetime, date] | None, last: datetime | None) -> date | None:
    if promise is None:
        return None
    said_at, next_on = promise
    kept = last is not None and last > said_at and local_date(last) >= next_on
    return None if kept else next_on
