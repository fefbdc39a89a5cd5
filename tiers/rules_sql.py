"""The rules of tiers as SQL over the tables of windows: whole numbers only, the same on both engines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tiers.rules import Condition, Node
from tiers.window_sql import literal


@dataclass(frozen=True)
class Source:
    """Where a metric is found: the sum, and what it is divided by ("1" for a plain amount)."""

    total: str
    days: str = "1"


def rank_by_rules(rungs: Sequence[tuple[int, Node | None]], sources: Mapping[str, Source], lowest: int) -> str:
    """The highest rank whose rule holds; the lowest tier takes the rest."""
    falling = sorted(rungs, key=lambda rung: rung[0], reverse=True)
    cases = [f"WHEN {compiled(asks, sources)} THEN {rank}" for rank, asks in falling if asks is not None]
    return f"CASE {' '.join(cases)} ELSE {lowest} END" if cases else str(lowest)


def compiled(node: Node, sources: Mapping[str, Source]) -> str:
    """A rule as a condition that is true or not true (NULL, where nothing is on file, holds nowhere)."""
    if isinstance(node, Condition):
        return _condition(node, sources)
    joint = " AND " if node.match == "all" else " OR "
    return f"({joint.join(compiled(each, sources) for each in node.nodes)})"


def _condition(asked: Condition, sources: Mapping[str, Source]) -> str:
    if not asked.is_weighted:
        found = sources[asked.metric.key]
        return f"COALESCE({found.total} >= {asked.at_least} * {found.days}, 1 = 0)"
    parts = [f"{term.weight} * COALESCE({_rounded(sources[term.metric.key])}, 0)" for term in asked.terms]
    return f"({' + '.join(parts)} >= {asked.at_least * 100})"


def _rounded(source: Source) -> str:
    """In whole fen, halves away from zero."""
    if source.days == "1":
        return source.total
    total, days = source.total, source.days
    up = f"(2 * {total} + {days}) / (2 * {days})"
    return f"CASE WHEN {total} >= 0 THEN {up} ELSE -((-2 * {total} + {days}) / (2 * {days})) END"


def floor(floors: Sequence[tuple[date, int]]) -> str:
    """The rank below which a client of long standing does not come to stand; 0 for others."""
    highest_first = sorted(floors, key=lambda each: each[1], reverse=True)
    cases = " ".join(f"WHEN m.opened_on <= {literal(day)} THEN {rank}" for day, rank in highest_first)
    return f"CASE {cases} ELSE 0 END"


def at_least(rank: str, lowest: str) -> str:
    """The higher of two ranks."""
    return f"CASE WHEN {rank} < {lowest} THEN {lowest} ELSE {rank} END"


def facts(sources: Mapping[str, Source], *, with_floor: str) -> str:
    """What was measured, as the text of a JSON object: {"values": {metric: [sum, days]}, "institution": 0, "floor": 2}."""
    pairs = [
        f"'\"{key}\": [' || COALESCE(CAST({source.total} AS text), 'null') || ', '"
        f" || COALESCE(CAST({source.days} AS text), 'null') || ']'"
        for key, source in sources.items()
    ]
    text = "'{\"values\": {' || " + " || ', ' || ".join(pairs) + " || '}, \"institution\": ' || m.institution"
    if with_floor:
        text += f" || ', \"floor\": ' || ({with_floor})"
    return text + " || '}'"
