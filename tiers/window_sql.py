"""Sums over windows of days for whole branches, read as differences of two running sums.

The cost does not depend on the window: two days' slices of the daily assets are read. A client without a row on one of the two
days (a new account, a gap) is looked up by key; only where that fails are his rows in the window added up. Amounts are fen.
Each window is laid out as a temporary table with one row for each client still with the branch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection

_DAILY = "clients_dailyasset"
_OPEN = "tiers_open"
_FILE_DAY = "tiers_file_day"
#: How many file days before the window are looked at, one by one, for the row that a client lacks on the last of them.
_NEAR = 5
#: Column of the window's table → (amount, running sum) of the daily assets.
COLUMNS = {
    "total": ("net_assets", "sum_net_assets"),
    "commission": ("commission", "sum_commission"),
    "turnover": ("turnover", "sum_turnover"),
}


@dataclass(frozen=True)
class Window:
    """The days after ``before``, up to and including ``day``, of one branch; ``columns`` are what is summed."""

    table: str
    branch_id: int
    before: date
    day: date
    columns: Sequence[str] = ("total",)
    #: Further columns of the table: SQL over the client ``c`` by name.
    facts: Sequence[tuple[str, str]] = ()
    with_last: bool = False

    @property
    def length(self) -> int:
        return (self.day - self.before).days


def lay_out(cursor: Any, window: Window) -> None:
    """Make the window's table: client, its sums and ``days`` (NULL: none on file), ``has_days``, ``last_day``, facts."""
    drop(cursor, window.table)
    newest, base = _slices(cursor, window)
    joins, sums, days = _two_slices(window, newest, base)
    last_day = f"CASE WHEN c.assets_on <= {literal(window.day)} THEN c.assets_on END"
    if newest is not None:
        last_day = f"CASE WHEN a.client_id IS NOT NULL THEN {literal(newest)} ELSE {last_day} END"
    facts = [f", {source} AS {name}" for name, source in window.facts]
    if window.with_last:
        facts.append(", a.net_assets AS last_net" if newest is not None else ", CAST(NULL AS bigint) AS last_net")
    cursor.execute(
        f"CREATE TEMP TABLE {window.table} AS SELECT c.id AS client_id, {sums}, {days} AS days,"  # noqa: S608  names, no values
        f" CASE WHEN c.assets_on > {literal(window.before)} THEN 1 ELSE 0 END AS has_days, {last_day} AS last_day"
        f"{''.join(facts)} FROM clients_client c {joins} WHERE c.branch_id = %s AND c.status <> 'closed'",
        [window.branch_id],
    )
    analyze(cursor, window.table)
    if _any_open(cursor, window):
        _look_up(cursor, window)
    if _any_open(cursor, window):
        _add_up(cursor, window)
    if window.with_last:
        _complete_last(cursor, window)


def clear(cursor: Any) -> None:
    for table in (_OPEN, _FILE_DAY):
        drop(cursor, table)


def _slices(cursor: Any, window: Window) -> tuple[date | None, date | None]:
    """The newest day of the branch's file in the window, and the newest one before it."""
    cursor.execute(
        "SELECT MAX(CASE WHEN day > %s THEN day END), MAX(CASE WHEN day <= %s THEN day END)"
        " FROM clients_branchday WHERE branch_id = %s AND day <= %s",
        [*[window.before.isoformat()] * 2, window.branch_id, window.day.isoformat()],
    )
    newest, base = cursor.fetchone()
    return _as_date(newest), _as_date(base)


def _two_slices(window: Window, newest: date | None, base: date | None) -> tuple[str, str, str]:
    """Joins and expressions for sums and days; NULL for a client who lacks a row on one of the two days."""
    if newest is None:
        none = ", ".join(f"CAST(NULL AS bigint) AS {name}" for name in window.columns)
        return "", none, "CAST(NULL AS bigint)"
    joins = f"LEFT JOIN {_DAILY} a ON a.client_id = c.id AND a.day = {literal(newest)}"
    # As bigint, since days are multiplied by a bound in fen.
    if base is None:
        sums = ", ".join(f"a.{COLUMNS[name][1]} AS {name}" for name in window.columns)
        return joins, sums, "CAST(a.days_on_file AS bigint)"
    joins += f" LEFT JOIN {_DAILY} b ON b.client_id = c.id AND b.day = {literal(base)}"
    sums = ", ".join(f"a.{COLUMNS[name][1]} - b.{COLUMNS[name][1]} AS {name}" for name in window.columns)
    return joins, sums, "CAST(a.days_on_file - b.days_on_file AS bigint)"


def _any_open(cursor: Any, window: Window) -> bool:
    cursor.execute(f"SELECT 1 FROM {window.table} WHERE days IS NULL AND has_days = 1 LIMIT 1")  # noqa: S608  a fixed name
    return cursor.fetchone() is not None


def _look_up(cursor: Any, window: Window) -> None:
    """Find the two rows by key, in sub-queries that no planner turns into a scan.

    The last row is known from the client. The row before the window is nearly always on one of a few file days; a new
    account has none, and its first row (number 1) is as many file days back as it has days on file.
    """
    clear(cursor)
    inside, before = _file_days(cursor, window)
    cursor.execute(f"CREATE TEMP TABLE {_FILE_DAY} (place integer PRIMARY KEY, day date NOT NULL UNIQUE)")
    if inside:
        rows = ", ".join(f"({place}, {literal(day)})" for place, day in enumerate(inside, 1))
        cursor.execute(f"INSERT INTO {_FILE_DAY} VALUES {rows}")  # noqa: S608  numbers and dates
    row = f"FROM {_DAILY} r WHERE r.client_id = m.client_id AND r.day ="
    near = ", ".join(f"(SELECT r.day {row} {literal(day)})" for day in before)
    base_day = f"COALESCE({near}, NULL)" if near else "CAST(NULL AS date)"
    sums = [(name, COLUMNS[name][1]) for name in window.columns]
    lasts = "".join(f" (SELECT r.{running} {row} m.last_day) AS last_{name}," for name, running in sums)
    cursor.execute(
        f"CREATE TEMP TABLE {_OPEN} AS SELECT m.client_id, {base_day} AS base_day,{lasts}"  # noqa: S608  names, no values
        f" (SELECT r.days_on_file {row} m.last_day) AS last_n,"
        f" (SELECT d.place FROM {_FILE_DAY} d WHERE d.day = m.last_day) AS place"
        f" FROM {window.table} m WHERE m.days IS NULL AND m.has_days = 1 AND m.last_day IS NOT NULL"
    )
    row = f"FROM {_DAILY} r WHERE r.client_id = m.client_id AND r.day"
    first = f"(SELECT d.day FROM {_FILE_DAY} d WHERE d.place = m.place + m.last_n - 1)"  # noqa: S608  fixed names
    bases = "".join(
        f" CASE WHEN m.base_day IS NOT NULL THEN (SELECT r.{running} {row} = m.base_day)"
        f"  WHEN (SELECT r.days_on_file {row} = {first}) = 1 THEN 0 END AS base_{name}, m.last_{name},"
        for name, running in sums
    )
    changes = ", ".join(f"{name} = o.last_{name} - o.base_{name}" for name in window.columns)
    known = " AND ".join(f"o.base_{name} IS NOT NULL AND o.last_{name} IS NOT NULL" for name in window.columns)
    cursor.execute(
        f"UPDATE {window.table} SET {changes}, days = o.last_n - o.base_n FROM ("  # noqa: S608  names, no values
        f" SELECT m.client_id, CAST(m.last_n AS bigint) AS last_n,{bases}"
        f" CASE WHEN m.base_day IS NOT NULL THEN (SELECT r.days_on_file {row} = m.base_day) ELSE 0 END AS base_n"
        f" FROM {_OPEN} m) o WHERE o.client_id = {window.table}.client_id AND {known}"
    )


def _file_days(cursor: Any, window: Window) -> tuple[list[date], list[date]]:
    """Days of the branch's file, newest first: those in the window, and the few before it."""
    cursor.execute(
        "SELECT day FROM clients_branchday WHERE branch_id = %s AND day <= %s ORDER BY day DESC LIMIT %s",
        [window.branch_id, window.day.isoformat(), window.length + _NEAR],
    )
    days = [day if isinstance(day, date) else date.fromisoformat(day) for (day,) in cursor.fetchall()]
    inside = [day for day in days if day > window.before]
    return inside, days[len(inside) : len(inside) + _NEAR]


def _add_up(cursor: Any, window: Window) -> None:
    """Add up the rows in the window of the clients that are still without a sum."""
    sums = "".join(f" CAST(SUM(a.{COLUMNS[name][0]}) AS bigint) AS {name}," for name in window.columns)
    changes = ", ".join(f"{name} = w.{name}" for name in window.columns)
    cursor.execute(
        f"UPDATE {window.table} SET {changes}, days = w.days FROM ("  # noqa: S608  fixed names
        f" SELECT a.client_id,{sums} COUNT(*) AS days"
        f" FROM {_DAILY} a JOIN {window.table} o ON o.client_id = a.client_id AND o.days IS NULL AND o.has_days = 1"
        f" WHERE a.day > {literal(window.before)} AND a.day <= {literal(window.day)} GROUP BY a.client_id) w"
        f" WHERE w.client_id = {window.table}.client_id"
    )


def _complete_last(cursor: Any, window: Window) -> None:
    """The newest amount in the window of clients without a row on the newest file day: by key, else from their rows."""
    where = f"last_net IS NULL AND days > 0 AND last_day > {literal(window.before)}"
    cursor.execute(
        f"UPDATE {window.table} SET last_net = (SELECT r.net_assets FROM {_DAILY} r"  # noqa: S608  fixed names
        f" WHERE r.client_id = {window.table}.client_id AND r.day = {window.table}.last_day) WHERE {where}"
    )
    cursor.execute(f"SELECT 1 FROM {window.table} WHERE last_net IS NULL AND days > 0 LIMIT 1")  # noqa: S608  names, no values
    if cursor.fetchone() is None:
        return
    cursor.execute(
        f"UPDATE {window.table} SET last_net = w.net_assets FROM ("  # noqa: S608  fixed names
        f" SELECT a.client_id, a.net_assets FROM {_DAILY} a JOIN ("
        f"  SELECT r.client_id, MAX(r.day) AS day FROM {_DAILY} r"
        f"  JOIN {window.table} o ON o.client_id = r.client_id AND o.last_net IS NULL AND o.days > 0"
        f"  WHERE r.day > {literal(window.before)} AND r.day <= {literal(window.day)} GROUP BY r.client_id) n"
        f" ON n.client_id = a.client_id AND n.day = a.day) w WHERE w.client_id = {window.table}.client_id"
        f" AND {window.table}.last_net IS NULL"
    )


# -- one client --------------------------------------------------------------------------------------------------------


def sums_of_client(
    cursor: Any, client_id: int, day: date, before: date, columns: Sequence[str]
) -> tuple[dict[str, int], int]:
    """Sums in fen and days on file of one client in a window; by key, day by day, since no index leads with the client."""
    named = ", ".join(f"CAST(COALESCE(SUM({COLUMNS[name][0]}), 0) AS bigint)" for name in columns)
    days = ", ".join(literal(before + timedelta(days=n)) for n in range(1, (day - before).days + 1))
    cursor.execute(
        f"SELECT {named}, COUNT(*) FROM {_DAILY} WHERE client_id = %s AND day IN ({days})",  # noqa: S608  fixed names
        [client_id],
    )
    *sums, count = cursor.fetchone()
    return {name: int(value) for name, value in zip(columns, sums, strict=True)}, int(count)


def last_of_client(cursor: Any, client_id: int, day: date, before: date) -> int | None:
    """The newest amount of one client in the window."""
    days = ", ".join(literal(before + timedelta(days=n)) for n in range(1, (day - before).days + 1))
    cursor.execute(
        f"SELECT net_assets FROM {_DAILY} WHERE client_id = %s AND day IN ({days})"  # noqa: S608  fixed names
        " ORDER BY day DESC LIMIT 1",
        [client_id],
    )
    found = cursor.fetchone()
    return None if found is None else int(found[0])


# -- differences of the engines ----------------------------------------------------------------------------------------


def literal(day: date) -> str:
    """A day as a literal: SQLite keeps days as text, PostgreSQL has a type for them."""
    return f"DATE '{day.isoformat()}'" if connection.vendor == "postgresql" else f"'{day.isoformat()}'"


def _as_date(value: Any) -> date | None:
    return value if value is None or isinstance(value, date) else date.fromisoformat(value)


def analyze(cursor: Any, table: str) -> None:
    if connection.vendor == "postgresql":
        cursor.execute(f"ANALYZE {table}")


def drop(cursor: Any, table: str) -> None:
    place = "pg_temp." if connection.vendor == "postgresql" else "temp."
    cursor.execute(f"DROP TABLE IF EXISTS {place}{table}")
