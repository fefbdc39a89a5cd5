"""Demo accounts: books that close, tiers that are all populated, prices that never change their mind."""

from datetime import date, timedelta

import numpy as np
import pytest

from crm.demo.markets import Habit, make_market, with_securities_worth
from crm.demo.portfolios import make_holdings, worth_of
from crm.demo.securities import by_code, closing_prices, securities

pytestmark = pytest.mark.nodb

DAYS = [day for n in range(396) if (day := date(2025, 10, 21) + timedelta(n)).weekday() < 5]
THRESHOLDS = np.array([100_000, 500_000, 1_000_000, 5_000_000, 10_000_000]) * 100


@pytest.fixture(scope="module")
def market():
    return make_market(2000, DAYS, seed=1)


def tiers(fen):
    return np.searchsorted(THRESHOLDS, fen, side="right")


@pytest.mark.parametrize("row", [0, 100, 200, -1])
def test_every_tier_is_populated_on_every_day(market, row):
    counts = np.bincount(tiers(market.assets[row][market.present[row]]), minlength=6)

    assert (counts > 0).all()
    assert counts[0] > counts[1] > counts[2] and counts[3] > counts[4]


def test_a_small_branch_has_rich_clients_too():
    assert (np.bincount(tiers(make_market(200, DAYS, seed=2).assets[-1]), minlength=6) > 0).all()


def test_some_clients_owe_more_than_they_have_and_only_they_do(market):
    below = market.assets[-1] < 0

    assert 2 <= below.sum() <= 20
    assert set(market.habit[below].tolist()) == {Habit.UNDERWATER}


def test_books_close_every_day(market):
    """What moves assets beside deposits, withdrawals and commission is the result of securities alone."""
    before, after = slice(0, -1), slice(1, None)
    cash = market.cash[after] - market.cash[before]
    moved = market.inflow[after] - market.outflow[after] - market.commission[after]
    result = (market.assets[after] - market.assets[before]) - moved

    traded = cash - moved
    assert (np.abs(traded) <= market.turnover[after]).all()
    quiet = (market.turnover[after] == 0) & (market.present[after])
    assert (traded[quiet] == 0).all()
    held = np.maximum(market.securities[before], market.turnover[after])
    assert (np.abs(result) <= held // 4 + 1).all()


def test_cash_and_securities_are_never_negative(market):
    assert (market.cash >= 0).all() and (market.securities >= 0).all() and (market.debt >= 0).all()


def test_commission_is_earned_on_turnover_only(market):
    assert (market.commission[market.turnover == 0] == 0).all()
    assert market.commission.sum() > 0


def test_dormant_accounts_do_not_move_and_empty_ones_have_nothing(market):
    sleeping = np.isin(market.habit, (Habit.DORMANT, Habit.EMPTY))

    assert not market.turnover[:, sleeping].any() and not market.inflow[:, sleeping].any()
    assert not market.assets[:, market.habit == Habit.EMPTY].any()


def test_new_clients_have_no_row_before_their_first_deposit(market):
    new = np.flatnonzero(market.opened > 0)

    assert 80 < len(new) < 200
    for client in new:
        first = market.opened[client]
        assert not market.assets[:first, client].any()
        assert market.inflow[first, client] > 0 and not market.present[first - 1, client]


def test_clients_rise_and_fall_between_tiers(market):
    earlier, later = tiers(market.assets[-63:-42].mean(axis=0)), tiers(market.assets[-21:].mean(axis=0))

    assert (later > earlier).sum() > 10 and (later < earlier).sum() > 5


def test_the_same_seed_gives_the_same_market(market):
    again, other = make_market(2000, DAYS, seed=1), make_market(2000, DAYS, seed=2)

    assert (again.assets == market.assets).all() and (again.commission == market.commission).all()
    assert (other.assets != market.assets).any()


def test_nothing_is_traded_on_weekends():
    days = [date(2026, 3, 2) + timedelta(n) for n in range(14)]
    market = make_market(400, days, seed=1)

    closed = [n for n, day in enumerate(days) if day.weekday() > 4]

    assert not market.turnover[closed].any()
    assert (market.securities[closed[1]] == market.securities[closed[0] - 1]).all()


def test_holdings_are_whole_lots_worth_at_most_the_securities(market):
    holdings = make_holdings(market, seed=1)
    worth = worth_of(holdings, 2000)

    assert holdings == make_holdings(market, seed=1)
    assert all(h.quantity % by_code()[h.code].lot == 0 and h.quantity > 0 and h.price > 0 for h in holdings)
    assert (worth <= market.securities[-1]).all()
    assert worth.sum() > market.securities[-1].sum() * 0.95
    assert len({(h.client, h.code) for h in holdings}) == len(holdings)


def test_settled_market_agrees_with_its_holdings_and_keeps_net_assets(market):
    worth = worth_of(make_holdings(market, seed=1), 2000)

    settled = with_securities_worth(market, worth)

    assert (settled.securities[-1] == worth).all()
    assert (settled.assets == market.assets).all()
    assert (settled.cash >= 0).all()


# Securities


def test_securities_have_text_codes_and_their_exchange():
    for security in securities():
        assert len(security.code) == 6 and security.code.isdigit()
        if security.kind == "share":
            assert (security.exchange == "SSE") == security.code.startswith("6")
    assert len(by_code()) == len(securities()) >= 120
    assert {"share", "fund", "bond"} == {s.kind for s in securities()}


def test_price_of_a_day_does_not_depend_on_the_days_asked_for():
    for code in ("600519", "512010", "010303"):
        assert (closing_prices(code, DAYS)[40:60] == closing_prices(code, DAYS[40:60])).all()
        assert (closing_prices(code, DAYS) > 0).all()


def test_weekend_shows_the_price_of_friday():
    friday, saturday, sunday = closing_prices("600036", [date(2026, 3, 6), date(2026, 3, 7), date(2026, 3, 8)])

    assert friday == saturday == sunday


def test_days_before_the_walk_are_refused():
    with pytest.raises(ValueError, match="2024"):
        closing_prices("600036", [date(2023, 12, 29)])
