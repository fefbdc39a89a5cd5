"""Scores come from whole points per factor, and every answer can say why."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from advisory.matching import (
    AdvisorTables,
    ClientFeatures,
    Continuity,
    Correction,
    Eligibility,
    MatchingInputError,
    Problem,
    Reason,
    Vetoes,
    contributions,
    runners_up,
    score,
    solve,
    solve_problem,
    unassigned_reasons,
)
from tests.advisory.matching_instances import branch

pytestmark = pytest.mark.nodb

RISK = [[1.0, 0.2], [0.5, 0.5], [0.0, 1.0]]
DIALECT = [[1.0, 0.0], [0.3, 0.7]]


@pytest.fixture
def tables() -> AdvisorTables:
    return AdvisorTables.of({"risk": RISK, "dialect": DIALECT}, {"risk": 3, "dialect": 1})


@pytest.fixture
def features(tables: AdvisorTables) -> ClientFeatures:
    return ClientFeatures.of(tables.factors, {"risk": [0, 1, 2, -1], "dialect": [0, 1, 1, 1]})


def test_a_score_is_the_sum_of_weight_times_fit(features: ClientFeatures, tables: AdvisorTables):
    scores = score(features, tables)

    assert scores.dtype == np.int32
    assert scores.tolist() == [[10_000, 1500], [4500, 5500], [750, 9250], [750, 1750]]


def test_the_weights_always_share_out_ten_thousand_points():
    ones = [[1.0]]
    tables = AdvisorTables.of({"a": ones, "b": ones, "c": ones}, {"a": 1, "b": 1, "c": 1})

    assert tables.points.ravel().tolist() == [3334, 3333, 3333]


def test_scores_stay_exact_over_many_blocks_and_agree_with_adding_up_by_hand():
    random = np.random.default_rng(1)
    levels = {"risk": 5, "products": 8, "district": 16}
    tables = AdvisorTables.of(
        {name: random.random((size, 30)) for name, size in levels.items()}, {"risk": 5, "products": 3, "district": 2}
    )
    chosen = {name: random.integers(0, size, 5000) for name, size in levels.items()}

    scores = score(ClientFeatures.of(tables.factors, chosen), tables)

    by_hand = sum(tables.points[rows][chosen[name]].astype(np.int64) for name, rows in tables.factors.items())
    assert np.array_equal(scores, by_hand)
    assert 0 <= scores.min() <= scores.max() <= 10_000


def test_licence_veto_and_corrections_change_only_their_pairs(features: ClientFeatures, tables: AdvisorTables):
    eligibility = Eligibility([0, 0, 1, 1], [[True, True], [False, True]])
    corrections = [Correction("complaint", [0, 1, 2], [0, 0, 0], [-800, 9000, 100])]

    scores = score(features, tables, eligibility=eligibility, corrections=corrections, vetoes=Vetoes([3], [1]))

    assert scores.tolist() == [[9200, 1500], [10_000, 5500], [-1, 9250], [-1, -1]]


def test_points_per_factor_add_up_to_the_score_of_the_chosen_pair(features: ClientFeatures, tables: AdvisorTables):
    corrections = [Correction("complaint", [0, 1], [0, 0], [-800, 9000])]
    scores = score(features, tables, corrections=corrections)
    assignment = [0, 0, 1, -1]

    parts = contributions(features, tables, scores, assignment, corrections)

    assert {name: points.tolist() for name, points in parts.items()} == {
        "risk": [7500, 3750, 7500, 0],
        "dialect": [2500, 750, 1750, 0],
        "complaint": [-800, 9000, 0, 0],
        "other": [0, -3500, 0, 0],
    }
    total = np.sum(list(parts.values()), axis=0)
    assert total.tolist() == [9200, 10_000, 9250, 0]


def test_several_wishes_share_the_points_of_their_factor():
    tables = AdvisorTables.of({"products": [[1.0], [0.5], [0.1]]}, {"products": 1})
    features = ClientFeatures.of(tables.factors, {"products": [[1 / 3, 1 / 3, 1 / 3], [0, 0.5, 0.5]]})
    scores = score(features, tables)

    parts = contributions(features, tables, scores, [0, 0])

    assert scores.tolist() == [[5333], [3000]]
    assert parts["products"].tolist() == [5333, 3000]


@pytest.mark.parametrize(
    ("tables", "weights"),
    [
        ({"risk": RISK}, {"risk": 0}),
        ({"risk": RISK}, {"risk": -1}),
        ({"risk": RISK}, {"dialect": 1}),
        ({"risk": [[1.2]]}, {"risk": 1}),
        ({"risk": [[float("nan")]]}, {"risk": 1}),
        ({"risk": RISK, "dialect": [[1.0]]}, {"risk": 1, "dialect": 1}),
    ],
)
def test_tables_that_make_no_sense_are_refused(tables: dict, weights: dict):
    with pytest.raises(MatchingInputError):
        AdvisorTables.of(tables, weights)


@pytest.mark.parametrize(
    "values",
    [
        {"risk": [0]},
        {"risk": [3], "dialect": [0]},
        {"risk": [0, 1], "dialect": [0]},
        {"risk": [[1, 1, 0]], "dialect": [0]},
        {"risk": [0.5], "dialect": [0]},
    ],
)
def test_client_features_that_do_not_fit_the_tables_are_refused(tables: AdvisorTables, values: dict):
    with pytest.raises(MatchingInputError):
        ClientFeatures.of(tables.factors, values)


def test_runners_up_are_the_next_best_by_points_minus_price():
    scores, capacities = branch(300, 6)
    problem = Problem.of(scores, capacities, Continuity(np.arange(300) % 6, 400))
    solution = solve_problem(problem)

    second = runners_up(problem, solution, count=2)

    worth = np.where(scores >= 0, scores, -(10**9)).astype(np.int64)
    home = np.flatnonzero(scores[np.arange(300), np.arange(300) % 6] >= 0)
    worth[home, home % 6] += 400
    for client, place in product(range(300), range(2)):
        net = worth[client] - solution.prices
        net[solution.assignment[client]] = -(10**9)
        expected = np.sort(net)[::-1][place]
        if expected < -(10**8):
            assert second.advisors[client, place] == -1
        else:
            advisor = second.advisors[client, place]
            assert second.net[client, place] == expected == net[advisor]
            assert second.points[client, place] == worth[client, advisor]
            assert second.prices[client, place] == solution.prices[advisor]


def test_nobody_would_rather_have_a_runner_up_at_the_price_of_the_place():
    scores, capacities = branch(500, 7, spare=0.0)
    problem = Problem.of(scores, capacities)
    solution = solve_problem(problem)
    served = np.flatnonzero(solution.served)

    second = runners_up(problem, solution, served, count=1)

    own = problem.worth(solution.assignment)[served] - solution.prices[solution.assignment[served]]
    known = second.advisors[:, 0] >= 0
    assert (own[known] >= second.net[known, 0]).all()


def test_fewer_advisors_than_runners_up_are_filled_with_nobody():
    problem = Problem.of([[5, 3]], [1, 1])

    second = runners_up(problem, solve_problem(problem), count=3)

    assert second.advisors.tolist() == [[1, -1, -1]]
    assert second.points.tolist() == [[3, 0, 0]]
    assert runners_up(problem, solve_problem(problem), []).advisors.shape == (0, 3)


def test_every_unassigned_client_has_his_binding_reason():
    eligibility = Eligibility([0, 0, 1, 0], [[True, True], [False, False]])
    scores = np.array([[9, 9], [8, 8], [-1, -1], [-1, -1]], np.int32)
    problem = Problem.of(scores, [1, 0])
    solution = solve_problem(problem)

    reasons = unassigned_reasons(problem, solution, eligibility)

    assert solution.assignment.tolist() == [0, -1, -1, -1]
    assert reasons == {1: Reason.ALL_FULL, 2: Reason.NO_LICENSED_ADVISOR, 3: Reason.VETOED}


def test_in_a_branch_without_advisors_nobody_is_licensed():
    solution = solve(np.zeros((2, 0), np.int32), [])

    reasons = unassigned_reasons(Problem.of(np.zeros((2, 0), np.int32), []), solution)

    assert set(reasons.values()) == {Reason.NO_LICENSED_ADVISOR}
