"""How many statements the pages of the day may cost: at most eight a list and ten a client, on either engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench.yardstick import DETAIL_STATEMENTS, LIST_STATEMENTS
from clients.models import Client, ContactLog
from crm.core.models import Attachment, Branch, User
from tests.factories.advisory import AgreementFactory
from tests.factories.care import FollowUpCallFactory
from tests.factories.clients import ClientFactory
from tests.factories.complaints import ComplaintFactory

pytestmark = pytest.mark.django_db


def statements(look: Callable[[], Any]) -> int:
    """Of the second look, as everybody has it but the first visitor of a process; opening and closing a transaction is none."""
    look()
    with CaptureQueriesContext(connection) as seen:
        answer = look()
    assert answer.status_code == 200
    return sum(not one["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")) for one in seen)


@pytest.fixture
def manager(staff: Any) -> User:
    return staff("branch_manager")  # type: ignore[no-any-return]  # a fixture's function


@pytest.fixture
def client_of_the_house(branch: Branch, staff: Any) -> Client:
    """One with an advisor and contacts, among others."""
    advisor = staff("advisor")
    for _number in range(3):
        ClientFactory(branch=branch, advisor=advisor)
    client: Client = ClientFactory(branch=branch, advisor=advisor)
    for _number in range(3):
        ContactLog.objects.create(client=client, staff=advisor, channel="phone", content="电话", at=timezone.now())
    return client


@pytest.mark.parametrize(
    "path", ["/clients/", "/clients/?sort=contact", "/clients/?q=8000", "/complaints/", "/care/", "/imports/"]
)
def test_a_list_costs_at_most_eight_statements(web: Any, manager: User, client_of_the_house: Client, path: str) -> None:
    browser = web(manager)

    assert statements(lambda: browser.get(path)) <= LIST_STATEMENTS


def test_a_client_costs_at_most_ten_statements(web: Any, manager: User, client_of_the_house: Client) -> None:
    browser = web(manager)

    assert statements(lambda: browser.get(f"/clients/{client_of_the_house.public_id}/")) <= DETAIL_STATEMENTS


def test_a_client_with_everything_beside_his_facts_costs_no_more(
    web: Any, manager: User, client_of_the_house: Client
) -> None:
    client, browser = client_of_the_house, web(manager)
    plain = statements(lambda: browser.get(f"/clients/{client.public_id}/"))

    ComplaintFactory(client=client)
    Attachment.objects.create(
        owner_type="clients.contactlog",
        owner_id=client.contacts.all()[0].public_id,
        name="录音.wav",
        content_type="audio/wav",
        stored_as="recording",
        size=1,
        sha256="0" * 64,
        uploaded_by=client.advisor,
    )
    FollowUpCallFactory(client=client)
    AgreementFactory(client=client, advisor=client.advisor, signed_on=date(2026, 6, 6))
    full = statements(lambda: browser.get(f"/clients/{client.public_id}/"))

    assert plain < full <= DETAIL_STATEMENTS


@pytest.mark.parametrize("path", ["/api/v1/clients/", "/api/v1/contacts/", "/api/v1/complaints/"])
def test_a_list_of_the_interface_costs_at_most_eight(
    api: Any, manager: User, client_of_the_house: Client, path: str
) -> None:
    phone = api(manager)

    assert statements(lambda: phone.get(path)) <= LIST_STATEMENTS


def test_a_client_of_the_interface_costs_at_most_ten(api: Any, manager: User, client_of_the_house: Client) -> None:
    phone = api(manager)

    assert statements(lambda: phone.get(f"/api/v1/clients/{client_of_the_house.public_id}/")) <= DETAIL_STATEMENTS
