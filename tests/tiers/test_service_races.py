"""Two at once: planners of a branch, clients who reach for the last place, rounds for a market event.

Each rule has a twin in which the product runs with nothing but its lock taken away, and comes out double.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from clients.models import Client
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.models import AuditEntry, Branch, User
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.services import EntitlementFactory, ServiceItemFactory, morning, plan_on, put_in_tier
from tests.racing import Meeting, on_postgresql, race
from tiers.models import Booking, MarketEvent, Promise, PromiseRun, ServiceDay, ServiceItem
from tiers.querysets.bookings import ServiceDayQuerySet
from tiers.services import bookings, market_events, promise_plan
from tiers.services.bookings import ask_booking
from tiers.services.market_events import ask_again, call_round

pytestmark = pytest.mark.django_db(transaction=True)

OLD, FIRST = date(2025, 1, 1), date(2026, 4, 1)
TODAY = local_date(timezone.now())
SOON = TODAY + timedelta(days=2)


@pytest.fixture
def gold(branch: Branch) -> Callable[[], Client]:
    def make() -> Client:
        client = ClientFactory(branch=branch)
        put_in_tier(client, "gold", OLD)
        return client

    system_user()
    return make


def lock_off(monkeypatch: pytest.MonkeyPatch, module: Any) -> None:
    """The rows that the services of a module lock are read and not locked."""
    monkeypatch.setattr(module, "lock", lambda rows, *, version=None, **lookup: rows.get(**lookup))


def kinds(results: list[Any]) -> list[str]:
    return sorted(type(result).__name__ for result in results)


# -- promises ----------------------------------------------------------------------------------------------------------


def test_four_planners_at_once_make_every_promise_once(branch: Branch, gold: Callable[[], Client]) -> None:
    EntitlementFactory(item=ServiceItemFactory(company=branch.company))
    for _n in range(20):
        gold()

    results = race(4, lambda _n: plan_on(branch, FIRST))

    assert [result for result in results if isinstance(result, Exception)] == []
    assert sum(result.get("made", 0) for result in results) == 20
    assert Promise.objects.count() == 20


def plan_together(branch: Branch, gold: Callable[[], Client], monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Two planners who have both looked before either writes, if nothing holds one back: how many rows are told of, and there."""
    EntitlementFactory(item=ServiceItemFactory(company=branch.company, rhythm="rolling"))
    plan_on(branch, FIRST - timedelta(days=1))  # the branch has had its first run
    for _n in range(20):
        gold()
    meeting, owe_again = Meeting(2), promise_plan._owe_again

    def slow(*args: Any) -> int:
        meeting.wait()
        return owe_again(*args)

    monkeypatch.setattr(promise_plan, "_owe_again", slow)
    assert kinds(race(2, lambda _n: plan_on(branch, FIRST))) == ["dict", "dict"]
    told = AuditEntry.objects.filter(action="promise.plan").values_list("after__made", flat=True)
    return sum(told), Promise.objects.count()


def test_of_two_planners_at_once_one_tells_of_what_is_made(
    branch: Branch, gold: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plan_together(branch, gold, monkeypatch) == (20, 20)


@on_postgresql
def test_without_the_lock_of_the_branch_both_planners_tell_of_the_same_promises(
    branch: Branch, gold: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: the rows are saved by their constraint, the count of them and the trail are not."""
    monkeypatch.setattr(PromiseRun.objects, "select_for_update", PromiseRun.objects.all)

    assert plan_together(branch, gold, monkeypatch) == (40, 20)


# -- places ------------------------------------------------------------------------------------------------------------


def pick_up(branch: Branch, *, places: int, times: int) -> ServiceItem:
    item: ServiceItem = ServiceItemFactory(company=branch.company, code="pick-up", booked=True, places=places)
    EntitlementFactory(item=item, times=times, period="year")
    return item


def book(client: Client, item: ServiceItem) -> Booking:
    made: Booking = ask_booking(
        client=client, item=item, day=SOON, at=time(9, 30), actor=system_user(), now=morning(TODAY)
    )
    return made


def test_of_five_who_reach_for_the_last_place_one_gets_it(branch: Branch, gold: Callable[[], Client]) -> None:
    item, clients = pick_up(branch, places=1, times=2), [gold() for _n in range(5)]

    results = race(5, lambda n: book(clients[n], item))

    assert kinds(results) == ["Booking"] + ["DayFull"] * 4
    assert (Booking.objects.count(), ServiceDay.objects.get().taken) == (1, 1)


@on_postgresql
def test_whoever_looks_first_and_takes_afterwards_would_share_the_last_place(
    branch: Branch, gold: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: a place is taken if one was free when the day was read, without the condition in the UPDATE."""
    item, clients = pick_up(branch, places=1, times=2), [gold() for _n in range(2)]
    ServiceDay.objects.create(item=item, branch=branch, day=SOON, places=1)
    meeting = Meeting(2)

    def look_then_take(self: Any, pk: int) -> bool:
        row = self.get(pk=pk)
        meeting.wait()
        self.filter(pk=pk).update(taken=row.taken + 1, version=F("version") + 1)
        return bool(row.free)

    monkeypatch.setattr(ServiceDayQuerySet, "take_place", look_then_take)

    results = race(2, lambda n: book(clients[n], item))

    assert kinds(results) == ["Booking", "Booking"]
    assert (Booking.objects.count(), ServiceDay.objects.get().taken) == (2, 1)


def book_together(client: Client, item: ServiceItem, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two bookings of one client whose claim is looked at for both before either is made, if nothing holds one back."""
    meeting, day_of = Meeting(2), bookings.day_of

    def slow(*args: Any) -> ServiceDay:
        meeting.wait()
        return day_of(*args)

    monkeypatch.setattr(bookings, "day_of", slow)
    return kinds(race(2, lambda _n: book(client, item)))


def test_of_two_bookings_of_a_client_at_once_one_is_the_last_that_he_may_have(
    branch: Branch, gold: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    item = pick_up(branch, places=9, times=1)

    assert book_together(gold(), item, monkeypatch) == ["Booking", "QuotaUsed"]


@on_postgresql
def test_without_the_lock_of_the_client_he_would_have_both(
    branch: Branch, gold: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin."""
    item = pick_up(branch, places=9, times=1)
    lock_off(monkeypatch, bookings)

    assert book_together(gold(), item, monkeypatch) == ["Booking", "Booking"]


# -- market events -----------------------------------------------------------------------------------------------------


@pytest.fixture
def manager(staff: Staff) -> User:
    return staff("branch_manager")


@pytest.fixture
def word(branch: Branch) -> ServiceItem:
    """A word about the market; no tier is entitled to it."""
    item: ServiceItem = ServiceItemFactory(company=branch.company, code="market-word")
    return item


def call(manager: User, word: ServiceItem) -> MarketEvent:
    made: MarketEvent = call_round(
        branch=manager.branch,
        item=word,
        name="央行降准",
        day=TODAY,
        ask="说明对债券持仓的影响",
        due_on=SOON,
        actor=manager,
        now=timezone.now(),
        tier_codes=["gold"],
    )
    return made


def told_of(action: str) -> list[int]:
    return sorted(AuditEntry.objects.filter(action=action).values_list("after__asked", flat=True))


def call_together(manager: User, word: ServiceItem, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two who call out the same event: each has found the service in order before either writes."""
    meeting, refuse = Meeting(2), market_events._refuse

    def slow(*args: Any) -> None:
        refuse(*args)
        meeting.wait()

    monkeypatch.setattr(market_events, "_refuse", slow)
    return kinds(race(2, lambda _n: call(manager, word)))


def test_of_two_who_call_out_the_same_event_at_once_one_does_and_each_client_is_owed_it_once(
    manager: User, word: ServiceItem, gold: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _n in range(3):
        gold()

    assert call_together(manager, word, monkeypatch) == ["MarketEvent", "RoundCalled"]
    assert (MarketEvent.objects.count(), Promise.objects.count()) == (1, 3)
    assert told_of("market_event.call") == [3]


@on_postgresql
def test_without_its_constraint_an_event_would_be_called_out_twice(
    manager: User, word: ServiceItem, gold: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: everybody would be spoken with twice."""
    gold()
    (once,) = (row for row in MarketEvent._meta.constraints if row.name == "market_event_called_once")
    with connection.schema_editor() as schema:
        schema.remove_constraint(MarketEvent, once)
    try:
        assert call_together(manager, word, monkeypatch) == ["MarketEvent", "MarketEvent"]
        assert (MarketEvent.objects.count(), Promise.objects.count()) == (2, 2)
    finally:
        Promise.objects.all().delete()
        MarketEvent.objects.all().delete()
        with connection.schema_editor() as schema:
            schema.add_constraint(MarketEvent, once)


def ask_together(
    manager: User, word: ServiceItem, gold: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Two who ask again, when one client has come back and another one has come in."""
    back = gold()
    event = call(manager, word)
    Promise.objects.filter(client=back).update(state="closed", closed_as="silent")
    gold()
    meeting, may_be_asked = Meeting(2), market_events.may_be_asked

    def slow(*args: Any) -> bool:
        found = may_be_asked(*args)
        meeting.wait()
        return found

    monkeypatch.setattr(market_events, "may_be_asked", slow)
    return kinds(race(2, lambda _n: ask_again(event=event, actor=manager, now=timezone.now())))


def test_of_two_who_ask_again_at_once_the_second_finds_nobody_left(
    manager: User, word: ServiceItem, gold: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask_together(manager, word, gold, monkeypatch) == ["MarketEvent", "MarketEvent"]

    assert told_of("market_event.ask_again") == [0, 2]
    assert list(Promise.objects.values_list("state", flat=True)) == ["due", "due"]


@on_postgresql
def test_without_the_lock_of_the_event_both_would_ask_on_what_they_saw(
    manager: User, word: ServiceItem, gold: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: now only the version in the row saves the day, so that the second is told that his view is old."""
    lock_off(monkeypatch, market_events)

    assert ask_together(manager, word, gold, monkeypatch) == ["MarketEvent", "StaleEdit"]
