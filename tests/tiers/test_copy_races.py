"""A branch makes its own copy of a service while somebody calls out a round of it, books it, or delivers it.

Each rule has a twin in which the copy is made with nothing but its lock taken away, and leaves a row behind.
"""

from __future__ import annotations

from datetime import date, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from clients.models import Client
from crm.core import audit
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.models import Branch, User
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.services import EntitlementFactory, ServiceItemFactory, morning, put_in_tier
from tests.racing import Meeting, on_postgresql, race
from tiers.models import Delivery, MarketEvent, Promise, ServiceDay, ServiceItem
from tiers.services import bookings, catalogue, market_events, promises
from tiers.services.bookings import ask_booking
from tiers.services.catalogue import adapt_item
from tiers.services.market_events import call_round
from tiers.services.promises import deliver

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = local_date(timezone.now())
SOON = TODAY + timedelta(days=2)


@pytest.fixture
def manager(staff: Staff) -> User:
    return staff("branch_manager")


@pytest.fixture
def gold(branch: Branch) -> Client:
    client: Client = ClientFactory(branch=branch)
    put_in_tier(client, "gold", date(2025, 1, 1))
    system_user()
    return client


class Round:
    """A round of it is called out."""

    module, looks = market_events, "_refuse"
    service = {"proof": "contact"}

    @staticmethod
    def act(item: ServiceItem, client: Client, manager: User) -> Any:
        return call_round(
            branch=client.branch, item=item, name="降准", day=TODAY, ask="说明影响", due_on=SOON, actor=manager,
            now=timezone.now(), tier_codes=["gold"],
        )  # fmt: skip


class Booked:
    """A client books it, for a day of which nobody has said anything yet."""

    module, looks = bookings, "_refuse_unbookable"
    service = {"booked": True}

    @staticmethod
    def act(item: ServiceItem, client: Client, manager: User) -> Any:
        return ask_booking(client=client, item=item, day=SOON, at=time(9, 30), actor=manager, now=morning(TODAY))


class Delivered:
    """It is sent to the clients of the branch."""

    module, looks = promises, "_refuse_undeliverable"
    service = {"proof": "send", "purposes": []}

    @staticmethod
    def act(item: ServiceItem, client: Client, manager: User) -> Any:
        return deliver(item=item, branch=client.branch, title="周报", day=TODAY, actor=manager, now=timezone.now())


def together(kind: Any, client: Client, manager: User, monkeypatch: pytest.MonkeyPatch) -> ServiceItem:
    """The copy has moved what was there, and is not through yet, when the other one, who has looked before, writes."""
    item: ServiceItem = ServiceItemFactory(company=client.branch.company, **kind.service)
    EntitlementFactory(item=item, times=4)
    looked, written, look = Meeting(2), Meeting(2), getattr(kind.module, kind.looks)

    def slow_look(*args: Any) -> None:
        look(*args)
        looked.wait()

    def slow_end(*args: Any, **said: Any) -> Any:
        looked.wait()
        written.wait()
        return audit.record(*args, **said)

    monkeypatch.setattr(kind.module, kind.looks, slow_look)
    monkeypatch.setattr(catalogue, "audit", SimpleNamespace(record=slow_end))

    def act(number: int) -> Any:
        if number:
            return adapt_item(item=item, branch=client.branch, actor=manager)
        try:
            return kind.act(item, client, manager)
        finally:
            written.wait()

    results = race(2, act)
    assert isinstance(results[1], ServiceItem), results
    return item


def left_behind(item: ServiceItem) -> int:
    return sum(model.objects.filter(item=item).count() for model in (Promise, MarketEvent, ServiceDay, Delivery))


@pytest.mark.parametrize("kind", [Round, Booked, Delivered])
def test_nothing_of_a_branch_is_left_with_the_companys_service_once_it_has_its_own(
    kind: Any, gold: Client, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = together(kind, gold, manager, monkeypatch)

    assert left_behind(item) == 0


@on_postgresql
@pytest.mark.parametrize("kind", [Round, Booked, Delivered])
def test_without_the_lock_of_the_service_a_row_would_stay_behind(
    kind: Any, gold: Client, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin."""
    monkeypatch.setattr(catalogue, "lock", lambda rows, *, version=None, **lookup: rows.get(**lookup))

    item = together(kind, gold, manager, monkeypatch)

    assert left_behind(item) > 0
