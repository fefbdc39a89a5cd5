"""Points of every pair of client and advisor, 0 to 10,000 each.

All factors that compare categories are one matrix product: a row of 0 and 1 per client (which levels he has) times a
table of points per level and advisor. Weights are worked into the tables and the points of each entry are rounded to
whole ones, so for plain 0/1 rows the product is exact in 32-bit floats whatever the machine and library, and
the points per factor of a pair add up to its score. Fractions (a client with three wished products counts each a third)
are rounded once, at the sum.

What touches few pairs (incumbent's satisfaction, complaints) comes as sparse corrections; licence and leave as a table
of client class by advisor; a client's veto of an advisor as single pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advisory.matching.problem import Bool, Int32, MatchingInputError, whole_numbers

Float32 = NDArray[np.float32]

MOST_POINTS = 10_000
BLOCK = 2048


@dataclass(frozen=True, eq=False)
class AdvisorTables:
    """Points per level and advisor, all factors below each other.

    factors  name of each factor and its rows in `points`.
    points   whole points as 32-bit floats: levels of all factors by advisors.
    """

    factors: Mapping[str, slice]
    points: Float32

    @classmethod
    def of(cls, tables: Mapping[str, ArrayLike], weights: Mapping[str, int]) -> AdvisorTables:
        """From fit tables (levels by advisors, 0 to 1) and whole-number weights: all fits 1 make 10,000 points.

        Raises MatchingInputError if a fit lies outside 0 to 1, a weight is missing or negative, or all weights are 0.
        """
        if set(tables) != set(weights) or any(weight < 0 for weight in weights.values()) or not sum(weights.values()):
            raise MatchingInputError("Each factor needs a table and a weight of 0 or more, and one weight above 0.")
        shares = _points_per_factor(weights)
        factors: dict[str, slice] = {}
        blocks: list[Float32] = []
        start = 0
        for name, table in tables.items():
            fit = np.asarray(table, np.float64)
            if fit.ndim != 2 or not ((fit >= 0) & (fit <= 1)).all():
                raise MatchingInputError(f"The table of {name} must hold fits from 0 to 1, levels by advisors.")
            factors[name] = slice(start, start + len(fit))
            start += len(fit)
            blocks.append(np.rint(fit * shares[name]).astype(np.float32))
        if len({block.shape[1] for block in blocks}) != 1:
            raise MatchingInputError("The tables differ in their number of advisors.")
        return cls(factors, np.concatenate(blocks))

    @property
    def advisors(self) -> int:
        return self.points.shape[1]


@dataclass(frozen=True, eq=False)
class ClientFeatures:
    """Which levels each client has: clients by levels of all factors, in the order of the tables' rows."""

    levels: Float32

    @classmethod
    def of(cls, factors: Mapping[str, slice], values: Mapping[str, ArrayLike]) -> ClientFeatures:
        """From one level index per client (-1 = unknown, earns nothing) or a clients-by-levels matrix of shares.

        Shares of one client and factor must not add up to more than 1 (three wished products: a third each).
        """
        if set(factors) != set(values):
            raise MatchingInputError("Clients and tables must have the same factors.")
        clients = {len(np.asarray(value)) for value in values.values()}
        if len(clients) != 1:
            raise MatchingInputError("The factors differ in their number of clients.")
        levels = np.zeros((clients.pop(), max(rows.stop for rows in factors.values())), np.float32)
        for name, rows in factors.items():
            _enter(levels[:, rows], np.asarray(values[name]), name)
        return cls(levels)


@dataclass(frozen=True, eq=False)
class Eligibility:
    """Licence and leave: may advisor j take clients of class c today?"""

    client_class: ArrayLike
    permitted: ArrayLike

    def mask(self, clients: slice) -> Bool:
        """Clients by advisors: True where the pair is permitted."""
        return np.asarray(self.permitted, np.bool_)[np.asarray(self.client_class)[clients]]


@dataclass(frozen=True, eq=False)
class Correction:
    """Points on single pairs for one reason (satisfaction with the incumbent, complaint, shared history)."""

    name: str
    clients: ArrayLike
    advisors: ArrayLike
    points: ArrayLike


@dataclass(frozen=True, eq=False)
class Vetoes:
    """Single pairs that may not be: the client refuses the advisor, or there is a conflict of interest."""

    clients: ArrayLike
    advisors: ArrayLike


def score(
    client_features: ClientFeatures,
    advisor_tables: AdvisorTables,
    *,
    eligibility: Eligibility | None = None,
    corrections: Sequence[Correction] = (),
    vetoes: Vetoes | None = None,
) -> Int32:
    """Points of all pairs, clients by advisors: 0 to 10,000, or -1 where the pair is forbidden."""
    levels, points = client_features.levels, advisor_tables.points
    result = np.empty((len(levels), points.shape[1]), np.int32)
    room = np.empty((BLOCK, points.shape[1]), np.float32)
    for start in range(0, len(levels), BLOCK):
        block = slice(start, start + BLOCK)
        some = levels[block]
        sums = np.matmul(some, points, out=room[: len(some)])
        result[block] = np.rint(sums, out=sums)
        if eligibility is not None:
            np.copyto(result[block], -1, where=~eligibility.mask(block))
    for correction in corrections:
        _correct(result, correction)
    if vetoes is not None:
        result[np.asarray(vetoes.clients, np.intp), np.asarray(vetoes.advisors, np.intp)] = -1
    return result


def factor_points(
    client_features: ClientFeatures, advisor_tables: AdvisorTables, assignment: ArrayLike
) -> dict[str, NDArray[np.float32]]:
    """Points per factor of the chosen pairs, before rounding; 0 for the unassigned."""
    chosen = whole_numbers("Assignment", assignment, 1)
    result = np.empty((len(advisor_tables.factors), len(chosen)), np.float32)
    by_advisor = np.ascontiguousarray(advisor_tables.points.T)
    of_factor = np.zeros((len(result), by_advisor.shape[1]), np.float32)
    for number, rows in enumerate(advisor_tables.factors.values()):
        of_factor[number, rows] = 1
    for start in range(0, len(chosen), BLOCK):
        block = slice(start, start + BLOCK)
        earned = by_advisor[chosen[block]]
        earned *= client_features.levels[block]
        np.matmul(of_factor, earned.T, out=result[:, block])
    result[:, chosen < 0] = 0
    return dict(zip(advisor_tables.factors, result, strict=True))


def _points_per_factor(weights: Mapping[str, int]) -> dict[str, int]:
    """10,000 points shared out by weight, largest remainders first, so that they add up exactly."""
    total = sum(weights.values())
    shares = {name: MOST_POINTS * weight // total for name, weight in weights.items()}
    by_rest = sorted(weights, key=lambda name: (-(MOST_POINTS * weights[name] % total), name))
    for name in by_rest[: MOST_POINTS - sum(shares.values())]:
        shares[name] += 1
    return shares


def _enter(levels: Float32, values: NDArray[np.generic], name: str) -> None:
    if values.ndim == 2:
        shares = values.astype(np.float64)
        if shares.shape != levels.shape or (shares < 0).any() or (shares.sum(axis=1) > 1 + 1e-6).any():
            raise MatchingInputError(f"Shares of {name} must match its levels and add up to at most 1 per client.")
        levels[:] = shares
        return
    index = whole_numbers(name, values, 1)
    if len(index) and int(index.max()) >= levels.shape[1]:
        raise MatchingInputError(f"{name} has no level {int(index.max())}.")
    known = np.flatnonzero(index >= 0)
    levels[known, index[known]] = 1


def _correct(result: Int32, correction: Correction) -> None:
    clients = np.asarray(correction.clients, np.intp)
    advisors = np.asarray(correction.advisors, np.intp)
    before = result[clients, advisors].astype(np.int64)
    after = np.clip(before + whole_numbers(correction.name, correction.points, 1), 0, MOST_POINTS)
    result[clients, advisors] = np.where(before < 0, before, after)
