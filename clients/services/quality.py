"""Weighing what is known of clients, marking facts as verified, and having a gap asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from clients import provenance
from clients.asked_again import Reason
from clients.errors import ClientClosed, NothingToVerify
from clients.models import Client, ClientQuality, NeedsInterview, QuestionToAsk
from clients.provenance import Verification
from clients.quality import SHEET, Catalogue, QualityItem, catalogue, pressing, score
from clients.services.primaries import say_as_column
from crm.core import audit
from crm.core.clocks import database_now, local_date
from crm.core.errors import InvalidInput
from crm.core.jobs import due
from crm.core.models import Branch, User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.versions import lock

#: Clients weighed with one statement for reading and one for writing.
_BATCH = 2000
#: Batches of one round of the sweep: a hundred thousand clients take four rounds.
_ROUNDS = 13
_SCORES = (
    "score",
    "completeness",
    "verification",
    "freshness",
    "missing",
    "unverified",
    "stale",
    "refused",
    "pressing",
)


def score_clients(ids: Collection[int], today: date) -> int:
    """Weigh these clients and keep what came out; returns how many. Twice the same comes to the same.

    A derived figure like the rolling averages: it has no actor of its own and is not on the trail.
    """
    found: list[ClientQuality] = []
    known: dict[tuple[int, str], Catalogue] = {}
    for sheet in _sheets(ids):
        key = (sheet["branch_id"], sheet["kind"])
        if key not in known:
            branch = Branch.objects.get(pk=sheet["branch_id"])
            known[key] = catalogue(sheet["kind"], figures(today, branch))
        found.append(_weighed(sheet, known[key], today))
    ClientQuality.objects.bulk_create(
        found,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["client"],
        update_fields=[*_SCORES, "scored_on", "client_version"],
    )
    _close_answered([row.client_id for row in found])
    return len(found)


def rescore(client: Client, now: datetime) -> None:
    """Right after a change, in its transaction."""
    score_clients([client.pk], local_date(now))


def _sheets(ids: Collection[int]) -> Iterator[dict[str, Any]]:
    asked = NeedsInterview.objects.present().filter(client=OuterRef("pk")).values("taken_on")[:1]
    rows = Client.objects.filter(pk__in=ids).annotate(needs_on=Subquery(asked)).order_by("pk")
    yield from rows.values("pk", "branch_id", "kind", "version", "needs_on", *SHEET)


def _weighed(sheet: Mapping[str, Any], catalogue: Catalogue, today: date) -> ClientQuality:
    result = score(sheet, catalogue, today)
    values = {name: getattr(result, name) for name in _SCORES if name != "pressing"}
    return ClientQuality(
        client_id=sheet["pk"],
        **{name: list(value) if isinstance(value, tuple) else value for name, value in values.items()},
        pressing=pressing(result.score, sheet["total_assets"]),
        scored_on=today,
        client_version=sheet["version"],
    )


def _close_answered(ids: Collection[int]) -> None:
    """Questions whose item is neither missing nor out of date any more have been answered."""
    open_ones = QuestionToAsk.objects.open().filter(client_id__in=ids).select_related("client__quality")
    waiting: QuerySet[Any] = open_ones.with_asked_since()
    done = [row.pk for row in waiting if (row.asked_since if row.reasons else _is_on_file(row))]
    if done:
        QuestionToAsk.objects.filter(pk__in=done, closed_at=None).update(closed_at=database_now())


def _is_on_file(question: QuestionToAsk) -> bool:
    quality = question.client.quality
    return question.item not in quality.missing and question.item not in quality.stale


@due("clients.quality")
def score_outdated(now: datetime) -> int:
    """Weigh whom nobody has weighed today, or whose facts have changed since; some batches a round, the rest in the next."""
    today, done = local_date(now), 0
    for _round in range(_ROUNDS):
        ids = _outdated(today)
        done += score_clients(ids, today)
        if len(ids) < _BATCH:
            break
    return done


def _outdated(today: date) -> list[int]:
    never = Client.objects.filter(erased_on=None).filter(~Exists(ClientQuality.objects.filter(client=OuterRef("pk"))))
    ids = list(never.order_by("pk").values_list("pk", flat=True)[:_BATCH])
    if len(ids) < _BATCH:
        old = ClientQuality.objects.outdated(today).order_by("pk")
        ids += old.values_list("client_id", flat=True)[: _BATCH - len(ids)]
    return ids


@service("client.verify_facts")
def verify_facts(
    *,
    client: Client,
    items: Collection[str],
    how: str,
    actor: User,
    now: datetime,
    version: int | None = None,
) -> Client:
    """Note that facts on file were checked today: against a document seen, a number called, a register asked.

    The mark goes with the value: a changed fact is unverified again. Raises ``NothingToVerify`` for an item that is not on
    file, was refused, or is no fact, and ``StaleEdit``.
    """
    if how not in Verification.values:
        raise InvalidInput(fields={"how": _("Say how it was verified.")})
    row: Client = lock(Client.objects.all(), pk=client.pk, version=version)
    refused = provenance.refused_facts(row.provenance)
    for item in items:
        if item not in provenance.FACTS or item in refused or getattr(row, item) in (None, ""):
            raise NothingToVerify(fields={"items": NothingToVerify.message})
    if not items:
        raise NothingToVerify(fields={"items": NothingToVerify.message})
    today = local_date(now)
    row.provenance = provenance.verified(row.provenance, items, how=how, on=today, by=actor.public_id)
    row.save_changed(["provenance"])
    say_as_column(row, items)
    audit.record(actor, "client.verify_facts", row, after={"facts": sorted(items), "how": how}, client=row)
    rescore(row, now)
    return row


@service("client.ask_next")
def ask_next(*, client: Client, items: Iterable[str], actor: User, now: datetime) -> int:
    """Have items asked when the client is next spoken with; returns how many are new. Twice is once."""
    wanted = sorted(set(items))
    if not wanted or set(wanted) - set(QualityItem.values):
        raise InvalidInput(fields={"items": _("Choose at least one item.")})
    row: Client = lock(Client.objects.all(), pk=client.pk)
    held = set(QuestionToAsk.objects.open().filter(client=row).values_list("item", flat=True))
    new = [item for item in wanted if item not in held]
    QuestionToAsk.objects.bulk_create(
        [QuestionToAsk(client=row, item=item, asked_for_by=actor, asked_for_at=now) for item in new]
    )
    if new:
        audit.record(actor, "client.ask_next", row, after={"items": new}, client=row)
    return len(new)


@service("client.ask_needs_again")
def ask_needs_again(*, client: Client, reason: Reason, actor: User, now: datetime) -> QuestionToAsk:
    """Have the needs asked again although they may be on file, saying why; a second reason stands beside the first.

    The question stays open until an interview has been taken since. Raises ``InvalidInput`` and ``ClientClosed``.
    """
    if not reason.words.strip():
        raise InvalidInput(fields={"reason": _("Say why.")})
    row: Client = lock(Client.objects.all(), pk=client.pk)
    if row.status == Client.Status.CLOSED:
        raise ClientClosed
    held = QuestionToAsk.objects.open().filter(client=row, item=QualityItem.NEEDS).first()
    question: QuestionToAsk = held or QuestionToAsk(client=row, item=QualityItem.NEEDS)
    if reason.on_file not in question.reasons:
        question.reasons = [*question.reasons, reason.on_file]
    question.asked_for_by, question.asked_for_at = actor, now
    question.save()
    after = {name: held for name, held in reason.on_file.items() if name != "words"}
    audit.record(actor, "client.ask_needs_again", row, after=after, reason=reason.words[:300], client=row)
    return question
