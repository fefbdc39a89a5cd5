"""The one place that moves tiers: whole branches at a time, in SQL for PostgreSQL and SQLite.

What is measured comes from ``tiers.window_sql``, a table for each window of days; the rules of the tiers become CASE
expressions over these tables (``tiers.rules_sql``). Amounts are fen and compared as whole numbers, sum against bound × days:
nothing is rounded at a boundary. A programme that asks for average assets alone reads one window and nothing else. The caller
holds the transaction and the lock of the branch (``tiers.services.evaluation``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection

from crm.core.public_ids import new_public_id
from tiers import rules_sql, window_sql
from tiers.rules import Node
from tiers.window_sql import Window, analyze, drop, literal

_MEASURE = "tiers_measure"
_STEP = "tiers_step"
#: Windows beside the one of plain averages: the beginning of their tables' names, and how many there may be.
MORE, MOST_WINDOWS = "tiers_window_", 8
#: Length of the random and time part of a public id; the client's number fills the rest.
_ID_PREFIX = 16


@dataclass(frozen=True)
class Rung:
    """A tier as the comparison needs it.

    ``bound`` (fen) is what a plain ladder asks of the average assets; ``asks`` and ``asks_institutions`` are the rules, which
    say the same for a ladder. All three are None for the lowest.
    """

    pk: int
    rank: int
    bound: int | None
    asks: Node | None = None
    asks_institutions: Node | None = None


@dataclass(frozen=True)
class Question:
    """What is evaluated: one branch, one programme, one day."""

    branch_id: int
    programme_id: int
    rungs: Sequence[Rung]
    day: date
    is_month_end: bool
    #: A tier falls when the client has been below since this day or an earlier one.
    falls_if_below_by: date
    #: The window of plain averages, and for each further metric where it is found: its window and its column.
    primary: Window
    windows: Sequence[Window] = ()
    sources: Mapping[str, rules_sql.Source] = field(default_factory=dict)
    #: (clients since this day or earlier, rank): the tier below which they do not come to stand.
    floors: Sequence[tuple[date, int]] = ()
    #: Clients since a later day than this do not fall.
    grace_after: date | None = None

    @property
    def is_plain(self) -> bool:
        """Whether average assets against a ladder of bounds say it all."""
        return not (self.windows or self.sources or self.floors)

    @property
    def measured(self) -> int:
        """How many windows are laid out."""
        return 1 + len(self.windows)

    @property
    def window_days(self) -> int:
        return self.primary.length


def measure(cursor: Any, asked: Question, told: Callable[[], None] = lambda: None) -> None:
    """Lay out ``tiers_measure``: each client still with the branch, with sum and days in the window (NULL: none).

    ``told`` is called after each window.
    """
    clear(cursor)
    if connection.vendor == "postgresql":
        # A day missing from the statistics makes the planner expect one row and choose nested loops for a whole book.
        for setting in ("jit = off", "enable_nestloop = off", "work_mem = '256MB'"):
            cursor.execute(f"SET LOCAL {setting}")
    for window in (asked.primary, *asked.windows):
        window_sql.lay_out(cursor, window)
        told()


def decide(cursor: Any, asked: Question, *, everybody: bool = False) -> None:
    """Lay out ``tiers_step``: what happens to whom. ``everybody`` keeps those whose tier stays, for a preview.

    Steps: first, programme, up, down; below (the first month below), recovered, stay. Between month-ends only a first tier
    and a new programme take effect. Where a tier given by hand holds (``manual``), the steps are those of the tier by rule.
    """
    drop(cursor, _STEP)
    month_end = "1 = 1" if asked.is_month_end else "1 = 0"
    only = "" if everybody else "WHERE step <> 'stay'"
    day = literal(asked.day)
    grace = "WHEN target < cur AND in_grace = 1 THEN 'stay'" if asked.grace_after else ""
    cursor.execute(
        f"CREATE TEMP TABLE {_STEP} AS SELECT * FROM ("  # noqa: S608  numbers and fixed names
        " SELECT client_id, total, days, old_id, shown_id, manual, below_since, cur, target, CASE"
        "  WHEN old_id IS NULL THEN 'first'"
        "  WHEN cur IS NULL THEN 'programme'"
        f"  WHEN NOT ({month_end}) THEN 'stay'"
        "  WHEN target > cur THEN 'up'"
        "  WHEN target = cur THEN CASE WHEN below_since IS NULL THEN 'stay' ELSE 'recovered' END"
        f"  {grace}"
        f"  WHEN COALESCE(below_since, {day}) <= {literal(asked.falls_if_below_by)} THEN 'down'"
        "  WHEN below_since IS NULL THEN 'below'"
        f"  ELSE 'stay' END AS step FROM ({_placed(asked)}) q) r " + only
    )
    analyze(cursor, _STEP)


def _placed(asked: Question) -> str:
    """Each client with days on file: present rank (by rule) and the rank that his figures give him."""
    old = "COALESCE(s.earned_id, s.tier_id)"
    cur = _by_rank(old, {rung.pk: rung.rank for rung in asked.rungs})
    grace = ""
    if asked.grace_after:
        grace = f", CASE WHEN m.opened_on > {literal(asked.grace_after)} THEN 1 ELSE 0 END AS in_grace"
    joins = "".join(f" LEFT JOIN {w.table} ON {w.table}.client_id = m.client_id" for w in asked.windows)
    return (
        f"SELECT m.client_id, m.total, m.days, {old} AS old_id, s.tier_id AS shown_id, s.below_since,"  # noqa: S608  names, no values
        f" CASE WHEN s.earned_id IS NULL THEN 0 ELSE 1 END AS manual, {cur} AS cur, {_target(asked)} AS target{grace}"
        f" FROM {_MEASURE} m{joins} LEFT JOIN tiers_tierstate s ON s.client_id = m.client_id WHERE m.days > 0"
    )


def _target(asked: Question) -> str:
    """The rank that a client's figures give him: the highest tier whose rule holds; debt is the lowest whatever holds."""
    if asked.is_plain:
        return _rank_of_average(asked.rungs)
    lowest = min(rung.rank for rung in asked.rungs)
    persons = rules_sql.rank_by_rules([(r.rank, r.asks) for r in asked.rungs], asked.sources, lowest)
    institutions = rules_sql.rank_by_rules([(r.rank, r.asks_institutions) for r in asked.rungs], asked.sources, lowest)
    ruled = persons
    if institutions != persons:
        ruled = f"CASE WHEN m.institution = 1 THEN {institutions} ELSE {persons} END"
    if asked.floors:
        ruled = rules_sql.at_least(ruled, rules_sql.floor(asked.floors))
    return f"CASE WHEN m.total < 0 THEN {lowest} ELSE {ruled} END"


def apply(cursor: Any, asked: Question, run_id: int) -> dict[str, int]:
    """Write what ``tiers_step`` says and nothing else. Returns how many clients took each step.

    Where a tier given by hand holds, what moves is the tier by rule behind it: counted as ``held``, no step of the client.
    """
    steps = count_steps(cursor)
    tier = _by_rank("t.target", {rung.rank: rung.pk for rung in asked.rungs})
    if steps.get("first"):
        cursor.execute(
            "INSERT INTO tiers_tierstate (client_id, programme_id, tier_id, since, below_since, run_id)"  # noqa: S608  names, no values
            f" SELECT t.client_id, %s, {tier}, {literal(asked.day)}, NULL, %s FROM {_STEP} t WHERE t.step = 'first'",
            [asked.programme_id, run_id],
        )
    if steps.get("up") or steps.get("down") or steps.get("programme"):
        cursor.execute(
            f"UPDATE tiers_tierstate SET programme_id = %s, tier_id = {tier}, since = {literal(asked.day)},"  # noqa: S608  names, no values
            f" below_since = NULL, run_id = %s FROM {_STEP} t WHERE t.client_id = tiers_tierstate.client_id"
            " AND t.step IN ('up', 'down', 'programme') AND t.manual = 0",
            [asked.programme_id, run_id],
        )
    if steps.get("below") or steps.get("recovered"):
        cursor.execute(
            f"UPDATE tiers_tierstate SET below_since = CASE WHEN t.step = 'below' THEN {literal(asked.day)} END"  # noqa: S608  names, no values
            f" FROM {_STEP} t WHERE t.client_id = tiers_tierstate.client_id AND t.step IN ('below', 'recovered')"
        )
    if steps.get("held"):
        _move_behind(cursor, asked, run_id, tier)
    if any(steps.get(step) for step in ("first", "up", "down", "programme", "held")):
        _write_history(cursor, asked, run_id, tier)
    return steps


def _move_behind(cursor: Any, asked: Question, run_id: int, tier: str) -> None:
    """Move the tier by rule of clients whose tier was given by hand; under another programme that one is carried over."""
    cursor.execute(
        f"UPDATE tiers_tierstate SET programme_id = %s, earned_id = {tier}, below_since = NULL, run_id = %s,"  # noqa: S608  names, no values
        f" tier_id = CASE WHEN t.step = 'programme' THEN {_carried(asked, tier)} ELSE tiers_tierstate.tier_id END,"
        f" since = CASE WHEN t.step = 'programme' THEN {literal(asked.day)} ELSE tiers_tierstate.since END"
        f" FROM {_STEP} t WHERE t.client_id = tiers_tierstate.client_id"
        " AND t.step IN ('up', 'down', 'programme') AND t.manual = 1",
        [asked.programme_id, run_id],
    )


def _carried(asked: Question, tier: str) -> str:
    """The tier of the same code in this programme; without one, the tier by rule."""
    return (
        "COALESCE((SELECT n.id FROM tiers_tier n JOIN tiers_tier o ON o.code = n.code"  # noqa: S608  numbers
        f" WHERE o.id = t.shown_id AND n.programme_id = {int(asked.programme_id)}), {tier})"
    )


def count_steps(cursor: Any) -> dict[str, int]:
    """How many clients take each step; moves behind a tier given by hand are ``held``."""
    cursor.execute(
        "SELECT CASE WHEN manual = 1 AND step IN ('up', 'down', 'programme') THEN 'held' ELSE step END AS told,"  # noqa: S608  names, no values
        f" COUNT(*) FROM {_STEP} GROUP BY 1"
    )
    return dict(cursor.fetchall())


def count_without_data(cursor: Any) -> int:
    """Clients of the branch without a day on file in the window."""
    cursor.execute(f"SELECT COUNT(*) FROM {_MEASURE} WHERE days IS NULL")  # noqa: S608  a fixed name
    return int(cursor.fetchone()[0])


def count_outcome(cursor: Any, asked: Question) -> list[tuple[int | None, int, str, int]]:
    """(present rank, rank by the figures, step, clients); after ``decide(everybody=True)``.

    A tier given by hand stays what it is, whatever its client's figures say.
    """
    shown = _by_rank("shown_id", {rung.pk: rung.rank for rung in asked.rungs})
    cursor.execute(
        f"SELECT CASE WHEN manual = 1 THEN {shown} ELSE cur END AS present, target,"  # noqa: S608  numbers
        f" CASE WHEN manual = 1 THEN 'stay' ELSE step END AS told, COUNT(*) FROM {_STEP} GROUP BY 1, 2, 3"
    )
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
        " WHERE step IN ('up', 'down', 'programme') AND manual = 0 ORDER BY total DESC, client_id LIMIT %s",
        [limit],
    )
    return [tuple(row) for row in cursor.fetchall()]


def clear(cursor: Any) -> None:
    """Take the temporary tables away."""
    for table in (_MEASURE, _STEP, *(f"{MORE}{number}" for number in range(MOST_WINDOWS))):
        drop(cursor, table)
    window_sql.clear(cursor)


# -- ranks -------------------------------------------------------------------------------------------------------------


def _rank_of_average(rungs: Sequence[Rung]) -> str:
    """The highest rank whose bound the average reaches; bounds are inclusive, the lowest tier takes the rest."""
    falling = sorted(rungs, key=lambda rung: rung.rank, reverse=True)
    cases = [f"WHEN m.total >= {rung.bound} * m.days THEN {rung.rank}" for rung in falling if rung.bound is not None]
    lowest = falling[-1].rank
    return f"CASE {' '.join(cases)} ELSE {lowest} END" if cases else str(lowest)


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
    facts, joins = "'{}'", ""
    if not asked.is_plain:
        facts = rules_sql.facts(asked.sources, with_floor=rules_sql.floor(asked.floors) if asked.floors else "")
        tables = (_MEASURE, *(window.table for window in asked.windows))
        names = {_MEASURE: "m"}
        joins = "".join(
            f" LEFT JOIN {table} {names.get(table, table)} ON {names.get(table, table)}.client_id = t.client_id"
            for table in tables
        )
    facts = f"CAST({facts} AS jsonb)" if connection.vendor == "postgresql" else facts
    new = f"CASE WHEN t.manual = 1 THEN {_carried(asked, tier)} ELSE {tier} END"
    cursor.execute(
        "INSERT INTO tiers_tierchange (public_id, client_id, old_id, new_id, day, reason, run_id, total, days,"  # noqa: S608  names, no values
        " bound, next_bound, facts, below_since)"
        f" SELECT %s || {tail}, t.client_id, t.shown_id, {new}, {literal(asked.day)}, t.step, %s, t.total, t.days,"
        f" {reached}, {missed}, {facts},"
        f" CASE WHEN t.step = 'down' THEN COALESCE(t.below_since, {literal(asked.day)}) END"
        f" FROM {_STEP} t{joins} WHERE t.step IN ('first', 'up', 'down', 'programme')"
        " AND (t.manual = 0 OR t.step = 'programme')",
        [new_public_id()[:_ID_PREFIX], run_id],
    )
