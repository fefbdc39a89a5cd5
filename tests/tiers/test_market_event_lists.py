"""The lists of rounds, as a page and over REST: how far each has come with the clients whom the reader sees."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from clients.models import Client
from crm.core.clocks import local_date
from crm.core.models import Branch, User
from tests.doors import Api, Staff, Web
from tests.factories.clients import ClientFactory
from tests.factories.services import ServiceItemFactory, put_in_tier
from tiers.models import Promise
from tiers.services.market_events import call_round
from tiers.services.promises import keep_promise

pytestmark = pytest.mark.django_db

TODAY = local_date(timezone.now())
PAGE, LIST = "/services/market-events/", "/api/v1/market-events/"


@pytest.fixture
def clients(branch: Branch, staff: Staff) -> list[Client]:
    """Two gold clients, each with an advisor of his own."""
    found = [ClientFactory(branch=branch, advisor=staff("advisor")) for _n in range(2)]
    for one in found:
        put_in_tier(one, "gold", date(2025, 1, 1))
    return found


def call_out(manager: User, *names: str) -> None:
    item = ServiceItemFactory(company=manager.company)
    for name in names:
        call_round(
            branch=manager.branch, item=item, name=name, day=TODAY, ask="说明影响", due_on=TODAY + timedelta(days=3),
            actor=manager, now=timezone.now(), tier_codes=["gold"],
        )  # fmt: skip


def test_both_lists_tell_how_far_a_round_has_come_with_the_clients_whom_the_reader_sees(
    clients: list[Client], staff: Staff, web: Web, api: Api
) -> None:
    manager = staff("branch_manager")
    call_out(manager, "降准")
    keep_promise(promise=Promise.objects.get(client=clients[0]), kept_on=TODAY, actor=manager, now=timezone.now())

    def shown(reader: Any) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        page = [(row.asked, row.kept) for row in web(reader).get(PAGE).context["page"]]
        return page, [(row["asked"], row["kept"]) for row in api(reader).get(LIST).data["results"]]

    assert shown(manager) == ([(2, 1)], [(2, 1)])
    assert [shown(client.advisor) for client in clients] == [([(1, 1)], [(1, 1)]), ([(1, 0)], [(1, 0)])]


@pytest.mark.usefixtures("clients")
def test_the_lists_of_rounds_cost_the_same_for_one_and_for_ten(
    staff: Staff, web: Web, api: Api, cost_of: Callable[[Callable[[], Any]], int]
) -> None:
    manager = staff("branch_manager")
    doors = [lambda: web(manager).get(PAGE), lambda: api(manager).get(LIST)]
    call_out(manager, "降准")
    for door in doors:
        door()
    one = [cost_of(door) for door in doors]
    call_out(manager, *(f"事件{n}" for n in range(9)))

    assert [cost_of(door) for door in doors] == one
