"""The common case of writing daily assets: days that follow everything on file. Sums are carried on row by row, no SQL moves.

The custodian's file of the day and a branch's first thirteen months both come this way; whatever touches a day on file or
before it goes through ``asset_sql``. Both ways give the same rows (property test).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, NamedTuple

from clients.models import BranchDay, Client, DailyAsset
from clients.services.asset_sql import AMOUNTS, SUMS, AssetDay, DoubledRows, ForeignClients, Written
from crm.core.batches import batches
from crm.core.importing import bulk

_COLUMNS = ("client_id", "day", *AMOUNTS, *SUMS, "days_on_file")
_TOTALS = ("branch_id", "day", "clients", "net_assets", "inflow", "outflow", "turnover", "commission")
_TOTALLED = tuple(AssetDay._fields.index(name) for name in _TOTALS[3:])
_PAGE = 5_000


class _Known(NamedTuple):
    branch_id: int
    assets_on: date | None


def append(branch_id: int, rows: list[AssetDay]) -> Written | None:
    """Write ``rows`` if all of them lie after their clients' last day on file and on days the branch has none of; else None.

    Raises ``ForeignClients`` and ``DoubledRows``.
    """
    if not rows:
        return None
    rows.sort(key=itemgetter(1, 0))
    if any(a[0] == b[0] and a[1] == b[1] for a, b in pairwise(rows)):
        raise DoubledRows
    first: dict[int, date] = {}
    for row in rows:
        first.setdefault(row.client_id, row.day)
    known = _clients(first)
    if len(known) != len(first) or any(one.branch_id != branch_id for one in known.values()):
        raise ForeignClients
    if any(one.assets_on is not None and one.assets_on >= first[pk] for pk, one in known.items()):
        return None
    days = sorted({row.day for row in rows})
    if BranchDay.objects.filter(branch_id=branch_id, day__in=days).exists():
        return None
    sums = _bases(known)
    bulk.insert(DailyAsset, _COLUMNS, _summed(rows, sums))
    bulk.insert(BranchDay, _TOTALS, _totals(branch_id, rows))
    newest = {row.client_id: row for row in rows}
    cells = ((pk, row.day.isoformat(), row.net_assets) for pk, row in newest.items())
    bulk.update(Client, ("id",), ("assets_on", "total_assets"), cells)
    return Written(len(rows), 0, 0, days)


def _clients(wanted: Iterable[int]) -> dict[int, _Known]:
    found = {}
    for page in batches(sorted(wanted), _PAGE):
        rows = Client.objects.filter(pk__in=page).values_list("pk", "branch_id", "assets_on")
        found.update({pk: _Known(branch_id, day) for pk, branch_id, day in rows})
    return found


def _bases(known: dict[int, _Known]) -> dict[int, list[int]]:
    """The sums that each client's last day on file carries; nought for a client without one."""
    sums = {pk: [0] * (len(SUMS) + 1) for pk in known}
    by_day: dict[date, list[int]] = {}
    for pk, one in known.items():
        if one.assets_on is not None:
            by_day.setdefault(one.assets_on, []).append(pk)
    for day, clients in by_day.items():
        for page in batches(clients, _PAGE):
            rows = DailyAsset.objects.filter(day=day, client_id__in=page)
            for pk, *held, count in rows.values_list("client_id", *SUMS, "days_on_file"):
                sums[pk] = [*(int(amount * 100) for amount in held), count]
    return sums


def _summed(rows: list[AssetDay], sums: dict[int, list[int]]) -> Iterator[tuple[Any, ...]]:
    day: date | None = None
    iso = ""
    for row in rows:
        if row.day is not day:
            day, iso = row.day, row.day.isoformat()
        held = sums[row.client_id]
        held[0] += row.net_assets
        held[1] += row.turnover
        held[2] += row.commission
        held[3] += 1
        yield (row.client_id, iso, *row[2:], *held)


def _totals(branch_id: int, rows: list[AssetDay]) -> Iterator[tuple[Any, ...]]:
    for day, group in groupby(rows, key=itemgetter(1)):
        columns = list(zip(*group, strict=True))
        yield (branch_id, day.isoformat(), len(columns[0]), *(sum(columns[at]) for at in _TOTALLED))
