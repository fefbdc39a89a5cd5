"""Daily assets from a file: the custodian's book of a day, or many days at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from clients.importing.lookup import CLIENT_FIELD, clients_by_number, unknown_client
from clients.services.asset_sql import AMOUNTS, AssetDay, current
from clients.services.assets import put_asset_days
from crm.core.fields import to_fen
from crm.core.importing import (
    ImportContext,
    ImportField,
    ImportStale,
    ImportTarget,
    ImportTouched,
    InputRow,
    RowPlan,
    Stage,
    StagedRow,
)
from crm.core.importing.targets import CREATED, UPDATED

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
    row_key_field = "external_id"
    date_field = "day"
    fields = [
        CLIENT_FIELD,
        ImportField("day", "date", _("day"), required=True, headers=("日期", "交易日", "date")),
        *(
            ImportField(name, "money", label, required=name == "net_assets", headers=headers)
            for name, (label, headers) in _LABELS.items()
        ),
    ]

    def plan(self, context: ImportContext, rows: list[InputRow]) -> Iterable[RowPlan]:
        clients = clients_by_number(context, rows)
        today = context.now.date()
        keys = [(clients[row.values["external_id"]], row.values["day"]) for row in rows if _known(row, clients)]
        on_file = {(found.client_id, found.day): found for found in current(keys)}
        seen: dict[tuple[int, date], int] = context.memo.setdefault("seen", {})
        for row in rows:
            client_id = clients.get(row.values["external_id"])
            if client_id is None:
                yield row.rejected(unknown_client(row))
                continue
            key = (client_id, row.values["day"])
            if (key[1] - today).days > 1:
                yield row.rejected(row.problem("day", "in_future", str(_("This day has not come yet."))))
            elif key in seen:
                yield row.rejected(row.problem("external_id", "duplicate_key", row=seen[key]))
            else:
                seen[key] = row.number
                yield self._decide(context, row, key, on_file.get(key))

    def _decide(self, context: ImportContext, row: InputRow, key: tuple[int, date], old: AssetDay | None) -> RowPlan:
        amounts = old._asdict() if old else {}
        for name in AMOUNTS:
            value: Decimal | None = row.values.get(name)
            if value is not None:
                amounts[name] = to_fen(value)
        new = AssetDay(*key, **{name: amounts.get(name, 0) for name in AMOUNTS})
        ref = f"{key[0]}:{key[1]}"
        if old is None:
            return row.created(_cells(new), ref)
        return row.unchanged() if new == old else row.updated(_cells(new), _cells(old), ref)

    def apply(self, context: ImportContext, stage: Stage) -> None:
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
        put_asset_days(branch=context.branch, rows=rows, actor=context.actor)

    def undo(self, context: ImportContext, stage: Stage) -> None:
        gone: list[tuple[int, date]] = []
        back: list[AssetDay] = []
        for outcome in (CREATED, UPDATED):
            for page in stage.chunks(outcome):
                written = {_row(row.values) for row in page}
                if _on_file(page) != written:
                    raise ImportTouched
                if outcome == CREATED:
                    gone += [(row.client_id, row.day) for row in written]
                else:
                    back += [_row(row.before) for row in page]
        put_asset_days(branch=context.branch, rows=back, removed=gone, actor=context.actor)


def _known(row: InputRow, clients: dict[str, int]) -> bool:
    return row.values["external_id"] in clients


def _cells(row: AssetDay) -> list[Any]:
    return [row.client_id, row.day.isoformat(), *row[2:]]


def _row(cells: list[Any]) -> AssetDay:
    return AssetDay(cells[0], date.fromisoformat(cells[1]), *cells[2:])


def _on_file(page: list[StagedRow]) -> set[AssetDay]:
    return set(current(list(_keys(page))))


def _keys(page: list[StagedRow]) -> Iterator[tuple[int, date]]:
    for row in page:
        yield row.values[0], date.fromisoformat(row.values[1])
