"""Averages over a window from running sums: two rows a client instead of the whole window.

A client with a row on the branch's last day in the window and on its last day before it costs one subtraction; the few others
(new clients, gaps) are added up from their days. Both ways give the same; a property test holds them against plain sums.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Max, Q

from crm.core.fields import from_fen, money, to_fen


class Average(NamedTuple):
    """One client's window: sums in fen over ``days`` days on file."""

    client_id: int
    days: int
    net_assets: int
    turnover: int
    commission: int

    @property
    def average_assets(self) -> Decimal:
        """Yuan, rounded half up to the fen."""
        return money(Decimal(self.net_assets) / self.days / 100)

    @property
    def commission_paid(self) -> Decimal:
        return from_fen(self.commission)


def averages(*, branch_id: int, day: date, window_days: int) -> list[Average]:
    """Every client of the branch with at least one day on file in the window of natural days that ends on ``day``."""
    sql, params = averages_sql(branch_id=branch_id, day=day, window_days=window_days)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [Average(*(int(value) for value in row)) for row in cursor.fetchall()]


def net_assets_on(*, client_id: int, days: list[date]) -> dict[date, int]:
    """Net assets in fen of one client on those of ``days`` that are on file; one statement that reads by key."""
    from clients.models import DailyAsset

    rows = DailyAsset.objects.filter(client_id=client_id, day__in=days).values_list("day", "net_assets")
    return {day: to_fen(amount) for day, amount in rows}


def averages_sql(*, branch_id: int, day: date, window_days: int) -> tuple[str, list[Any]]:
    """A SELECT with columns client_id, days, net_assets, turnover, commission (sums in fen), to be read or joined."""
    before = day - timedelta(days=window_days)
    end, start = _last_days(branch_id, day, before)
    if end is None or end <= before:
        nobody = "SELECT id AS client_id, 0 AS days, 0 AS net_assets, 0 AS turnover, 0 AS commission"
        return f"{nobody} FROM clients_client WHERE 1 = 0", []
    days = [before + timedelta(days=n + 1) for n in range(window_days)]
    if start is None:
        # Nobody has history before the window: the sums themselves are the window's.
        fast = (
            "SELECT e.client_id, e.days_on_file AS days, e.sum_net_assets AS net_assets, e.sum_turnover AS turnover,"
            " e.sum_commission AS commission FROM clients_dailyasset e JOIN clients_client c ON c.id = e.client_id"
            " WHERE e.day = %s AND c.branch_id = %s"
        )
        params: list[Any] = [end, branch_id]
        if _is_older(before):
            # Who came from an older branch brought his days along.
            fast += (
                " AND NOT EXISTS (SELECT 1 FROM clients_dailyasset o WHERE o.client_id = e.client_id AND o.day <= %s)"
            )
            params.append(before)
    else:
        fast = (
            "SELECT e.client_id, e.days_on_file - b.days_on_file AS days,"
            " e.sum_net_assets - b.sum_net_assets AS net_assets, e.sum_turnover - b.sum_turnover AS turnover,"
            " e.sum_commission - b.sum_commission AS commission"
            " FROM clients_dailyasset e JOIN clients_dailyasset b ON b.client_id = e.client_id AND b.day = %s"
            " JOIN clients_client c ON c.id = e.client_id WHERE e.day = %s AND c.branch_id = %s"
        )
        params = [start, end, branch_id]
    marks = ", ".join(["%s"] * len(days))
    as_materialized = "AS MATERIALIZED" if connection.vendor == "postgresql" else "AS"
    sql = (
        f"WITH fast {as_materialized} ({fast}), rest {as_materialized} (SELECT c.id FROM clients_client c"  # noqa: S608  names, no values
        " WHERE c.branch_id = %s AND c.assets_on > %s"
        " AND NOT EXISTS (SELECT 1 FROM fast f WHERE f.client_id = c.id))"
        " SELECT client_id, days, net_assets, turnover, commission FROM fast"
        " UNION ALL SELECT r.id, COUNT(*), SUM(d.net_assets), SUM(d.turnover), SUM(d.commission)"
        f" FROM rest r JOIN clients_dailyasset d ON d.client_id = r.id AND d.day IN ({marks}) GROUP BY r.id"
    )
    return sql, [*params, branch_id, before, *days]


def _last_days(branch_id: int, day: date, before: date) -> tuple[date | None, date | None]:
    """The branch's last day on file up to each of the two; one statement."""
    from clients.models import BranchDay

    found = BranchDay.objects.filter(branch_id=branch_id, day__lte=day).aggregate(
        end=Max("day"), start=Max("day", filter=Q(day__lte=before))
    )
    return found["end"], found["start"]


def _is_older(before: date) -> bool:
    """Whether any branch has a day on file up to ``before``; where none has, no client's history begins earlier."""
    from clients.models import BranchDay

    return BranchDay.objects.filter(day__lte=before).exists()
