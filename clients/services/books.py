"""Whole books at once: many clients to their new advisors in a handful of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.db.models import F
from django.db.models.functions import Greatest

from clients.errors import NotAnAdvisor
from clients.models import AdvisorAssignment, Client
from clients.services.clients import BOOK_ROLES
from crm.core import audit
from crm.core.models import User
from crm.core.service import service

#: Clients named in one statement.
_BATCH = 900


@service("client.assign_many")
def assign_many(*, takers: Mapping[int, int], actor: User, now: datetime, reason: str) -> int:
    """Give clients (by primary key) into colleagues' books (primary key), all or nothing; returns how many changed hands.

    What ``client.assign_advisor`` does for one client, set-based; for each giver and taker one audit entry names the
    clients. Raises ``NotAnAdvisor`` when a taker may not have clients of the branch in his book.
    """
    by_pair: dict[tuple[int | None, int], list[tuple[int, str]]] = defaultdict(list)
    places: set[tuple[int, int]] = set()
    for part in _batches(sorted(takers)):
        rows = Client.objects.select_for_update().filter(pk__in=part).order_by("pk")
        for pk, public_id, branch_id, giver in rows.values_list("pk", "public_id", "branch_id", "advisor_id"):
            if giver != takers[pk]:
                by_pair[giver, takers[pk]].append((pk, public_id))
                places.add((takers[pk], branch_id))
    staff = {row.pk: row for row in User.objects.filter(pk__in={pk for pair in by_pair for pk in pair if pk})}
    for taker, branch_id in places:
        row = staff[taker]
        if not row.is_active or row.branch_id != branch_id or not (row.role_keys & BOOK_ROLES):
            raise NotAnAdvisor(fields={"advisor": NotAnAdvisor.message})
    for (old, taker), found in by_pair.items():
        for part in _batches([pk for pk, _public_id in found]):
            _move(part, taker, actor, now, reason[:200])
        audit.record(
            actor,
            "client.assign_advisor",
            "clients.client",
            before={"advisor": staff[old].staff_number if old else ""},
            after={"advisor": staff[taker].staff_number, "clients": len(found)},
            reason=reason,
            ids=[public_id for _pk, public_id in found],
        )
    return sum(map(len, by_pair.values()))


def _move(clients: Sequence[int], taker: int, actor: User, now: datetime, reason: str) -> None:
    # An assignment that began later than now (another clock) must not end before it began.
    AdvisorAssignment.objects.filter(client_id__in=clients, until=None).update(until=Greatest(F("since"), now))
    AdvisorAssignment.objects.bulk_create(
        [
            AdvisorAssignment(client_id=pk, advisor_id=taker, since=now, reason=reason, assigned_by=actor)
            for pk in clients
        ]
    )
    Client.objects.filter(pk__in=clients).update(advisor_id=taker, version=F("version") + 1, updated_at=now)


def _batches(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(keys), _BATCH):
        yield keys[start : start + _BATCH]
