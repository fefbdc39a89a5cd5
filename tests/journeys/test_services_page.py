"""The services page: each panel is behind the right of its own app."""

from __future__ import annotations

import pytest

from tests.factories.advisory import AgreementFactory
from tests.factories.clients import ClientFactory, ContactLogFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("role", "sees"), [("advisor", True), ("account_manager", False), ("agent", False)])
def test_agreements_are_listed_only_for_those_who_may_see_agreements(branch, staff, web, role, sees):
    person = staff(role)
    client = ClientFactory(branch=branch, advisor=person, introducer=person, assessed=True)
    AgreementFactory(client=client, number="TG990001")
    ContactLogFactory(client=client, content="谈了行情")

    page = web(person).get("/services/")

    assert page.status_code == 200 and "谈了行情" in page.content.decode()
    assert ("TG990001" in page.content.decode()) is sees
    assert ("Advisory agreements in force" in page.content.decode()) is sees


def test_who_asked_not_to_be_contacted_is_not_among_those_who_hear_nothing(branch, staff, web):
    advisor = staff("advisor")
    ClientFactory(branch=branch, advisor=advisor, name="冯芷妍")
    ClientFactory(branch=branch, advisor=advisor, name="熊家豪", do_not_contact=True, do_not_contact_reason="客户要求")

    page = web(advisor).get("/services/").content.decode()

    assert "冯芷妍" in page
    assert "熊家豪" not in page
