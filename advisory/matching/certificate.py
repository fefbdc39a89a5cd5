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
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advisory.matching.problem import FORBIDDEN, Bool, Int32, Int64, Problem, whole_numbers

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
    for start in range(0, problem.clients if problem.advisors else 0, BLOCK):
        block = slice(start, start + BLOCK)
        best = _best_at_prices(problem, block, narrow) + problem.priority[block]
        total += int(np.maximum(best, 0).sum())
    return total


def _best_at_prices(problem: Problem, block: slice, price: Int32) -> NDArray[np.int64]:
    """Per client the most that points minus price reach, rank left out."""
    scores = problem.scores[block]
    net = scores - price
    np.copyto(net, FORBIDDEN, where=scores < 0)
    best = net.max(axis=1).astype(np.int64)
    home = problem.incumbents[block]
    known = np.flatnonzero(home >= 0)
    at_home = net[known, home[known]].astype(np.int64) + problem.bonus[block][known]
    return _with_incumbent(best, net, known, home[known], at_home, problem.held[block][known])


def _with_incumbent(
    best: Int64, net: NDArray[Any], known: Int64, home: Int32, at_home: Int64, held: Bool
) -> NDArray[np.int64]:
    """The best again, now with the bonus on the incumbent's cell; a held client has no other cell."""
    net[known, home] = FORBIDDEN
    others = net.max(axis=1)[known] if len(known) else best[known]
    best[known] = np.where(held, at_home, np.maximum(others, at_home))
    return best
