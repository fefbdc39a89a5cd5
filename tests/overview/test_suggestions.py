"""What a client wants leads to what he is offered, with the wish as the reason."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from clients.models import Client
from crm.core.models import Branch, User
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.needs import NeedsInterviewFactory
from tests.factories.services import EntitlementFactory, ServiceItemFactory, put_in_tier

pytestmark = pytest.mark.django_db


def suggested(browser: Any, client: Client) -> list[tuple[str, tuple[str, ...], bool]]:
    page = browser.get(f"{client.get_absolute_url()}?tab=services")
    found = page.context["suggested"]
    assert ("Fits what the client wants" in page.content.decode()) is bool(found)
    return [(one.item.code, one.wishes, one.is_entitled) for one in found]


@pytest.fixture
def advisor(staff: Staff) -> User:
    return staff("advisor")


@pytest.fixture
def client(branch: Branch, advisor: User) -> Client:
    made: Client = ClientFactory(branch=branch, advisor=advisor, risk_grade="C3")
    put_in_tier(made, "gold", date(2020, 1, 1))
    return made


def wants(client: Client, *wishes: str) -> None:
    NeedsInterviewFactory(client=client, services=list(wishes), answered_on={"services": "2026-05-04"})


def test_services_that_answer_a_wish_are_named_with_it_those_of_his_tier_first(
    branch: Branch, other_branch: Branch, advisor: User, client: Client, web: Any
) -> None:
    house = branch.company
    ServiceItemFactory(company=house, code="evening", kind="value_added", proof="event", purposes=[])
    pack = ServiceItemFactory(company=house, code="pack", kind="value_added", proof="send", purposes=[])
    EntitlementFactory(item=pack)
    ServiceItemFactory(company=house, code="greeting")  # answers no wish
    ServiceItemFactory(company=house, code="notice", kind="basic", proof="send", purposes=[])
    ServiceItemFactory(company=house, code="high", kind="value_added", proof="event", purposes=[], least_grade="C4")
    ServiceItemFactory(
        company=house, branch=other_branch, code="theirs", kind="value_added", proof="event", purposes=[]
    )
    wants(client, "research", "events")

    assert suggested(web(advisor), client) == [
        ("pack", ("Research reports",), True),
        ("evening", ("Lectures and events",), False),
    ]
    page = web(advisor).get(f"{client.get_absolute_url()}?tab=services").content.decode()
    assert "Asked for on 2026-05-04: Research reports" in page


def test_a_client_who_wants_to_be_left_in_peace_or_said_nothing_is_suggested_nothing(
    branch: Branch, advisor: User, client: Client, web: Any
) -> None:
    ServiceItemFactory(company=branch.company, kind="value_added", proof="send", purposes=[])
    browser = web(advisor)

    assert suggested(browser, client) == []

    wants(client, "research", "quiet")

    assert suggested(browser, client) == []
