"""Clients keep their advisor unless the whole gains more than tau; leavers' clients are found a place."""

from __future__ import annotations

import numpy as np
import pytest

from advisory.matching import (
    Continuity,
    MatchingInputError,
    move_frontier,
    rematch_departure,
    repair_locally,
    solve,
    within_move_budget,
)
from tests.advisory.matching_instances import branch

pytestmark = pytest.mark.nodb

TWO = np.array([[100, 350]], np.int32)
"""One client; leaving advisor 0 for advisor 1 would gain 250 points."""


@pytest.mark.parametrize(("tau", "advisor"), [(0, 1), (249, 1), (251, 0), (5000, 0)])
def test_a_client_moves_only_if_the_gain_is_more_than_tau(tau: int, advisor: int):
    solution = solve(TWO, [1, 1], continuity=Continuity([0], tau))

    assert solution.assignment.tolist() == [advisor]
    assert solution.moved.tolist() == ([0] if advisor else [])
    assert solution.score == TWO[0, advisor]
    assert solution.value == solution.bound == TWO[0, advisor] + (0 if advisor else tau)


def test_the_gain_of_a_whole_chain_counts_and_not_that_of_the_mover_alone():
    # Client 0 gains nothing by moving, but makes room for client 1, who gains 900.
    scores = np.array([[500, 500], [950, 50]], np.int32)

    moved = solve(scores, [1, 1], continuity=Continuity([0, 1], 400))
    kept = solve(scores, [1, 1], continuity=Continuity([0, 1], 500))

    assert moved.assignment.tolist() == [1, 0]
    assert kept.assignment.tolist() == [0, 1]


def test_a_complaint_makes_staying_worth_less():
    same = np.array([[300, 300]], np.int32)

    assert solve(same, [1, 1], continuity=Continuity([0], -50)).assignment.tolist() == [1]
    assert solve(same, [1, 0], continuity=Continuity([0], -5000)).assignment.tolist() == [0]


def test_a_bonus_counts_for_each_client_by_itself():
    scores = np.array([[100, 350], [100, 350]], np.int32)

    solution = solve(scores, [2, 2], continuity=Continuity([0, 0], [300, 200]))

    assert solution.assignment.tolist() == [0, 1]


def test_a_client_who_must_not_move_stays_whatever_the_gain_and_whoever_wants_his_place():
    scores = np.array([[0, 10_000], [10_000, 0], [10_000, -1]], np.int32)

    solution = solve(scores, [1, 2], continuity=Continuity([0, -1, -1], 0, [True, False, False]))

    assert solution.assignment.tolist() == [0, 1, -1]
    assert solution.gap == 0


def test_nobody_is_held_at_an_advisor_who_may_not_serve_him_any_more():
    scores = np.array([[-1, 20]], np.int32)

    solution = solve(scores, [1, 1], continuity=Continuity([0], 9000, [True]))

    assert solution.assignment.tolist() == [1]
    assert solution.moved.tolist() == [0]
    assert solution.value == 20


@pytest.mark.parametrize(
    "continuity",
    [Continuity([0, 0]), Continuity([2]), Continuity([-2]), Continuity([0], [1, 2]), Continuity([0], 1, [1, 0])],
)
def test_continuity_that_does_not_fit_the_clients_is_refused(continuity: Continuity):
    with pytest.raises(MatchingInputError):
        solve(TWO, [1, 1], continuity=continuity)


def test_the_more_tau_the_fewer_moves_and_the_less_gain():
    scores, capacities = branch(1500, 12)
    incumbents = np.random.default_rng(3).permutation(np.repeat(np.arange(12), 125))
    incumbents[scores[np.arange(1500), incumbents] < 0] = -1

    curve = move_frontier(scores, capacities, Continuity(incumbents), taus=(0, 250, 500, 1000, 2000, 10_001))

    assert [point.tau for point in curve] == [0, 250, 500, 1000, 2000, 10_001]
    assert [point.moved for point in curve] == sorted((point.moved for point in curve), reverse=True)
    assert [point.gain for point in curve] == sorted((point.gain for point in curve), reverse=True)
    assert curve[0].moved > 1000
    assert curve[-1].gain == 0
    assert all(point.solution.proven for point in curve)
    assert curve[2].solution.value == solve(scores, capacities, continuity=Continuity(incumbents, 500)).value


def test_a_budget_of_moves_is_kept_with_the_least_tau():
    scores, _ = branch(600, 8, licences=False)
    capacities = [80] * 8
    continuity = Continuity(np.arange(600) % 8)

    found = within_move_budget(scores, capacities, continuity, 60)

    assert found.moved <= 60
    assert len(solve(scores, capacities, continuity=Continuity(np.arange(600) % 8, found.tau - 1)).moved) > 60
    assert within_move_budget(scores, capacities, continuity, 600).tau == 0
    crowded = within_move_budget(scores, [70] * 4 + [80] * 4, continuity, 0)
    assert (crowded.moved, crowded.gain) == (20, 0)


def test_a_local_repair_moves_only_the_orphans_and_keeps_all_capacities():
    scores, capacities = branch(800, 10, spare=0.3)
    today = solve(scores, capacities)

    repaired = repair_locally(scores, capacities, today.assignment, 4)

    orphans = today.assignment == 4
    assert np.array_equal(repaired[~orphans], today.assignment[~orphans])
    assert not (repaired == 4).any()
    assert (np.bincount(repaired[repaired >= 0], minlength=10) <= capacities).all()


def test_a_departure_shows_what_the_local_repair_gives_away():
    scores, capacities = branch(800, 10, spare=0.3)
    today = solve(scores, capacities)

    both = rematch_departure(
        scores, capacities, today.assignment, [4], tau=500, prices=today.prices, prices_rank=today.rank
    )
    cold = rematch_departure(scores, capacities, today.assignment, [4], tau=500)

    assert both.orphans.tolist() == np.flatnonzero(today.assignment == 4).tolist()
    assert both.exact.proven
    assert both.exact.value == cold.exact.value >= both.local_value
    assert 0 <= both.loss_bp <= 100
    assert both.extra_served == 0
    assert both.extra_moves == len(set(both.exact.moved.tolist()) - set(both.orphans.tolist()))
    assert not (both.exact.assignment == 4).any()


def test_a_departure_counts_the_clients_that_only_a_rematch_can_serve():
    # The orphan may only go to advisor 1, who is full with a client who could make room.
    scores = np.array([[5, 5, -1], [-1, 5, 5]], np.int32)

    both = rematch_departure(scores, [1, 1, 1], [0, 1], 0)

    assert both.local_unserved.tolist() == [0]
    assert (both.extra_served, both.extra_moves) == (1, 1)
    assert both.exact.assignment.tolist() == [1, 2]


@pytest.mark.parametrize(("assignment", "leavers"), [([0, 1, 1], 0), ([0, 3], 0), ([0, 1], 3), ([0, 1], -1)])
def test_a_departure_that_does_not_fit_is_refused(assignment: list[int], leavers: int):
    with pytest.raises(MatchingInputError):
        rematch_departure(np.zeros((2, 3), np.int32), [1, 1, 1], assignment, leavers)
