"""The accounts of the demo's clients and the collateral of those who trade on margin, through the same doors as real files."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from clients.models import Client, DailyAsset
from crm.core.importing.mapping import from_tables
from crm.core.models import Branch, User
from crm.core.services.importing import import_file
from crm.demo.staffing import Crew
from crm.roles import MANAGER

_ACCOUNT_COLUMNS = {
    "external_id": "客户号",
    "kind": "账户类型",
    "number": "账号",
    "status": "账户状态",
    "opened_on": "开立日期",
    "closed_on": "销户日期",
    "first_trade_on": "首次交易日期",
}
_MARGIN_COLUMNS = {
    "external_id": "客户号",
    "day": "日期",
    "cash": "信用资金余额",
    "market_value": "担保证券市值",
    "debt": "融资融券负债",
    "interest": "利息及费用",
}
#: Of a hundred clients so many have a fund account, an option account, and a first trade at another firm before ours.
_FUND, _OPTION, _ELSEWHERE = 55, 6, 30
#: Days of collateral the file of the first morning brings.
_MARGIN_DAYS = 6
#: A prime: serial numbers times different factors spread over the digits and never meet within a kind.
_PRIME = 9_999_991
#: Collateral in percent of the debt: most are safe, some are to be watched, a few are near the end.
_RATIOS = (320, 290, 265, 250, 240, 230, 220, 210, 200, 190, 176, 168, 158, 147, 138, 127)


def bring_accounts(*, crew: Crew, days: Sequence[date], seed: int) -> None:
    """Import the accounts of both branches, and the collateral of those who owe on margin."""
    last = list(days[-_MARGIN_DAYS:])
    for number, branch in enumerate(crew.branches):
        actor = crew.of(branch, MANAGER)[0]
        maker = random.Random(f"{seed}:accounts:{branch.code}")
        clients = list(Client.objects.filter(branch=branch).order_by("external_id"))
        owing = _debts(branch, last)
        rows = [row for place, c in enumerate(clients) for row in _accounts(c, maker, number, place, c.pk in owing)]
        bring_file(actor, branch, "accounts", f"账户-{branch.code}.csv", _ACCOUNT_COLUMNS, rows)
        margins = [row for c in clients if c.pk in owing for row in _margins(c, maker, owing[c.pk])]
        bring_file(actor, branch, "margins", f"担保-{branch.code}.csv", _MARGIN_COLUMNS, margins)


def _debts(branch: Branch, days: list[date]) -> dict[int, dict[date, Decimal]]:
    """Client → what he owed on each of the last days, for those who owe on the newest."""
    rows: Any = DailyAsset.objects.filter(day__in=days, client__branch=branch, margin_debt__gt=0)
    found: dict[int, dict[date, Decimal]] = {}
    for client_id, day, debt in rows.order_by("client_id", "day").values_list("client_id", "day", "margin_debt"):
        found.setdefault(client_id, {})[day] = debt
    return {client_id: debts for client_id, debts in found.items() if days[-1] in debts}


def _accounts(client: Client, maker: random.Random, branch: int, place: int, owes: bool) -> Iterator[list[Any]]:
    """A client's accounts. The serial numbers of a branch lie in a block of their own, so that no two are the same."""
    serial, opened = branch * 1_000_000 + 1000 + place, client.opened_on
    cash, code, shanghai, shenzhen, fund, option, credit = (
        serial * factor % _PRIME for factor in (7919, 104_729, 611_953, 15_485, 32_452, 49_979, 67_867)
    )
    if opened is None:
        return
    traded = opened + timedelta(days=maker.randrange(1, 20))
    elsewhere = maker.randrange(100) < _ELSEWHERE
    known = opened - timedelta(days=maker.randrange(300, 3500)) if elsewhere else traded
    yield _line(client, "cash", f"88{cash:08d}", opened, traded)
    yield _line(client, "one_code", f"18{code:010d}", known - timedelta(days=3), known)
    yield _line(client, "sh_a", f"A{100_000_000 + shanghai}", known - timedelta(days=3))
    yield _line(client, "sz_a", f"01{shenzhen:08d}", known - timedelta(days=3))
    if maker.randrange(100) < _FUND:
        yield _line(client, "fund", f"98{fund:010d}", opened + timedelta(days=1))
    if maker.randrange(100) < _OPTION:
        yield _line(client, "option", f"80{option:08d}", traded + timedelta(days=2))
    if owes:
        yield _line(client, "credit", f"06{credit:08d}", traded + timedelta(days=1), traded + timedelta(days=3))


def _line(client: Client, kind: str, number: str, opened: date, traded: date | None = None) -> list[Any]:
    """One row of the file. Nothing lies after the day on which the client was last seen."""
    last = client.assets_on or opened
    day = min(opened, last)
    state = {Client.Status.CLOSED: "closed", Client.Status.SUSPENDED: "frozen"}.get(
        Client.Status(client.status), "open"
    )
    closed = client.closed_on if state == "closed" else None
    first = min(traded, last) if traded else None
    return [client.external_id, kind, number, state, day, closed or "", first or ""]


def _margins(client: Client, maker: random.Random, debts: dict[date, Decimal]) -> Iterator[list[Any]]:
    percent = maker.choice(_RATIOS)
    for day, debt in debts.items():
        percent += maker.randrange(-3, 4)
        interest = (debt * 7 / 10_000).quantize(Decimal("0.01"))
        secured = ((debt + interest) * percent / 100).quantize(Decimal("0.01"))
        cash = (secured / 10).quantize(Decimal("0.01"))
        yield [client.external_id, day, cash, secured - cash, debt, interest]


def bring_file(
    actor: User, branch: Branch, kind: str, name: str, columns: dict[str, str], rows: Iterable[list[Any]]
) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns.values())
    writer.writerows(rows)
    batch = import_file(
        actor=actor,
        kind=kind,
        branch=branch,
        file_name=name,
        raw=text.getvalue().encode("utf-8-sig"),
        mapping=from_tables({"columns": columns}),
    )
    if batch.rejected:
        raise RuntimeError(f"demo {kind} were rejected: batch {batch.public_id}")
