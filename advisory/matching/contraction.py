"""Exact matching on the network contracted to the advisors; NumPy engine.

Clients are many, advisors few. In the residual network of the transportation problem only one fact about the clients
of advisor j matters for the next step: what it costs to move the cheapest of them to k,

    loss[j, k] = min over clients i of j of (worth[i, j] - worth[i, k]).

So successive shortest paths (Jewell 1958, Busacker & Gowen 1961; with node prices Edmonds & Karp 1972, Tomizawa 1971)
run on a graph of advisors, plus the place "unassigned", plus one node for the places that stay empty. Relatives of the
contraction: Bertsekas & Castanon 1989 (auction with similar objects), semi-discrete optimal transport.

1. Every client goes to the advisor of the highest worth minus price. Some advisors are then over-full, some under-full.
2. One phase: shortest distances between over-full and under-full advisors (Bellman-Ford, whole rows at a time: the
   graph is small and dense, which suits NumPy); prices change by the distances, which makes every arc of the
   shortest-path trees free of loss; then one client moves along each arc of every tree path that is still free
   (several at once where clients are alike).
3. Losses that lost their best client are computed anew at the end of the phase; then the next phase, until nobody is
   over-full. Each path lowers an excess and raises none, so it ends.

At all times worth minus price is highest, for every client, at the advisor he is with: the final prices are the dual
solution, and the certificate needs nothing else.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from advisory.matching.problem import FORBIDDEN, Bool, Int32, Int64
from advisory.matching.valuation import Valuation

NO_ARC = np.int64(1) << 40
BLOCK = 2048


class Contraction:
    """State of one exact solve; `run()` ends with `assignment` (the last index = unassigned) and `prices`."""

    def __init__(self, valuation: Valuation, capacities: Int64, prices: Int64) -> None:
        """Capacities and start prices include the place "unassigned" as last entry; its price must be 0."""
        self.valuation = valuation
        self.capacities = capacities
        self.places = len(capacities)
        self.empty = self.places
        self.prices = np.append(prices, 0)
        self.assignment, self.worth, self.loss = take_stock(valuation, prices)
        self.loads = np.bincount(self.assignment, minlength=self.places).astype(np.int64)
        self.offered = np.where(prices > 0, capacities, np.minimum(self.loads, capacities))
        self.stale: Bool = np.zeros((self.places, self.places), np.bool_)
        self._group_clients()

    def run(self) -> None:
        """Phases until no advisor is over-full."""
        while (excess := self._excess()).max() > 0:
            for path in self._free_paths(excess):
                room = self._room(path, int(min(excess[path[0]], -excess[path[-1]])))
                if room > 0:
                    moved = self._move_along(path, room)
                    excess[path[0]] -= moved
                    excess[path[-1]] += moved
            self._refresh()

    def _free_paths(self, excess: Int64) -> list[list[int]]:
        """Shortest paths from over-full to under-full places, nearest first; prices change so that they cost nothing.

        Searched from the side with fewer ends: each end on the other side then gets a path of its own.
        """
        over, under = excess > 0, excess < 0
        arcs = self._reduced_arcs()
        forward = bool(np.count_nonzero(over) <= np.count_nonzero(under))
        begin, finish = (over, under) if forward else (under, over)
        distance, previous = shortest_distances(arcs if forward else np.ascontiguousarray(arcs.T), begin)
        ends = np.flatnonzero(finish)
        change = np.minimum(distance, distance[ends].max())
        self.prices += -change if forward else change
        ends = ends[np.argsort(distance[ends], kind="stable")]
        return [path_between(int(end), previous, forward) for end in ends]

    def place_prices(self) -> Int64:
        """Price of one more place with each advisor: the dual solution."""
        return np.maximum(self.prices[:-1] - self.prices[-1], 0)

    def _excess(self) -> Int64:
        """Clients beyond the places offered, per advisor; last the places offered beyond the clients."""
        surplus = self.loads - self.offered
        return np.append(surplus, -surplus.sum())

    def _reduced_arcs(self) -> Int64:
        """Loss of moving one client from row to column, prices taken into account; never negative."""
        arcs = np.full((self.places + 1, self.places + 1), NO_ARC, np.int64)
        arcs[:-1, :-1] = self.loss
        arcs[:-1, -1][self.offered < self.capacities] = 0
        arcs[-1, :-1][self.offered > 0] = 0
        arcs += self.prices
        arcs -= self.prices[:, None]
        return arcs

    def _room(self, path: list[int], most: int) -> int:
        """How many clients, up to `most`, may take the path; 0 if an earlier path of this phase used up an arc."""
        for here, there in pairwise(path):
            if there == self.empty:
                most = min(most, int(self.capacities[here] - self.offered[here]))
            elif here == self.empty:
                most = min(most, int(self.offered[there]))
            else:
                rise = self.prices[there] - self.prices[here]
                if self.stale[here, there] or self.loss[here, there] + rise != 0:
                    return 0
        return most

    def _move_along(self, path: list[int], most: int) -> int:
        """Move as many clients as can go along every arc without loss: at least one, more where clients are alike."""
        arcs = list(pairwise(path))
        movers = {
            (here, there): self._cheapest(here, there, most) for here, there in arcs if self.empty not in (here, there)
        }
        count = min((len(clients) for clients in movers.values()), default=most)
        count = min(count, most)
        for here, there in arcs:
            if there == self.empty:
                self.offered[here] += count
            elif here == self.empty:
                self.offered[there] -= count
            else:
                self._move(movers[here, there][:count], here, there)
        return count

    def _cheapest(self, here: int, there: int, most: int) -> Int64:
        """Up to `most` clients whom moving costs exactly the recorded loss."""
        clients = self._clients_of(here)
        loss = self.worth[clients] - self.valuation.cells(clients, np.array([there]))[:, 0]
        return clients[loss == loss.min()][:most]

    def _move(self, clients: Int64, here: int, there: int) -> None:
        rows = self.valuation.rows(clients).astype(np.int64)
        self.stale[here] |= (self.worth[clients, None] - rows == self.loss[here]).any(axis=0)
        self.assignment[clients] = there
        self.worth[clients] = rows[:, there]
        self.loads[here] -= len(clients)
        self.loads[there] += len(clients)
        self.joined[there].extend(clients.tolist())
        loss = np.where(rows > FORBIDDEN, rows[:, [there]] - rows, NO_ARC).min(axis=0)
        np.minimum(self.loss[there], loss, out=self.loss[there])

    def _group_clients(self) -> None:
        order = np.argsort(self.assignment, kind="stable")
        ends = np.cumsum(self.loads)[:-1]
        self.members: list[Int64] = np.split(order, ends)
        self.joined: list[list[int]] = [[] for _ in range(self.places)]

    def _clients_of(self, place: int) -> Int64:
        """Clients of a place now; those who left are dropped here and not at every move."""
        members = self.members[place]
        if self.joined[place]:
            members = np.append(members, self.joined[place])
            self.joined[place] = []
        members = members[self.assignment[members] == place]
        self.members[place] = members
        return members

    def _refresh(self) -> None:
        """Compute the losses anew that lost the client they stood for."""
        for place in np.flatnonzero(self.stale.any(axis=1)):
            columns = np.flatnonzero(self.stale[place])
            clients = self._clients_of(int(place))
            if len(clients) == 0:
                self.loss[place, columns] = NO_ARC
                continue
            loss = self.worth[clients, None] - self.valuation.cells(clients, columns)
            self.loss[place, columns] = arcs_of(loss.min(axis=0))
        self.stale[:] = False


def take_stock(valuation: Valuation, prices: Int64) -> tuple[Int32, Int32, Int64]:
    """Per client the place of the highest worth minus price and the worth there; per pair of places the loss."""
    clients = len(valuation.scores)
    places, worth = np.empty(clients, np.int32), np.empty(clients, np.int32)
    loss = np.full((len(prices), len(prices)), -FORBIDDEN, np.int32)
    narrow = prices.astype(np.int32)
    for start in range(0, clients, BLOCK):
        block = slice(start, start + BLOCK)
        rows = valuation.rows(block)
        best = (rows - narrow).argmax(axis=1)
        own = np.take_along_axis(rows, best[:, None], axis=1)
        places[block], worth[block] = best, own[:, 0]
        order = np.argsort(best, kind="stable")
        here, first = np.unique(best[order], return_index=True)
        least = np.minimum.reduceat(np.subtract(own, rows, out=rows)[order], first, axis=0)
        loss[here] = np.minimum(loss[here], least)
    return places, worth, arcs_of(loss)


def arcs_of(loss: Int32) -> Int64:
    """Losses as arcs of the graph; none where the best mover may not go there at all."""
    return np.where(loss < -FORBIDDEN // 2, loss, NO_ARC)


def shortest_distances(arcs: Int64, sources: Bool) -> tuple[Int64, Int64]:
    """Bellman-Ford over a dense matrix of non-negative arcs: distance from a source, and the node before (or -1)."""
    distance = np.where(sources, 0, NO_ARC)
    previous = np.full(len(arcs), -1, np.int64)
    changed = np.flatnonzero(sources)
    while len(changed):
        reached = arcs[changed] + distance[changed, None]
        shorter = np.flatnonzero(reached.min(axis=0) < distance)
        reached = reached[:, shorter]
        origin = reached.argmin(axis=0)
        distance[shorter] = reached[origin, np.arange(len(shorter))]
        previous[shorter] = changed[origin]
        changed = shorter
    return distance, previous


def path_between(end: int, previous: Int64, forward: bool) -> list[int]:
    """Nodes from the over-full to the under-full place, when the search began at the former (forward) or the latter."""
    path = [end]
    while (node := int(previous[path[-1]])) >= 0:
        path.append(node)
    return path[::-1] if forward else path
