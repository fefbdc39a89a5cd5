"""Why this advisor, who came next, and why nobody: the words behind a matching."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from advisory.matching.problem import FORBIDDEN, Int32, Int64, Problem, whole_numbers
from advisory.matching.scoring import AdvisorTables, ClientFeatures, Correction, Eligibility, factor_points
from advisory.matching.solver import Solution

BLOCK = 4096
OTHER = "other"
"""Points that no factor and no correction explains: rounding of fractions, and the limits 0 and 10,000."""


class Reason(StrEnum):
    """What keeps a client unassigned: the first of these that holds."""

    NO_LICENSED_ADVISOR = "no_licensed_advisor"
    VETOED = "vetoed"
    ALL_FULL = "all_full"


@dataclass(frozen=True, eq=False)
class RunnersUp:
    """The best other advisors of some clients, best first; each array clients by count.

    advisors  index, -1 where no further advisor is permitted.
    points    worth of the pair (s), continuity bonus included.
    net       worth minus the price of a place (s - p): how close the choice was. The chosen one's net is never less.
    prices    price of a place: "she scored 212 more but is full; her place is worth 260".
    """

    advisors: Int32
    points: Int64
    net: Int64
    prices: Int64


@dataclass(frozen=True)
class PlacePrice:
    """What one more place with an advisor would bring: clients served in addition, and points of the matching."""

    clients: int
    points: int


def contributions(
    client_features: ClientFeatures,
    advisor_tables: AdvisorTables,
    scores: Int32,
    assignment: ArrayLike,
    corrections: Sequence[Correction] = (),
) -> dict[str, Int32]:
    """Whole points per factor and correction of each client's chosen pair; together exactly the pair's score."""
    chosen = whole_numbers("Assignment", assignment, 1)
    result: dict[str, Int32] = {}
    for name, points in factor_points(client_features, advisor_tables, chosen).items():
        result[name] = np.rint(points).astype(np.int32)
    for correction in corrections:
        clients = whole_numbers("Clients", correction.clients, 1)
        hit = chosen[clients] == whole_numbers("Advisors", correction.advisors, 1)
        extra = result.setdefault(correction.name, np.zeros(len(chosen), np.int32))
        np.add.at(extra, clients[hit], whole_numbers("Points", correction.points, 1)[hit].astype(np.int32))
    reached = np.where(chosen >= 0, scores[np.arange(len(chosen)), np.maximum(chosen, 0)], 0)
    rest = reached - sum(result.values(), np.zeros(len(chosen), np.int32))
    if rest.any():
        result[OTHER] = rest.astype(np.int32)
    return result


def runners_up(problem: Problem, solution: Solution, clients: ArrayLike | None = None, count: int = 3) -> RunnersUp:
    """The advisors who came next for these clients (all by default), by worth minus price."""
    asked = np.arange(problem.clients) if clients is None else whole_numbers("Clients", clients, 1)
    parts = [
        _next_best(problem, solution, asked[start : start + BLOCK], count) for start in range(0, len(asked), BLOCK)
    ]
    if not parts:
        nothing = np.zeros((0, count), np.int64)
        return RunnersUp(nothing.astype(np.int32), nothing, nothing, nothing)
    return RunnersUp(
        advisors=np.concatenate([part.advisors for part in parts]),
        points=np.concatenate([part.points for part in parts]),
        net=np.concatenate([part.net for part in parts]),
        prices=np.concatenate([part.prices for part in parts]),
    )


def unassigned_reasons(
    problem: Problem, solution: Solution, eligibility: Eligibility | None = None
) -> dict[int, Reason]:
    """The binding reason per unassigned client: nobody licensed, those licensed vetoed, or all permitted full."""
    reasons: dict[int, Reason] = {}
    for client in solution.unassigned.tolist():
        if (problem.scores[client] >= 0).any():
            reasons[client] = Reason.ALL_FULL
        elif problem.advisors and (eligibility is None or not eligibility.mask(slice(client, client + 1)).any()):
            reasons[client] = Reason.NO_LICENSED_ADVISOR
        else:
            reasons[client] = Reason.VETOED if problem.advisors else Reason.NO_LICENSED_ADVISOR
    return reasons


def place_price(solution: Solution, advisor: int) -> PlacePrice:
    """The price of a place taken apart: would it serve one client more, and what does it change in points?"""
    price = int(solution.prices[advisor])
    clients = (price + solution.rank // 2) // solution.rank
    return PlacePrice(clients=clients, points=price - clients * solution.rank)


def _next_best(problem: Problem, solution: Solution, clients: Int64, count: int) -> RunnersUp:
    """One block: worth minus price without the chosen advisor, the largest `count` in order; ties by index."""
    worth = problem.scores[clients].astype(np.int64)
    worth[worth < 0] = FORBIDDEN
    home = problem.incumbents[clients]
    known = np.flatnonzero(home >= 0)
    kept = worth[known, home[known]] + problem.bonus[clients][known]
    worth[problem.held[clients]] = FORBIDDEN
    worth[known, home[known]] = kept
    served = np.flatnonzero(solution.assignment[clients] >= 0)
    worth[served, solution.assignment[clients][served]] = FORBIDDEN
    net = np.where(worth > FORBIDDEN, worth - solution.prices, 2 * FORBIDDEN)
    width = min(count, problem.advisors)
    order = _largest(net, width)
    points = np.take_along_axis(worth, order, axis=1)
    permitted = points > FORBIDDEN
    padding = ((0, 0), (0, count - width))
    return RunnersUp(
        advisors=np.pad(np.where(permitted, order, -1), padding, constant_values=-1).astype(np.int32),
        points=np.pad(np.where(permitted, points, 0), padding),
        net=np.pad(np.where(permitted, np.take_along_axis(net, order, axis=1), 0), padding),
        prices=np.pad(np.where(permitted, solution.prices[order], 0), padding),
    )


def _largest(net: Int64, width: int) -> Int64:
    """Columns of the `width` largest per row, largest first."""
    taken = net.copy()
    order = np.empty((len(net), width), np.int64)
    rows = np.arange(len(net))
    for place in range(width):
        order[:, place] = best = taken.argmax(axis=1)
        taken[rows, best] = np.iinfo(np.int64).min
    return order
