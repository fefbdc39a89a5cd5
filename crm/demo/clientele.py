"""Two thousand invented clients, thirteen months of what they held, through the same doors as real files."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import repeat
from typing import Any

import numpy as np

from clients.models import Client
from clients.services import AssetDay, HoldingRow, put_asset_days, put_holdings, set_do_not_contact
from crm.core.clocks import Calendar
from crm.core.importing.mapping import from_tables
from crm.core.models import Branch, User
from crm.core.services.importing import import_file
from crm.demo.markets import Market, make_market, with_securities_worth
from crm.demo.people import make_firms, make_people
from crm.demo.portfolios import make_holdings, worth_of
from crm.demo.staffing import BRANCHES, Crew
from crm.roles import ACCOUNT_MANAGER, ADVISOR, AGENT, FRONT_DESK, MANAGER

#: Every such-and-such client is a firm; so many of a hundred have nobody who serves them yet.
_FIRM_EVERY = 40
_WITHOUT_ADVISOR = 7
_MONTHS = 13
_GRADES = ("C1", "C2", "C3", "C3", "C4", "C4", "C5")
_CHANNELS = ("phone", "phone", "wechat", "wechat", "visit", "email")
#: The columns of the demo's client file, as a counter system names them.
_COLUMNS = {
    "external_id": "客户号",
    "name": "姓名",
    "kind": "客户类型",
    "phone": "手机",
    "id_number": "证件号码",
    "email": "邮箱",
    "address": "地址",
    "city": "城市",
    "occupation": "职业",
    "education": "学历",
    "marital_status": "婚姻状况",
    "opened_on": "开户日期",
    "advisor": "工号",
    "introducer": "经纪人",
    "risk_grade": "风险等级",
    "risk_valid_until": "测评有效期",
    "preferred_channel": "首选联系方式",
}


@dataclass(frozen=True)
class Clientele:
    """Who the demo's clients are, in the order of the market's columns."""

    branches: list[Branch]
    ids: list[int]
    days: list[date]


def bring_clients(*, crew: Crew, count: int, seed: int, today: date, now: datetime) -> Clientele:
    """Import clients, daily assets and holdings of both branches."""
    days = _trading_days(today)
    market = make_market(count, days, seed=seed)
    holdings = make_holdings(market, seed=seed)
    market = with_securities_worth(market, worth_of(holdings, count))
    share = [index % 5 >= 3 for index in range(count)]
    ids: list[int] = [0] * count
    for number, branch in enumerate(crew.branches):
        columns = [index for index in range(count) if share[index] == bool(number)]
        _import_people(crew, branch, number, columns, market, seed=seed, today=today)
        known = dict(Client.objects.filter(branch=branch).values_list("external_id", "pk"))
        for index in columns:
            ids[index] = known[_number(number, index)]
        actor = crew.of(branch, MANAGER)[0]
        put_asset_days(branch=branch, rows=_asset_rows(market, columns, ids), actor=actor)
        own = set(columns)
        rows = [
            HoldingRow(ids[h.client], h.code, h.name, h.quantity, h.value, h.cost_price * h.quantity)
            for h in holdings
            if h.client in own
        ]
        put_holdings(branch=branch, day=days[-1], rows=rows, actor=actor)
        _leave_alone(branch, crew.of(branch, FRONT_DESK)[0], seed)
    return Clientele(crew.branches, ids, days)


def _trading_days(today: date) -> list[date]:
    """Trading days of thirteen months up to the day before: what the custodian has sent by this morning."""
    first = today - timedelta(days=_MONTHS * 31)
    calendar = Calendar.load(first - timedelta(days=10), today)
    return [day for offset in range((today - first).days) if calendar.is_trading(day := first + timedelta(days=offset))]


def _number(branch: int, index: int) -> str:
    return f"{(branch + 1) * 10_000_000 + 1000 + index}"


def _import_people(
    crew: Crew, branch: Branch, number: int, columns: list[int], market: Market, *, seed: int, today: date
) -> None:
    maker = random.Random(f"{seed}:{branch.code}")
    city = BRANCHES[number][2]
    people = iter(make_people(len(columns), seed=f"{seed}:{branch.code}", today=today, city=city))
    firms = iter(make_firms(len(columns) // _FIRM_EVERY + 1, seed=f"{seed}:{branch.code}", today=today, city=city))
    servers = [user.staff_number for user in crew.of(branch, ADVISOR)[:7] + crew.of(branch, ACCOUNT_MANAGER)]
    agents = [user.staff_number for user in crew.of(branch, AGENT)]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS.values())
    for place, index in enumerate(columns):
        opened = _opened_on(market, index, maker, today)
        who = _firm_cells(next(firms), city) if place % _FIRM_EVERY == 7 else _person_cells(next(people))
        served = maker.choice(servers) if maker.randrange(100) >= _WITHOUT_ADVISOR else ""
        introduced = maker.choice(agents) if maker.randrange(100) < 12 else ""
        valid = opened + timedelta(days=730)
        while valid < today - timedelta(days=40):
            valid += timedelta(days=730)
        writer.writerow(
            [
                _number(number, index),
                *who,
                opened,
                served,
                introduced,
                maker.choice(_GRADES),
                valid,
                maker.choice(_CHANNELS),
            ]
        )
    mapping = from_tables(
        {
            "columns": _COLUMNS,
            "values": {"kind": {"person": "个人", "institution": "机构"}},
        }
    )
    batch = import_file(
        actor=crew.of(branch, MANAGER)[0],
        kind="clients",
        branch=branch,
        file_name=f"客户-{branch.code}.csv",
        raw=text.getvalue().encode("utf-8-sig"),
        mapping=mapping,
    )
    if batch.rejected:
        raise RuntimeError(f"demo clients were rejected: batch {batch.public_id}")


def _opened_on(market: Market, index: int, maker: random.Random, today: date) -> date:
    row = int(market.opened[index])
    return market.days[row] if row else market.days[0] - timedelta(days=maker.randrange(10, 4000))


def _person_cells(person: Any) -> list[Any]:
    return [
        person.name,
        "个人",
        person.mobile,
        person.id_number,
        person.email,
        person.address,
        person.city,
        person.occupation,
        person.education,
        person.marital_status,
    ]


def _firm_cells(firm: Any, city: str) -> list[Any]:
    return [firm.name, "机构", firm.phone, firm.credit_code, firm.email, firm.address, city, "", "", ""]


def _asset_rows(market: Market, columns: list[int], ids: list[int]) -> Iterator[AssetDay]:
    """Fen as plain integers, a day at a time, as the custodian's files come."""
    amounts = (
        market.assets,
        market.securities,
        market.cash,
        market.debt,
        market.inflow,
        market.outflow,
        market.turnover,
        market.commission,
    )
    place, keys = np.asarray(columns, np.int64), np.asarray(ids, np.int64)
    for row, day in enumerate(market.days):
        on_file = place[market.present[row, place]]
        figures = (array[row, on_file].tolist() for array in amounts)
        yield from map(AssetDay._make, zip(keys[on_file].tolist(), repeat(day), *figures, strict=False))


def _leave_alone(branch: Branch, clerk: User, seed: int) -> None:
    """A few clients do not want to be contacted."""
    chosen = random.Random(f"{seed}:quiet:{branch.code}")
    clients = list(Client.objects.filter(branch=branch).order_by("external_id"))
    for client in chosen.sample(clients, min(6, len(clients))):
        set_do_not_contact(client=client, do_not_contact=True, reason="客户要求免打扰", actor=clerk)
