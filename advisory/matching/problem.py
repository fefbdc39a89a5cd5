"""What is to be matched: points, capacities, continuity; checked once and then trusted.

Everything behind this module works on whole numbers. The points of a pair are integers (0 to 10,000 from the
scoring, more with a continuity bonus), so sums are exact and a gap of zero means zero.

**Serve first, then choose.** A matching may leave clients without an advisor; it is therefore always feasible.
To serve as many as possible before any point counts, a served client earns `rank` points on top, and

    rank = 4 * advisors * (largest points of a pair) + 1.

Why that is enough: serving one client more costs a chain of moves that visits each advisor at most once, so all
together lose at most `2 * advisors * largest` (twice, as a bonus may be negative). The other half keeps the price of a
place readable: its nearest multiple of the rank says whether the place would serve a client more, the rest is points.
A client who must not be moved earns the rank twice, so nobody takes his place. The rank never shows in the answers:
value and bound are given in points of the pairs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

UNASSIGNED = -1
"""The advisor of a client who is left without one, and the incumbent of a client who has none."""

FORBIDDEN = -(1 << 29)
"""Worth of a pair that may not be; below every worth that may (see LARGEST_WORTH)."""

LARGEST_WORTH = 1 << 28
"""Differences of two worths, and of a worth and FORBIDDEN, must stay within 32 bits."""


class MatchingInputError(ValueError):
    """The arrays do not fit together, or hold what a matching cannot use."""


class PointsTooLarge(MatchingInputError):
    """Points times advisors leave the exact integer range; use smaller points or match per branch."""


@dataclass(frozen=True)
class Continuity:
    """Who serves the client today, and what leaving that advisor must be worth.

    incumbents  advisor index per client, -1 for a client without one.
    bonus       points (tau) the incumbent gets on top, one number or one per client; negative after a complaint.
                Meaning: the client moves only if the whole matching gains more than tau by it. With equal gain
                both answers are optimal.
    never_move  clients who stay with their incumbent whatever the gain. If the incumbent may not serve the client any
                more (pair forbidden) there is no relation to keep: neither bonus nor never_move applies.
    """

    incumbents: ArrayLike
    bonus: ArrayLike = 0
    never_move: ArrayLike | None = None


def whole_numbers(name: str, values: ArrayLike, dimensions: int) -> Int64:
    """The values as 64-bit integers; refuses fractions, NaN and a wrong number of dimensions."""
    array: NDArray[Any] = np.asarray(values)
    if array.ndim != dimensions:
        raise MatchingInputError(f"{name} must have {dimensions} dimension(s), not {array.ndim}.")
    if array.size == 0:
        return np.zeros(array.shape, np.int64)
    if array.dtype.kind not in "iub":
        raise MatchingInputError(f"{name} must be whole numbers, not {array.dtype}.")
    if array.dtype == np.uint64 and int(array.max()) > np.iinfo(np.int64).max:
        raise PointsTooLarge(f"{name} exceed 64 bits.")
    return array.astype(np.int64, copy=False)


def as_scores(scores: ArrayLike) -> Int32:
    """Points as a C-contiguous 32-bit matrix, clients by advisors; no copy if they are one already."""
    if isinstance(scores, np.ndarray) and scores.dtype == np.int32 and scores.ndim == 2:
        return np.ascontiguousarray(scores)
    wide = whole_numbers("Scores", scores, 2)
    if wide.size and int(wide.max()) >= LARGEST_WORTH:
        raise PointsTooLarge(f"A score of {int(wide.max())} is too large.")
    return np.ascontiguousarray(np.maximum(wide, -1), np.int32)


@dataclass(frozen=True, eq=False)
class Problem:
    """One checked instance. Build it with `Problem.of`; the arrays are shared, not copied: do not change them."""

    scores: Int32
    capacities: Int64
    incumbents: Int32
    bonus: Int32
    held: Bool
    rank: int
    digest: str = field(repr=False, default="")

    @classmethod
    def of(cls, scores: ArrayLike, capacities: ArrayLike, continuity: Continuity | None = None) -> Problem:
        """Check and normalise; raises MatchingInputError or PointsTooLarge."""
        points = as_scores(scores)
        clients, advisors = points.shape
        places = whole_numbers("Capacities", capacities, 1)
        if len(places) != advisors:
            raise MatchingInputError(f"{advisors} advisors, but {len(places)} capacities.")
        if (places < 0).any():
            raise MatchingInputError("A capacity is negative.")
        incumbents, bonus, held = _normalise(points, continuity)
        return cls(
            scores=points,
            capacities=np.minimum(places, clients),
            incumbents=incumbents,
            bonus=bonus,
            held=held,
            rank=_rank(points, bonus),
        )

    @property
    def clients(self) -> int:
        return self.scores.shape[0]

    @property
    def advisors(self) -> int:
        return self.scores.shape[1]

    @cached_property
    def priority(self) -> Int64:
        """Rank earned by serving each client: once, or twice for a client who must not be moved."""
        return np.where(self.held, 2 * self.rank, self.rank).astype(np.int64)

    @cached_property
    def _scores_digest(self) -> str:
        return self.digest or hashlib.sha256(self.scores.astype("<i4", copy=False).data).hexdigest()

    @cached_property
    def input_hash(self) -> str:
        """SHA-256 over everything that decides the answer; equal on every machine."""
        whole = hashlib.sha256(f"matching-1 {self.clients} {self.advisors} {self._scores_digest}".encode())
        for array, kind in ((self.capacities, "<i8"), (self.incumbents, "<i4"), (self.bonus, "<i4"), (self.held, "u1")):
            whole.update(np.ascontiguousarray(array, kind).tobytes())
        return whole.hexdigest()

    def with_continuity(self, continuity: Continuity) -> Problem:
        """The same points and capacities under another continuity (for sweeps); the points are hashed only once."""
        incumbents, bonus, held = _normalise(self.scores, continuity)
        return Problem(
            self.scores, self.capacities, incumbents, bonus, held, _rank(self.scores, bonus), self._scores_digest
        )

    @property
    def dearest(self) -> int:
        """No place is ever worth more than this."""
        return min(LARGEST_WORTH, 3 * self.rank)

    def worth(self, assignment: NDArray[np.integer[Any]]) -> Int64:
        """Points per client under an assignment, continuity included and rank left out; 0 for the unassigned."""
        return self.points(assignment) + np.where(self._stays(assignment), self.bonus, 0)

    def points(self, assignment: NDArray[np.integer[Any]]) -> Int64:
        """Score per client under an assignment, without continuity; 0 for the unassigned."""
        result = np.zeros(self.clients, np.int64)
        served = np.flatnonzero(assignment >= 0)
        result[served] = self.scores[served, assignment[served]]
        return result

    def moved(self, assignment: NDArray[np.integer[Any]]) -> Bool:
        """Clients who have an incumbent and are not with him afterwards."""
        return (self.incumbents >= 0) & (assignment != self.incumbents)

    def _stays(self, assignment: NDArray[np.integer[Any]]) -> Bool:
        return (assignment >= 0) & (assignment == self.incumbents)


def _normalise(scores: Int32, continuity: Continuity | None) -> tuple[Int32, Int32, Bool]:
    """Incumbents, bonus and held clients as arrays; no bonus and no hold where the incumbent's pair is forbidden."""
    clients, advisors = scores.shape
    if continuity is None:
        return np.full(clients, UNASSIGNED, np.int32), np.zeros(clients, np.int32), np.zeros(clients, np.bool_)
    incumbents = whole_numbers("Incumbents", continuity.incumbents, 1)
    if len(incumbents) != clients or (incumbents < UNASSIGNED).any() or (incumbents >= advisors).any():
        raise MatchingInputError("Incumbents must hold one advisor index or -1 per client.")
    keeps = np.zeros(clients, np.bool_)
    known = np.flatnonzero(incumbents >= 0)
    keeps[known] = scores[known, incumbents[known]] >= 0
    bonus = np.where(keeps, _per_client("Bonus", continuity.bonus, clients), 0)
    if clients and int(np.abs(bonus).max()) >= LARGEST_WORTH:
        raise PointsTooLarge("The continuity bonus is too large; use never_move to keep a client.")
    flags = 0 if continuity.never_move is None else continuity.never_move
    held = keeps & (_per_client("Never-move flags", flags, clients) != 0)
    return incumbents.astype(np.int32), bonus.astype(np.int32), held


def _per_client(name: str, values: ArrayLike, clients: int) -> Int64:
    wide = whole_numbers(name, values, np.ndim(values))
    if wide.ndim > 1 or (wide.ndim == 1 and len(wide) != clients):
        raise MatchingInputError(f"{name} must be one number or one per client.")
    return np.broadcast_to(wide, (clients,))


def _rank(scores: Int32, bonus: Int32) -> int:
    """Points for serving one client more; see the head of the module."""
    if scores.size == 0:
        return 1
    largest = max(int(scores.max()), 0) + int(np.abs(bonus).max())
    rank = 4 * scores.shape[1] * largest + 1
    if 2 * rank + largest >= LARGEST_WORTH:
        raise PointsTooLarge(f"{scores.shape[1]} advisors with pairs of {largest} points leave the exact range.")
    return rank
