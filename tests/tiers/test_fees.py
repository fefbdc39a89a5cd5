"""The fee calculator: lines that add up to the total, by the figures of the day, and no float anywhere near money."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from rest_framework.test import APIClient

from crm.core.errors import MissingRight
from crm.core.models import AuditEntry, Branch, Policy, User
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tiers.errors import FeesUnknown, RateNotAllowed
from tiers.models import FeeQuote
from tiers.services.commission import Price
from tiers.services.fees import Split, Trade, known_on, last_known, save_quote, split_trade, split_turnover, work_out

pytestmark = pytest.mark.django_db

DAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


def trade(amount: str = "100000", *, product: str = "A_SHARE", at: str = "SSE", side: str = "sell", day: date = DAY):
    return Trade(product, at, side, Decimal(amount), day)


def price(rate: str = "0.00025", *, product: str = "A_SHARE", basis: str = "all_in", least: str = "5") -> Price:
    return Price(product, Decimal(rate), basis, Decimal(least))


@pytest.mark.parametrize(
    ("asked", "at", "lines"),
    [
        # All-in: 25.00 charged; 3.41 and 2.00 of it are passed on.
        (trade(), price(), ("19.59", "3.41", "2.00", "1.00", "50.00")),
        (trade(side="buy"), price(), ("19.59", "3.41", "2.00", "1.00", "0.00")),
        (trade(), price(basis="net"), ("25.00", "3.41", "2.00", "1.00", "50.00")),
        (trade("1000"), price(), ("4.95", "0.03", "0.02", "0.01", "0.50")),
        (
            trade(product="BSE", at="BSE"),
            price(product="BSE"),
            ("10.50", "12.50", "2.00", "1.00", "50.00"),
        ),
    ],
)
def test_a_trade_is_split_into_its_lines(figures, asked, at, lines):
    assert tuple(str(line) for line in work_out(asked, at).lines().values()) == lines


@pytest.mark.parametrize(
    ("day", "handling", "transfer", "stamp"),
    [
        (date(2022, 4, 28), "4.87", "2.00", "100.00"),
        (date(2022, 4, 29), "4.87", "1.00", "100.00"),
        (date(2023, 8, 27), "4.87", "1.00", "100.00"),
        (date(2023, 8, 28), "3.41", "1.00", "50.00"),
    ],
)
def test_fees_follow_the_day_of_the_trade(figures, day, handling, transfer, stamp):
    found = work_out(trade(day=day), price())

    assert [str(part) for part in (found.handling, found.transfer, found.stamp)] == [handling, transfer, stamp]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (trade(product="HK_CONNECT"), "product"),
        (trade(at="BSE"), "exchange"),
        (trade("0"), "amount"),
        (trade(day=date(1999, 1, 4)), "day"),
    ],
)
def test_what_the_figures_do_not_hold_is_refused_with_its_field(figures, asked, field):
    with pytest.raises(FeesUnknown) as refused:
        work_out(asked, price(product=asked.product))

    assert list(refused.value.fields) == [field]


def test_a_price_beyond_the_rules_is_not_worked_out(figures):
    with pytest.raises(RateNotAllowed):
        work_out(trade(), price("0.0031"))


def _plainly(asked: Trade, at: Price) -> tuple[int, int, int, int, int]:
    """The same sums in whole numbers of 10⁻⁹ yuan: another road to the same fen."""

    def fen(rate_in_ten_millionths: int) -> int:
        exact = int(asked.amount * 100) * rate_in_ten_millionths
        return (exact + 5_000_000) // 10_000_000

    old = asked.day < date(2023, 8, 28)
    handling = {"BSE": (2500, 1250)}.get(asked.exchange, (487, 341))[0 if old else 1]
    transfer = 200 if asked.day < date(2022, 4, 29) else 100
    stamp = 0 if asked.side == "buy" else 10_000 if old else 5_000
    charged = max(fen(int(at.rate * 10_000_000)), int(at.min_fee * 100))
    inside = fen(handling) + fen(200) if at.basis == "all_in" else 0
    return charged - inside, fen(handling), fen(200), fen(transfer), fen(stamp)


def _random_trade(dice: random.Random) -> tuple[Trade, Price]:
    at = dice.choice(["SSE", "SZSE", "BSE"])
    product = "BSE" if at == "BSE" else dice.choice(["A_SHARE", "MARGIN"])
    amount = Decimal(dice.choice([dice.randint(1, 10_000), dice.randint(1, 10**9), dice.randint(1, 10**14)])) / 100
    day = dice.choice([date(2021, 11, 15), date(2022, 4, 28), date(2022, 4, 29), date(2023, 8, 27), DAY])
    rate = Decimal(dice.randint(300, 2600)) / 1_000_000
    basis, least = dice.choice(["all_in", "net"]), Decimal(dice.randint(500, 2000)) / 100
    return Trade(product, at, dice.choice(["buy", "sell"]), amount, day), Price(product, rate, basis, least)


def _fen(found: Split) -> tuple[int, ...]:
    return tuple(int(line * 100) for line in found.lines().values())


@pytest.mark.parametrize("count", [10_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_random_trades_add_up_as_worked_out_as_stored_and_as_worked_out_again(branch, staff, figures, count):
    dice, maker = random.Random(20261127), staff("branch_manager")  # noqa: S311  a repeatable book, no secret
    known = {}
    rows: list[FeeQuote] = []
    for _number in range(count):
        asked, at = _random_trade(dice)
        figures_then = known.get(asked.day) or known.setdefault(asked.day, known_on(asked.day, branch))
        found = split_trade(asked, at, figures_then)
        assert _fen(found) == _plainly(asked, at)
        assert found.total == sum(found.lines().values())
        rows.append(_row(asked, at, found, maker))
    FeeQuote.objects.bulk_create(rows, batch_size=2_000)

    asked_for, terms = ("product", "exchange", "side", "amount", "day"), ("product", "rate", "basis", "min_fee")
    worked_out = ("commission", "handling", "regulation", "transfer", "stamp", "total")
    stored = FeeQuote.objects.values(*{*asked_for, *terms, *worked_out})
    for row in stored.iterator(chunk_size=5_000):
        again = split_trade(
            Trade(*(row[name] for name in asked_for)), Price(*(row[name] for name in terms)), known[row["day"]]
        )
        assert {name: row[name] for name in worked_out} == {**again.lines(), "total": again.total}
    assert stored.count() == count


def _row(asked: Trade, at: Price, found: Split, maker: User) -> FeeQuote:
    terms: dict[str, Any] = {"rate": at.rate, "basis": at.basis, "min_fee": at.min_fee, "created_by": maker}
    return FeeQuote(**vars(asked), **terms, **found.lines(), total=found.total)


def test_each_line_rounds_half_a_fen_up(figures):
    # 0.00025 × 20,020 = 5.005; 0.001 % of 20,500 is 0.205; 0.05 % of 30 is 0.015.
    assert work_out(trade("20020", side="buy"), price(basis="net")).commission == Decimal("5.01")
    assert work_out(trade("20500"), price()).transfer == Decimal("0.21")
    assert work_out(trade("30"), price()).stamp == Decimal("0.02")
    assert Decimal("0.015").quantize(Decimal("0.01"), rounding=ROUND_HALF_UP) == Decimal("0.02")


@pytest.mark.parametrize("room", ["services/fees.py", "services/commission.py", "models/fees.py", "api/fees.py"])
def test_no_float_comes_near_commission(room):
    tree = ast.parse((Path(__file__).parents[2] / "tiers" / room).read_text())

    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    numbers = [
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]
    assert "float" not in names and "FloatField" not in ast.dump(tree)
    assert numbers == []


def test_a_kept_quote_names_the_figures_used_and_leaves_a_trace(branch: Branch, staff: Staff, figures):
    manager = staff("branch_manager")

    made = save_quote(now=NOW, trade=trade(), price=price(), actor=manager, client=ClientFactory(branch=branch))

    assert made.total == Decimal("76.00")
    assert made.figures["fee.stamp_sell"]["from"] == "2023-08-28"
    assert AuditEntry.objects.get(action="fee_quote.save").object_id == made.public_id


def test_fees_are_worked_out_up_to_the_figures_on_file(branch: Branch, staff: Staff, figures):
    manager, far = staff("branch_manager"), trade(day=date(2099, 1, 1))

    with pytest.raises(FeesUnknown) as refused:
        save_quote(now=NOW, trade=far, price=price(), actor=manager)

    assert list(refused.value.fields) == ["day"]
    Policy.objects.filter(policy_key="fee.transfer").update(effective_from=date(2026, 9, 1))
    assert last_known(DAY) == date(2026, 9, 1)
    assert not FeeQuote.objects.exists()


@pytest.mark.parametrize("wrong", [{"total": 1}, {"amount": 0}, {"rate": 0}, {"side": "buy"}])
def test_the_database_refuses_a_quote_that_does_not_add_up(branch, staff, figures, wrong):
    made = save_quote(now=NOW, trade=trade(), price=price(), actor=staff("branch_manager"))

    with pytest.raises(IntegrityError), transaction.atomic():
        FeeQuote.objects.filter(pk=made.pk).update(**wrong)


def test_a_quote_is_seen_by_those_who_may_see_the_clients_commission(branch, other_branch, staff, figures):
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor)
    made = save_quote(now=NOW, trade=trade(), price=price(), actor=advisor, client=client)
    own = save_quote(now=NOW, trade=trade(), price=price(), actor=advisor)

    seen = {role: set(FeeQuote.objects.visible_to(staff(role))) for role in ("branch_manager", "compliance")}
    assert set(FeeQuote.objects.visible_to(advisor)) == {made, own}
    assert all(rows == {made} for rows in seen.values())
    for stranger in (staff("advisor"), staff("branch_manager", branch=other_branch), staff("front_desk")):
        assert not FeeQuote.objects.visible_to(stranger).exists()
    with pytest.raises(MissingRight):
        save_quote(now=NOW, trade=trade(), price=price(), actor=staff("advisor"), client=client)


def test_the_calculator_page_keeps_what_was_asked_and_shows_its_lines(branch, staff, web, figures):
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor)
    page, url = web(advisor), reverse("tiers:fees") + f"?client={client.public_id}"
    said = {
        "form_token": "t1", "product": "A_SHARE", "exchange": "SSE", "side": "sell", "amount": "100000",
        "day": "2026-06-01", "rate": "2.5", "basis": "all_in", "min_fee": "5",
    }  # fmt: skip

    assert page.get(url).status_code == 200
    answer, wrong = page.post(url, said), page.post(url, {**said, "form_token": "t2", "rate": "31"})

    made = FeeQuote.objects.get()
    assert (made.client, answer.headers["Location"]) == (client, reverse("tiers:fee_quote", args=[made.public_id]))
    assert wrong.status_code == 400
    shown = page.get(answer.headers["Location"]).content.decode()
    assert all(text in shown for text in ("19.59", "3.41", "50.00", "76.00"))
    assert web(staff("advisor")).get(answer.headers["Location"]).status_code == 404
    assert web(staff("advisor")).get(url).status_code == 404
    assert web(staff("front_desk")).get(reverse("tiers:fees")).status_code == 403


def test_the_calculator_over_rest_answers_once_for_one_key(branch, staff, api: Callable[[User], APIClient], figures):
    phone = api(staff("branch_manager"))
    said = {
        "product": "A_SHARE", "exchange": "SZSE", "side": "buy", "amount": "100000.00", "day": "2026-06-01",
        "rate": "0.000250", "min_fee": "5.00",
    }  # fmt: skip

    first, second = (
        phone.post("/api/v1/fee-quotes/", said, format="json", headers={"Idempotency-Key": "k"}) for _ in range(2)
    )
    unknown = phone.post(
        "/api/v1/fee-quotes/", {**said, "product": "OPTION"}, format="json", headers={"Idempotency-Key": "k2"}
    )

    assert (first.status_code, second.status_code, FeeQuote.objects.count()) == (201, 200, 1)
    assert (first.data["total"], first.data["stamp"], first.data["client"]) == ("26.00", "0.00", None)
    assert (unknown.status_code, list(unknown.json()["fields"])) == (400, ["product"])
    assert api(staff("front_desk")).get("/api/v1/fee-quotes/").status_code == 403


def test_a_year_of_trading_is_split_by_the_figures_of_each_day_and_its_lines_add_up(figures):
    """One million a day at 2.5 all-in, on the day before and the day of the cuts of 2023-08-28."""
    days = [
        (date(2023, 8, 27), Decimal(1_000_000), Decimal(250)),
        (date(2023, 8, 28), Decimal(1_000_000), Decimal(250)),
    ]

    split = split_turnover(days, "all_in")

    assert split.handling == Decimal("48.70") + Decimal("34.10")
    assert split.regulation == Decimal("40.00")
    assert split.transfer == Decimal("20.00")
    assert split.stamp == Decimal("500.00") + Decimal("250.00")
    assert split.commission == Decimal(500) - split.handling - split.regulation
    assert split.total == split.charged + split.transfer + split.stamp == Decimal("1270.00")


def test_net_the_fees_come_on_top_and_a_commission_never_goes_below_nothing(figures):
    day = date(2026, 6, 1)

    net = split_turnover([(day, Decimal(100_000), Decimal(20))], "net")
    unknown = split_turnover([(day, Decimal(100_000), Decimal(0))], "all_in")

    assert (net.commission, net.charged) == (Decimal("20.00"), Decimal("25.41"))
    assert (unknown.commission, unknown.handling) == (Decimal(0), Decimal("3.41"))
    assert split_turnover([], "all_in").total == 0
