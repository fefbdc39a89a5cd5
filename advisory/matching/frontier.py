"""How much better the matching gets for how many moves: the choice the manager has to make.

A matching that looks at points alone would move most clients; the continuity bonus tau holds them back. One solve per
tau, each started from the prices of the one before, draws the exact curve.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from advisory.matching.problem import Continuity, MatchingInputError, Problem, whole_numbers
from advisory.matching.scoring import MOST_POINTS
from advisory.matching.solver import EngineName, Solution, solve_problem

TAUS = (0, 250, 500, 1000, 2000, 4000)


@dataclass(frozen=True)
class FrontierPoint:
    """One point of the curve.

    tau    continuity bonus in points.
    moved  clients who change their advisor.
    gain   points (without bonus) above the matching in which nobody moves for points alone.
    """

    tau: int
    moved: int
    gain: int
    solution: Solution


def move_frontier(
    scores: ArrayLike,
    capacities: ArrayLike,
    continuity: Continuity,
    *,
    taus: Sequence[int] = TAUS,
    seed: int = 0,
    engine: EngineName = "auto",
) -> list[FrontierPoint]:
    """The curve at these taus, in their order; tau is added to the bonus of each client in `continuity`.

    Raises MatchingInputError as `solve`. Every point is proven optimal for its tau.
    """
    problem = Problem.of(scores, capacities, continuity)
    keep = _nobody_moves(problem)
    sweep = _sweep(problem, continuity, (keep, *sorted(taus, reverse=True)), seed, engine)
    _, stay = next(sweep)
    points = {
        tau: FrontierPoint(tau, len(solution.moved), solution.score - stay.score, solution) for tau, solution in sweep
    }
    return [points[tau] for tau in taus]


def within_move_budget(
    scores: ArrayLike,
    capacities: ArrayLike,
    continuity: Continuity,
    budget: int,
    *,
    seed: int = 0,
    engine: EngineName = "auto",
) -> FrontierPoint:
    """The matching of the smallest tau that moves at most `budget` clients, by bisection on tau.

    Moves that serve a client who would otherwise stay unassigned, or follow from a forbidden incumbent, happen at any
    tau; if they alone exceed the budget, the point of fewest moves is returned.
    """
    problem = Problem.of(scores, capacities, continuity)
    low, high = -1, _nobody_moves(problem)
    sweep = _sweep(problem, continuity, (high,), seed, engine)
    stay = best = next(sweep)[1]
    tau = high
    while high - low > 1:
        middle = (low + high) // 2
        found = _solved(problem, continuity, middle, best, seed, engine)
        if len(found.moved) <= budget:
            high, tau, best = middle, middle, found
        else:
            low = middle
    return FrontierPoint(tau, len(best.moved), best.score - stay.score, best)


def _nobody_moves(problem: Problem) -> int:
    """A tau no gain of one client can reach: every move would cost more than the mover's own gain."""
    most = int(problem.scores.max()) if problem.scores.size else MOST_POINTS
    least = int(problem.bonus.min()) if problem.clients else 0
    return max(most, 0) + 1 - min(least, 0)


def _sweep(
    problem: Problem, continuity: Continuity, taus: Sequence[int], seed: int, engine: EngineName
) -> Iterator[tuple[int, Solution]]:
    last: Solution | None = None
    for tau in taus:
        last = _solved(problem, continuity, tau, last, seed, engine)
        yield tau, last


def _solved(
    problem: Problem, continuity: Continuity, tau: int, warm: Solution | None, seed: int, engine: EngineName
) -> Solution:
    bonus = whole_numbers("Bonus", continuity.bonus, np.ndim(continuity.bonus))
    if tau < 0:
        raise MatchingInputError("Tau must not be negative.")
    at_tau = problem.with_continuity(replace(continuity, bonus=bonus + tau))
    if warm is None:
        return solve_problem(at_tau, seed=seed, engine=engine)
    return solve_problem(at_tau, prices=warm.prices, prices_rank=warm.rank, seed=seed, engine=engine)
