"""The sweep behind publications: writes the messages, keeps the promises once a message has left, and takes calls back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Concat

from clients.models import Client
from crm.core import audit
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.jobs import due
from crm.core.models import Outbound, User
from crm.core.modules import branches_without
from crm.core.policies import figures
from crm.core.service import service
from tiers import notices
from tiers.models import Recipient
from tiers.services.audience import CALL, Judge
from tiers.services.publications import keep_by

State, Reason = Recipient.State, Recipient.Reason
_PER_ROUND = 200
#: What a message that will not leave any more says on the row of its recipient.
_ENDS = {"failed": Reason.UNDELIVERED, "dead": Reason.UNDELIVERED, "missed": Reason.LATE}


@service("publication.write")
def write_messages(*, actor: User, now: datetime) -> int:
    """Write to those whom publications reach: hand each message to the outgoing ones, once. Returns how many.

    Who may not be written to any more is held back with the reason, or called where he takes calls. Messages of a branch that
    leaves menus out wait.
    """
    waiting = Recipient.objects.to_write()
    if not waiting.exists():
        return 0
    kept = waiting.exclude(publication__branch__in=branches_without("preferences", local_date(now)))
    rows = list(kept.select_related("publication__branch", "publication__item", "client__branch")[:_PER_ROUND])
    by_branch: dict[tuple[int, bool], list[Recipient]] = defaultdict(list)
    for row in rows:
        by_branch[row.publication.branch_id, row.publication.is_basic].append(row)
    written = 0
    for (_branch, is_basic), own in by_branch.items():
        branch = own[0].publication.branch
        known = figures(local_date(now), branch)
        judge = Judge([row.client for row in own], known, now, asked_by_us=not is_basic)
        written += sum(_write(row, judge, now) for row in own)
    if rows:
        audit.record(actor, "publication.write", "tiers.recipient", after={"looked_at": len(rows), "written": written})
    return written


def _write(row: Recipient, judge: Judge, now: datetime) -> bool:
    client: Client = row.client
    way, reason = "", notices.against_all(row.publication, now)
    if not reason and client.status not in (Client.Status.ACTIVE, Client.Status.DORMANT):
        reason = Reason.NOT_SERVED
    if not reason:
        way, reason = judge.way_of(client, own=1)
    mine: Any = Recipient.objects.filter(pk=row.pk, state=State.CHOSEN)
    if reason:
        mine.update(state=State.HELD, reason=reason, settled_at=now)
        return False
    # Of two sweeps one moves the row; the other finds it moved and writes nothing.
    if way == CALL:
        mine.update(state=State.CALL, way=way)
        return False
    if not mine.update(state=State.WRITTEN, way=way):
        return False
    open_way, _refused = judge.ways.open_to(client)
    return open_way is not None and notices.tell(row, client, open_way, judge.ways)


@service("publication.settle")
def settle_messages(*, actor: User, now: datetime) -> int:
    """Bring recipients to what became of their messages; what has left keeps the promise of its service. Returns how many."""
    key = Concat(Value(notices.KEY), OuterRef("public_id"))
    message = Outbound.objects.filter(dedupe_key=key).exclude(state__in=["queued", "sending", "unknown"])
    rows = Recipient.objects.filter(state=State.WRITTEN).annotate(
        fate=Subquery(message.values("state")[:1]), left_at=Subquery(message.values("sent_at")[:1])
    )
    ended: list[Any] = list(
        rows.filter(fate__isnull=False).select_related("publication__delivery", "publication__sent_by")[:500]
    )
    sent: dict[tuple[int, date], list[Any]] = defaultdict(list)
    settled = 0
    for row in ended:
        mine: Any = Recipient.objects.filter(pk=row.pk, state=State.WRITTEN)
        if row.fate in _ENDS:
            settled += mine.update(state=State.HELD, reason=_ENDS[row.fate], settled_at=now)
        elif mine.update(state=State.SENT, settled_at=row.left_at or now):
            settled += 1
            sent[row.publication_id, local_date(row.left_at or now)].append(row)
    kept = sum(_keep(rows, day, actor) for (_publication, day), rows in sent.items())
    if settled:
        audit.record(actor, "publication.settle", "tiers.recipient", after={"settled": settled, "kept": kept})
    return settled


@service("publication.hold")
def hold_calls(*, actor: User, now: datetime) -> int:
    """Whom nobody is to tell by phone any more is held back with the reason: it holds no longer, he has refused marketing,
    his risk grade does not suit now, or he takes no calls. Returns how many."""
    held: dict[str, list[int]] = defaultdict(list)
    rows: Any = Recipient.objects.not_to_call(local_date(now)).order_by("pk")
    for pk, code in rows.values_list("pk", "against")[:500]:
        held[code].append(pk)
    counts: dict[str, int] = {}
    for code, keys in held.items():
        # Who was told meanwhile stays told.
        mine: Any = Recipient.objects.filter(pk__in=keys, state=State.CALL)
        counts[code] = mine.update(state=State.HELD, reason=code, settled_at=now)
    if sum(counts.values()):
        audit.record(actor, "publication.hold", "tiers.recipient", after=counts)
    return sum(counts.values())


def _keep(rows: Sequence[Recipient], day: date, actor: User) -> int:
    publication = rows[0].publication
    return keep_by(publication.delivery, [row.client_id for row in rows], day, publication.sent_by or actor)


@due("tiers.publications")
def move_publications(now: datetime) -> int:
    actor = system_user()
    moved = settle_messages(actor=actor, now=now) + write_messages(actor=actor, now=now)
    return moved + hold_calls(actor=actor, now=now)
