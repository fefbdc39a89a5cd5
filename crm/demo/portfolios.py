"""What the demo clients hold on the last day: whole lots of real securities at invented prices."""

from __future__ import annotations

import random
from typing import NamedTuple

import numpy as np

from crm.demo.markets import Fen, Habit, Market
from crm.demo.securities import Security, closing_prices, pick, securities


class Holding(NamedTuple):
    """One position. ``client`` is the column in the market; money in fen, quantity in shares, units or bonds."""

    client: int
    code: str
    name: str
    quantity: int
    cost_price: int
    price: int

    @property
    def value(self) -> int:
        """Market value in fen."""
        return self.quantity * self.price


def make_holdings(market: Market, *, seed: int) -> list[Holding]:
    """Positions of every client, worth at most his securities of the last day and nearly all of them.

    Whoever cannot afford one lot holds nothing. Use ``with_securities_worth(market, worth_of(...))`` afterwards,
    so that page and curve agree to the cent.
    """
    maker = random.Random(f"holdings:{seed}")
    prices = {s.code: int(closing_prices(s.code, [market.days[-1]], seed=seed)[0]) for s in securities()}
    rows: list[Holding] = []
    for client, budget in enumerate(market.securities[-1].tolist()):
        if budget > 0:
            quiet = market.habit[client] in (Habit.DORMANT, Habit.STEADY)
            rows += _positions(maker, client, budget, prices, cautious=bool(quiet) and client % 2 == 0)
    return rows


def worth_of(holdings: list[Holding], clients: int) -> Fen:
    """Market value per client in fen."""
    worth = np.zeros(clients, dtype=np.int64)
    for holding in holdings:
        worth[holding.client] += holding.value
    return worth


def _positions(
    maker: random.Random, client: int, budget: int, prices: dict[str, int], *, cautious: bool
) -> list[Holding]:
    count = 1 + min(int(maker.expovariate(0.45)), 9 if budget > 50_000_000 else 4)
    wanted = [s for s in pick(maker, count, cautious=cautious) if s.lot * prices[s.code] <= budget // count]
    chosen = wanted or [min(pick(maker, 4, cautious=True), key=lambda s: s.lot * prices[s.code])]
    rows, left = [], budget
    for place, security in enumerate(chosen):
        last = place == len(chosen) - 1
        share = left if last else int(left * maker.uniform(0.2, 0.7))
        quantity = _lots(share, security, prices)
        if quantity:
            rows.append(_holding(maker, client, security, quantity, prices[security.code]))
            left -= rows[-1].value
    return rows


def _lots(money: int, security: Security, prices: dict[str, int]) -> int:
    return money // (security.lot * prices[security.code]) * security.lot


def _holding(maker: random.Random, client: int, security: Security, quantity: int, price: int) -> Holding:
    spread = (96, 103) if security.kind == "bond" else (68, 132)
    cost = max(price * maker.randint(*spread) // 100, 1)
    return Holding(client, security.code, security.name, quantity, cost, price)
