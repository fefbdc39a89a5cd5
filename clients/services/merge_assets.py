"""Daily assets of two clients who are made one: amounts of the same day are added, running sums are made anew."""

from __future__ import annotations

from datetime import date
from typing import Any

from clients.errors import MergeContradicted
from clients.models import BranchDay, Client, DailyAsset, Holding
from clients.registry import Moment, Values
from clients.services.asset_sql import AMOUNTS, AssetDay, current
from clients.services.assets import put_asset_days

#: Days named in one statement.
_DAYS = 400


class DailyAssets:
    """Two numbers of one person hold money of their own, so what both have on one day is one sum."""

    def overlap(self, leaving: Client, staying: Client) -> int:
        days = [row.day for row in _rows(leaving)]
        return len(list(current([(staying.pk, day) for day in days])))

    def merge(self, leaving: Client, staying: Client, moment: Moment) -> tuple[int, Any]:
        mine = _rows(leaving)
        if not mine:
            return 0, {"mine": [], "theirs": []}
        theirs = list(current([(staying.pk, row.day) for row in mine]))
        put_asset_days(
            branch=staying.branch,
            rows=_sums(mine, theirs, staying.pk),
            removed=[(leaving.pk, row.day) for row in mine],
            actor=moment.actor,
        )
        return len(mine), {"mine": [_cells(row) for row in mine], "theirs": [_cells(row) for row in theirs]}

    def undo(self, leaving: Client, staying: Client, kept: Any, moment: Moment) -> None:
        mine = [_row(leaving.pk, cells) for cells in kept["mine"]]
        theirs = [_row(staying.pk, cells) for cells in kept["theirs"]]
        if not mine:
            return
        written = set(_sums(mine, theirs, staying.pk))
        if set(current([(staying.pk, row.day) for row in mine])) != written:
            raise MergeContradicted
        before = {row.day for row in theirs}
        put_asset_days(
            branch=staying.branch,
            rows=[*mine, *theirs],
            removed=[(staying.pk, row.day) for row in mine if row.day not in before],
            actor=moment.actor,
        )


def _rows(client: Client) -> list[AssetDay]:
    """All days of a client; each is asked for by name, since the key begins with the day."""
    days = list(BranchDay.objects.filter(branch=client.branch_id).order_by("day").values_list("day", flat=True))
    found: list[AssetDay] = []
    for at in range(0, len(days), _DAYS):
        rows = DailyAsset.objects.filter(client_id=client.pk, day__in=days[at : at + _DAYS]).order_by("day")
        for day, *amounts in rows.values_list("day", *AMOUNTS):
            found.append(AssetDay(client.pk, day, *(int(amount * 100) for amount in amounts)))
    return found


def _sums(mine: list[AssetDay], theirs: list[AssetDay], client_id: int) -> list[AssetDay]:
    """The days of ``mine`` as days of another client, with what he has on them himself."""
    known = {row.day: row[2:] for row in theirs}
    nothing = (0,) * len(AMOUNTS)
    return [
        AssetDay(client_id, row.day, *(a + b for a, b in zip(row[2:], known.get(row.day, nothing), strict=True)))
        for row in mine
    ]


def _cells(row: AssetDay) -> list[Any]:
    return [row.day.isoformat(), *row[2:]]


def _row(client_id: int, cells: list[Any]) -> AssetDay:
    return AssetDay(client_id, date.fromisoformat(cells[0]), *cells[1:])


def add_holdings(leaving: Any, staying: Any, _moment: Moment) -> tuple[Values | None, Values]:
    """One security of one day under both numbers: quantities and values are added; a cost only where both are known."""
    cost = None if leaving.cost is None or staying.cost is None else leaving.cost + staying.cost
    return None, {
        "quantity": staying.quantity + leaving.quantity,
        "market_value": staying.market_value + leaving.market_value,
        "cost": cost,
    }


def shared_holdings(leaving: Client, staying: Client) -> int:
    """How many securities stand under both numbers on one day."""
    held = set(Holding.objects.filter(client=staying).values_list("day", "security_code"))
    return len(held & set(Holding.objects.filter(client=leaving).values_list("day", "security_code")))
