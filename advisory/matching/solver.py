"""The matching itself: start prices from samples, exact solve, proof.

Exact solves of growing samples of the clients (64th, 8th, all) hand on their prices, so that the whole starts nearly
balanced; a sample costs its share of the whole. The result is exact whatever the samples were.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike

from advisory.matching.certificate import certify
from advisory.matching.contraction import Contraction
from advisory.matching.problem import (
    UNASSIGNED,
    Bool,
    Continuity,
    Int32,
    Int64,
    MatchingInputError,
    Problem,
    whole_numbers,
)
from advisory.matching.settling import Count, asked_for, settle
from advisory.matching.valuation import Valuation

EngineName = Literal["auto", "numpy", "fast"]

SAMPLES = (64, 8)
SMALLEST_SAMPLE = 5
"""Clients per advisor below which a sample tells nothing about prices."""

WARM_ENOUGH = 50
"""A warm start that misplaces less than one client in so many goes to the exact solver as it is."""


BLOCK = 8192

FAST_FROM = 1_000_000
"""Cells from which "auto" takes the fast engine; below, loading it costs more than it saves."""


class ExactSolve(Protocol):
    """The optimal place of every client and the price of every place, from any start prices."""

    def __call__(self, valuation: Valuation, capacities: Int64, prices: Int64) -> tuple[Int32, Int64]: ...


@dataclass(frozen=True)
class Engine:
    """The exact solve, the counting for the start prices, and what a repair costs against it (see `settle`)."""

    exact: ExactSolve
    count: Count
    repair_cells: int

    def solve_from(
        self, valuation: Valuation, capacities: Int64, prices: Int64, enough: int = 0
    ) -> tuple[Int32, Int64]:
        """Better the start prices as far as it pays, then solve exactly."""
        start = settle(valuation, capacities, prices, self.count, self.repair_cells, enough)
        return self.exact(valuation, capacities, start)


@dataclass(frozen=True, eq=False)
class Solution:
    """A matching with its proof.

    assignment  advisor index per client, -1 where the client stays unassigned.
    value       points of all pairs, continuity bonus included; score is the same without the bonus.
    bound, gap  see Certificate; gap 0 = proven optimal.
    prices      what one more place with each advisor would add to the whole matching, in points plus multiples of
                `rank`: a place that would serve one more client is worth about the rank. 0 = a place is free.
    unassigned  indexes of the clients left without an advisor.
    moved       indexes of the clients who leave their incumbent (or lose him).
    input_hash  SHA-256 over scores, capacities and continuity, for the audit.
    """

    assignment: Int32
    value: int
    score: int
    bound: int
    gap: int
    prices: Int64
    rank: int
    unassigned: Int64
    moved: Int64
    input_hash: str

    @property
    def proven(self) -> bool:
        """No matching serves more clients, and none that serves as many is worth more."""
        return self.gap == 0

    @property
    def served(self) -> Bool:
        return self.assignment >= 0

    def loads(self) -> Int64:
        """Clients per advisor."""
        return np.bincount(self.assignment[self.served], minlength=len(self.prices)).astype(np.int64)


def solve(
    scores: ArrayLike,
    capacities: ArrayLike,
    *,
    continuity: Continuity | None = None,
    prices: ArrayLike | None = None,
    prices_rank: int | None = None,
    seed: int = 0,
    engine: EngineName = "auto",
) -> Solution:
    """Serve as many clients as possible, and among those matchings take the one of the most points.

    scores       whole points, clients by advisors, below 0 = pair forbidden (licence, leave, conflict, veto).
    capacities   clients each advisor can take, existing ones included.
    prices       of an earlier run, as a warm start; `prices_rank` is that run's rank (matters where places are short).
    seed         of the samples; same input, seed and engine give the same assignment. Where several matchings are
                 best, engines and seeds may choose differently: value, bound and gap are always the same.

    Raises MatchingInputError (arrays do not fit together) or PointsTooLarge (points leave the exact range).
    """
    problem = Problem.of(scores, capacities, continuity)
    return solve_problem(problem, prices=prices, prices_rank=prices_rank, seed=seed, engine=engine)


def solve_problem(
    problem: Problem,
    *,
    prices: ArrayLike | None = None,
    prices_rank: int | None = None,
    seed: int = 0,
    engine: EngineName = "auto",
) -> Solution:
    """As `solve`, for a problem that was checked before (sweeps, comparisons)."""
    chosen = engine_named(engine, problem.scores.size)
    valuation = Valuation.of(problem)
    if prices is None:
        start, enough = _prices_from_samples(problem, valuation, seed, chosen), 0
    else:
        start, enough = _rebased(problem, prices, prices_rank), problem.clients // WARM_ENOUGH
    closed = np.flatnonzero(problem.capacities == 0)
    start[closed] = problem.dearest  # so that nobody asks for them
    places = _with_unassigned(problem.capacities, problem.clients)
    assignment, final = chosen.solve_from(valuation, places, start, enough)
    final[closed] = _opening_prices(valuation, assignment, final, closed)
    assignment[assignment == problem.advisors] = UNASSIGNED
    return as_solution(problem, assignment, final[:-1])


def as_solution(problem: Problem, assignment: Int32, prices: Int64) -> Solution:
    """Assignment and prices with their certificate; raises AssertionError if the assignment is not feasible."""
    proof = certify(problem, assignment, prices)
    if proof.faults:
        raise AssertionError(f"The matching breaks its own rules: {', '.join(proof.faults)}.")
    return Solution(
        assignment=assignment,
        value=proof.value,
        score=int(problem.points(assignment).sum()),
        bound=proof.bound,
        gap=proof.gap,
        prices=prices,
        rank=problem.rank,
        unassigned=np.flatnonzero(assignment < 0),
        moved=np.flatnonzero(problem.moved(assignment)),
        input_hash=problem.input_hash,
    )


def engine_named(name: EngineName, cells: int = FAST_FROM) -> Engine:
    """An engine; "auto" takes the fast one for many cells where numba is installed."""
    numpy_engine = Engine(_solve_contracted, asked_for, repair_cells=150_000)
    if name == "numpy" or (name == "auto" and cells < FAST_FROM):
        return numpy_engine
    from advisory.matching import fast  # here, because importing numba takes half a second

    if fast.AVAILABLE:
        return Engine(fast.solve_exactly, fast.asked_for, repair_cells=10_000)
    if name == "fast":
        raise MatchingInputError("The fast engine needs numba (extra `fast`).")
    return numpy_engine


def _solve_contracted(valuation: Valuation, capacities: Int64, prices: Int64) -> tuple[Int32, Int64]:
    contraction = Contraction(valuation, capacities, prices)
    contraction.run()
    return contraction.assignment, contraction.place_prices()


def _prices_from_samples(problem: Problem, valuation: Valuation, seed: int, engine: Engine) -> Int64:
    prices = np.zeros(problem.advisors + 1, np.int64)
    if int(problem.capacities.sum()) < problem.clients:
        prices[:-1] = problem.rank  # places are short: every one would serve a client more
    order = np.random.default_rng(seed).permutation(problem.clients)
    for part in SAMPLES:
        size = problem.clients // part
        if size < SMALLEST_SAMPLE * (problem.advisors + 1):
            continue
        sample = valuation.sample(np.sort(order[:size]))
        places = _with_unassigned(_shares(problem.capacities, size, problem.clients), size)
        prices = engine.solve_from(sample, places, prices)[1]
    return prices


def _opening_prices(valuation: Valuation, assignment: Int32, prices: Int64, closed: Int64) -> Int64:
    """What the first place with an advisor of capacity 0 would add: the lowest price at which nobody asks for it."""
    highest = np.zeros(len(closed), np.int64)
    for start in range(0, len(assignment) if len(closed) else 0, BLOCK):
        clients = np.arange(start, min(start + BLOCK, len(assignment)))
        chosen = assignment[clients]
        net = valuation.own(clients, chosen) - prices[chosen]
        np.maximum(highest, (valuation.cells(clients, closed) - net[:, None]).max(axis=0), out=highest)
    return highest


def _shares(capacities: Int64, size: int, clients: int) -> Int64:
    """Capacities scaled to a sample by largest remainders; short in the sample exactly if short in the whole."""
    whole, rest = np.divmod(capacities * size, clients)
    total = int(capacities.sum()) * size
    wanted = total // clients if total < size * clients else -(-total // clients)
    missing = wanted - int(whole.sum())
    whole[np.argsort(-rest, kind="stable")[:missing]] += 1
    return whole


def _with_unassigned(capacities: Int64, clients: int) -> Int64:
    """One place more than clients: "unassigned" is never full, so its price is 0."""
    return np.append(capacities, clients + 1)


def _rebased(problem: Problem, prices: ArrayLike, rank: int | None) -> Int64:
    """Prices of an earlier run on the scale of this one: whole ranks become this problem's ranks."""
    price = whole_numbers("Prices", prices, 1)
    if len(price) != problem.advisors:
        raise MatchingInputError(f"{problem.advisors} advisors, but {len(price)} prices.")
    if rank:
        price = price + (price + rank // 2) // rank * (problem.rank - rank)
    return np.append(np.clip(price, 0, problem.dearest), 0)
