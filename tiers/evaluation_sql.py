"""The one place that computes averages and moves tiers: whole branches at a time, in SQL for PostgreSQL and SQLite.

The sum over a window is the difference of two running sums, read from two days' slices of the daily assets, so the cost
does not depend on the window. A client without a row on one of the two days (a new account, a gap) is looked up by key;
only where that fails are his rows in the window added up. Amounts are fen and compared as whole numbers, sum against
bound × days: nothing is rounded at a boundary. The caller holds the transaction and the lock of the branch
(``tiers.services.evaluation``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection

from crm.core.public_ids import new_public_id

_DAILY = "clients_dailyasset"
_MEASURE = "tiers_measure"
_STEP = "tiers_step"
_OPEN = "tiers_open"
_FILE_DAY = "tiers_file_day"
#: How many file days before the window are looked at, one by one, for the row that a client lacks on the last of them.
_NEAR = 5
#: Length of the random and time part of a public id; the client's number fills the rest.
_ID_PREFIX = 16


@dataclass(frozen=True)
class Rung:
    """A tier as the comparison needs it; ``bound`` in fen, None for the lowest."""

    pk: int
    rank: int
    bound: int | None


@dataclass(frozen=True)
class Question:
    """What is evaluated: one branch, one programme, one day."""

    branch_id: int
    programme_id: int
    rungs: Sequence[Rung]
    day: date
    window_days: int
    is_month_end: bool
    #: A tier falls when the average has been below since this day or an earlier one.
    falls_if_below_by: date

    @property
    def before_window(self) -> date:
        """The last natural day that no longer counts."""
        return self.day - timedelta(days=self.window_days)


def measure(cursor: Any, asked: Question) -> None:
    """Lay out ``tiers_measure``: each client still with the branch, with sum and days in the window (NULL: none)."""
    _prepare(cursor)
    newest, base = _slices(cursor, asked)
    joins, total, days, params = _two_slices(newest, base)
    last_day = f"CASE WHEN c.assets_on <= {_date(asked.day)} THEN c.assets_on END"
    if newest is not None:
        last_day = f"CASE WHEN a.client_id IS NOT NULL THEN {_date(newest)} ELSE {last_day} END"
    cursor.execute(
        f"CREATE TEMP TABLE {_MEASURE} AS SELECT c.id AS client_id, {total} AS total, {days} AS days,"  # noqa: S608
        f" CASE WHEN c.assets_on > {_date(asked.before_window)} THEN 1 ELSE 0 END AS has_days, {last_day} AS last_day"
        f" FROM clients_client c {joins} WHERE c.branch_id = %s AND c.status <> 'closed'",
        [*params, asked.branch_id],
    )
    _analyze(cursor, _MEASURE)
    _complete(cursor, asked)


def decide(cursor: Any, asked: Question, *, everybody: bool = False) -> None:
    """Lay out ``tiers_step``: what happens to whom. ``everybody`` keeps those whose tier stays, for a preview.

    Steps: first, programme, up, down; below (the first month below), recovered, stay. Between month-ends only a first tier
    and a new programme take effect.
    """
    _drop(cursor, _STEP)
    month_end = "1 = 1" if asked.is_month_end else "1 = 0"
    only = "" if everybody else "WHERE step <> 'stay'"
    cursor.execute(
        f"CREATE TEMP TABLE {_STEP} AS SELECT * FROM ("  # noqa: S608  numbers and fixed names
        " SELECT client_id, total, days, old_id, cur, target, CASE"
        "  WHEN old_id IS NULL THEN 'first'"
        "  WHEN cur IS NULL THEN 'programme'"
        f"  WHEN NOT ({month_end}) THEN 'stay'"
        "  WHEN target > cur THEN 'up'"
        "  WHEN target = cur THEN CASE WHEN below_since IS NULL THEN 'stay' ELSE 'recovered' END"
        f"  WHEN COALESCE(below_since, {_date(asked.day)}) <= {_date(asked.falls_if_below_by)} THEN 'down'"
        "  WHEN below_since IS NULL THEN 'below'"
        "  ELSE 'stay' END AS step FROM ("
        f"  SELECT m.client_id, m.total, m.days, s.tier_id AS old_id, s.below_since,"
        f"  {_rank_of_state(asked.rungs)} AS cur, {_rank_of_average(asked.rungs)} AS target"
        f"  FROM {_MEASURE} m LEFT JOIN tiers_tierstate s ON s.client_id = m.client_id"
        "  WHERE m.days > 0) q) r " + only
    )
    _analyze(cursor, _STEP)


def apply(cursor: Any, asked: Question, run_id: int) -> dict[str, int]:
    """Write what ``tiers_step`` says and nothing else. Returns how many clients took each step."""
    steps = count_steps(cursor)
    tier = _by_rank("t.target", {rung.rank: rung.pk for rung in asked.rungs})
    if steps.get("first"):
        cursor.execute(
            "INSERT INTO tiers_tierstate (client_id, programme_id, tier_id, since, below_since, run_id)"  # noqa: S608
            f" SELECT t.client_id, %s, {tier}, {_date(asked.day)}, NULL, %s FROM {_STEP} t WHERE t.step = 'first'",
            [asked.programme_id, run_id],
        )
    if steps.get("up") or steps.get("down") or steps.get("programme"):
        cursor.execute(
            f"UPDATE tiers_tierstate SET programme_id = %s, tier_id = {tier}, since = {_date(asked.day)},"  # noqa: S608
            f" below_since = NULL, run_id = %s FROM {_STEP} t WHERE t.client_id = tiers_tierstate.client_id"
            " AND t.step IN ('up', 'down', 'programme')",
            [asked.programme_id, run_id],
        )
    if steps.get("below") or steps.get("recovered"):
        cursor.execute(
            f"UPDATE tiers_tierstate SET below_since = CASE WHEN t.step = 'below' THEN {_date(asked.day)} END"  # noqa: S608
            f" FROM {_STEP} t WHERE t.client_id = tiers_tierstate.client_id AND t.step IN ('below', 'recovered')"
        )
    if any(steps.get(step) for step in ("first", "up", "down", "programme")):
        _write_history(cursor, asked, run_id, tier)
    return steps


def count_steps(cursor: Any) -> dict[str, int]:
    """How many clients take each step."""
    cursor.execute(f"SELECT step, COUNT(*) FROM {_STEP} GROUP BY step")  # noqa: S608  a fixed name
    return dict(cursor.fetchall())


def count_without_data(cursor: Any) -> int:
    """Clients of the branch without a day on file in the window."""
    cursor.execute(f"SELECT COUNT(*) FROM {_MEASURE} WHERE days IS NULL")  # noqa: S608  a fixed name
    return int(cursor.fetchone()[0])


def count_outcome(cursor: Any) -> list[tuple[int | None, int, str, int]]:
    """(present rank, rank by the average, step, clients); after ``decide(everybody=True)``."""
    cursor.execute(f"SELECT cur, target, step, COUNT(*) FROM {_STEP} GROUP BY cur, target, step")  # noqa: S608
    return [tuple(row) for row in cursor.fetchall()]


def count_by_average(cursor: Any, edges: Sequence[int]) -> dict[int, int]:
    """Clients by the number of ``edges`` (fen, rising) that their average reaches."""
    cases = " ".join(f"WHEN total >= {edge} * days THEN {place}" for place, edge in reversed([*enumerate(edges, 1)]))
    cursor.execute(f"SELECT CASE {cases} ELSE 0 END AS place, COUNT(*) FROM {_STEP} GROUP BY 1")  # noqa: S608  numbers
    return dict(cursor.fetchall())


def movers(cursor: Any, limit: int) -> list[tuple[int, int | None, int, str, int, int]]:
    """Who would move: (client, present rank, new rank, step, sum in fen, days), the largest sums first."""
    cursor.execute(
        f"SELECT client_id, cur, target, step, total, days FROM {_STEP}"  # noqa: S608  a fixed name
        " WHERE step IN ('up', 'down', 'programme') ORDER BY total DESC, client_id LIMIT %s",
        [limit],
    )
    return [tuple(row) for row in cursor.fetchall()]


def sum_of_client(cursor: Any, client_id: int, asked_day: date, window_days: int) -> tuple[int, int]:
    """Sum in fen and days on file of one client in the window ending on ``asked_day``."""
    first = asked_day - timedelta(days=window_days - 1)
    cursor.execute(
        f"SELECT CAST(COALESCE(SUM(net_assets), 0) AS bigint), COUNT(*) FROM {_DAILY}"  # noqa: S608  a fixed name
        f" WHERE client_id = %s AND day IN ({', '.join(_date(first + timedelta(days=n)) for n in range(window_days))})",
        [client_id],
    )
    total, days = cursor.fetchone()
    return int(total), int(days)


def clear(cursor: Any) -> None:
    """Take the temporary tables away."""
    for table in (_MEASURE, _STEP, _OPEN, _FILE_DAY):
        _drop(cursor, table)


# -- the window --------------------------------------------------------------------------------------------------------


def _prepare(cursor: Any) -> None:
    clear(cursor)
    if connection.vendor == "postgresql":
        # A day missing from the statistics makes the planner expect one row and choose nested loops for a whole book.
        for setting in ("jit = off", "enable_nestloop = off", "work_mem = '256MB'"):
            cursor.execute(f"SET LOCAL {setting}")


def _slices(cursor: Any, asked: Question) -> tuple[date | None, date | None]:
    """The newest day of the branch's file in the window, and the newest one before it."""
    cursor.execute(
        "SELECT MAX(CASE WHEN day > %s THEN day END), MAX(CASE WHEN day <= %s THEN day END)"
        " FROM clients_branchday WHERE branch_id = %s AND day <= %s",
        [*[asked.before_window.isoformat()] * 2, asked.branch_id, asked.day.isoformat()],
    )
    newest, base = cursor.fetchone()
    return _as_date(newest), _as_date(base)


def _two_slices(newest: date | None, base: date | None) -> tuple[str, str, str, list[Any]]:
    """Joins and expressions for sum and days; NULL for a client who lacks a row on one of the two days."""
    if newest is None:
        return "", "CAST(NULL AS bigint)", "CAST(NULL AS bigint)", []
    joins = f"LEFT JOIN {_DAILY} a ON a.client_id = c.id AND a.day = {_date(newest)}"
    if base is None:
        return joins, "a.sum_net_assets", "CAST(a.days_on_file AS bigint)", []
    joins += f" LEFT JOIN {_DAILY} b ON b.client_id = c.id AND b.day = {_date(base)}"
    # As bigint, since days are multiplied by a bound in fen.
    days = "CAST(a.days_on_file - b.days_on_file AS bigint)"
    return joins, "a.sum_net_assets - b.sum_net_assets", days, []


def _complete(cursor: Any, asked: Question) -> None:
    """Clients without a row on one of the two days. Those whose last day lies before the window have no sum."""
    if _any_open(cursor):
        _look_up(cursor, asked)
    if _any_open(cursor):
        _add_up(cursor, asked)


def _any_open(cursor: Any) -> bool:
    cursor.execute(f"SELECT 1 FROM {_MEASURE} WHERE days IS NULL AND has_days = 1 LIMIT 1")  # noqa: S608  a fixed name
    return cursor.fetchone() is not None


def _look_up(cursor: Any, asked: Question) -> None:
    """Find the two rows by key, in sub-queries that no planner turns into a scan.

    The last row is known from the client. The row before the window is nearly always on one of a few file days; a new
    account has none, and its first row (number 1) is as many file days back as it has days on file.
    """
    window, before = _file_days(cursor, asked)
    cursor.execute(f"CREATE TEMP TABLE {_FILE_DAY} (place integer PRIMARY KEY, day date NOT NULL UNIQUE)")
    if window:
        rows = ", ".join(f"({place}, {_date(day)})" for place, day in enumerate(window, 1))
        cursor.execute(f"INSERT INTO {_FILE_DAY} VALUES {rows}")  # noqa: S608  numbers and dates
    row = f"FROM {_DAILY} r WHERE r.client_id = m.client_id AND r.day ="
    near = ", ".join(f"(SELECT r.day {row} {_date(day)})" for day in before)
    base_day = f"COALESCE({near}, NULL)" if near else "CAST(NULL AS date)"
    cursor.execute(
        f"CREATE TEMP TABLE {_OPEN} AS SELECT m.client_id, {base_day} AS base_day,"  # noqa: S608
        f" (SELECT r.sum_net_assets {row} m.last_day) AS last_sum, (SELECT r.days_on_file {row} m.last_day) AS last_n,"
        f" (SELECT d.place FROM {_FILE_DAY} d WHERE d.day = m.last_day) AS place"
        f" FROM {_MEASURE} m WHERE m.days IS NULL AND m.has_days = 1 AND m.last_day IS NOT NULL"
    )
    row = f"FROM {_DAILY} r WHERE r.client_id = m.client_id AND r.day"
    first = f"(SELECT d.day FROM {_FILE_DAY} d WHERE d.place = m.place + m.last_n - 1)"  # noqa: S608  fixed names
    cursor.execute(
        f"UPDATE {_MEASURE} SET total = o.last_sum - o.base_sum, days = o.last_n - o.base_n FROM ("  # noqa: S608
        " SELECT m.client_id, m.last_sum, CAST(m.last_n AS bigint) AS last_n,"
        f" CASE WHEN m.base_day IS NOT NULL THEN (SELECT r.sum_net_assets {row} = m.base_day)"
        f"  WHEN (SELECT r.days_on_file {row} = {first}) = 1 THEN 0 END AS base_sum,"
        f" CASE WHEN m.base_day IS NOT NULL THEN (SELECT r.days_on_file {row} = m.base_day) ELSE 0 END AS base_n"
        f" FROM {_OPEN} m) o WHERE o.client_id = {_MEASURE}.client_id AND o.base_sum IS NOT NULL"
        " AND o.last_sum IS NOT NULL"
    )


def _file_days(cursor: Any, asked: Question) -> tuple[list[date], list[date]]:
    """Days of the branch's file, newest first: those in the window, and the few before it."""
    cursor.execute(
        "SELECT day FROM clients_branchday WHERE branch_id = %s AND day <= %s ORDER BY day DESC LIMIT %s",
        [asked.branch_id, asked.day.isoformat(), asked.window_days + _NEAR],
    )
    days = [day if isinstance(day, date) else date.fromisoformat(day) for (day,) in cursor.fetchall()]
    window = [day for day in days if day > asked.before_window]
    return window, days[len(window) : len(window) + _NEAR]


def _add_up(cursor: Any, asked: Question) -> None:
    """Add up the rows in the window of the clients that are still without a sum."""
    cursor.execute(
        f"UPDATE {_MEASURE} SET total = w.total, days = w.days FROM ("  # noqa: S608  fixed names
        " SELECT a.client_id, CAST(SUM(a.net_assets) AS bigint) AS total, COUNT(*) AS days"
        f" FROM {_DAILY} a JOIN {_MEASURE} o ON o.client_id = a.client_id AND o.days IS NULL AND o.has_days = 1"
        f" WHERE a.day > {_date(asked.before_window)} AND a.day <= {_date(asked.day)} GROUP BY a.client_id) w"
        f" WHERE w.client_id = {_MEASURE}.client_id"
    )


# -- ranks -------------------------------------------------------------------------------------------------------------


def _rank_of_average(rungs: Sequence[Rung]) -> str:
    """The highest rank whose bound the average reaches; bounds are inclusive, the lowest tier takes the rest."""
    falling = sorted(rungs, key=lambda rung: rung.rank, reverse=True)
    cases = [f"WHEN m.total >= {rung.bound} * m.days THEN {rung.rank}" for rung in falling if rung.bound is not None]
    lowest = falling[-1].rank
    return f"CASE {' '.join(cases)} ELSE {lowest} END" if cases else str(lowest)


def _rank_of_state(rungs: Sequence[Rung]) -> str:
    """The rank of the present tier; NULL where it belongs to another programme."""
    return _by_rank("s.tier_id", {rung.pk: rung.rank for rung in rungs})


def _by_rank(column: str, table: dict[int, int]) -> str:
    return f"CASE {column} {' '.join(f'WHEN {key} THEN {value}' for key, value in table.items())} END"


def _write_history(cursor: Any, asked: Question, run_id: int, tier: str) -> None:
    """One row for each step with its proof. The public id ends in the client's number, so a run repeats none."""
    tail = "LPAD(t.client_id::text, 10, '0')" if connection.vendor == "postgresql" else "printf('%%010d', t.client_id)"
    rising = sorted(asked.rungs, key=lambda rung: rung.rank)
    bounds = {rung.rank: rung.bound for rung in rising if rung.bound is not None}
    following = {rung.rank - 1: rung.bound for rung in rising if rung.bound is not None}
    reached = _by_rank("t.target", bounds) if bounds else "NULL"
    missed = _by_rank("t.target", following) if following else "NULL"
    cursor.execute(
        "INSERT INTO tiers_tierchange"  # noqa: S608  numbers and fixed names
        " (public_id, client_id, old_id, new_id, day, reason, run_id, total, days, bound, next_bound)"
        f" SELECT %s || {tail}, t.client_id, t.old_id, {tier}, {_date(asked.day)}, t.step, %s, t.total, t.days,"
        f" {reached}, {missed} FROM {_STEP} t WHERE t.step IN ('first', 'up', 'down', 'programme')",
        [new_public_id()[:_ID_PREFIX], run_id],
    )


# -- differences of the engines ----------------------------------------------------------------------------------------


def _date(day: date) -> str:
    """A day as a literal: SQLite keeps days as text, PostgreSQL has a type for them."""
    return f"DATE '{day.isoformat()}'" if connection.vendor == "postgresql" else f"'{day.isoformat()}'"


def _as_date(value: Any) -> date | None:
    return value if value is None or isinstance(value, date) else date.fromisoformat(value)


def _analyze(cursor: Any, table: str) -> None:
    if connection.vendor == "postgresql":
        cursor.execute(f"ANALYZE {table}")


def _drop(cursor: Any, table: str) -> None:
    place = "pg_temp." if connection.vendor == "postgresql" else "temp."
    cursor.execute(f"DROP TABLE IF EXISTS {place}{table}")
