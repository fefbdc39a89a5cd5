"""Start prices: advisors asked for too often get dearer, those with free places cheaper, until it hardly helps.

A client asks for the advisor of the highest worth minus price. Raising the price of advisor j by d turns away about
`d * capacity[j] / typical margin` of his clients (margin: best minus second-best worth), so one round changes each
price by its share of that: a Newton step on the dual with a diagonal guess of the curvature, lengthened where the sign
stays and shortened where it flips (Riedmiller & Braun 1993; the market view is Walras' tatonnement). The result need
not be right: whatever prices the exact solver starts from, it ends at the optimum. Good ones leave it little to do.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from advisory.matching.problem import LARGEST_WORTH, Int64
from advisory.matching.valuation import Valuation

BLOCK = 2048
MOST_ROUNDS = 60
PATIENCE = 3
"""Rounds in which the misplaced clients must fall by what those rounds cost."""

SAMPLE_FOR_MARGIN = 1000

Count = Callable[[Valuation, Int64], Int64]


def settle(
    valuation: Valuation, capacities: Int64, prices: Int64, count: Count, repair_cells: int, enough: int = 0
) -> Int64:
    """Prices under which few clients are misplaced; capacities and prices include the place "unassigned".

    count         the engine's way to count who asks for whom; the answer is the same with every engine.
    repair_cells  the engine repairs one misplaced client in the time in which a round reads so many cells.
    enough        misplaced clients with which one is content at once (a warm start is better left as it is).
    """
    dear = max(valuation.scores.size // repair_cells, 1) * PATIENCE
    scale = typical_margin(valuation, prices) / np.maximum(capacities, 1)
    pace = np.ones(len(capacities))
    current, best, trail = prices.copy(), prices, [np.iinfo(np.int64).max]
    before = np.zeros(len(capacities))
    for _ in range(MOST_ROUNDS):
        surplus = count(valuation, current) - capacities
        surplus[(current <= 0) & (surplus < 0)] = 0
        surplus[-1] = 0
        misplaced = int(np.abs(surplus).sum())
        if misplaced < trail[-1]:
            best = current
        trail.append(min(misplaced, trail[-1]))
        if misplaced <= max(dear, enough) or (len(trail) > PATIENCE and trail[-1 - PATIENCE] - trail[-1] < dear):
            break
        sign = np.sign(surplus)
        pace *= np.choose((sign * before).astype(np.int64) + 1, (0.6, 1.0, 1.2))
        before = sign
        current = _step(current, surplus, pace * scale)
    return best


def _step(prices: Int64, surplus: Int64, slope: NDArray[np.float64]) -> Int64:
    """At least one point for each advisor asked for too often or too rarely."""
    change = np.rint(np.clip(surplus * slope, -LARGEST_WORTH, LARGEST_WORTH)).astype(np.int64)
    change = np.where(change == 0, np.sign(surplus), change)
    return np.clip(prices + change, 0, LARGEST_WORTH)


def asked_for(valuation: Valuation, prices: Int64) -> Int64:
    """How many clients would choose each place at these prices."""
    counts = np.zeros(len(prices), np.int64)
    narrow = prices.astype(np.int32)
    for start in range(0, len(valuation.scores), BLOCK):
        rows = valuation.rows(slice(start, start + BLOCK))
        rows -= narrow
        counts += np.bincount(rows.argmax(axis=1), minlength=len(prices))
    return counts


def typical_margin(valuation: Valuation, prices: Int64) -> float:
    """Mean distance between a client's best and second-best worth minus price, in points; at least 1."""
    rows = valuation.rows(slice(0, SAMPLE_FOR_MARGIN)) - prices.astype(np.int32)
    if rows.shape[0] == 0 or rows.shape[1] < 2:
        return 1.0
    two = np.partition(rows, -2, axis=1)[:, -2:].astype(np.int64)
    margins = np.minimum(two[:, 1] - two[:, 0], np.int64(1) << 20)
    return max(int(margins.sum()) / len(margins), 1.0)
