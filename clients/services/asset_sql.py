"""The one place that writes daily assets: whole books at a time, in SQL that PostgreSQL and SQLite both run.

CROSS JOIN is written where SQLite must read the days first and look the client up: it keeps the order of the tables, and the
other way round it would read all days again for each client. PostgreSQL is free either way.

Rows are laid into a temporary table, those that change nothing are taken out again, and one statement writes the rest
together with the running sums of every later row of the same clients. Amounts are fen throughout. The caller holds the
transaction and the lock of the branch (``clients.services.assets``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any, NamedTuple

from django.db import connection

#: The amounts of one day, in the order of ``AssetDay``; the first one is what tiers are measured by.
AMOUNTS = ("net_assets", "market_value", "cash", "margin_debt", "inflow", "outflow", "turnover", "commission")
#: Running sum → the amount it adds up.
SUMS = {"sum_net_assets": "net_assets", "sum_turnover": "turnover", "sum_commission": "commission"}

_DAILY = "clients_dailyasset"
_ROUND = 20_000
#: A client's last row before a late one is nearly always this near; only then is all of history searched.
_NEAR = timedelta(days=40)


class AssetDay(NamedTuple):
    """What one client had at the close of one day; all amounts in fen."""

    client_id: int
    day: date
    net_assets: int
    market_value: int = 0
    cash: int = 0
    margin_debt: int = 0
    inflow: int = 0
    outflow: int = 0
    turnover: int = 0
    commission: int = 0


class Written(NamedTuple):
    """What a call changed: rows new, rows with other amounts, rows taken away, and the days touched."""

    created: int
    updated: int
    removed: int
    days: list[date]

    @property
    def any(self) -> bool:
        return bool(self.created or self.updated or self.removed)


class ForeignClients(ValueError):
    """Rows name clients of another branch, or none."""


class DoubledRows(ValueError):
    """Two rows of one call are for the same client and day."""


def write(branch_id: int, rows: Iterable[AssetDay], removed: Iterable[tuple[int, date]] = ()) -> Written:
    """Put ``rows`` and take away ``removed`` (client, day), and bring sums, the clients' totals and the day's totals up.

    Raises ``ForeignClients`` and ``DoubledRows`` before anything is written.
    """
    with connection.cursor() as cursor:
        _lay_out(cursor, rows, removed)
        _refuse(cursor, branch_id)
        gone = _remove(cursor)
        _drop_unchanged(cursor)
        created, updated = _counts(cursor)
        days = _touched_days(cursor)
        if days:
            _find_starts(cursor)
            _put(cursor)
            _carry_to_clients(cursor)
            _total_days(cursor, branch_id)
        _clear(cursor)
    return Written(created, updated, gone, days)


# -- the temporary tables ----------------------------------------------------------------------------------------------


def _lay_out(cursor: Any, rows: Iterable[AssetDay], removed: Iterable[tuple[int, date]]) -> None:
    _clear(cursor)
    amounts = ", ".join(f"{name} bigint NOT NULL" for name in AMOUNTS)
    cursor.execute(f"CREATE TEMP TABLE asset_stage (client_id bigint NOT NULL, day date NOT NULL, {amounts})")
    cursor.execute("CREATE TEMP TABLE asset_gone (client_id bigint NOT NULL, day date NOT NULL)")
    cursor.execute(
        "CREATE TEMP TABLE asset_start"
        " (client_id bigint PRIMARY KEY, first_day date NOT NULL, base_day date, is_open integer NOT NULL)"
    )
    _fill(cursor, "asset_stage", rows)
    _fill(cursor, "asset_gone", removed)
    for table in ("asset_stage", "asset_gone"):
        cursor.execute(f"CREATE INDEX {table}_key ON {table} (client_id, day)")
        cursor.execute(f"ANALYZE {table}")


def _fill(cursor: Any, table: str, rows: Iterable[Sequence[Any]]) -> None:
    from io import StringIO

    source = iter(rows)
    while page := list(islice(source, _ROUND)):
        if connection.vendor == "postgresql":
            text = "".join("\t".join(map(str, row)) + "\n" for row in page)
            cursor.copy_expert(f"COPY {table} FROM STDIN", StringIO(text))
        else:
            marks = ", ".join(["%s"] * len(page[0]))
            cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", [_plain(row) for row in page])  # noqa: S608  names, no values


def _plain(row: Sequence[Any]) -> tuple[Any, ...]:
    """A row (client, day, amounts) in SQLite's own types."""
    return row[0], row[1].isoformat(), *row[2:]


def _clear(cursor: Any) -> None:
    for table in ("asset_stage", "asset_gone", "asset_start"):
        place = "pg_temp." if connection.vendor == "postgresql" else "temp."
        cursor.execute(f"DROP TABLE IF EXISTS {place}{table}")


def _refuse(cursor: Any, branch_id: int) -> None:
    for table in ("asset_stage", "asset_gone"):
        cursor.execute(
            f"SELECT 1 FROM {table} s LEFT JOIN clients_client c ON c.id = s.client_id"  # noqa: S608  a fixed name
            " WHERE c.branch_id IS NULL OR c.branch_id <> %s LIMIT 1",
            [branch_id],
        )
        if cursor.fetchone():
            raise ForeignClients
    cursor.execute("SELECT 1 FROM asset_stage GROUP BY client_id, day HAVING COUNT(*) > 1 LIMIT 1")
    if cursor.fetchone():
        raise DoubledRows


# -- what really changes -----------------------------------------------------------------------------------------------


def _remove(cursor: Any) -> int:
    """Take the rows away that are to go; those that were not there are forgotten."""
    cursor.execute(
        f"DELETE FROM asset_gone WHERE NOT EXISTS (SELECT 1 FROM {_DAILY} a"  # noqa: S608  a fixed name
        " WHERE a.day = asset_gone.day AND a.client_id = asset_gone.client_id)"
    )
    cursor.execute(
        f"DELETE FROM {_DAILY} WHERE EXISTS (SELECT 1 FROM asset_gone g"  # noqa: S608  a fixed name
        f" WHERE g.day = {_DAILY}.day AND g.client_id = {_DAILY}.client_id)"
        f" AND {_DAILY}.day IN (SELECT DISTINCT day FROM asset_gone)"
    )
    return int(cursor.rowcount)


def _drop_unchanged(cursor: Any) -> None:
    same = " AND ".join(f"a.{name} = asset_stage.{name}" for name in AMOUNTS)
    cursor.execute(
        f"DELETE FROM asset_stage WHERE EXISTS (SELECT 1 FROM {_DAILY} a"  # noqa: S608  fixed names
        f" WHERE a.day = asset_stage.day AND a.client_id = asset_stage.client_id AND {same})"
    )


def _counts(cursor: Any) -> tuple[int, int]:
    cursor.execute(
        f"SELECT COUNT(*), COUNT(a.client_id) FROM asset_stage s"  # noqa: S608  a fixed name
        f" LEFT JOIN {_DAILY} a ON a.day = s.day AND a.client_id = s.client_id"
    )
    total, known = cursor.fetchone()
    return total - known, known


def _touched_days(cursor: Any) -> list[date]:
    cursor.execute("SELECT day FROM asset_stage UNION SELECT day FROM asset_gone ORDER BY 1")
    return [day if isinstance(day, date) else date.fromisoformat(day) for (day,) in cursor.fetchall()]


# -- running sums ------------------------------------------------------------------------------------------------------


def _find_starts(cursor: Any) -> None:
    """For each client the first day that moves, and the last day on file before it, whose sums are the base.

    The client's own ``assets_on`` names his newest row: for a day that follows it the base needs no search.
    """
    cursor.execute(
        "INSERT INTO asset_start (client_id, first_day, base_day, is_open)"
        " SELECT f.client_id, f.first_day, CASE WHEN c.assets_on < f.first_day THEN c.assets_on END,"
        " CASE WHEN c.assets_on >= f.first_day THEN 1 ELSE 0 END"
        " FROM (SELECT client_id, MIN(day) AS first_day"
        "       FROM (SELECT client_id, day FROM asset_stage UNION ALL SELECT client_id, day FROM asset_gone) m"
        "       GROUP BY client_id) f JOIN clients_client c ON c.id = f.client_id"
    )
    cursor.execute("ANALYZE asset_start")
    cursor.execute("SELECT MIN(first_day), MAX(first_day) FROM asset_start WHERE is_open = 1")
    first, last = cursor.fetchone()
    if first is None:
        return
    near = (first if isinstance(first, date) else date.fromisoformat(first)) - _NEAR
    _search_base(cursor, last, near)
    _search_base(cursor, last, None)


def _search_base(cursor: Any, last: Any, floor: date | None) -> None:
    since = "AND a.day >= %s" if floor else ""
    cursor.execute(
        "UPDATE asset_start SET base_day = p.day, is_open = 0 FROM ("  # noqa: S608  fixed names
        f" SELECT s.client_id, MAX(a.day) AS day FROM {_DAILY} a CROSS JOIN asset_start s"
        f" WHERE a.client_id = s.client_id AND a.day < s.first_day AND a.day < %s {since}"
        " AND s.is_open = 1 GROUP BY s.client_id) p"
        " WHERE p.client_id = asset_start.client_id",
        [last, floor.isoformat()] if floor else [last],
    )


def _put(cursor: Any) -> None:
    """Write the laid-out rows and every later row of the same clients with sums that add up again."""
    names = ", ".join(AMOUNTS)
    taken = ", ".join(f"m.{name}" for name in AMOUNTS)
    sums = ", ".join(f"COALESCE(b.{total}, 0) + SUM(m.{amount}) OVER w" for total, amount in SUMS.items())
    written = [*AMOUNTS, *SUMS, "days_on_file"]
    sets = ", ".join(f"{name} = excluded.{name}" for name in written)
    old = ", ".join(f"{_DAILY}.{name}" for name in written)
    new = ", ".join(f"excluded.{name}" for name in written)
    cursor.execute(
        f"INSERT INTO {_DAILY} (day, client_id, {', '.join(written)})"  # noqa: S608  fixed names
        f" SELECT m.day, m.client_id, {taken}, {sums}, COALESCE(b.days_on_file, 0) + ROW_NUMBER() OVER w"
        f" FROM (SELECT day, client_id, {names} FROM asset_stage UNION ALL"
        f"  SELECT a.day, a.client_id, {', '.join(f'a.{name}' for name in AMOUNTS)}"
        f"  FROM {_DAILY} a CROSS JOIN asset_start s WHERE s.client_id = a.client_id"
        "   AND a.day >= (SELECT MIN(first_day) FROM asset_start) AND a.day >= s.first_day AND NOT EXISTS"
        "   (SELECT 1 FROM asset_stage t WHERE t.client_id = a.client_id AND t.day = a.day)) m"
        " JOIN asset_start f ON f.client_id = m.client_id"
        f" LEFT JOIN {_DAILY} b ON b.day = f.base_day AND b.client_id = f.client_id"
        " WHERE true WINDOW w AS (PARTITION BY m.client_id ORDER BY m.day) ORDER BY m.day, m.client_id"
        f" ON CONFLICT (day, client_id) DO UPDATE SET {sets} WHERE ({old}) <> ({new})"
    )


def _carry_to_clients(cursor: Any) -> None:
    """The newest row of each client stands in the client's own row, so that lists sort without a join."""
    cursor.execute(
        "UPDATE clients_client SET assets_on = n.day, total_assets = n.net_assets FROM ("  # noqa: S608  fixed names
        " SELECT l.client_id, l.day, COALESCE(d.net_assets, 0) AS net_assets FROM ("
        "  SELECT s.client_id, COALESCE(m.day, s.base_day) AS day FROM asset_start s LEFT JOIN ("
        f"   SELECT a.client_id, MAX(a.day) AS day FROM {_DAILY} a CROSS JOIN asset_start f"
        "    WHERE a.day >= (SELECT MIN(first_day) FROM asset_start)"
        "    AND f.client_id = a.client_id AND a.day >= f.first_day GROUP BY a.client_id) m"
        "   ON m.client_id = s.client_id) l"
        f" LEFT JOIN {_DAILY} d ON d.day = l.day AND d.client_id = l.client_id) n"
        " WHERE n.client_id = clients_client.id AND (clients_client.total_assets <> n.net_assets"
        "  OR clients_client.assets_on IS NULL OR n.day IS NULL OR clients_client.assets_on <> n.day)"
    )


def _total_days(cursor: Any, branch_id: int) -> None:
    """The branch's totals of each touched day: what charts and “has the file arrived” read."""
    days = "(SELECT day FROM asset_stage UNION SELECT day FROM asset_gone)"
    cursor.execute(f"DELETE FROM clients_branchday WHERE branch_id = %s AND day IN {days}", [branch_id])  # noqa: S608  names, no values
    cursor.execute(
        "INSERT INTO clients_branchday (branch_id, day, clients, net_assets, inflow, outflow, turnover, commission)"  # noqa: S608  names, no values
        " SELECT %s, a.day, COUNT(*), SUM(a.net_assets), SUM(a.inflow), SUM(a.outflow),"
        f" SUM(a.turnover), SUM(a.commission) FROM {_DAILY} a WHERE a.day IN {days}"
        " AND a.client_id IN (SELECT id FROM clients_client WHERE branch_id = %s) GROUP BY a.day",
        [branch_id, branch_id],
    )


def current(keys: Sequence[tuple[int, date]]) -> Iterator[AssetDay]:
    """The rows on file for these (client, day) pairs; pairs without one give nothing."""
    from clients.models import DailyAsset

    by_day: dict[date, list[int]] = {}
    for client_id, day in keys:
        by_day.setdefault(day, []).append(client_id)
    for day, clients in by_day.items():
        found = DailyAsset.objects.filter(day=day, client_id__in=clients).values_list("client_id", "day", *AMOUNTS)
        for client_id, on, *amounts in found:
            yield AssetDay(client_id, on, *(int(amount * 100) for amount in amounts))
