"""Writing and proving the audit trail.

An entry is written in the transaction of the change it describes: both are there or neither. Entries are chained afterwards
by ``seal_entries`` (a chain inside the request would let one transaction at a time through, reliability.md M17), and
``verify`` walks the chain and names what does not fit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.utils import timezone

from crm.core.access import NOTHING
from crm.core.context import request_facts
from crm.core.crypto import blind_index
from crm.core.looks import count_looks
from crm.core.masking import mask_name
from crm.core.models import AuditEntry, AuditSeal, User
from crm.core.service import note_audit

#: The digest before the first link.
GENESIS = "0" * 64
#: Values under these names never reach the trail, whatever a caller hands in.
SECRET_FIELDS = frozenset({"password", "token", "secret", "phone", "id_number", "address", "body", "account_number"})
#: Names of people in entries about a client: what is left of them is a mask and a mark by which the same name is known
#: again with the key of the house. The chain is never rewritten, so a name that got in would outlive the client's data.
NAMES_OF_PEOPLE = frozenset(
    {"name", "legal_representative", "controller", "beneficiary", "other_name", "complainant_name", "contact_person"}
)
_MARK = 8
_BATCH = 1000


def record(
    actor: User,
    action: str,
    subject: models.Model | str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    client: Any = None,
    ids: Iterable[str] = (),
    is_read: bool = False,
) -> AuditEntry:
    """Add one entry. ``subject`` is the row (or a word for a set of rows), ``ids`` the public ids of a set."""
    entry = _entry(
        actor, action, subject, before=before, after=after, reason=reason, client=client, ids=ids, is_read=is_read
    )
    entry.save(force_insert=True)
    note_audit()
    return entry


def record_each(actor: User, action: str, rows: Iterable[tuple[models.Model, dict[str, Any], Any]]) -> None:
    """Add an entry for each (row, what it became, client), in their order and in one statement."""
    entries = [_entry(actor, action, row, after=after, client=client) for row, after, client in rows]
    AuditEntry.objects.bulk_create(entries)
    if entries:
        note_audit()


def _entry(
    actor: User,
    action: str,
    subject: models.Model | str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    client: Any = None,
    ids: Iterable[str] = (),
    is_read: bool = False,
) -> AuditEntry:
    facts = request_facts()
    about = _client_ref(client, subject)
    return AuditEntry(
        at=timezone.now(),
        actor=actor,
        action=action,
        branch_id=_branch_of(subject, actor),
        object_type=subject if isinstance(subject, str) else subject._meta.label_lower,
        object_id="" if isinstance(subject, str) else str(getattr(subject, "public_id", subject.pk)),
        client_ref=about,
        is_read=is_read,
        before=_public(before, of_client=bool(about)),
        after=_public(after, of_client=bool(about)),
        object_ids=list(ids),
        reason=reason[:300],
        request_id=facts.request_id,
        address=facts.address,
    )


def record_read(
    actor: User,
    action: str,
    subject: models.Model | str,
    *,
    client: Any = None,
    reason: str = "",
    ids: Iterable[str] = (),
) -> AuditEntry:
    """Add the entry of a sensitive read in a transaction of its own, before the answer: no entry, no answer.

    Each detail counts towards the reader's budget of the day. Raises ``TooManyLooks``.
    """
    named = list(ids)
    via = request_facts().via
    with transaction.atomic():
        if client is not None or named:
            count_looks(actor, looks=max(1, len(named)))
        after = {"via": via} if via else None
        return record(actor, action, subject, client=client, reason=reason, ids=named, is_read=True, after=after)


def changes(row: models.Model, fields: Sequence[str], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Before and after of the fields that really change; hand the two to ``record``."""
    changed = [name for name in fields if getattr(row, name) != after[name]]
    return {name: getattr(row, name) for name in changed}, {name: after[name] for name in changed}


def _public(values: dict[str, Any] | None, *, of_client: bool) -> dict[str, Any] | None:
    if values is None:
        return None
    shown = {name: "***" if name in SECRET_FIELDS and value else value for name, value in values.items()}
    if of_client:
        shown = {name: _marked(value) if name in NAMES_OF_PEOPLE else value for name, value in shown.items()}
    plain: dict[str, Any] = json.loads(json.dumps(shown, cls=DjangoJSONEncoder, default=str))
    return plain


def _marked(name: Any) -> Any:
    """张三 → 张*#3f9a2c1b."""
    return f"{mask_name(name)}#{blind_index(name)[:_MARK]}" if isinstance(name, str) and name else name


def _client_ref(client: Any, subject: models.Model | str) -> str:
    if client is None:
        client = getattr(subject, "client", None)
    return client if isinstance(client, str) else str(getattr(client, "public_id", "") or "")


def _branch_of(subject: models.Model | str, actor: User) -> int | None:
    branch_id: int | None = getattr(subject, "branch_id", None)
    if branch_id is None and not isinstance(subject, str):
        branch_id = getattr(getattr(subject, "client", None), "branch_id", None)
    return branch_id if branch_id is not None else actor.branch_id


# -- what the trail keeps from whom ------------------------------------------------------------------------------------

Hidden = Callable[[User], "models.QuerySet[Any]"]
_veils: dict[str, Hidden] = {}


def veil(model: type[models.Model]) -> Callable[[Hidden], Hidden]:
    """Register which rows of ``model`` a member of staff must not see, so that their entries stay hidden as well.

    Recusal: who is complained about does not read in the trail what he may not read on the page.
    """

    def register(rows: Hidden) -> Hidden:
        _veils[model._meta.label_lower] = rows
        return rows

    return register


_secrets: dict[str, str] = {}


def keep_secret(model: type[models.Model], *, right: str) -> None:
    """Register a kind of row of which only holders of ``right`` may know: no entry about it is shown to anybody else."""
    _secrets[model._meta.label_lower] = right


def veiled_from(user: User) -> models.Q:
    """Entries about rows that are kept from ``user``."""
    secret = [label for label, right in _secrets.items() if not user.has_perm(right)]
    hidden = models.Q(object_type__in=secret) if secret else NOTHING
    for label, rows in _veils.items():
        hidden |= models.Q(object_type=label, object_id__in=rows(user).values("public_id"))
    return hidden


def is_veiled(model: type[models.Model]) -> bool:
    """Whether some rows of the model are kept from some people."""
    return model._meta.label_lower in _veils


def shown_to(user: User, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """``rows`` of one model without those that a veil keeps from ``user``."""
    hidden = _veils.get(rows.model._meta.label_lower)
    return rows if hidden is None else rows.exclude(pk__in=hidden(user).values("pk"))


# -- the chain ---------------------------------------------------------------------------------------------------------


def entry_digest(previous: str, row: dict[str, Any]) -> str:
    """SHA-256 over the previous digest and the entry's canonical form."""
    canonical = json.dumps(row, cls=DjangoJSONEncoder, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{canonical}".encode()).hexdigest()


_SEALED_FIELDS = (
    "id",
    "public_id",
    "at",
    "actor_id",
    "action",
    "branch_id",
    "object_type",
    "object_id",
    "client_ref",
    "is_read",
    "before",
    "after",
    "object_ids",
    "reason",
    "request_id",
    "address",
)


def _rows(entries: models.QuerySet[AuditEntry]) -> Iterator[dict[str, Any]]:
    for row in entries.values(*_SEALED_FIELDS).iterator(chunk_size=_BATCH):
        row["at"] = int(row["at"].timestamp() * 1_000_000)
        yield row


#: Any number; it names the chain among PostgreSQL's advisory locks.
_CHAIN = 4_270_114


def _lock_chain() -> None:
    """One sealer at a time. A lock on the last link would not do: whoever waited for it would still see that one as the
    last. On SQLite the transaction itself is the lock."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CHAIN])


@transaction.atomic
def seal_entries(now: datetime) -> int:
    """Chain the entries that have no link yet; any number of sealers at once make one chain. Returns how many."""
    _lock_chain()
    last = AuditSeal.objects.order_by("-position").first()
    position, digest = (last.position, last.digest) if last else (0, GENESIS)
    # Entries become visible in commit order, not in id order: a link is made only for what is older than any open request.
    settled = AuditEntry.objects.unsealed().filter(at__lt=now).order_by("id")
    links = []
    for row in _rows(settled):
        position, digest = position + 1, entry_digest(digest, row)
        links.append(AuditSeal(position=position, entry_id=row["id"], digest=digest))
    AuditSeal.objects.bulk_create(links, batch_size=_BATCH)
    return len(links)


@dataclass(frozen=True)
class Flaw:
    """One place where the trail does not fit its chain."""

    kind: str
    position: int
    detail: str


def verify(anchor: tuple[int, str] | None = None) -> list[Flaw]:
    """Walk the chain and name every flaw: a changed entry, a missing one, swapped links, a cut tail.

    ``anchor`` is a (position, digest) noted outside of the database; without it a cut tail cannot be seen.
    """
    flaws: list[Flaw] = []
    expected, previous = 1, GENESIS
    for position, entry_id, digest, row in _links():
        if position != expected:
            flaws.append(Flaw("links_missing", expected, f"{expected}..{position - 1}"))
        if row is None:
            flaws.append(Flaw("entry_missing", position, str(entry_id)))
        elif entry_digest(previous, row) != digest:
            flaws.append(Flaw("entry_changed", position, str(entry_id)))
        expected, previous = position + 1, digest
    if anchor and anchor[0] and not _holds(anchor):
        flaws.append(Flaw("tail_cut", anchor[0], "the chain no longer reaches its anchor"))
    return flaws


def _links() -> Iterator[tuple[int, int, str, dict[str, Any] | None]]:
    """Every link with its entry (None where the entry is gone), in batches, so that memory stays flat."""
    after = -1
    while True:
        page = list(
            AuditSeal.objects.filter(position__gt=after)
            .order_by("position")
            .values_list("position", "entry_id", "digest")[:_BATCH]
        )
        if not page:
            return
        wanted = AuditEntry.objects.filter(pk__in=[entry_id for _position, entry_id, _digest in page])
        rows = {row["id"]: row for row in _rows(wanted)}
        for position, entry_id, digest in page:
            yield position, entry_id, digest, rows.get(entry_id)
        after = page[-1][0]


def _holds(anchor: tuple[int, str]) -> bool:
    return AuditSeal.objects.filter(position=anchor[0], digest=anchor[1]).exists()


def head() -> tuple[int, str]:
    """The newest link: note it outside of the database as an anchor."""
    last = AuditSeal.objects.order_by("-position").values_list("position", "digest").first()
    return last or (0, GENESIS)
