"""Matching of clients and advisors: exact, proven, explained. Pure NumPy; knows no models.

    features = ClientFeatures.of(tables.factors, {"risk": [...], "dialect": [...]})
    scores = score(features, tables, eligibility=..., vetoes=...)
    solution = solve(scores, capacities, continuity=Continuity(incumbents, bonus=500))
    assert solution.proven

Modules: `scoring` (points of every pair), `problem` (checked input, continuity, serve-first rank), `solver` (the
answer), `contraction` and `fast` (its two engines), `settling` (start prices), `certificate` (the proof), `explain`
(points per factor, runners-up, reasons), `frontier` (gain against moves), `departure` (an advisor leaves).
"""

from advisory.matching.certificate import Certificate, certify, upper_bound
from advisory.matching.departure import Departure, rematch_departure, repair_locally
from advisory.matching.explain import (
    PlacePrice,
    Reason,
    RunnersUp,
    contributions,
    place_price,
    runners_up,
    unassigned_reasons,
)
from advisory.matching.frontier import FrontierPoint, move_frontier, within_move_budget
from advisory.matching.problem import UNASSIGNED, Continuity, MatchingInputError, PointsTooLarge, Problem
from advisory.matching.scoring import AdvisorTables, ClientFeatures, Correction, Eligibility, Vetoes, score
from advisory.matching.solver import Solution, solve, solve_problem

__all__ = [
    "UNASSIGNED",
    "AdvisorTables",
    "Certificate",
    "ClientFeatures",
    "Continuity",
    "Correction",
    "Departure",
    "Eligibility",
    "FrontierPoint",
    "MatchingInputError",
    "PlacePrice",
    "PointsTooLarge",
    "Problem",
    "Reason",
    "RunnersUp",
    "Solution",
    "Vetoes",
    "certify",
    "contributions",
    "move_frontier",
    "place_price",
    "rematch_departure",
    "repair_locally",
    "runners_up",
    "score",
    "solve",
    "solve_problem",
    "unassigned_reasons",
    "upper_bound",
    "within_move_budget",
]
