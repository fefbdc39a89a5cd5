"""Daily assets from a file: the custodian's book of a day, or many days at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from clients.days import EARLIEST
from clients.importing.lookup import (
    CLIENT_FIELD,
    await_merges,
    barred_rows,
    clients_by_number,
    refuse_after_merge,
    refuse_undo_of_restricted,
    unknown_client,
)
from clients.services.asset_sql import AMOUNTS, AssetDay, current
from clients.services.assets import put_asset_days
from crm.core.clocks import local_date
from crm.core.fields import to_fen
from crm.core.importing import (
    ImportContext,
    ImportField,
    ImportStale,
    ImportTarget,
    InputRow,
    Problem,
    RowPlan,
    Stage,
    StagedRow,
)
from crm.core.importing.targets import CHUNK, CREATED, UPDATED
from crm.core.importing.touched import Touched, later_batches, masked

_LABELS = {
    "net_assets": (_("net assets"), ("总资产", "净资产", "资产", "balance", "assets", "total assets")),
    "market_value": (_("market value"), ("市值", "证券市值")),
    "cash": (_("cash"), ("可用资金", "资金余额", "现金")),
    "margin_debt": (_("margin debt"), ("融资负债", "负债")),
    "inflow": (_("inflow"), ("转入", "流入", "入金")),
    "outflow": (_("outflow"), ("转出", "流出", "出金")),
    "turnover": (_("turnover"), ("成交额", "交易量", "成交金额")),
    "commission": (_("commission"), ("佣金", "净佣金")),
}


class AssetTarget(ImportTarget):
    """One row = the assets of one client at the close of one day; net assets may be negative."""

    kind = "assets"
    label = _("Daily assets")
    permission = "clients.add_dailyasset"
    row_key_field = client_field = "external_id"
    date_field = "day"
    fields = [
        CLIENT_FIELD,
        ImportField("day", "date", _("day"), required=True, headers=("日期", "交易日", "date")),
        *(
            ImportField(name, "money", label, required=name == "net_assets", headers=headers)
            for name, (label, headers) in _LABELS.items()
        ),
    ]

    def begin(self, context: ImportContext) -> None:
        await_merges(context)

    def barred(self, context: ImportContext, rows: list[InputRow]) -> dict[int, Problem]:
        return barred_rows(context, rows, "external_id")

    def plan(self, context: ImportContext, rows: list[InputRow]) -> Iterable[RowPlan]:
        clients = clients_by_number(context, rows)
        today = local_date(context.now)
        keys = [(clients[row.values["external_id"]], row.values["day"]) for row in rows if _known(row, clients)]
        on_file = {(found.client_id, found.day): found for found in current(keys)}
        seen: dict[tuple[int, date], dict[str, InputRow]] = context.memo.setdefault("seen", {})
        decided: set[tuple[int, date]] = context.memo.setdefault("decided", set())
        later = _under_several_numbers(rows, clients)
        for row in rows:
            number = row.values["external_id"]
            client_id = clients.get(number)
            if client_id is None:
                yield row.rejected(unknown_client(row))
                continue
            key = (client_id, row.values["day"])
            if key[1] > today:
                yield row.rejected(row.problem("day", "in_future", str(_("This day has not come yet."))))
            elif key[1] < EARLIEST:
                yield row.rejected(row.problem("day", "too_early", str(_("This day lies too far back."))))
            elif number in seen.get(key, ()):
                yield row.rejected(row.problem("external_id", "duplicate_key", row=seen[key][number].number))
            else:
                parts = seen.setdefault(key, {})
                parts[number] = row
                if len(parts) < later.get(key, 0):
                    yield row.unchanged()  # the last of his rows brings the sum of all
                else:
                    again = key in decided
                    decided.add(key)
                    yield self._decide(row, key, list(parts.values()), on_file.get(key), again=again)

    def _decide(
        self, row: InputRow, key: tuple[int, date], parts: list[InputRow], old: AssetDay | None, *, again: bool
    ) -> RowPlan:
        """What the day becomes; after a merge the rows of all numbers of the client add up.

        ``again``: an earlier row of the file has decided about the day with fewer numbers, so this one must be said.
        """
        amounts = old._asdict() if old else {}
        for name in AMOUNTS:
            values: list[Decimal] = [part.values[name] for part in parts if part.values.get(name) is not None]
            if values:
                amounts[name] = sum(to_fen(value) for value in values)
        new = AssetDay(*key, **{name: amounts.get(name, 0) for name in AMOUNTS})
        ref = f"{key[0]}:{key[1]}"
        if old is None:
            return row.created(_cells(new), ref)
        return row.unchanged() if new == old and not again else row.updated(_cells(new), _cells(old), ref)

    def apply(self, context: ImportContext, stage: Stage) -> None:
        refuse_after_merge(context)
        rows: list[AssetDay] = []
        for page in stage.chunks(CREATED):
            new = [_row(row.values) for row in page]
            if any(True for _found in current([(row.client_id, row.day) for row in new])):
                raise ImportStale
            rows += new
        for page in stage.chunks(UPDATED):
            if _on_file(page) != {_row(row.before) for row in page}:
                raise ImportStale
            rows += [_row(row.values) for row in page]
        # Of a client with several numbers the last row is the sum of all.
        put_asset_days(branch=context.branch, rows=list({row[:2]: row for row in rows}.values()), actor=context.actor)

    def undo(self, context: ImportContext, stage: Stage) -> None:
        refuse_undo_of_restricted(context, stage, lambda page: {row.number: row.key for row in page})
        gone: dict[tuple[int, date], None] = {}
        back: dict[tuple[int, date], AssetDay] = {}
        for outcome in (CREATED, UPDATED):
            # Of a client with several numbers the last row is the sum of all.
            last = {_key(row): row for page in stage.chunks(outcome) for row in page}
            rows = list(last.values())
            for at in range(0, len(rows), CHUNK):
                self._refuse_changed(context, rows[at : at + CHUNK])
            if outcome == CREATED:
                gone = dict.fromkeys(last)
            else:
                back = {key: _row(row.before) for key, row in last.items()}
        put_asset_days(branch=context.branch, rows=list(back.values()), removed=list(gone), actor=context.actor)

    def _refuse_changed(self, context: ImportContext, page: Sequence[StagedRow]) -> None:
        """Raise ``ImportTouched`` naming the days that say something else now, and the later file that says so."""
        now = {(found.client_id, found.day): found for found in current([_key(row) for row in page])}
        moved = [row for row in page if now.get(_key(row)) != _row(row.values)]
        if not moved:
            return
        touched, later = Touched(), later_batches(context.batch, [row.ref for row in moved])
        for row in moved:
            found, ours = now.get(_key(row)), _row(row.values)
            name = f"{masked(row.key)}, {ours.day.isoformat()}"
            if found is None:
                touched.gone(row, name)
                continue
            what = [str(_LABELS[part][0]) for part in AMOUNTS if getattr(found, part) != getattr(ours, part)]
            if by := later.get(row.ref):
                touched.overwritten(row, what, by, name)
            else:
                touched.otherwise(row, what, key=name)
        touched.refuse()


def _under_several_numbers(rows: list[InputRow], clients: dict[str, int]) -> dict[tuple[int, date], int]:
    """Days for which these rows name a client under several numbers, as they may after a merge, and under how many."""
    numbers: dict[tuple[int, date], set[str]] = {}
    for row in rows:
        if _known(row, clients):
            numbers.setdefault((clients[row.values["external_id"]], row.values["day"]), set()).add(
                row.values["external_id"]
            )
    return {key: len(found) for key, found in numbers.items() if len(found) > 1}


def _known(row: InputRow, clients: dict[str, int]) -> bool:
    return row.values["external_id"] in clients


def _cells(row: AssetDay) -> list[Any]:
    return [row.client_id, row.day.isoformat(), *row[2:]]


def _row(cells: list[Any]) -> AssetDay:
    return AssetDay(cells[0], date.fromisoformat(cells[1]), *cells[2:])


def _on_file(page: list[StagedRow]) -> set[AssetDay]:
    return set(current([_key(row) for row in page]))


def _key(row: StagedRow) -> tuple[int, date]:
    return row.values[0], date.fromisoformat(row.values[1])
