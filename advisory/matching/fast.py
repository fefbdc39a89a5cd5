"""The same contraction as `contraction`, compiled by numba where it is installed (optional extra `fast`).

Loops are cheap here, so one path at a time: Dijkstra with node prices stops at the nearest under-full place, one client
moves along each arc, and only the losses that lost their client are searched again in the linked list of that advisor's
clients. Value, bound and gap are those of the NumPy engine; where several matchings are best the choice may differ.
Without numba the functions still run, as slow plain Python: the tests compare them on small instances either way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from advisory.matching.problem import FORBIDDEN, Bool, Int32, Int64
from advisory.matching.valuation import Valuation

try:
    from numba import njit  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    njit = None

AVAILABLE = njit is not None
NO_ARC = 1 << 40
NOBODY = -1


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile on first use and keep the result on disk where the installation may be written; else plain Python."""
    if njit is None:
        return function
    try:
        return njit(cache=True)(function)
    except RuntimeError:  # no place for the cache: compile once per process
        return njit(function)


class Market(NamedTuple):
    """What a Valuation holds, as numba reads it."""

    scores: Int32
    incumbents: Int32
    bonus: Int32
    held: Bool
    priority: Int32


class Books(NamedTuple):
    """Who serves whom. first[j], after[i], before[i]: linked lists of the clients of each place; row: scratch."""

    assignment: Int32
    worth: Int64
    first: Int64
    after: Int64
    before: Int64
    loads: Int64
    offered: Int64
    capacities: Int64
    prices: Int64
    loss: Int64
    mover: Int64
    row: Int64


def solve_exactly(valuation: Valuation, capacities: Int64, prices: Int64) -> tuple[Int32, Int64]:
    """Optimal place of each client and price of each place, from any start prices; "unassigned" is the last place."""
    market, books = market_of(valuation), empty_books(len(valuation.scores), capacities, prices)
    settle_in(market, books)
    run(market, books)
    return books.assignment, np.maximum(books.prices[:-1] - books.prices[-1], 0)


def asked_for(valuation: Valuation, prices: Int64) -> Int64:
    """How many clients would choose each place at these prices."""
    counts = np.zeros(len(prices), np.int64)
    count_choices(market_of(valuation), prices, counts)
    return counts


def market_of(valuation: Valuation) -> Market:
    return Market(valuation.scores, valuation.incumbents, valuation.bonus, valuation.held, valuation.priority)


def empty_books(clients: int, capacities: Int64, prices: Int64) -> Books:
    places = len(capacities)
    return Books(
        assignment=np.full(clients, NOBODY, np.int32),
        worth=np.zeros(clients, np.int64),
        first=np.full(places, NOBODY, np.int64),
        after=np.full(clients, NOBODY, np.int64),
        before=np.full(clients, NOBODY, np.int64),
        loads=np.zeros(places, np.int64),
        offered=np.zeros(places, np.int64),
        capacities=capacities.astype(np.int64),
        prices=np.append(prices, 0).astype(np.int64),
        loss=np.full((places, places), NO_ARC, np.int64),
        mover=np.full((places, places), NOBODY, np.int64),
        row=np.empty(places, np.int64),
    )


@compiled
def worth_of(market: Market, client: int, place: int) -> int:
    if place == market.scores.shape[1]:
        return 0
    score = market.scores[client, place]
    if score < 0:
        return FORBIDDEN
    if place == market.incumbents[client]:
        return np.int64(score) + market.priority[client] + market.bonus[client]
    if market.held[client]:
        return FORBIDDEN
    return np.int64(score) + market.priority[client]


@compiled
def read_row(market: Market, client: int, row: Int64) -> None:
    """Worth at every place, as `worth_of`, but in one sweep that the processor takes several cells at a time."""
    scores, priority = market.scores[client], np.int64(market.priority[client])
    for place in range(len(scores)):
        row[place] = scores[place] + priority if scores[place] >= 0 else FORBIDDEN
    row[len(scores)] = 0
    home = market.incumbents[client]
    if home >= 0 and scores[home] >= 0:
        kept = row[home] + market.bonus[client]
        if market.held[client]:
            row[: len(scores)] = FORBIDDEN
        row[home] = kept


@compiled
def highest(row: Int64, prices: Int64) -> int:
    """Most worth minus price."""
    most = -NO_ARC
    for place in range(len(row)):
        most = max(most, row[place] - prices[place])
    return most


@compiled
def emptiest_best_place(books: Books, row: Int64) -> int:
    """Best place at the prices; among equals the one with the most room, or clients who are alike crowd the first."""
    most, chosen, room = highest(row, books.prices), NOBODY, -NO_ARC
    for place in range(len(row)):
        if row[place] - books.prices[place] == most and books.capacities[place] - books.loads[place] > room:
            chosen, room = place, books.capacities[place] - books.loads[place]
    return chosen


@compiled
def count_choices(market: Market, prices: Int64, counts: Int64) -> None:
    row = np.empty(len(prices), np.int64)
    for client in range(market.scores.shape[0]):
        read_row(market, client, row)
        most = highest(row, prices)
        for place in range(len(row)):
            if row[place] - prices[place] == most:
                counts[place] += 1
                break


@compiled
def settle_in(market: Market, books: Books) -> None:
    """Everybody goes to his best place at the start prices; places with a price are all offered."""
    for client in range(market.scores.shape[0]):
        read_row(market, client, books.row)
        join(books, client, emptiest_best_place(books, books.row))
    for place in range(len(books.loads)):
        dear = books.prices[place] > 0
        books.offered[place] = books.capacities[place] if dear else min(books.loads[place], books.capacities[place])


@compiled
def join(books: Books, client: int, place: int) -> None:
    """Enter a client, whose row has been read, in a place's list; he offers himself for the moves from there."""
    head = books.first[place]
    books.before[client] = NOBODY
    books.after[client] = head
    if head != NOBODY:
        books.before[head] = client
    books.first[place] = client
    books.assignment[client] = place
    own = books.row[place]
    books.worth[client] = own
    books.loads[place] += 1
    loss, mover = books.loss[place], books.mover[place]
    for other in range(len(loss)):
        if books.row[other] != FORBIDDEN and own - books.row[other] < loss[other]:
            loss[other], mover[other] = own - books.row[other], client


@compiled
def leave(market: Market, books: Books, client: int, place: int) -> None:
    """Strike a client from a place's list; look for the next best where he was the cheapest to move."""
    ahead, behind = books.before[client], books.after[client]
    if ahead != NOBODY:
        books.after[ahead] = behind
    else:
        books.first[place] = behind
    if behind != NOBODY:
        books.before[behind] = ahead
    books.loads[place] -= 1
    for other in range(len(books.loads)):
        if books.mover[place, other] == client:
            find_mover(market, books, place, other)


@compiled
def find_mover(market: Market, books: Books, place: int, other: int) -> None:
    """The next cheapest; nobody is cheaper than the one who left, so an equal one ends the search."""
    least, mover, floor = NO_ARC, NOBODY, books.loss[place, other]
    client = books.first[place]
    while client != NOBODY and least > floor:
        worth = worth_of(market, client, other)
        if worth != FORBIDDEN and books.worth[client] - worth < least:
            least, mover = books.worth[client] - worth, client
        client = books.after[client]
    books.loss[place, other] = least
    books.mover[place, other] = mover


@compiled
def run(market: Market, books: Books) -> None:
    """One shortest path after the other until no place is over-full."""
    nodes = len(books.loads) + 1
    distance, previous = np.empty(nodes, np.int64), np.empty(nodes, np.int64)
    done, excess = np.empty(nodes, np.bool_), np.empty(nodes, np.int64)
    while True:
        excess[:-1] = books.loads - books.offered
        excess[-1] = -excess[:-1].sum()
        if excess.max() <= 0:
            return
        target = nearest_target(books, excess, distance, previous, done)
        for node in range(nodes):
            if done[node]:
                books.prices[node] += distance[target] - distance[node]
        move_along(market, books, target, previous)


@compiled
def nearest_target(books: Books, excess: Int64, distance: Int64, previous: Int64, done: Bool) -> int:
    """Dijkstra from all over-full places to the first under-full one."""
    nodes = len(excess)
    for node in range(nodes):
        distance[node] = 0 if excess[node] > 0 else NO_ARC
        previous[node], done[node] = NOBODY, False
    while True:
        here = NOBODY
        for node in range(nodes):
            if not done[node] and (here == NOBODY or distance[node] < distance[here]):
                here = node
        done[here] = True
        if excess[here] < 0:
            return here
        for there in range(nodes):
            if not done[there]:
                reached = distance[here] + arc(books, here, there)
                if reached < distance[there]:
                    distance[there], previous[there] = reached, here


@compiled
def arc(books: Books, here: int, there: int) -> int:
    """Loss of moving one client, or of offering one place more or less, prices taken into account."""
    empty = len(books.loads)
    loss = NO_ARC
    if here == empty:
        if books.offered[there] > 0:
            loss = 0
    elif there == empty:
        if books.offered[here] < books.capacities[here]:
            loss = 0
    else:
        loss = books.loss[here, there]
    if loss == NO_ARC:
        return NO_ARC
    return loss - books.prices[here] + books.prices[there]


@compiled
def move_along(market: Market, books: Books, target: int, previous: Int64) -> None:
    """One client moves along each arc, from the far end."""
    empty = len(books.loads)
    there = target
    while previous[there] != NOBODY:
        here = previous[there]
        if there == empty:
            books.offered[here] += 1
        elif here == empty:
            books.offered[there] -= 1
        else:
            client = books.mover[here, there]
            leave(market, books, client, here)
            read_row(market, client, books.row)
            join(books, client, there)
        there = here
