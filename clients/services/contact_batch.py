"""Contacts that a phone kept while it had no line: many at once, each of them once, in their order.

Each item has a key of its own, the same kind as the Idempotency-Key of a single contact and in the same place: what came alone
before is not taken again in a batch, and the other way round. Keys are claimed in the order of their words, then clients are
locked in the order of their ids, so that two phones that send the same batch wait for each other and never stand crosswise.
The number of statements does not grow with the batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from clients.models import Client, ContactLog
from clients.services.contacts import SETTLED, prepared, refresh_contact_facts, told
from crm.core import audit
from crm.core.checked import check
from crm.core.clocks import local_date
from crm.core.errors import DomainError, InvalidInput
from crm.core.models import IdempotencyKey, User
from crm.core.once import DONE, KeyReused
from crm.core.service import service

#: So many contacts one batch may hold: a day of calls of a busy advisor, five times over.
MOST = 500
#: A phone's clock that differs from ours by more than this is wrong.
_CLOCK_OFF = timedelta(minutes=5)
#: A phone keeps nothing longer than keys are kept; what claims to be older comes from a wrong clock.
_OLDEST = timedelta(days=7)


@dataclass(frozen=True)
class BatchItem:
    """One contact of a batch. ``said`` as for ``log_contact``; without a client he is not there for the one who sends."""

    key: str
    print_: str
    client: Client | None
    said: dict[str, Any]
    device_at: datetime | None = None
    refusal: DomainError | None = None


@dataclass
class BatchResult:
    """What became of one item: created now, known from before, or rejected with the reason."""

    key: str
    state: str
    contact: str = ""
    refusal: DomainError | None = None


@dataclass
class _Round:
    """What the batch has come to so far."""

    results: list[BatchResult] = field(default_factory=list)
    entries: list[ContactLog] = field(default_factory=list)
    made: dict[str, BatchResult] = field(default_factory=dict)
    given_back: list[int] = field(default_factory=list)


@service("contact.log_batch")
def log_contacts(
    *, items: Sequence[BatchItem], actor: User, now: datetime, sent_at: datetime | None = None
) -> list[BatchResult]:
    """Log each item once; the answers stand in the order of the items. An item that is refused leaves the others alone.

    ``sent_at`` is what the phone's clock showed when it sent: a clock that differs from ours by more than five minutes is
    wrong, and its times are kept as claims only.
    """
    keys = _claim(actor, items)
    clients = _locked({item.client.pk for item in items if item.client is not None})
    done = _Round()
    for item in items:
        done.results.append(_one(item, keys[item.key], clients, done, actor=actor, now=now, sent_at=sent_at))
    _write(done, keys, actor, now)
    return done.results


def _claim(actor: User, items: Iterable[BatchItem]) -> dict[str, IdempotencyKey]:
    """The rows of all keys, locked; of two batches at once the second waits here for the first."""
    first: dict[str, BatchItem] = {}
    for item in items:
        first.setdefault(item.key, item)
    rows = [IdempotencyKey(user=actor, key=key, fingerprint=first[key].print_) for key in sorted(first)]
    IdempotencyKey.objects.bulk_create(rows, ignore_conflicts=True)
    found = IdempotencyKey.objects.select_for_update().filter(user=actor, key__in=list(first)).order_by("key")
    return {row.key: row for row in found}


def _locked(ids: set[int]) -> dict[int, Client]:
    rows = Client.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    return {row.pk: row for row in rows}


def _one(
    item: BatchItem,
    key: IdempotencyKey,
    clients: dict[int, Client],
    done: _Round,
    *,
    actor: User,
    now: datetime,
    sent_at: datetime | None,
) -> BatchResult:
    if key.fingerprint != item.print_:
        return BatchResult(item.key, "rejected", refusal=KeyReused())
    if key.status:
        return BatchResult(item.key, "known", contact=key.object_id)
    if item.key in done.made:
        before = done.made[item.key]
        return BatchResult(item.key, "known" if before.contact else before.state, before.contact, before.refusal)
    try:
        entry = _entry(item, clients, actor=actor, now=now, sent_at=sent_at)
    except DomainError as refusal:
        result = BatchResult(item.key, "rejected", refusal=refusal)
        done.given_back.append(key.pk)  # nothing was made: the phone may send it again, corrected
    else:
        done.entries.append(entry)
        result = BatchResult(item.key, "created", contact=entry.public_id)
    done.made[item.key] = result
    return result


def _entry(
    item: BatchItem, clients: dict[int, Client], *, actor: User, now: datetime, sent_at: datetime | None
) -> ContactLog:
    if item.refusal is not None:
        raise item.refusal
    client = clients.get(item.client.pk) if item.client is not None else None
    if client is None:
        raise InvalidInput(fields={"client": _("There is no such thing here.")})
    at, clock, claimed = _timed(item, now, sent_at)
    said = {**item.said, "at": at}
    entry = prepared(client, said, actor=actor, now=now, device_at=claimed, promised_from=local_date(at))
    entry.clock = clock
    if sent_at is not None:
        entry.clock_ahead_seconds = max(-_FARTHEST, min(_FARTHEST, round((sent_at - now).total_seconds())))
    check(entry, exclude=SETTLED, constraints=False)
    return entry


#: What the column of seconds holds.
_FARTHEST = 2_000_000_000


def _timed(
    item: BatchItem, now: datetime, sent_at: datetime | None
) -> tuple[datetime, ContactLog.Clock, datetime | None]:
    """When it took place, on whose word, and what the phone claimed."""
    said: datetime | None = item.said.get("at")
    claimed = item.device_at or said
    is_off = sent_at is not None and abs(sent_at - now) > _CLOCK_OFF
    is_off = is_off or (claimed is not None and claimed > now + _CLOCK_OFF)
    is_off = is_off or (said is None and claimed is not None and claimed < now - _OLDEST)
    if claimed is not None and is_off:
        return now, ContactLog.Clock.WRONG, claimed
    if said is not None:
        return min(said, now), ContactLog.Clock.OURS, item.device_at
    if item.device_at is not None:
        return min(item.device_at, now), ContactLog.Clock.DEVICE, item.device_at
    return now, ContactLog.Clock.OURS, None


def _write(done: _Round, keys: dict[str, IdempotencyKey], actor: User, now: datetime) -> None:
    ContactLog.objects.bulk_create(done.entries)
    refresh_contact_facts({entry.client_id for entry in done.entries}, now)
    audit.record_each(actor, "contact.log", [(entry, told(entry), entry.client) for entry in done.entries])
    _answer(done, keys)
    # One entry for the batch itself: it is there also when every item was known or refused.
    counts = {
        state: sum(result.state == state for result in done.results) for state in ("created", "known", "rejected")
    }
    audit.record(actor, "contact.log_batch", "clients.contactlog", after=counts)


def _answer(done: _Round, keys: dict[str, IdempotencyKey]) -> None:
    """Keys of what was made name it from now on; keys of what was refused are free again."""
    answered = []
    for word, result in done.made.items():
        if result.contact:
            row = keys[word]
            row.object_id, row.status = result.contact, DONE
            answered.append(row)
    IdempotencyKey.objects.bulk_update(answered, ["object_id", "status"])
    IdempotencyKey.objects.filter(pk__in=done.given_back).delete()
