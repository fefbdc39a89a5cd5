"""What each client is worth to each advisor, with rank, continuity and the place "unassigned" worked in.

The score matrix is the only big array; a second one of its size would double the memory of a run. So the worth is
computed for the cells that are asked for. Column `advisors` (one past the last) is the place "unassigned", worth 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisory.matching.problem import FORBIDDEN, Bool, Int32, Problem

Index = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Valuation:
    """Worth of client i with advisor k = score + priority of i (+ bonus, if k is the incumbent), or FORBIDDEN."""

    scores: Int32
    incumbents: Int32
    bonus: Int32
    held: Bool
    priority: Int32
    plain: bool

    @classmethod
    def of(cls, problem: Problem) -> Valuation:
        return cls(
            problem.scores,
            problem.incumbents,
            problem.bonus,
            problem.held,
            problem.priority.astype(np.int32),
            plain=not (problem.bonus.any() or problem.held.any()),
        )

    @property
    def unassigned(self) -> int:
        """Column of the place "unassigned"."""
        return self.scores.shape[1]

    def sample(self, clients: Index) -> Valuation:
        """The same for some clients only."""
        return Valuation(
            np.ascontiguousarray(self.scores[clients]),
            self.incumbents[clients],
            self.bonus[clients],
            self.held[clients],
            self.priority[clients],
            self.plain,
        )

    def rows(self, clients: Index | slice) -> Int32:
        """Worth with every advisor and unassigned: clients by advisors + 1."""
        raw = self.scores[clients]
        result = np.empty((raw.shape[0], raw.shape[1] + 1), np.int32)
        worth = result[:, :-1]
        np.add(raw, self.priority[clients, None], out=worth)
        np.copyto(worth, FORBIDDEN, where=raw < 0)
        result[:, -1] = 0
        if not self.plain:
            self._add_continuity(worth, clients)
        return result

    def cells(self, clients: Index, columns: Index) -> Int32:
        """Worth in some columns: clients by columns."""
        real = columns < self.unassigned
        if real.all():
            return self._real_cells(clients, columns)
        result = np.zeros((len(clients), len(columns)), np.int32)
        result[:, real] = self._real_cells(clients, columns[real])
        return result

    def own(self, clients: Index, places: Index) -> Int32:
        """Worth of each client at one place of his own."""
        served = np.flatnonzero(places < self.unassigned)
        who, where = clients[served], places[served]
        worth = self.scores[who, where] + self.priority[who]
        worth += np.where(self.incumbents[who] == where, self.bonus[who], 0).astype(np.int32)
        result = np.zeros(len(clients), np.int32)
        result[served] = worth
        return result

    def _real_cells(self, clients: Index, columns: Index) -> Int32:
        raw = self.scores[clients[:, None], columns]
        worth = np.where(raw >= 0, raw + self.priority[clients, None], np.int32(FORBIDDEN))
        if not self.plain:
            home = self.incumbents[clients, None] == columns
            worth += home * self.bonus[clients, None]
            worth[self.held[clients, None] & ~home] = FORBIDDEN
        return worth

    def _add_continuity(self, worth: Int32, clients: Index | slice) -> None:
        incumbents = self.incumbents[clients]
        known = np.flatnonzero(incumbents >= 0)
        home = incumbents[known]
        kept = worth[known, home] + self.bonus[clients][known]
        worth[self.held[clients]] = FORBIDDEN
        worth[known, home] = kept
