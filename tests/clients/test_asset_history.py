"""The assets of one client over a time, and what his holdings say together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.models import BranchDay, Client, DailyAsset
from clients.portfolio import portfolio
from clients.querysets.asset_history import asset_history, by_month, sum_of
from clients.services import AssetDay, put_asset_days
from crm.core.access import system_user
from crm.core.models import Branch, User
from tests.doors import Staff
from tests.factories.clients import ClientFactory, HoldingFactory

DAY = date(2026, 6, 1)
CENT = Decimal("0.01")


def plain_average(values: list[int], window: int) -> Decimal | None:
    if len(values) < window:
        return None
    return (Decimal(sum(values[-window:])) / window / 100).quantize(CENT, ROUND_HALF_UP)


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    amounts=st.lists(st.integers(-10_000, 10_000_000), min_size=1, max_size=90),
    late=st.integers(0, 89),
    back=st.integers(0, 80),
)
def test_averages_by_running_sums_are_those_of_adding_up_also_after_a_late_day(
    branch: Branch, staff: Staff, amounts: list[int], late: int, back: int
) -> None:
    DailyAsset.objects.all().delete()
    BranchDay.objects.all().delete()
    client = ClientFactory(branch=branch)
    rows = [AssetDay(client.pk, DAY + timedelta(days=n), amount) for n, amount in enumerate(amounts)]
    late_row = rows[late % len(rows)]
    put_asset_days(branch=branch, rows=[row for row in rows if row is not late_row], actor=system_user())
    put_asset_days(branch=branch, rows=[late_row], actor=system_user())
    last = rows[-1].day

    lines = asset_history(system_user_of(branch, staff), client, last - timedelta(days=back), last)

    assert [line.day for line in lines] == [row.day for row in rows if row.day >= last - timedelta(days=back)]
    for line in lines:
        until = [row.net_assets for row in rows if row.day <= line.day]
        assert line.average_short == plain_average(until, 20)
        assert line.average_long == plain_average(until, 60)


def system_user_of(branch: Branch, staff: Staff) -> User:
    """Somebody of the branch; one for all examples."""
    return User.objects.filter(branch=branch).first() or staff("front_desk")


def test_a_corrected_day_moves_the_averages_it_touches_and_no_others(branch: Branch, staff: Staff) -> None:
    client, user = ClientFactory(branch=branch), staff("front_desk")
    days = [AssetDay(client.pk, DAY + timedelta(days=n), 1_000) for n in range(60)]
    put_asset_days(branch=branch, rows=days, actor=system_user())

    put_asset_days(branch=branch, rows=[days[30]._replace(net_assets=3_000)], actor=system_user())

    lines = asset_history(user, client, DAY, DAY + timedelta(days=59))
    moved = [n for n, line in enumerate(lines) if line.average_short not in (None, Decimal("10.00"))]
    assert moved == list(range(30, 50))


def test_a_month_has_the_flows_of_its_days_and_the_stock_of_its_last(branch: Branch, staff: Staff) -> None:
    client, user = ClientFactory(branch=branch), staff("front_desk")
    rows = [
        AssetDay(client.pk, date(2026, 5, 28), 100, margin_debt=40, inflow=7, turnover=10, commission=1),
        AssetDay(client.pk, date(2026, 5, 29), 200, margin_debt=50, outflow=3, turnover=20, commission=2),
        AssetDay(client.pk, DAY, 300, inflow=5),
    ]
    put_asset_days(branch=branch, rows=rows, actor=system_user())

    months = by_month(asset_history(user, client, date(2026, 5, 1), DAY))

    assert [(m.day, m.net_assets, m.total_assets, m.inflow, m.outflow, m.turnover) for m in months] == [
        (date(2026, 5, 29), Decimal("2.00"), Decimal("2.50"), Decimal("0.07"), Decimal("0.03"), Decimal("0.30")),
        (DAY, Decimal("3.00"), Decimal("3.00"), Decimal("0.05"), Decimal("0.00"), Decimal("0.00")),
    ]
    assert sum_of(months, "commission") == Decimal("0.03")


def test_history_starts_at_what_one_may_see(branch: Branch, other_branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch)
    put_asset_days(branch=branch, rows=[AssetDay(client.pk, DAY, 100)], actor=system_user())

    assert asset_history(staff("front_desk"), client, DAY, DAY)
    assert not asset_history(staff("front_desk", branch=other_branch), client, DAY, DAY)


def test_weights_leave_short_positions_out_and_name_the_largest(branch: Branch) -> None:
    client = ClientFactory(branch=branch)
    rows = [
        HoldingFactory.build(client=client, security_code="600519", market_value=Decimal(600), cost=Decimal(500)),
        HoldingFactory.build(client=client, security_code="510300", market_value=Decimal(300), cost=None),
        HoldingFactory.build(client=client, security_code="X1", security_kind="wealth", market_value=Decimal(100)),
        HoldingFactory.build(
            client=client, security_code="X2", security_kind="derivatives", market_value=Decimal(-50), cost=Decimal(10)
        ),
    ]

    found = portfolio(rows)

    assert [p.weight for p in found.positions] == [Decimal("0.6"), Decimal("0.3"), Decimal("0.1"), None]
    assert found.largest is found.positions[0]
    assert found.largest_three == 1
    assert found.market_value == 950
    assert [(held.holding.kind) for held in found.positions] == ["stock", "fund", "wealth", "derivatives"]


def test_without_holdings_nothing_is_concentrated() -> None:
    empty = portfolio([])

    assert (empty.largest, empty.largest_three, empty.gain, empty.kinds, empty.day) == (None, None, None, [], None)


URL = "/api/v1/holdings/"


def test_holdings_are_read_by_client_with_weights_and_on_his_trail(
    branch: Branch, other_branch: Branch, staff: Staff, api: Callable[[User], Any]
) -> None:
    client, stranger = ClientFactory(branch=branch), ClientFactory(branch=other_branch)
    HoldingFactory(client=client, day=DAY, security_code="1", market_value=Decimal(300), quantity=Decimal("1.5000"))
    HoldingFactory(client=client, day=DAY, security_code="2", market_value=Decimal(100))
    HoldingFactory(client=client, day=DAY - timedelta(days=1), security_code="3")
    phone = api(staff("front_desk"))

    answer = phone.get(URL, {"client": client.public_id})

    assert [(row["security_code"], row["quantity"], row["weight"]) for row in answer.data] == [
        ("1", "1.5000", "0.750000"),
        ("2", "100.0000", "0.250000"),
    ]
    earlier = phone.get(URL, {"client": client.public_id, "day": "2026-05-31"})
    assert [row["security_code"] for row in earlier.data] == ["3"]
    assert phone.get(URL).status_code == phone.get(URL, {"client": client.public_id, "day": "x"}).status_code == 400
    foreign = [phone.get(URL, {"client": ref}) for ref in (stranger.public_id, "0" * 26)]
    assert [a.status_code for a in foreign] == [404, 404]
    assert foreign[0].content == foreign[1].content
    assert api(staff("agent")).get(URL, {"client": client.public_id}).status_code == 403


def test_the_tab_shows_what_was_asked_for_and_commission_only_to_whom_it_concerns(
    branch: Branch, staff: Staff, web: Callable[[User], Any]
) -> None:
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor)
    day = AssetDay(client.pk, DAY, 1_000_000, turnover=5_000_000, commission=1_250)
    rows = [day._replace(day=DAY + timedelta(days=n)) for n in range(70)]
    put_asset_days(branch=branch, rows=rows, actor=system_user())
    HoldingFactory(client=client, security_code="000001", quantity=Decimal("1234.5678"))
    url = f"/clients/{client.public_id}/?tab=assets"

    shown = {role: web(staff(role)).get(url).content.decode() for role in ("branch_manager", "front_desk")}

    assert "1,234.5678" in shown["front_desk"]
    assert "60-day average" in shown["front_desk"]
    assert "Commission paid" in shown["branch_manager"]
    assert "Commission" not in shown["front_desk"].split('id="assets"')[1]
    assert "Commission paid" in web(advisor).get(url).content.decode()
    year = web(advisor).get(f"{url}&period=1y").content.decode()
    assert "2026-08" in year.split('id="assets"')[1]


@pytest.mark.parametrize("period", ["1m", "3m", "1y", "all", "nonsense"])
def test_every_time_costs_the_same(
    branch: Branch, staff: Staff, web: Callable[[User], Any], cost_of: Any, period: str
) -> None:
    client, browser = ClientFactory(branch=branch), web(staff("branch_manager"))
    url = f"/clients/{client.public_id}/?tab=assets&period={period}"
    put_asset_days(branch=branch, rows=[AssetDay(client.pk, DAY, 1)], actor=system_user())
    HoldingFactory(client=client, security_code="0")
    browser.get(url)
    one = cost_of(lambda: browser.get(url))
    rows = [AssetDay(client.pk, DAY + timedelta(days=n), n) for n in range(80)]
    put_asset_days(branch=branch, rows=rows, actor=system_user())
    for n in range(1, 9):
        HoldingFactory(client=client, security_code=str(n))

    assert cost_of(lambda: browser.get(url)) == one


def test_the_kind_of_a_security_in_the_file_counts_as_a_line(branch: Branch) -> None:
    from clients.querysets.business_lines import lines_of, uses_line

    client = ClientFactory(branch=branch)
    HoldingFactory(client=client, security_code="110011", security_kind="fund")

    used = {use.line for use in lines_of(client) if use.is_used}

    assert used == {"fund"}
    assert [line for line in ("stock", "bond", "fund") if Client.objects.filter(uses_line(line)).exists()] == ["fund"]
