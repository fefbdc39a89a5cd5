"""A client who meets every condition of a trading permission, and what a check of him comes to."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from clients.models import Client
from clients.querysets.precheck import precheck
from clients.services import (
    AssetDay,
    put_asset_days,
)
from crm.core.access import system_user
from crm.core.clocks import Calendar
from crm.core.models import Branch
from tests.factories.clients import (
    AccountFactory,
    ClientFactory,
    EntryTestFactory,
)

NOW = datetime(2026, 6, 2, 2, tzinfo=UTC)
DAY = date(2026, 6, 2)
API = "/api/v1/trading-permissions/"


def worth(client: Client, yuan: int | str, days: int = 20) -> None:
    """The client had so much on each of the last ``days`` trading days."""
    calendar = Calendar.around(DAY)
    rows = [
        AssetDay(client.pk, calendar.add_trading_days(DAY, -back), int(Decimal(yuan) * 100))
        for back in range(days, 0, -1)
    ]
    put_asset_days(branch=client.branch, rows=rows, actor=system_user())


def fit(branch: Branch, **fields: Any) -> Client:
    """A client who meets every condition of 科创板."""
    said = {"risk_grade": "C4", "risk_valid_until": date(2027, 1, 1), **fields}
    client = ClientFactory(branch=branch, **said)
    AccountFactory(client=client, first_trade_on=date(2020, 1, 3))
    EntryTestFactory(client=client, kind="knowledge", score=80)
    EntryTestFactory(client=client, kind="disclosure")
    worth(client, 500_000)
    return client


def outcomes(client: Client, code: str = "star") -> dict[str, str]:
    return {str(c.key): str(c.outcome) for c in precheck(client, code, DAY).conditions}
