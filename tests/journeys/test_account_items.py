"""My day shows falling collateral, classes that run out, and what waits for a second person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils.translation import override

from crm.core.models import Branch, User
from crm.workbench.queue import todays_items
from tests.doors import Staff
from tests.factories.clients import AccountFactory, InvestorClassificationFactory, TradingPermissionFactory


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with override("en"):
        yield


TODAY = date(2026, 6, 2)


def items(user: User, kind: str) -> list[tuple[str, str]]:
    return [(item.title, item.reason) for item in todays_items(user, TODAY) if item.kind == kind]


def test_an_advisor_sees_the_falling_collateral_of_his_own_clients_the_worst_first(
    branch: Branch, staff: Staff
) -> None:
    advisor = staff("advisor")
    for name, ratio, own in (("甲", "1.6", True), ("乙", "1.1", True), ("丙", "2.5", True), ("丁", "1.1", False)):
        AccountFactory(
            client__branch=branch,
            client__name=name,
            client__advisor=advisor if own else None,
            credit=True,
            margin_ratio=Decimal(ratio),
        )

    assert items(advisor, "collateral") == [
        ("乙", "Below the close-out line: 110.00%"),
        ("甲", "Watch the collateral: 160.00%"),
    ]
    assert items(staff("front_desk"), "collateral") == []


def test_a_class_that_runs_out_within_a_month_is_on_the_day_of_who_serves_the_client(
    branch: Branch, staff: Staff
) -> None:
    advisor = staff("advisor")
    for name, last in (("甲", date(2026, 7, 2)), ("乙", date(2026, 7, 3))):
        InvestorClassificationFactory(
            client__branch=branch, client__name=name, client__advisor=advisor, in_force=True, valid_until=last
        )

    assert items(advisor, "investor_class") == [("甲", "Professional investor C runs out")]


@pytest.mark.parametrize("role", ["branch_manager", "compliance"])
def test_what_waits_for_a_second_person_is_on_the_day_of_who_may_decide_but_not_of_who_asked(
    branch: Branch, staff: Staff, role: str
) -> None:
    boss: Any = staff(role)
    TradingPermissionFactory(client__branch=branch, client__name="甲", waiting=True)
    TradingPermissionFactory(client__branch=branch, client__name="乙", waiting=True, opened_by=boss)
    InvestorClassificationFactory(client__branch=branch, client__name="丙")
    InvestorClassificationFactory(client__branch=branch, client__name="丁", requested_by=boss)

    assert sorted(items(boss, "decision")) == [
        ("丙", "Professional investor C"),
        ("甲", "Exemption: STAR Market"),
    ]
    assert items(staff("advisor"), "decision") == []
