"""Trading permissions: what the rules ask, and what counts as known."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import transaction
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.models import EntryTest, PermissionCode
from clients.querysets.precheck import Rule, precheck, prechecks
from clients.services import (
    AssetDay,
    put_asset_days,
)
from crm.core.access import system_user
from crm.core.clocks import Calendar
from crm.core.models import Branch
from crm.core.policies import Figure
from crm.core.policies import figures as figures_on
from tests.clients.permission_ground import DAY, fit, outcomes, worth
from tests.factories.clients import (
    AccountFactory,
    ClientFactory,
    EntryTestFactory,
    RiskAssessmentFactory,
    TradingPermissionFactory,
)

# -- the conditions ----------------------------------------------------------------------------------------------------


def test_who_meets_every_condition_passes(branch: Branch) -> None:
    client = fit(branch)

    assert precheck(client, "star", DAY).passes
    assert set(outcomes(client).values()) == {"met"}


@pytest.mark.parametrize(
    ("yuan", "days", "outcome"),
    [
        ("500000", 20, "met"),
        ("499999.99", 20, "not_met"),
        ("5000000", 5, "met"),
        ("600000", 19, "met"),
        ("500000", 19, "unknown"),
        ("1000", 3, "unknown"),
        ("0", 0, "unknown"),
    ],
)
def test_the_average_runs_over_twenty_trading_days_and_a_gap_that_matters_is_unknown(
    branch: Branch, yuan: str, days: int, outcome: str
) -> None:
    client = ClientFactory(branch=branch)
    if days:
        worth(client, yuan, days)

    assert outcomes(client)["average"] == outcome


def test_the_window_ends_on_the_trading_day_before_and_skips_holidays(branch: Branch) -> None:
    client = fit(branch)

    (average,) = [c for c in precheck(client, "star", DAY).conditions if c.key == "average"]

    assert average.facts["last"] == "2026-06-01"
    assert average.facts["first"] == "2026-04-30", "the holidays of May are no trading days"
    assert average.facts["window"] == average.facts["days"] == 20
    neeq = [c for c in precheck(client, "neeq_base", DAY).conditions if c.key == "average"]
    assert neeq[0].facts["window"] == 10


def test_money_borrowed_on_margin_does_not_count(branch: Branch) -> None:
    client, calendar = ClientFactory(branch=branch), Calendar.around(DAY)
    rows = [
        AssetDay(client.pk, calendar.add_trading_days(DAY, -back), 400_000_00, 900_000_00, 0, 500_000_00)
        for back in range(20, 0, -1)
    ]
    put_asset_days(branch=branch, rows=rows, actor=system_user())

    assert outcomes(client)["average"] == "not_met"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(amounts=st.lists(st.integers(0, 1_200_000_00) | st.none(), min_size=20, max_size=20))
@pytest.mark.django_db
def test_met_means_enough_whatever_is_missing_and_not_met_means_too_little_with_all_there(amounts: Any) -> None:
    with transaction.atomic():
        client, calendar = ClientFactory(), Calendar.around(DAY)
        days = [calendar.add_trading_days(DAY, -back) for back in range(20, 0, -1)]
        rows = [AssetDay(client.pk, d, a) for d, a in zip(days, amounts, strict=True) if a is not None]
        put_asset_days(branch=client.branch, rows=rows, actor=system_user())
        found = outcomes(client)["average"]
        transaction.set_rollback(True)

    on_file = [a for a in amounts if a is not None]
    if sum(on_file) >= 20 * 500_000_00:
        assert found == "met"
    else:
        assert found == ("not_met" if len(on_file) == 20 else "unknown")


@pytest.mark.parametrize(
    ("since", "outcome"), [(date(2024, 6, 2), "met"), (date(2024, 6, 3), "not_met"), (None, "unknown")]
)
def test_experience_counts_whole_months_from_the_first_trade(branch: Branch, since: date | None, outcome: str) -> None:
    client = ClientFactory(branch=branch)
    AccountFactory(client=client, kind="one_code", first_trade_on=since)

    assert outcomes(client)["experience"] == outcome


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"risk_grade": "C4", "risk_valid_until": DAY}, "met"),
        ({"risk_grade": "C5", "risk_valid_until": date(2027, 1, 1)}, "met"),
        ({"risk_grade": "C3", "risk_valid_until": date(2027, 1, 1)}, "not_met"),
        ({"risk_grade": "C4", "risk_valid_until": date(2026, 6, 1)}, "not_met"),
        ({}, "unknown"),
    ],
)
def test_the_grade_has_to_be_high_enough_and_valid(branch: Branch, fields: dict[str, Any], outcome: str) -> None:
    assert outcomes(ClientFactory(branch=branch, **fields))["grade"] == outcome


@pytest.mark.parametrize(("score", "outcome"), [(80, "met"), (79, "not_met"), (None, "unknown")])
def test_a_test_needs_its_points_and_the_newest_counts(branch: Branch, score: int | None, outcome: str) -> None:
    client = ClientFactory(branch=branch)
    EntryTestFactory(client=client, code="bse", score=100)
    if score is not None:
        EntryTestFactory(client=client, done_on=date(2026, 5, 1), score=100 if score < 80 else 1)
        EntryTestFactory(client=client, done_on=date(2026, 5, 2), score=score)

    assert outcomes(client)["test_knowledge"] == outcome


def test_an_assessment_for_options_is_not_older_than_a_year(branch: Branch) -> None:
    client = ClientFactory(branch=branch)
    assert outcomes(client, "option")["assessment"] == "unknown"
    RiskAssessmentFactory(client=client, assessed_on=date(2025, 6, 1), valid_until=date(2027, 6, 1))
    assert outcomes(client, "option")["assessment"] == "not_met"
    assert outcomes(client, "margin")["assessment"] == "met"
    RiskAssessmentFactory(client=client, assessed_on=date(2025, 6, 2), valid_until=date(2027, 6, 2))
    assert outcomes(client, "option")["assessment"] == "met"


def test_options_need_the_margin_permission_or_futures_trades(branch: Branch) -> None:
    with_margin, with_futures, neither = ClientFactory.create_batch(3, branch=branch)
    TradingPermissionFactory(client=with_margin, code="margin")
    EntryTestFactory(client=with_futures, code="option", kind="futures_trades")
    TradingPermissionFactory(client=neither, code="margin", waiting=True)

    assert outcomes(with_margin, "option")["one_of"] == "met"
    assert outcomes(with_futures, "option")["one_of"] == "met"
    assert outcomes(neither, "option")["one_of"] == "unknown"


def test_who_holds_the_star_permission_is_asked_neither_assets_nor_experience_for_beijing(branch: Branch) -> None:
    client = ClientFactory(branch=branch)
    TradingPermissionFactory(client=client, code="star", opened_on=date(2025, 1, 6))

    found = outcomes(client, "bse")

    assert (found["average"], found["experience"], found["grade"]) == ("waived", "waived", "unknown")
    assert outcomes(client, "hk_connect")["average"] == "unknown"


def test_institutions_are_asked_neither_assets_nor_experience(branch: Branch) -> None:
    found = outcomes(ClientFactory(branch=branch, kind="institution"))

    assert (found["average"], found["experience"]) == ("waived", "waived")


def test_who_left_or_is_suspended_passes_nowhere(branch: Branch) -> None:
    client = fit(branch, status="suspended")

    assert outcomes(client)["status"] == "not_met"
    assert not precheck(client, "star", DAY).passes


def test_the_aged_come_to_the_counter(branch: Branch) -> None:
    assert precheck(ClientFactory(branch=branch, birth_date=date(1956, 6, 2)), "star", DAY).at_counter == 70
    assert precheck(ClientFactory(branch=branch, birth_date=date(1956, 6, 3)), "star", DAY).at_counter is None


@pytest.mark.parametrize("code", PermissionCode.values)
def test_every_permission_has_its_rule(branch: Branch, code: str) -> None:
    rule = Rule.of(figures_on(DAY).figure(f"permission.{code}"))

    assert "disclosure" in rule.tests
    assert all(kind in EntryTest.Kind.values for kind in (*rule.tests, *rule.instead))
    assert all(name in (*PermissionCode.values, *EntryTest.Kind.values) for name in rule.one_of)
    assert precheck(ClientFactory(branch=branch), code, DAY).conditions


def test_before_a_rule_is_in_force_nothing_passes(branch: Branch) -> None:
    found = precheck(ClientFactory(branch=branch), "convertible", date(2022, 6, 17))

    assert found.figure is None
    assert not found.passes


def test_a_grade_that_nobody_knows_asks_for_the_highest() -> None:
    table = {
        "window_days": 9999, "min_average": "1", "min_months": 0, "min_grade": "x9", "assessment_months": 0,
        "pass_mark": 0, "tests": ["none"], "one_of": ["none"], "instead_of_experience": ["none"], "exempt_by": ["none"],
    }  # fmt: skip
    rule = Rule.of(Figure("permission.star", table, 1, DAY, "test"))

    assert (rule.grade, rule.window, rule.tests) == ("C5", 250, ())


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_each_condition_says_why_in_words_and_numbers(branch: Branch, language: str) -> None:
    client = fit(branch)

    with override(language):
        said = [c.why for check in prechecks(client, DAY) for c in check.conditions]

    assert all(said)
    assert any("500,000.00" in text for text in said)


def test_all_pre_checks_cost_as_many_statements_as_one(branch: Branch, cost_of: Any) -> None:
    client = fit(branch)

    assert cost_of(lambda: prechecks(client, DAY)) <= cost_of(lambda: precheck(client, "margin", DAY)) + 1 <= 9
