"""The proof finds out a matching that is wrong, and prices that prove nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisory.matching import Continuity, Problem, certify, solve, solve_problem, solver, upper_bound
from advisory.matching.problem import FORBIDDEN
from advisory.matching.solver import Engine
from tests.advisory.matching_instances import branch, small_problems, worths

pytestmark = pytest.mark.nodb


@pytest.fixture(scope="module")
def solved() -> tuple[Problem, np.ndarray, np.ndarray]:
    scores, capacities = branch(400, 8, spare=0.02)
    problem = Problem.of(scores, capacities, Continuity(np.arange(400) % 8, 300))
    solution = solve_problem(problem)
    return problem, solution.assignment, solution.prices


def test_the_right_matching_is_proven(solved: tuple[Problem, np.ndarray, np.ndarray]):
    problem, assignment, prices = solved

    assert certify(problem, assignment, prices).proven


def test_a_worse_matching_shows_its_gap(solved: tuple[Problem, np.ndarray, np.ndarray]):
    problem, assignment, prices = solved
    swapped = assignment.copy()
    table = problem.scores
    pair = next(
        (a, b)
        for a in range(400)
        for b in range(a)
        if min(table[a, assignment[b]], table[b, assignment[a]]) >= 0 and assignment[a] != assignment[b]
    )
    swapped[list(pair)] = assignment[list(pair[::-1])]

    wrong = certify(problem, swapped, prices)

    assert not wrong.faults
    assert wrong.gap == problem.worth(assignment).sum() - problem.worth(swapped).sum()
    assert (wrong.gap > 0) is (not wrong.proven)


def test_leaving_a_client_out_shows_as_a_gap(solved: tuple[Problem, np.ndarray, np.ndarray]):
    problem, assignment, prices = solved
    shorter = assignment.copy()
    shorter[0] = -1

    assert certify(problem, shorter, prices).gap > 0


@pytest.mark.parametrize("change", [-40, 40, 4000])
def test_a_wrong_price_proves_nothing(solved: tuple[Problem, np.ndarray, np.ndarray], change: int):
    problem, assignment, prices = solved
    dearest = int(prices.argmax())
    wrong = prices.copy()
    wrong[dearest] += change

    assert certify(problem, assignment, wrong).gap > 0


def test_an_inadmissible_matching_is_named_by_its_faults():
    problem = Problem.of([[5, 3], [2, -1], [4, 4]], [1, 2], Continuity([0, 0, 1], 0, [0, 0, 1]))

    def faults(*assignment: int) -> tuple[str, ...]:
        return certify(problem, assignment, [0, 0]).faults

    assert faults(1, 0, 1) == ()
    assert faults(0, 0, 1) == ("capacity",)
    assert faults(0, 1, 1) == ("forbidden",)
    assert faults(1, -1, 0) == ("held",)
    assert faults(1, 2, 1) == ("advisor",)
    assert faults(1, 0) == ("shape",)


@settings(max_examples=80, deadline=None)
@given(small_problems(), st.data())
def test_whatever_the_prices_the_bound_is_never_below_the_best(problem: Problem, data: st.DataObject):
    best = solve_problem(problem)
    price = st.integers(-50, 30_000)
    prices = data.draw(st.lists(price, min_size=problem.advisors, max_size=problem.advisors))

    proof = certify(problem, best.assignment, np.array(prices, np.int64))

    assert proof.bound >= best.value
    assert proof.gap == proof.bound - proof.value
    assert upper_bound(problem, np.array(prices, np.int64)) >= best.value


def test_an_engine_that_errs_is_found_out(monkeypatch: pytest.MonkeyPatch):
    """The twin of all gap tests: with a careless engine they would fail."""
    right = solver.engine_named("numpy")

    def careless(*arguments: object) -> tuple[np.ndarray, np.ndarray]:
        assignment, prices = right.exact(*arguments)  # type: ignore[arg-type]
        assignment[0], assignment[1] = assignment[1], assignment[0]
        return assignment, prices

    monkeypatch.setattr(solver, "engine_named", lambda *_: Engine(careless, right.count, right.repair_cells))

    solution = solve(np.array([[9, 1], [1, 9]], np.int32), [1, 1])

    assert solution.gap == 16
    assert not solution.proven


@given(small_problems(), st.data())
@settings(max_examples=200, deadline=None)
def test_the_bound_is_what_every_client_reaches_at_most_at_these_prices(problem: Problem, data: st.DataObject):
    each = st.lists(st.integers(0, 60), min_size=problem.advisors, max_size=problem.advisors)
    prices = np.minimum(data.draw(each), problem.dearest).astype(np.int64)
    worth = worths(problem) - prices
    reached = worth.max(axis=1, initial=FORBIDDEN) + problem.priority

    assert upper_bound(problem, prices) == np.maximum(reached, 0).sum() + (problem.capacities * prices).sum()
