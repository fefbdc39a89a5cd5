"""The matching is the best possible one, whatever the branch looks like, and always the same."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings

from advisory.matching import (
    MatchingInputError,
    PointsTooLarge,
    Problem,
    Solution,
    certify,
    fast,
    place_price,
    solve,
    solve_problem,
    solver,
)
from advisory.matching.solver import Engine
from tests.advisory.matching_instances import NEVER, best_by_trying_everything, branch, small_problems, worths

pytestmark = pytest.mark.nodb


@pytest.fixture(params=["numpy", "loops"], autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both engines keep every rule; the loops run as plain Python where numba is absent."""
    if request.param == "loops":
        loops = Engine(fast.solve_exactly, fast.asked_for, repair_cells=20_000)
        monkeypatch.setattr(solver, "engine_named", lambda *_: loops)
    return str(request.param)


def size_for(engine: str) -> tuple[int, int]:
    return (3000, 20) if engine == "numpy" or fast.AVAILABLE else (300, 6)


@settings(max_examples=120, deadline=None)
@given(small_problems())
def test_nothing_tried_out_by_hand_is_better(problem: Problem):
    held, served, points = best_by_trying_everything(problem)

    solution = solve_problem(problem)

    assert (int((problem.held & solution.served).sum()), int(solution.served.sum()), solution.value) == (
        held,
        served,
        points,
    )
    assert solution.gap == 0
    assert solution.proven


@settings(max_examples=60, deadline=None)
@given(small_problems())
def test_forbidden_pairs_full_advisors_and_held_clients_are_respected(problem: Problem):
    solution = solve_problem(problem)

    table = worths(problem)
    assert all(table[client, advisor] != NEVER for client, advisor in enumerate(solution.assignment) if advisor >= 0)
    assert (solution.loads() <= problem.capacities).all()
    assert solution.unassigned.tolist() == [i for i, advisor in enumerate(solution.assignment) if advisor < 0]


def test_scipy_finds_the_same_value(engine: str):
    oracle = pytest.importorskip("scipy.optimize").linear_sum_assignment
    random = np.random.default_rng(5)
    for round_ in range(60):
        clients, advisors = int(random.integers(2, 50)), int(random.integers(2, 8))
        scores = random.integers(0, 30 if round_ % 2 else 10_000, (clients, advisors)).astype(np.int32)
        scores[random.random(scores.shape) < 0.3] = -1
        problem = Problem.of(scores, random.integers(0, 2 * clients // advisors + 2, advisors))
        table = np.where(worths(problem) == NEVER, NEVER, worths(problem) + problem.rank)
        columns = np.repeat(np.arange(advisors), problem.capacities)
        table = np.concatenate([table[:, columns], np.zeros((clients, clients), np.int64)], axis=1)
        rows, chosen = oracle(table, maximize=True)

        solution = solve_problem(problem)

        assert solution.value + problem.rank * int(solution.served.sum()) == int(table[rows, chosen].sum())
        assert solution.gap == 0


@pytest.mark.parametrize("spare", [0.3, 0.0, -0.2])
def test_min_cost_flow_finds_the_same_value(engine: str, spare: float):
    flows = pytest.importorskip("ortools.graph.python.min_cost_flow")
    scores, capacities = branch(*size_for(engine), spare=spare)
    clients, advisors = scores.shape
    problem = Problem.of(scores, capacities)
    rows, columns = np.nonzero(scores >= 0)
    flow = flows.SimpleMinCostFlow()
    sink = clients + advisors
    worth = scores[rows, columns].astype(np.int64) + problem.rank
    flow.add_arcs_with_capacity_and_unit_cost(rows, clients + columns, np.ones_like(rows), -worth)
    nobody = np.arange(clients)
    flow.add_arcs_with_capacity_and_unit_cost(
        nobody, np.full(clients, sink), np.ones_like(nobody), np.zeros_like(nobody)
    )
    ends = clients + np.arange(advisors)
    flow.add_arcs_with_capacity_and_unit_cost(ends, np.full(advisors, sink), capacities, np.zeros_like(ends))
    flow.set_nodes_supplies(np.arange(sink + 1), np.append(np.repeat([1, 0], [clients, advisors]), -clients))
    assert flow.solve() == flow.OPTIMAL

    solution = solve_problem(problem)

    assert solution.value + problem.rank * int(solution.served.sum()) == -flow.optimal_cost()
    assert solution.gap == 0


def test_the_same_input_and_seed_give_the_same_matching(engine: str):
    scores, capacities = branch(*size_for(engine))

    first, second, other_seed = (solve(scores, capacities, seed=seed) for seed in (7, 7, 8))

    assert np.array_equal(first.assignment, second.assignment)
    assert np.array_equal(first.prices, second.prices)
    assert (first.value, first.gap) == (other_seed.value, other_seed.gap)


def test_a_warm_start_ends_at_the_same_value_from_good_and_from_absurd_prices(engine: str):
    scores, capacities = branch(*size_for(engine))
    cold = solve(scores, capacities)

    for prices in (cold.prices, cold.prices // 2, np.full_like(cold.prices, 10**15), -cold.prices):
        warm = solve(scores, capacities, prices=prices)
        assert (warm.value, warm.gap, warm.served.sum()) == (cold.value, 0, cold.served.sum())


def test_prices_of_a_branch_short_of_places_start_another_run_on_another_scale(engine: str):
    scores, capacities = branch(*size_for(engine), spare=-0.2)
    before = solve(scores, capacities)
    higher = scores + np.where(scores >= 0, 500, 0).astype(np.int32)

    after = solve(higher, capacities, prices=before.prices, prices_rank=before.rank)

    assert before.rank != after.rank
    assert after.gap == 0
    assert after.value == solve(higher, capacities).value


def test_the_most_clients_are_served_before_any_point_counts():
    # Only a chain of moves, costing 20,000 points, makes room for the first client.
    scores = np.array([[0, -1, -1], [10_000, 0, -1], [-1, 10_000, 0]], np.int32)

    solution = solve(scores, [1, 1, 1])

    assert solution.assignment.tolist() == [0, 1, 2]
    assert (solution.value, solution.bound) == (0, 0)


def test_the_price_of_a_place_is_what_one_more_place_would_add(engine: str):
    scores, capacities = branch(200, 5, licences=False, spare=0.0)
    capacities = capacities - (capacities == capacities.max()) * (capacities.sum() - 200)
    solution = solve(scores, capacities)

    for advisor in range(5):
        more, fewer = capacities.copy(), capacities.copy()
        more[advisor] += 1
        fewer[advisor] -= 1
        gain = solve(scores, more).value - solution.value
        after = solve(scores, fewer)
        loss = solution.value - after.value + solution.rank * len(after.unassigned)
        assert gain <= solution.prices[advisor] <= loss


def test_a_place_that_would_serve_one_more_client_says_so():
    solution = solve(np.array([[700, 500], [600, 400]], np.int32), [1, 0])

    assert place_price(solution, 1).clients == 1
    assert len(solution.unassigned) == 1


@pytest.mark.parametrize(
    ("scores", "capacities", "unassigned"),
    [
        (np.zeros((0, 0), np.int32), [], 0),
        (np.zeros((0, 3), np.int32), [1, 2, 3], 0),
        (np.zeros((4, 0), np.int32), [], 4),
        (np.full((4, 2), -1, np.int32), [5, 5], 4),
        (np.full((4, 2), 9, np.int32), [0, 0], 4),
        (np.full((4, 2), 9, np.int32), [10**12, 0], 0),
        (np.zeros((4, 2), np.int32), [2, 2], 0),
    ],
    ids=["nothing", "no clients", "no advisors", "all forbidden", "no capacity", "endless capacity", "all tied"],
)
def test_odd_branches_have_a_matching_too(scores: np.ndarray, capacities: list[int], unassigned: int):
    solution = solve(scores, capacities)

    assert len(solution.unassigned) == unassigned
    assert solution.gap == 0


def test_a_whole_branch_of_equal_scores_is_matched_without_gap(engine: str):
    solution = solve(np.full(size_for(engine), 5, np.int32), np.full(size_for(engine)[1], size_for(engine)[0] // 10))

    assert solution.gap == 0
    assert solution.value == 5 * solution.served.sum()


def test_value_is_score_when_nobody_has_an_incumbent(engine: str):
    scores, capacities = branch(*size_for(engine))

    solution = solve(scores, capacities)

    assert solution.value == solution.score == scores[np.arange(len(scores)), solution.assignment].sum()
    assert certify(Problem.of(scores, capacities), solution.assignment, solution.prices).proven


def test_the_input_hash_changes_with_every_input_and_with_nothing_else():
    scores = np.array([[5, 3], [2, -1]], np.int32)

    def hashed(*arguments: object, **options: object) -> str:
        found: Solution = solve(*arguments, **options)  # type: ignore[arg-type]
        return found.input_hash

    same = [hashed(scores, [1, 1]), hashed(scores.astype(np.int64), [1, 1], seed=9), hashed(scores.tolist(), (1, 1))]
    others = [hashed(scores, [2, 1]), hashed(scores.T.copy(), [1, 1]), hashed(scores + 1, [1, 1])]
    assert len(set(same)) == 1
    assert len({same[0], *others}) == 4
    assert len(same[0]) == 64


@pytest.mark.parametrize(
    ("scores", "capacities", "refusal"),
    [
        ([[1, 2]], [1], MatchingInputError),
        ([1, 2], [1], MatchingInputError),
        ([[1.5]], [1], MatchingInputError),
        ([[1]], [-1], MatchingInputError),
        ([[2**31]], [1], PointsTooLarge),
        ([[2**26, 1]], [1, 1], PointsTooLarge),
    ],
)
def test_arrays_that_do_not_fit_are_refused(scores: list, capacities: list, refusal: type[Exception]):
    with pytest.raises(refusal):
        solve(scores, capacities)


def test_more_spare_places_never_lower_the_value(engine: str):
    scores, capacities = branch(*size_for(engine), spare=0.0)

    values = [solve(scores, capacities + more).value for more in (0, 1, 5, 1000)]

    assert all(fewer <= more for fewer, more in pairwise(values))
