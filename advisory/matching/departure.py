"""An advisor leaves: where do his clients go?

Two answers, for the manager to compare. Local repair: only the orphans choose among the free places, everybody else
stays. Exact re-match: all clients may move if the whole gains more than their continuity bonus. The difference is
mostly a few basis points and many moves, so the local repair is usually the better service; the loss is shown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from advisory.matching.problem import (
    UNASSIGNED,
    Continuity,
    Int32,
    Int64,
    MatchingInputError,
    Problem,
    as_scores,
    whole_numbers,
)
from advisory.matching.solver import EngineName, Solution, solve_problem


@dataclass(frozen=True, eq=False)
class Departure:
    """Both answers on the same objective.

    orphans         indexes of the clients of those who leave.
    local           assignment in which only orphans change; local_value its points, continuity included.
    local_unserved  orphans the local repair finds no place for.
    exact           the best matching of everybody.
    loss_bp         what the local repair gives away, in basis points of the exact value (rounded to 0.01); comparable
                    only if both serve as many clients (`extra_served` is 0).
    extra_served    clients the exact re-match serves beyond the local repair, by making room.
    extra_moves     clients it moves who are no orphans.
    """

    orphans: Int64
    local: Int32
    local_value: int
    local_unserved: Int64
    exact: Solution
    loss_bp: float
    extra_served: int
    extra_moves: int


def repair_locally(
    scores: ArrayLike,
    capacities: ArrayLike,
    assignment: ArrayLike,
    leavers: ArrayLike,
    *,
    engine: EngineName = "auto",
) -> Int32:
    """New assignment in which only the leavers' clients change, optimal among those; -1 where no place is free."""
    points, places, current, leaving = _checked(scores, capacities, assignment, leavers)
    orphans = np.flatnonzero(np.isin(current, leaving))
    result = current.astype(np.int32)
    result[orphans] = UNASSIGNED
    staying = result[result >= 0]
    free = np.maximum(places - np.bincount(staying, minlength=len(places)), 0)
    free[leaving] = 0
    found = solve_problem(Problem.of(points[orphans], free), engine=engine)
    result[orphans] = found.assignment
    return result


def rematch_departure(
    scores: ArrayLike,
    capacities: ArrayLike,
    assignment: ArrayLike,
    leavers: ArrayLike,
    *,
    tau: ArrayLike = 0,
    prices: ArrayLike | None = None,
    prices_rank: int | None = None,
    engine: EngineName = "auto",
) -> Departure:
    """Compare the local repair with the exact re-match of everybody.

    assignment  today's advisors (-1 = none); they are the incumbents, `tau` is their continuity bonus.
    leavers     index or indexes of the advisors who leave; their capacity counts as 0.
    prices      of the last run over the same advisors: makes the exact answer cheap.
    """
    points, places, current, leaving = _checked(scores, capacities, assignment, leavers)
    local = repair_locally(points, places, current, leaving, engine=engine)
    remaining = places.copy()
    remaining[leaving] = 0
    orphans = np.isin(current, leaving)
    incumbents = np.where(orphans, UNASSIGNED, current)
    problem = Problem.of(points, remaining, Continuity(incumbents, tau))
    exact = solve_problem(problem, prices=prices, prices_rank=prices_rank, engine=engine)
    local_value = int(problem.worth(local).sum())
    return Departure(
        orphans=np.flatnonzero(orphans),
        local=local,
        local_value=local_value,
        local_unserved=np.flatnonzero(orphans & (local < 0)),
        exact=exact,
        loss_bp=round(10_000 * (exact.value - local_value) / exact.value, 2) if exact.value > 0 else 0.0,
        extra_served=int(exact.served.sum()) - int((local >= 0).sum()),
        extra_moves=len(exact.moved),
    )


def _checked(
    scores: ArrayLike, capacities: ArrayLike, assignment: ArrayLike, leavers: ArrayLike
) -> tuple[Int32, Int64, Int64, Int64]:
    points = as_scores(scores)
    places = whole_numbers("Capacities", capacities, 1)
    current = whole_numbers("Assignment", assignment, 1)
    leaving = whole_numbers("Leavers", np.atleast_1d(leavers), 1)
    if (len(current), len(places)) != points.shape:
        raise MatchingInputError("Scores, capacities and assignment do not fit together.")
    for index in (current, leaving):
        if len(index) and not -1 <= int(index.min()) <= int(index.max()) < len(places):
            raise MatchingInputError("There is no advisor of that index.")
    if len(leaving) and int(leaving.min()) < 0:
        raise MatchingInputError("A leaver must be an advisor.")
    return points, places, current, leaving
