"""Made-up branches for the tests of the matching, and two slow ways to find the best matching of a small one."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from hypothesis import strategies as st

from advisory.matching import Continuity, Problem

NEVER = -(10**12)


def worths(problem: Problem) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Worth of every pair, written down cell by cell from the rules; NEVER where the pair may not be."""
    table = np.full((problem.clients, problem.advisors), NEVER, np.int64)
    for client, advisor in product(range(problem.clients), range(problem.advisors)):
        at_home = problem.incumbents[client] == advisor
        if problem.scores[client, advisor] < 0 or (problem.held[client] and not at_home):
            continue
        table[client, advisor] = problem.scores[client, advisor] + (problem.bonus[client] if at_home else 0)
    return table


def best_by_trying_everything(problem: Problem) -> tuple[int, int, int]:
    """(held clients served, clients served, points) of the best matching, lexicographically."""
    table = worths(problem)
    best = (0, 0, 0)
    for choice in product(range(-1, problem.advisors), repeat=problem.clients):
        served = [(client, advisor) for client, advisor in enumerate(choice) if advisor >= 0]
        loads = np.bincount([advisor for _, advisor in served], minlength=problem.advisors)
        if (loads > problem.capacities).any() or any(table[pair] == NEVER for pair in served):
            continue
        held = sum(int(problem.held[client]) for client, _ in served)
        best = max(best, (held, len(served), sum(int(table[pair]) for pair in served)))
    return best


def branch(
    clients: int, advisors: int, *, seed: int = 1, spare: float = 0.08, licences: bool = True
) -> tuple[np.ndarray[Any, np.dtype[np.int32]], np.ndarray[Any, np.dtype[np.int64]]]:
    """Scores and capacities of a branch with structure: tastes of clients times strengths of advisors."""
    random = np.random.default_rng(seed)
    levels = (5, 8, 5, 4, 5, 16)
    tastes = [np.eye(size)[random.choice(size, clients, p=random.dirichlet(np.full(size, 2.0)))] for size in levels]
    strengths = random.random((sum(levels), advisors)) ** 2 / len(levels)
    scores = np.rint(np.concatenate(tastes, axis=1) @ strengths * 10_000).astype(np.int32)
    if licences:
        scores[np.ix_(random.random(clients) < 0.1, random.random(advisors) < 0.3)] = -1
    shares = random.uniform(0.5, 1.5, advisors)
    return scores, np.ceil(shares / shares.sum() * clients * (1 + spare)).astype(np.int64)


@st.composite
def small_problems(draw: st.DrawFn) -> Problem:
    """At most five clients and three advisors; ties, vetoes, full advisors, incumbents and held clients included."""
    clients, advisors = draw(st.integers(0, 5)), draw(st.integers(0, 3))
    most = draw(st.sampled_from([1, 9, 10_000]))
    cells = st.lists(st.integers(-1, most), min_size=clients * advisors, max_size=clients * advisors)
    scores = np.array(draw(cells), np.int32).reshape(clients, advisors)
    capacities = draw(st.lists(st.integers(0, 3), min_size=advisors, max_size=advisors))
    if not draw(st.booleans()):
        return Problem.of(scores, np.array(capacities, np.int64))

    def per_client(values: st.SearchStrategy[int]) -> np.ndarray[Any, np.dtype[np.int64]]:
        return np.array(draw(st.lists(values, min_size=clients, max_size=clients)), np.int64)

    continuity = Continuity(
        per_client(st.integers(-1, advisors - 1)),
        per_client(st.integers(-most, most)),
        per_client(st.integers(0, 1)),
    )
    return Problem.of(scores, np.array(capacities, np.int64), continuity)
