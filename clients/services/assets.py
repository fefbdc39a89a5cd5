"""Bringing in what clients hold: daily assets with their running sums, and holdings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection, transaction

from clients.errors import DoubledAssets, ForeignAssets
from clients.models import Client, Holding
from clients.services import asset_append, asset_sql
from clients.services.asset_sql import AssetDay, DoubledRows, ForeignClients, Written
from crm.core import audit
from crm.core.fields import to_units
from crm.core.importing import bulk
from crm.core.models import Branch, User
from crm.core.public_ids import new_public_id
from crm.core.service import service

#: From so many rows on the planner's statistics are refreshed: without the new day in them it guesses one row.
_ANALYZE_FROM = 20_000


@service("assets.put_days")
def put_asset_days(
    *, branch: Branch, rows: Iterable[AssetDay], actor: User, removed: Iterable[tuple[int, date]] = ()
) -> Written:
    """Put daily assets of clients of one branch, new or corrected, any days in any order; amounts in fen.

    Rows that change nothing are not written. A late or corrected day shifts the running sums of that client's later days.
    ``removed`` names (client, day) pairs to take away. Raises ``ForeignAssets`` and ``DoubledAssets``.
    """
    # One writer a branch: two files at once would both build on the same sums. Foreign keys to the branch stay free.
    Branch.objects.select_for_update(of=("self",), no_key=True).get(pk=branch.pk)
    try:
        held, gone = list(rows), list(removed)
        written = (None if gone else asset_append.append(branch.pk, held)) or asset_sql.write(branch.pk, held, gone)
    except ForeignClients:
        raise ForeignAssets from None
    except DoubledRows:
        raise DoubledAssets from None
    if written.any:
        after = {"created": written.created, "updated": written.updated, "removed": written.removed}
        audit.record(actor, "assets.put", branch, after={**after, "first": written.days[0], "last": written.days[-1]})
        if written.created + written.updated >= _ANALYZE_FROM and connection.vendor == "postgresql":
            transaction.on_commit(_analyze, robust=True)
    return written


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE clients_dailyasset")


class HoldingRow(NamedTuple):
    """One security of one client; amounts in fen, ``quantity`` in shares with at most four places."""

    client_id: int
    security_code: str
    security_name: str
    quantity: Decimal | int
    market_value: int
    cost: int | None = None
    security_kind: str = ""


_SAID = ("security_name", "quantity", "market_value", "cost", "security_kind")


@service("holdings.put_day")
def put_holdings(*, branch: Branch, day: date, rows: Sequence[HoldingRow], actor: User) -> int:
    """Make the branch's holdings of ``day`` equal to ``rows``; returns how many rows were new, changed or taken away.

    Raises ``ForeignAssets`` for clients of another branch and ``DoubledAssets`` for a security named twice for a client.
    """
    Branch.objects.select_for_update(of=("self",), no_key=True).get(pk=branch.pk)
    wanted = {(row.client_id, row.security_code): row for row in rows}
    if len(wanted) != len(rows):
        raise DoubledAssets
    own = set(Client.objects.filter(branch=branch).values_list("pk", flat=True))
    if any(client_id not in own for client_id, _code in wanted):
        raise ForeignAssets
    known: dict[tuple[int, str], tuple[int, HoldingRow]] = {}
    on_file = Holding.objects.filter(day=day, client__branch=branch)
    for pk, client_id, code, name, quantity, value, cost, kind in on_file.values_list(
        "pk", "client_id", "security_code", *_SAID
    ):
        fen = None if cost is None else int(cost * 100)
        known[client_id, code] = (pk, HoldingRow(client_id, code, name, quantity, int(value * 100), fen, kind))
    gone = [pk for key, (pk, _row) in known.items() if key not in wanted]
    new = [row for key, row in wanted.items() if key not in known]
    changed = [(known[key][0], row) for key, row in wanted.items() if key in known and known[key][1] != row]
    bulk.delete(Holding, "id", gone)
    bulk.insert(Holding, ("public_id", "client_id", "day", "security_code", *_SAID), (_cells(row, day) for row in new))
    bulk.update(Holding, ("id",), _SAID, ((pk, *_said(row)) for pk, row in changed))
    count = len(gone) + len(new) + len(changed)
    if count:
        after = {"day": day, "created": len(new), "updated": len(changed), "removed": len(gone)}
        audit.record(actor, "holdings.put", branch, after=after)
    return count


def _cells(row: HoldingRow, day: date) -> tuple[Any, ...]:
    return (new_public_id(), row.client_id, day.isoformat(), row.security_code, *_said(row))


def _said(row: HoldingRow) -> tuple[Any, ...]:
    """Name, quantity, value, cost and kind as their columns hold them."""
    return (row.security_name, to_units(row.quantity), row.market_value, row.cost, row.security_kind)
