"""What is owed to clients: made from entitlements by the sweep, and what a change of tier or terms makes of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from clients.models import Client
from crm.core.access import system_user
from crm.core.jobs import run_due
from crm.core.models import Branch
from tests.factories.clients import ClientFactory
from tests.factories.services import (
    plan_on,
    programme_of,
    put_in_tier,
    rows_of,
)
from tests.factories.tiers import TierFactory
from tests.tiers.owing import FIRST, LATER, OLD, owed, speak
from tiers.models import Promise, PromiseRun, ServiceItem, TierState
from tiers.services.catalogue import end_item
from tiers.services.entitlements import set_entitlement

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(greeted: Client) -> Client:
    return greeted


# -- making ------------------------------------------------------------------------------------------------------------


def test_each_entitled_client_is_owed_the_service_once_however_often_the_sweep_runs(
    branch: Branch, client: Client, greeting: ServiceItem
) -> None:
    ordinary = ClientFactory(branch=branch)
    put_in_tier(ordinary, "ordinary", OLD)

    first, again = rows_of(branch), plan_on(branch, FIRST)

    assert owed(client) == [("2026-Q2:1/1", "due", "")]
    assert owed(ordinary) == []
    row = Promise.objects.get()
    assert (row.opens_on, row.due_on, row.last_day) == (FIRST, date(2026, 6, 30), date(2026, 7, 2))
    assert (again, rows_of(branch)) == ({}, first)


def test_whoever_joins_in_the_second_half_is_owed_the_next_one(branch: Branch, client: Client) -> None:
    late = ClientFactory(branch=branch)
    put_in_tier(late, "gold", date(2026, 5, 20))

    plan_on(branch, date(2026, 6, 1))
    plan_on(branch, date(2026, 7, 1))

    assert owed(late) == [("2026-Q3:1/1", "due", "")]


@pytest.mark.parametrize(
    "facts",
    [
        {"status": "closed", "closed_on": LATER},
        {"restricted_on": FIRST, "restriction_reason": "客户要求"},
        {"do_not_contact": True, "do_not_contact_reason": "客户要求"},
    ],
    ids=["closed", "restricted", "silent"],
)
def test_who_is_not_served_or_wants_no_contact_is_owed_nothing_any_more(
    branch: Branch, client: Client, facts: dict[str, Any]
) -> None:
    Client.objects.filter(pk=client.pk).update(**facts)

    plan_on(branch, LATER)

    why = "silent" if "do_not_contact" in facts else "client"
    assert owed(client) == [("2026-Q2:1/1", "closed", why)]


def test_who_comes_back_is_owed_the_same_row_again(branch: Branch, client: Client) -> None:
    Client.objects.filter(pk=client.pk).update(do_not_contact=True, do_not_contact_reason="客户要求")
    plan_on(branch, LATER)
    Client.objects.filter(pk=client.pk).update(do_not_contact=False, do_not_contact_reason="")

    plan_on(branch, LATER + timedelta(days=1))

    assert owed(client) == [("2026-Q2:1/1", "due", "")]


def test_a_service_that_asks_for_a_grade_is_owed_to_who_has_it(branch: Branch, greeting: ServiceItem) -> None:
    ServiceItem.objects.filter(pk=greeting.pk).update(least_grade="C4")
    bold = ClientFactory(branch=branch, risk_grade="C4", risk_valid_until=date(2027, 1, 1))
    cautious = ClientFactory(branch=branch, risk_grade="C3", risk_valid_until=date(2027, 1, 1))
    for one in (bold, cautious):
        put_in_tier(one, "gold", OLD)

    plan_on(branch, FIRST)
    assert (len(owed(bold)), owed(cautious)) == (1, [])

    Client.objects.filter(pk=bold.pk).update(risk_grade="C2")
    plan_on(branch, LATER)
    assert owed(bold) == [("2026-Q2:1/1", "closed", "gate")]


def test_a_gate_that_nobody_knows_lets_nobody_through(branch: Branch, greeting: ServiceItem) -> None:
    ServiceItem.objects.filter(pk=greeting.pk).update(gate="of-another-house")
    put_in_tier(ClientFactory(branch=branch), "gold", OLD)

    assert plan_on(branch, FIRST) == {}


# -- tiers and terms ---------------------------------------------------------------------------------------------------


def test_a_higher_tier_with_tighter_terms_takes_the_place_of_the_row_and_doubles_nothing(
    branch: Branch, client: Client
) -> None:
    put_in_tier(client, "private", date(2026, 4, 30))

    plan_on(branch, LATER)

    assert owed(client) == [("2026-Q2:2/3", "due", ""), ("2026-Q2:1/1", "closed", "terms")]


def test_what_was_kept_in_a_part_speaks_for_it_whatever_the_tier(branch: Branch, client: Client) -> None:
    speak(client, LATER)
    put_in_tier(client, "private", date(2026, 5, 5))

    plan_on(branch, date(2026, 5, 6))
    assert owed(client) == [("2026-Q2:1/1", "done", "")]

    plan_on(branch, date(2026, 6, 2))
    assert owed(client) == [("2026-Q2:1/1", "done", ""), ("2026-Q2:3/3", "due", "")]


def test_a_lower_tier_without_the_service_closes_the_row_and_coming_back_opens_it(
    branch: Branch, client: Client
) -> None:
    put_in_tier(client, "silver", LATER)
    plan_on(branch, LATER)
    assert owed(client) == [("2026-Q2:1/1", "closed", "tier")]

    put_in_tier(client, "gold", date(2026, 5, 6))
    plan_on(branch, date(2026, 5, 6))
    assert owed(client) == [("2026-Q2:1/1", "due", "")]


def test_a_tier_of_the_same_name_in_another_programme_is_another_tier(branch: Branch, client: Client) -> None:
    own = TierFactory(programme__company=branch.company, code="gold")
    TierState.objects.filter(client=client).update(programme=own.programme, tier=own)

    plan_on(branch, LATER)

    assert owed(client) == [("2026-Q2:1/1", "closed", "tier")]


def test_what_was_overdue_when_the_tier_fell_counts_as_missed(branch: Branch, client: Client) -> None:
    put_in_tier(client, "silver", date(2026, 7, 1))

    plan_on(branch, date(2026, 7, 1))
    assert owed(client) == [("2026-Q2:1/1", "due", "")]

    plan_on(branch, date(2026, 7, 3))
    assert owed(client) == [("2026-Q2:1/1", "missed", "")]


def test_an_entitlement_or_service_that_ends_closes_what_is_owed(
    branch: Branch, client: Client, greeting: ServiceItem
) -> None:
    boss = system_user()
    gold = programme_of(branch).tiers.get(code="gold")
    set_entitlement(item=greeting, tier=gold, times=None, period="quarter", valid_from=LATER, today=LATER, actor=boss)

    plan_on(branch, LATER)
    assert owed(client) == [("2026-Q2:1/1", "closed", "ended")]


def test_a_service_that_ends_closes_what_is_owed(branch: Branch, client: Client, greeting: ServiceItem) -> None:
    end_item(item=greeting, last_day=LATER, today=LATER, reason="不再提供", actor=system_user())

    plan_on(branch, LATER + timedelta(days=1))

    assert owed(client) == [("2026-Q2:1/1", "closed", "ended")]


# -- the clock ---------------------------------------------------------------------------------------------------------


def test_the_sweep_brings_the_catalogue_in_plans_each_branch_and_rests_until_something_changes(
    branch: Branch, other_branch: Branch
) -> None:
    now = timezone.now()
    put_in_tier(ClientFactory(branch=branch, risk_grade="C4", risk_valid_until=date(2099, 1, 1)), "private", OLD)

    first, second = run_due(now)["tiers.promises"], run_due(now)["tiers.promises"]

    assert (first > 0, second) == (True, 0)
    assert ServiceItem.objects.filter(company=branch.company, code="pick_up").exists()
    assert PromiseRun.objects.filter(branch__in=[branch, other_branch]).count() == 2
