"""One client's assets over a time, day by day or month by month, with the averages that thresholds are measured by.

An average of the last n days on file is the difference of two running sums divided by n: nothing is added up again. Days on
file are trading days, since the custodian sends one book a trading day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

from crm.core.fields import money

if TYPE_CHECKING:
    from clients.models import Client
    from crm.core.models import User

#: Days on file of the two rolling averages.
SHORT, LONG = 20, 60
#: Natural days that surely hold the 60 trading days before a day, the longest holidays among them.
_RUN_UP = timedelta(days=120)
_READ = (
    "day", "net_assets", "market_value", "cash", "margin_debt", "inflow", "outflow", "turnover", "commission",
    "sum_net_assets", "days_on_file",
)  # fmt: skip


@dataclass(frozen=True)
class AssetLine:
    """One day, or one month: what was there at its end and what moved in it. An average without enough days is None."""

    day: date
    net_assets: Decimal
    market_value: Decimal
    cash: Decimal
    margin_debt: Decimal
    inflow: Decimal
    outflow: Decimal
    turnover: Decimal
    commission: Decimal
    average_short: Decimal | None
    average_long: Decimal | None

    @property
    def total_assets(self) -> Decimal:
        """What was borrowed on margin included."""
        return self.net_assets + self.margin_debt

    @property
    def net_inflow(self) -> Decimal:
        return self.inflow - self.outflow


def asset_history(user: User, client: Client, first: date, last: date) -> list[AssetLine]:
    """The days on file from ``first`` to ``last``, oldest first; one statement."""
    from clients.models import DailyAsset

    rows = list(DailyAsset.objects.visible_to(user).curve(client, first - _RUN_UP, last).values_list(*_READ))
    sums = {row[-1]: row[-2] for row in rows}
    sums[0] = Decimal(0)
    return [_line(row, sums) for row in rows if row[0] >= first]


def _line(row: Any, sums: dict[int, Decimal]) -> AssetLine:
    *told, _total, count = row
    read: dict[str, Any] = dict(zip(_READ[:-2], told, strict=True))
    return AssetLine(**read, average_short=_average(sums, count, SHORT), average_long=_average(sums, count, LONG))


def _average(sums: dict[int, Decimal], count: int, window: int) -> Decimal | None:
    before = sums.get(count - window)
    return None if before is None else money((sums[count] - before) / window)


def by_month(lines: Iterable[AssetLine]) -> list[AssetLine]:
    """A line for each month, oldest first: as its last day on file left it, with what moved in all of it."""
    months = []
    for _month, group in groupby(lines, key=lambda line: (line.day.year, line.day.month)):
        days = list(group)
        moved: dict[str, Any] = {name: sum_of(days, name) for name in ("inflow", "outflow", "turnover", "commission")}
        months.append(replace(days[-1], **moved))
    return months


def sum_of(lines: Iterable[AssetLine], name: str) -> Decimal:
    """What moved in all of them, by the name of its field."""
    return sum((getattr(line, name) for line in lines), Decimal(0))
