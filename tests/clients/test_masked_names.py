"""A masked name stays masked: neither search nor order nor the admin tells what stands behind it."""

from __future__ import annotations

import pytest

from clients.models import Client
from crm.core.models import AuditEntry, Branch, User
from tests.doors import Staff, Web
from tests.factories.clients import ClientFactory


@pytest.fixture
def brought(branch: Branch, staff: Staff) -> tuple[User, Client]:
    agent = staff("agent")
    client = ClientFactory(branch=branch, name="张小三", phone="+8613812348000", external_id="900001", introducer=agent)
    return agent, client


@pytest.mark.parametrize(
    ("typed", "found"),
    [("张小", 0), ("zhangx", 0), ("zxs", 0), ("13812348000", 0), ("900001", 1), ("8000", 1), ("", 1)],
)
def test_an_agent_finds_by_number_and_never_by_name(
    brought: tuple[User, Client], web: Web, api: Web, typed: str, found: int
) -> None:
    agent, client = brought
    palette = web(agent).get("/search/palette/", {"q": typed}).context["clients"]

    assert len(web(agent).get("/clients/", {"q": typed}).context["page"]) == found
    assert len(api(agent).get("/api/v1/clients/", {"q": typed}).data["results"]) == found
    assert [row.pk for row in palette] == ([client.pk] if typed and found else [])


def test_an_agent_gets_no_order_by_name(branch: Branch, staff: Staff, web: Web) -> None:
    agent = staff("agent")
    for name, assets in (("艾一", 100), ("周二", 300), ("李三", 200)):
        ClientFactory(branch=branch, name=name, introducer=agent, total_assets=assets)

    def order(user: User) -> list[str]:
        return [client.name for client in web(user).get("/clients/", {"sort": "name"}).context["page"]]

    assert order(agent) == ["周二", "李三", "艾一"]
    assert order(staff("front_desk")) == ["艾一", "李三", "周二"]


def test_the_admin_shows_the_own_branch_masked_and_keeps_who_looked(
    branch: Branch, other_branch: Branch, staff: Staff, web: Web
) -> None:
    clerk = staff("front_desk", is_staff=True)
    mine = ClientFactory(branch=branch, name="张小三", do_not_contact=True, do_not_contact_reason="家里有病人")
    foreign = ClientFactory(branch=other_branch, name="李四光")
    browser = web(clerk)

    listed = browser.get("/admin/clients/client/").content.decode()
    page = browser.get(f"/admin/clients/client/{mine.pk}/change/")
    away = browser.get(f"/admin/clients/client/{foreign.pk}/change/")

    assert mine.external_id in listed and foreign.external_id not in listed
    assert page.status_code == 200 and away.status_code == 302
    for text in (listed, page.content.decode()):
        assert "张小三" not in text and "zhangxiaosan" not in text and "家里有病人" not in text
    assert [entry.client_ref for entry in AuditEntry.objects.filter(actor=clerk, action="client.view")] == [
        mine.public_id
    ]
