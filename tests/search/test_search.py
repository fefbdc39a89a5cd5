"""The palette and the search page: clients in reach, pages and actions one may use."""

from __future__ import annotations

from typing import Any

import pytest

from crm.core.models import Branch
from tests.doors import Staff, Web
from tests.factories.clients import ClientFactory


@pytest.mark.parametrize("url", ["/search/", "/search/palette/"])
@pytest.mark.parametrize("typed", ["张三", "zs", "zhangsan", "8000", "900001"])
def test_a_client_is_found_however_one_knows_him(
    branch: Branch, other_branch: Branch, staff: Staff, web: Web, url: str, typed: str
) -> None:
    facts = {"name": "张三", "phone": "+8613812348000", "external_id": "900001"}
    client = ClientFactory(branch=branch, **facts)
    stranger = ClientFactory(branch=other_branch, **facts)

    text = web(staff("front_desk")).get(url, {"q": typed}).content.decode()

    assert f"/clients/{client.public_id}/" in text
    assert stranger.public_id not in text
    assert "13812348000" not in text


def test_who_sees_no_clients_finds_none(branch: Branch, staff: Staff, web: Web) -> None:
    ClientFactory(branch=branch, name="张三")

    text = web(staff("administrator")).get("/search/", {"q": "张三"}).content.decode()

    assert "row-link" not in text


@pytest.mark.parametrize(("typed", "found"), [("clien", True), ("new cl", True), ("zzzz", False)])
def test_pages_and_actions_are_found_by_name(branch: Branch, staff: Staff, web: Web, typed: str, found: bool) -> None:
    text = web(staff("front_desk")).get("/search/palette/", {"q": typed}).content.decode()

    assert ("palette-row" in text) == found


def test_an_action_is_offered_only_to_those_who_may(staff: Staff, web: Web) -> None:
    assert "/clients/export/" in web(staff("branch_manager")).get("/search/palette/").content.decode()
    assert "/clients/export/" not in web(staff("advisor")).get("/search/palette/").content.decode()


def test_an_agent_finds_his_client_with_a_masked_name(branch: Branch, staff: Staff, web: Web) -> None:
    agent = staff("agent")
    ClientFactory(branch=branch, name="张三丰", external_id="900001", introducer=agent)

    text = web(agent).get("/search/palette/", {"q": "900001"}).content.decode()

    assert "张**" in text
    assert "张三丰" not in text


def test_the_palette_costs_the_same_for_one_hit_and_for_eight(
    branch: Branch, staff: Staff, web: Web, cost_of: Any
) -> None:
    advisor = staff("advisor")
    ClientFactory(branch=branch, name="张三", advisor=advisor)
    browser = web(staff("front_desk"))
    browser.get("/search/palette/?q=张")

    one = cost_of(lambda: browser.get("/search/palette/?q=张"))
    ClientFactory.create_batch(9, branch=branch, name="张三", advisor=advisor)

    assert cost_of(lambda: browser.get("/search/palette/?q=张")) == one
