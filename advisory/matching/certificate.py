"""Proof that a matching is the best possible, by one pass over the scores and without trust in the solver.

For any prices p >= 0 of the advisors' places, no feasible matching is worth more than

    bound = sum over clients of max(0, max over advisors of (worth[i, j] - p[j]))
          + sum over advisors of capacity[j] * p[j]

(weak duality of the transportation problem: every client takes at most the best that he can buy at these prices, and
pays the places he takes). So a matching whose value reaches the bound is optimal, whoever found it. This module
shares no code with the solver; it only reads the same checked input.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advisory.matching.problem import FORBIDDEN, Int32, Int64, Problem, whole_numbers

BLOCK = 1024


@dataclass(frozen=True)
class Certificate:
    """What was found out about a matching.

    value   points of the matching, continuity bonus included.
    bound   no matching that serves as many clients reaches more points than this.
    gap     bound - value; 0 means proven optimal. Serving fewer clients than possible shows as a gap, too.
    faults  what makes the matching inadmissible (words for the log and the tests); empty if it is feasible.
    """

    value: int
    bound: int
    gap: int
    served: int
    faults: tuple[str, ...]

    @property
    def proven(self) -> bool:
        """Feasible, and no matching is better."""
        return not self.faults and self.gap == 0


def certify(problem: Problem, assignment: ArrayLike, prices: ArrayLike) -> Certificate:
    """Check feasibility, value and bound of a matching; -1 in the assignment is a client left unassigned."""
    chosen = whole_numbers("Assignment", assignment, 1)
    faults = find_faults(problem, chosen)
    if "shape" in faults or "advisor" in faults:
        return Certificate(0, 0, 0, 0, faults)
    served = chosen >= 0
    ranks = int(problem.priority[served].sum())
    value = int(problem.worth(chosen).sum())
    bound = upper_bound(problem, prices) - ranks
    return Certificate(value, bound, bound - value, int(served.sum()), faults)


def find_faults(problem: Problem, assignment: Int64) -> tuple[str, ...]:
    """Rules the matching breaks: shape, advisor (no such), capacity, forbidden (pair), held (client was moved)."""
    if len(assignment) != problem.clients:
        return ("shape",)
    if len(assignment) and not -1 <= int(assignment.min()) <= int(assignment.max()) < problem.advisors:
        return ("advisor",)
    served = np.flatnonzero(assignment >= 0)
    loads = np.bincount(assignment[served], minlength=problem.advisors)
    moved = problem.held[served] & (assignment[served] != problem.incumbents[served])
    broken = {
        "capacity": bool((loads > problem.capacities).any()),
        "forbidden": bool((problem.scores[served, assignment[served]] < 0).any()),
        "held": bool(moved.any()),
    }
    return tuple(name for name, found in broken.items() if found)


def upper_bound(problem: Problem, prices: ArrayLike) -> int:
    """The dual bound, rank of the served included; a negative price counts as none."""
    price = np.clip(whole_numbers("Prices", prices, 1), 0, problem.dearest)
    total = int((problem.capacities * price).sum())
    narrow = price.astype(np.int32)
    room = np.empty((BLOCK, problem.advisors), np.int32)
    for start in range(0, problem.clients if problem.advisors else 0, BLOCK):
        block = slice(start, start + BLOCK)
        best = _best_at_prices(problem, block, narrow, room) + problem.priority[block]
        total += int(np.maximum(best, 0).sum())
    return total


def _best_at_prices(problem: Problem, block: slice, price: Int32, room: Int32) -> NDArray[np.int64]:
    """Per client the most that points minus price reach, rank left out."""
    scores = problem.scores[block]
    net = np.subtract(scores, price, out=room[: len(scores)])
    best = net.max(axis=1).astype(np.int64)
    # A forbidden pair has the score -1 and no price is negative: only where all is below nought can it be the best.
    doubtful = np.flatnonzero(best < 0)
    if len(doubtful):
        best[doubtful] = np.where(scores[doubtful] < 0, FORBIDDEN, net[doubtful]).max(axis=1)
    home = problem.incumbents[block]
    known = np.flatnonzero(home >= 0)
    return _with_incumbent(best, scores, net, known, home[known], problem, block) if len(known) else best


def _with_incumbent(
    best: Int64, scores: Int32, net: Int32, known: Int64, home: Int32, problem: Problem, block: slice
) -> NDArray[np.int64]:
    """The best again, now with the bonus on the incumbent's cell; a held client has no other cell."""
    bonus, held = problem.bonus[block][known], problem.held[block][known]
    stays = np.where(scores[known, home] < 0, FORBIDDEN, net[known, home]).astype(np.int64) + bonus
    others = best[known]
    # With a bonus the incumbent's own cell is no more than ``stays``; with a malus it may be.
    less = np.flatnonzero(bonus < 0)
    if len(less):
        rows = known[less]
        cells = np.where(scores[rows] < 0, FORBIDDEN, net[rows])
        cells[np.arange(len(less)), home[less]] = FORBIDDEN
        others[less] = cells.max(axis=1)
    best[known] = np.where(held, stays, np.maximum(others, stays))
    return best
