"""Thirteen months in the accounts of the demo clients: assets, deposits, trades, margin loans. All invented.

Everything is whole fen and comes from the seed alone. The books are closed every day: what a client has is what
he had, plus result, plus deposits, minus withdrawals, minus commission (a test holds it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crm.demo.securities import market_walk, weekday_index

Fen = NDArray[np.int64]

YUAN = 100
MILLION = 1_000_000
#: Log-normal wealth: the median client has 90,000 yuan; about 1 in 110 has five millions and 1 in 360 ten.
MEDIAN, SPREAD = 90_000 * YUAN, 1.7
LEAST, MOST = 200 * YUAN, 60 * MILLION * YUAN
#: Margin trading is open from 500,000 yuan.
MARGIN_FROM = 500_000 * YUAN


class Habit(IntEnum):
    """How a client behaves."""

    STEADY = 0
    ACTIVE = 1
    DORMANT = 2
    EMPTY = 3
    MARGIN = 4
    UNDERWATER = 5
    """Borrowed much and lost it: net assets below zero at the end."""


@dataclass(frozen=True, slots=True)
class Market:
    """Arrays of shape (days, clients) in fen; rows follow ``days``, columns the clients 0…n-1.

    ``opened`` is the row on which a client's account was opened; before it he has no row (see ``present``),
    0 means long ago. ``habit`` holds Habit numbers.
    """

    days: tuple[date, ...]
    habit: NDArray[np.int8]
    opened: NDArray[np.int64]
    cash: Fen
    securities: Fen
    debt: Fen
    inflow: Fen
    outflow: Fen
    turnover: Fen
    commission: Fen

    @property
    def assets(self) -> Fen:
        """Net assets, the measure of tiers: cash and securities without what is borrowed; may be negative."""
        return self.cash + self.securities - self.debt

    @property
    def present(self) -> NDArray[np.bool_]:
        """True where a client has a row on a day."""
        return np.arange(len(self.days))[:, None] >= self.opened[None, :]


class _Plan(NamedTuple):
    """What is fixed before the first day."""

    habit: NDArray[np.int8]
    opened: NDArray[np.int64]
    wealth: Fen
    jumps: Fen
    returns: NDArray[np.int64]
    open_days: NDArray[np.bool_]


@dataclass(slots=True)
class _Account:
    """The balances of all clients on one evening."""

    cash: Fen
    securities: Fen
    debt: Fen


def make_market(clients: int, days: Sequence[date], *, seed: int) -> Market:
    """Asset paths of ``clients`` clients over ``days`` (ascending, from 2024 on; trading days are best).

    The same arguments give the same arrays. From some 200 clients on every tier from 普通 to 私人 is populated,
    a few clients owe more than they have, and about one in fourteen opened the account within the window.
    """
    rng = np.random.default_rng([seed, 0xC11E])
    plan = _plan(rng, clients, days, seed)
    nothing = np.zeros(clients, dtype=np.int64)
    account = _Account(nothing.copy(), nothing.copy(), nothing.copy())
    books = {name: np.zeros((len(days), clients), dtype=np.int64) for name in _BOOKS}
    for row in range(len(days)):
        moved = _open_accounts(plan, account, row, rng)
        account.securities = account.securities * (MILLION + plan.returns[row]) // MILLION
        _flow(plan, account, row, rng, moved)
        _trade(plan, account, row, rng, moved)
        for name in ("cash", "securities", "debt"):
            books[name][row] = getattr(account, name)
        for name, amounts in moved.items():
            books[name][row] = amounts
    return Market(days=tuple(days), habit=plan.habit, opened=plan.opened, **books)


_BOOKS = ("cash", "securities", "debt", "inflow", "outflow", "turnover", "commission")


def _plan(rng: np.random.Generator, clients: int, days: Sequence[date], seed: int) -> _Plan:
    wealth = _wealth(rng, clients)
    habit = _habits(rng, wealth)
    opened = _openings(rng, habit, len(days))
    wealth[habit == Habit.DORMANT] //= 4
    wealth[habit == Habit.EMPTY] = 0
    gaps = np.diff(weekday_index(days), prepend=weekday_index(days)[0] - 1)
    return _Plan(
        habit=habit,
        opened=opened,
        wealth=wealth,
        jumps=_jumps(rng, wealth, habit, opened, len(days)),
        returns=_returns(rng, habit, days, gaps, seed),
        open_days=gaps > 0,
    )


def _wealth(rng: np.random.Generator, clients: int) -> Fen:
    """Quantiles of the log-normal in random order: also a small branch has its few rich clients."""
    normal = NormalDist()
    ranks = np.array([normal.inv_cdf((i + 0.5) / clients) for i in range(clients)])
    amounts = np.rint(np.exp(ranks * SPREAD) * (MEDIAN // YUAN)).astype(np.int64) * YUAN
    return rng.permutation(np.clip(amounts, LEAST, MOST))


def _habits(rng: np.random.Generator, wealth: Fen) -> NDArray[np.int8]:
    draws = rng.random(len(wealth))
    habit = np.where(draws < 0.27, Habit.ACTIVE, np.where(draws > 0.80, Habit.DORMANT, Habit.STEADY)).astype(np.int8)
    habit[draws > 0.97] = Habit.EMPTY
    rich = rng.permutation(np.flatnonzero((wealth >= MARGIN_FROM) & (wealth < 4 * MILLION * YUAN)))
    borrowers = rich[: max(len(rich) // 5, min(len(rich), 4))]
    habit[borrowers] = Habit.MARGIN
    # A few must have failed, or nobody ever sees the lowest tier from below.
    habit[borrowers[: max(len(borrowers) // 9, 1)]] = Habit.UNDERWATER
    return habit


def _openings(rng: np.random.Generator, habit: NDArray[np.int8], days: int) -> NDArray[np.int64]:
    """One client in fourteen is new; half of those came in the last quarter of the window."""
    clients = len(habit)
    new = (rng.random(clients) < 0.07) & np.isin(habit, (Habit.STEADY, Habit.ACTIVE))
    early, late = rng.integers(0, max(days, 1), clients), rng.integers(days * 3 // 4, max(days, 1), clients)
    return np.where(new, np.where(rng.random(clients) < 0.5, early, late), 0).astype(np.int64)


def _jumps(rng: np.random.Generator, wealth: Fen, habit: NDArray[np.int8], opened: NDArray[np.int64], days: int) -> Fen:
    """The large transfers that move clients between tiers: one client in ten, once, in or out."""
    clients = len(wealth)
    jumps = np.zeros((days, clients), dtype=np.int64)
    who = np.flatnonzero((rng.random(clients) < 0.10) & np.isin(habit, (Habit.STEADY, Habit.ACTIVE)))
    when = rng.integers(days // 5, max(days, 1), len(who)) if days else who
    into = rng.random(len(who)) < 0.6
    percent = np.where(into, rng.integers(60, 350, len(who)), -rng.integers(35, 90, len(who)))
    fits = when > opened[who]
    jumps[when[fits], who[fits]] = _round(wealth[who[fits]] * percent[fits] // 100)
    return jumps


def _returns(
    rng: np.random.Generator, habit: NDArray[np.int8], days: Sequence[date], gaps: NDArray[np.int64], seed: int
) -> NDArray[np.int64]:
    """Result of each client's securities per day in millionths; none on weekends."""
    places = weekday_index(days)
    levels = np.cumsum(market_walk(seed, int(places.max()) + 1))
    market = np.diff(levels[places], prepend=levels[places[0]])
    leaning = rng.uniform(0.4, 1.3, len(habit))
    own = rng.standard_normal((len(days), len(habit))) * 0.009 * np.sqrt(gaps)[:, None]
    steps = market[:, None] * leaning[None, :] + own
    # The failed lose three fifths over the window, steadily, whatever the market does.
    failed = habit == Habit.UNDERWATER
    steps[:, failed] = own[:, failed] * 0.4 - 0.92 / max(len(days), 1) * (gaps > 0)[:, None]
    return np.rint(np.clip(steps, -0.2, 0.2) * MILLION).astype(np.int64)


def _open_accounts(plan: _Plan, account: _Account, row: int, rng: np.random.Generator) -> dict[str, Fen]:
    """Old accounts start with their mix, new ones with a first deposit in cash."""
    moved = {name: np.zeros(len(plan.wealth), dtype=np.int64) for name in _BOOKS[3:]}
    if row == 0:
        old = plan.opened == 0
        invested = rng.integers(35, 97, len(plan.wealth))
        invested[plan.habit == Habit.DORMANT] //= 2
        account.securities = np.where(old, plan.wealth * invested // 100, 0)
        account.cash = np.where(old, plan.wealth - account.securities, 0)
        _borrow(plan, account, rng)
    else:
        first = plan.opened == row
        deposit = np.where(first, _round(plan.wealth), 0)
        account.cash = account.cash + deposit
        moved["inflow"] = deposit
    return moved


def _borrow(plan: _Plan, account: _Account, rng: np.random.Generator) -> None:
    percent = np.where(plan.habit == Habit.MARGIN, rng.integers(10, 55, len(plan.wealth)), 0)
    percent = np.where(plan.habit == Habit.UNDERWATER, rng.integers(95, 115, len(plan.wealth)), percent)
    account.debt = _round(plan.wealth * percent // 100)
    account.securities = account.securities + account.debt
    failed = plan.habit == Habit.UNDERWATER
    account.securities = np.where(failed, account.securities + account.cash, account.securities)
    account.cash = np.where(failed, 0, account.cash)


def _flow(plan: _Plan, account: _Account, row: int, rng: np.random.Generator, moved: dict[str, Fen]) -> None:
    """Deposits and withdrawals; who withdraws more than his cash sells securities first."""
    chance, percent = rng.random(len(plan.wealth)), rng.integers(1, 16, len(plan.wealth))
    often = np.select(
        [plan.habit == Habit.ACTIVE, plan.habit == Habit.STEADY, plan.habit == Habit.MARGIN], [0.030, 0.012, 0.008], 0.0
    )
    there = (plan.opened < row) & plan.open_days[row]
    amount = np.where(there & (chance < often), _round(plan.wealth * percent // 100), 0)
    signed = np.where(chance < often * 0.56, amount, -amount) + np.where(there, plan.jumps[row], 0)
    inflow = np.maximum(signed, 0)
    # Whoever owes must keep twice the loan; nobody takes the last cent.
    free = np.maximum(account.cash + account.securities * 9 // 10 - account.debt * 3, 0)
    outflow = np.minimum(np.maximum(-signed, 0), free // (100 * YUAN) * (100 * YUAN))
    sold = np.maximum(outflow - account.cash, 0)
    account.securities = account.securities - sold
    account.cash = account.cash + inflow + sold - outflow
    moved["inflow"] = moved["inflow"] + inflow
    moved["outflow"] = outflow
    moved["turnover"] = sold


def _trade(plan: _Plan, account: _Account, row: int, rng: np.random.Generator, moved: dict[str, Fen]) -> None:
    """Buying and selling towards each client's mix, and what the branch earns by it."""
    clients = len(plan.wealth)
    chance, side, percent = rng.random(clients), rng.random(clients), rng.integers(4, 36, clients)
    often = np.select(
        [plan.habit == Habit.ACTIVE, plan.habit == Habit.STEADY, plan.habit == Habit.MARGIN], [0.22, 0.035, 0.16], 0.0
    )
    trading = (plan.opened <= row) & plan.open_days[row] & (chance < often)
    # New money sits in cash: whoever has mostly cash buys.
    buys = side < np.where(account.cash > account.securities, 0.85, 0.47)
    buying = np.where(trading & buys, account.cash * percent // 100, 0)
    selling = np.where(trading & ~buys, account.securities * percent // 100, 0)
    turnover = moved["turnover"] + buying + selling
    # 0.03 % of the turnover, at least five yuan, never more than there is.
    fee = np.where(turnover > 0, np.maximum(turnover * 300 // MILLION, 5 * YUAN), 0)
    account.securities = account.securities + buying - selling
    account.cash = account.cash - buying + selling
    fee = np.minimum(fee, np.maximum(account.cash, 0))
    account.cash = account.cash - fee
    moved["turnover"], moved["commission"] = turnover, fee


def _round(fen: Fen) -> Fen:
    """Transfers are round: hundreds of yuan."""
    return np.asarray(fen // (100 * YUAN) * (100 * YUAN), dtype=np.int64)


def with_securities_worth(market: Market, worth: Fen) -> Market:
    """The market with the securities of the last day set to ``worth`` per client, the rest being cash.

    Portfolios are built of whole lots and never hit the path's value exactly; net assets stay as they are.
    """
    securities, cash = market.securities.copy(), market.cash.copy()
    cash[-1] += securities[-1] - worth
    securities[-1] = worth
    return replace(market, securities=securities, cash=cash)
