"""Nothing is owed for a time in which the client could not be served: what becomes of promises in a pause and after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from clients.models import Client
from crm.core.access import system_user
from crm.core.models import Branch
from tests.factories.clients import ClientFactory, ContactLogFactory
from tests.factories.services import (
    EntitlementFactory,
    ServiceItemFactory,
    morning,
    plan_on,
    programme_of,
    put_in_tier,
)
from tests.tiers.owing import FIRST, OLD, owed
from tiers.models import Promise, ServiceItem, TierState
from tiers.services.catalogue import change_item
from tiers.services.entitlements import set_entitlement
from tiers.services.promise_contacts import follow_contacts

pytestmark = pytest.mark.django_db


@pytest.fixture
def monthly(branch: Branch) -> ServiceItem:
    """A month after the last time, for gold."""
    item: ServiceItem = ServiceItemFactory(company=branch.company, rhythm="rolling")
    EntitlementFactory(item=item, times=3)
    return item


@pytest.fixture
def client(branch: Branch, monthly: ServiceItem) -> Client:
    """Owed since 1 April, by 1 May."""
    found: Client = ClientFactory(branch=branch)
    put_in_tier(found, "gold", OLD)
    plan_on(branch, FIRST)
    return found


def silent(client: Client) -> None:
    Client.objects.filter(pk=client.pk).update(do_not_contact=True, do_not_contact_reason="客户要求")


def restricted(client: Client) -> None:
    Client.objects.filter(pk=client.pk).update(restricted_on=date(2026, 4, 10), restriction_reason="客户要求")


def unfit(client: Client) -> None:
    ServiceItem.objects.update(least_grade="C4")


def in_a_lower_tier(client: Client) -> None:
    put_in_tier(client, "ordinary", date(2026, 4, 10))


def open_again(client: Client, day: date) -> None:
    """Whatever stood in the way is over."""
    free = {"do_not_contact": False, "do_not_contact_reason": "", "restricted_on": None, "restriction_reason": ""}
    Client.objects.filter(pk=client.pk).update(**free)
    ServiceItem.objects.update(least_grade="")
    if TierState.objects.get(client=client).tier.code != "gold":
        put_in_tier(client, "gold", day)


PAUSES = [(silent, "silent"), (restricted, "client"), (unfit, "gate"), (in_a_lower_tier, "tier")]


@pytest.mark.parametrize(("goes", "why"), PAUSES)
def test_after_a_long_pause_the_clock_begins_anew_and_nothing_counts_as_missed(
    branch: Branch, client: Client, goes: Callable[[Client], None], why: str
) -> None:
    goes(client)
    plan_on(branch, date(2026, 4, 10))
    back = date(2026, 9, 1)
    open_again(client, back)

    plan_on(branch, back)
    plan_on(branch, date(2026, 9, 20))

    assert owed(client) == [("from:2026-04-01", "closed", why), ("from:2026-09-01", "due", "")]
    assert Promise.objects.due().get().due_on == date(2026, 10, 1)


@pytest.mark.parametrize(("goes", "why"), PAUSES)
def test_after_a_short_pause_the_same_row_is_owed_by_the_same_day(
    branch: Branch, client: Client, goes: Callable[[Client], None], why: str
) -> None:
    goes(client)
    plan_on(branch, date(2026, 4, 10))
    assert owed(client) == [("from:2026-04-01", "closed", why)]
    back = date(2026, 4, 20)
    open_again(client, back)

    plan_on(branch, back)

    assert owed(client) == [("from:2026-04-01", "due", "")]


def test_who_was_spoken_with_just_before_a_pause_is_owed_nothing_for_it(branch: Branch, client: Client) -> None:
    ContactLogFactory(client=client, at=morning(date(2026, 4, 10)), purpose="care")
    follow_contacts([client.pk], date(2026, 4, 10))
    silent(client)
    for day in (date(2026, 4, 11), date(2026, 8, 31)):
        plan_on(branch, day)
    open_again(client, date(2026, 9, 1))

    plan_on(branch, date(2026, 9, 1))

    assert owed(client) == [("from:2026-04-01", "done", ""), ("from:2026-09-01", "due", "")]


def test_what_was_overdue_before_the_pause_counts_as_missed_at_once(branch: Branch, client: Client) -> None:
    silent(client)

    plan_on(branch, date(2026, 5, 2))

    assert owed(client) == [("from:2026-04-01", "missed", "")]


def test_what_fell_due_after_a_restriction_is_closed_however_late_the_sweep_runs(
    branch: Branch, client: Client
) -> None:
    restricted(client)

    plan_on(branch, date(2026, 6, 1))

    assert owed(client) == [("from:2026-04-01", "closed", "client")]


def test_what_fell_due_after_the_tier_fell_is_closed_however_late_the_sweep_runs(
    branch: Branch, client: Client
) -> None:
    in_a_lower_tier(client)

    plan_on(branch, date(2026, 6, 1))

    assert owed(client) == [("from:2026-04-01", "closed", "tier")]


def test_an_entitlement_that_begins_anew_is_owed_anew(branch: Branch, client: Client, monthly: ServiceItem) -> None:
    entitle(branch, monthly, None, date(2026, 4, 10))
    plan_on(branch, date(2026, 4, 10))
    entitle(branch, monthly, 3, date(2026, 6, 1))

    plan_on(branch, date(2026, 6, 1))

    assert owed(client) == [("from:2026-04-01", "closed", "ended"), ("from:2026-06-01", "due", "")]


def test_an_entitlement_that_begins_anew_in_time_is_not_held_up_by_the_row_it_closed(
    branch: Branch, client: Client, monthly: ServiceItem
) -> None:
    quarterly = ServiceItemFactory(company=branch.company)
    EntitlementFactory(item=quarterly)
    plan_on(branch, FIRST)
    for times, day in ((None, date(2026, 4, 10)), (1, date(2026, 4, 20))):
        entitle(branch, monthly, times, day)
        entitle(branch, quarterly, times, day)
        plan_on(branch, day)

    assert owed(client) == [("from:2026-04-01", "due", ""), ("2026-Q2:1/1", "due", "")]


def test_a_part_of_a_period_that_lay_in_a_pause_is_not_owed_afterwards(branch: Branch) -> None:
    item = ServiceItemFactory(company=branch.company)
    EntitlementFactory(item=item, period="month")
    client = ClientFactory(branch=branch)
    put_in_tier(client, "gold", OLD)
    silent(client)
    plan_on(branch, FIRST)
    open_again(client, date(2026, 5, 20))

    plan_on(branch, date(2026, 5, 20))
    assert owed(client) == []

    plan_on(branch, date(2026, 6, 1))
    assert owed(client) == [("2026-06:1/1", "due", "")]


def test_a_birthday_in_a_pause_is_not_owed_afterwards(branch: Branch) -> None:
    EntitlementFactory(item=ServiceItemFactory(company=branch.company, rhythm="birthday"), period="year")
    client = ClientFactory(branch=branch, birth_date=date(1980, 4, 10))
    put_in_tier(client, "gold", OLD)
    plan_on(branch, date(2026, 4, 8))
    silent(client)
    plan_on(branch, date(2026, 4, 9))
    open_again(client, date(2026, 4, 11))

    plan_on(branch, date(2026, 4, 11))

    assert owed(client) == [("2026", "closed", "silent")]


def test_a_late_sweep_makes_what_follows_each_one_that_was_missed(branch: Branch, client: Client) -> None:
    found = plan_on(branch, date(2026, 7, 20))

    assert found == {"made": 3, "missed": 3}
    assert [state for _key, state, _why in owed(client)] == ["missed", "missed", "missed", "due"]


def test_terms_that_got_tighter_do_not_hold_up_the_next_one(branch: Branch, client: Client) -> None:
    """A row with a far day that was kept early stands behind the ones that followed it."""
    Promise.objects.update(due_on=date(2026, 12, 1), last_day=date(2026, 12, 3))
    for day in (date(2026, 4, 10), date(2026, 4, 20)):
        ContactLogFactory(client=client, at=morning(day), purpose="care")
        follow_contacts([client.pk], day)
        plan_on(branch, day.replace(day=day.day + 1))

    assert owed(client)[-1][1] == "done"
    assert Promise.objects.due().get().occurrence_key == "after:2026-04-20"


def test_what_is_owed_again_says_the_terms_on_which_it_is_owed_now(branch: Branch, client: Client) -> None:
    silent(client)
    plan_on(branch, date(2026, 4, 10))
    item = ServiceItem.objects.get()
    values: dict[str, Any] = {"limit_days": 9, "cost": 80}
    changed = change_item(item=item, values=values, reason="更久", actor=system_user())
    open_again(client, date(2026, 4, 20))

    plan_on(branch, date(2026, 4, 20))

    row = Promise.objects.get()
    assert (row.state, row.edition, row.cost) == ("due", changed.version, 80)
    assert (row.due_on, row.last_day) == (date(2026, 5, 1), date(2026, 5, 15))


def entitle(branch: Branch, item: ServiceItem, times: int | None, day: date) -> None:
    gold = programme_of(branch).tiers.get(code="gold")
    set_entitlement(item=item, tier=gold, times=times, period="quarter", valid_from=day, today=day, actor=system_user())
