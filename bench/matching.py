"""Benchmark of the matching engine: solve, proof, explanation and departure, each over the scoring of all pairs.

    python -m bench.matching --size s          # 10,000 x 100; m: 50,000 x 250; l: 100,000 x 500
    python -m bench.matching --engine fast     # with numba

Reference of the goals is the plain scoring: one matrix product of all clients and advisors, rounded, as 32-bit integers.
"""

from __future__ import annotations

import contextlib
import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisory.matching import (
    AdvisorTables,
    ClientFeatures,
    Continuity,
    Departure,
    Eligibility,
    Problem,
    Solution,
    certify,
    contributions,
    rematch_departure,
    runners_up,
    score,
    solve,
    solve_problem,
)
from advisory.matching.solver import EngineName
from bench.measure import Report, arguments

SIZES = {"s": (10_000, 100), "m": (50_000, 250), "l": (100_000, 500)}
LEVELS = {"risk": 5, "products": 8, "dialect": 5, "age": 4, "channel": 5, "district": 16}
SPARE = 0.08
SPARE_FOR_DEPARTURE = 0.15
TAU = 500

#: Of glibc's mallopt: arrays of so many bytes and more come from the system each time.
_M_MMAP_THRESHOLD, _LARGE = -3, 128 * 1024

SOLVE_GOAL = {"numpy": 40.0, "fast": 3.0}
FAST_GOAL_LARGE = 8.0


@dataclass(frozen=True, eq=False)
class MadeUpBranch:
    """Clients of uneven categories, advisors of uneven strengths, a tenth of the clients in need of a licence."""

    features: ClientFeatures
    tables: AdvisorTables
    eligibility: Eligibility
    shares: NDArray[np.float64]

    @classmethod
    def of(cls, clients: int, advisors: int, seed: int = 1) -> MadeUpBranch:
        random = np.random.default_rng(seed)
        tables = AdvisorTables.of(
            {name: random.random((size, advisors)) ** 2 for name, size in LEVELS.items()}, dict.fromkeys(LEVELS, 1)
        )
        tastes = {
            name: random.choice(size, clients, p=random.dirichlet(np.full(size, 2.0))) for name, size in LEVELS.items()
        }
        permitted = np.stack([np.ones(advisors, np.bool_), random.random(advisors) >= 0.3])
        return cls(
            ClientFeatures.of(tables.factors, tastes),
            tables,
            Eligibility((random.random(clients) < 0.1).astype(np.int64), permitted),
            random.uniform(0.5, 1.5, advisors),
        )

    def scores(self) -> NDArray[np.int32]:
        return score(self.features, self.tables, eligibility=self.eligibility)

    def capacities(self, spare: float) -> NDArray[np.int64]:
        clients = len(self.features.levels)
        return np.ceil(self.shares / self.shares.sum() * clients * (1 + spare)).astype(np.int64)

    def plain_scoring(self) -> NDArray[np.int32]:
        """The reference: one product, rounded; no licences, no blocks."""
        return np.rint(self.features.levels @ self.tables.points).astype(np.int32)


def always_new_memory() -> None:
    """Have large arrays handed out anew by the system, for reference and subject alike, as the first of a process are.

    Else glibc keeps some of them, depending on what has run before, and the plain scoring, which is hardly more than writing
    four arrays, costs 1.8 ms or 6.
    """
    with contextlib.suppress(OSError, AttributeError):  # another libc has its own ways
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


def run(report: Report, engine: EngineName = "numpy") -> None:
    """All figures of one size."""
    always_new_memory()
    clients, advisors = SIZES[report.size]
    branch = MadeUpBranch.of(clients, advisors)
    scores, capacities = branch.scores(), branch.capacities(SPARE)
    problem = Problem.of(scores, capacities)
    solution = solve_problem(problem, engine=engine)
    report.fact(f"gap, {clients} x {advisors}", solution.gap, 0)
    report.ratio(
        "scoring in blocks with licences / plain scoring", reference=branch.plain_scoring, subject=branch.scores
    )
    report.ratio(
        f"solve ({engine}) / scoring",
        reference=branch.plain_scoring,
        subject=lambda: solve(scores, capacities, engine=engine),
        goal=FAST_GOAL_LARGE if (report.size, engine) == ("l", "fast") else SOLVE_GOAL[engine],
    )
    _proof_and_reasons(report, branch, problem, solution)
    _departure(report, branch, scores, engine)


def _proof_and_reasons(report: Report, branch: MadeUpBranch, problem: Problem, solution: Solution) -> None:
    report.ratio(
        "certificate / scoring",
        reference=branch.plain_scoring,
        subject=lambda: certify(problem, solution.assignment, solution.prices),
        goal=0.5,
    )
    report.ratio(
        "points per factor of all chosen pairs / scoring",
        reference=branch.plain_scoring,
        subject=lambda: contributions(branch.features, branch.tables, problem.scores, solution.assignment),
        goal=0.5,
    )
    page = np.arange(200)
    report.ratio(
        "runners-up of a page of 200 clients / scoring",
        reference=branch.plain_scoring,
        subject=lambda: runners_up(problem, solution, page),
        goal=0.5,
    )


def _departure(report: Report, branch: MadeUpBranch, scores: NDArray[np.int32], engine: EngineName) -> None:
    """The advisor of middling load leaves the branch; everybody keeps his advisor unless the gain is over tau."""
    capacities = branch.capacities(SPARE_FOR_DEPARTURE)
    today = solve(scores, capacities, engine=engine)
    leaver = int(np.argsort(today.loads(), kind="stable")[len(capacities) // 2])
    remaining = capacities.copy()
    remaining[leaver] = 0
    incumbents = np.where(today.assignment == leaver, -1, today.assignment)
    problem = Problem.of(scores, remaining, Continuity(incumbents, TAU))
    warm: dict[str, Any] = {"prices": today.prices, "prices_rank": today.rank}
    both: Departure = rematch_departure(scores, capacities, today.assignment, leaver, tau=TAU, engine=engine, **warm)
    report.fact(
        f"gap after the departure ({len(both.orphans)} orphans, {both.extra_moves} others move)", both.exact.gap, 0
    )
    report.fact("loss of the local repair, basis points", both.loss_bp, 5)
    report.ratio(
        "departure: warm exact / cold exact",
        reference=lambda: solve_problem(problem, engine=engine),
        subject=lambda: solve_problem(problem, engine=engine, **warm),
        goal=0.15 if report.size == "l" else None,
    )


def main(argv: list[str] | None = None) -> int:
    parser = arguments(str(__doc__).splitlines()[0])
    parser.add_argument("--engine", choices=("numpy", "fast"), default="numpy")
    chosen = parser.parse_args(argv)
    report = Report("matching", chosen.size, chosen.pairs)
    run(report, chosen.engine)
    return report.finish(chosen.json)


if __name__ == "__main__":
    raise SystemExit(main())
