"""The client page: what it shows, to whom, at what cost, and that each look is on record."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from clients.services import AssetDay, put_asset_days
from crm.core import audit
from crm.core.access import system_user
from crm.core.models import AuditEntry, Branch
from crm.overview.tabs import tabs_for
from tests.doors import HTMX, Staff, Web
from tests.factories.clients import ClientFactory, ContactLogFactory, HoldingFactory, RiskAssessmentFactory
from tiers.services.programmes import seed_default_programme

DAY = date(2026, 6, 1)


@pytest.fixture
def client_(branch: Branch) -> Any:
    client = ClientFactory(
        branch=branch, name="张三丰", phone="+8613812348000", id_number="110101199003074514", assessed=True
    )
    rows = [AssetDay(client.pk, DAY + timedelta(days=n), 1_000_000 + n) for n in range(30)]
    put_asset_days(branch=branch, rows=rows, actor=system_user())
    ContactLogFactory(client=client, content="谈过科创板")
    HoldingFactory(client=client)
    RiskAssessmentFactory(client=client)
    return client


def test_the_page_shows_facts_masked_with_curve_and_contacts(client_: Any, staff: Staff, web: Web) -> None:
    text = web(staff("front_desk")).get(f"/clients/{client_.public_id}/").content.decode()

    assert "张三丰" in text
    assert "138****8000" in text
    assert "13812348000" not in text
    assert "谈过科创板" in text
    assert 'id="curve"' in text
    assert "C3" in text


@pytest.mark.parametrize("role", ["branch_manager", "advisor", "follow_up_caller", "compliance", "auditor"])
def test_every_tab_of_a_client_of_whom_nothing_is_known_yet_opens(
    branch: Branch, staff: Staff, web: Web, role: str
) -> None:
    user = staff(role)
    client = ClientFactory(branch=branch, advisor=user if role == "advisor" else None)
    browser = web(user)

    opened = {key: browser.get(f"/clients/{client.public_id}/?tab={key}").status_code for key in tabs_for(user)}

    assert set(opened.values()) == {200}, opened


@pytest.mark.parametrize(
    ("tab", "words"), [("timeline", "谈过科创板"), ("assets", "贵州茅台"), ("history", "问卷"), ("nonsense", "curve")]
)
def test_each_tab_is_a_page_and_a_fragment(client_: Any, staff: Staff, web: Web, tab: str, words: str) -> None:
    browser = web(staff("branch_manager"))

    whole = browser.get(f"/clients/{client_.public_id}/?tab={tab}").content.decode()
    part = browser.get(f"/clients/{client_.public_id}/?tab={tab}", headers=HTMX).content.decode()

    assert words in whole
    assert words in part
    assert "<html" not in part


def test_each_look_is_on_record_before_the_answer(
    client_: Any, staff: Staff, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = staff("front_desk")
    browser = web(caller)
    browser.raise_request_exception = False

    browser.get(f"/clients/{client_.public_id}/")

    entry = AuditEntry.objects.get(action="client.view")
    assert (entry.actor, entry.client_ref, entry.is_read) == (caller, client_.public_id, True)

    def broken(*_args: Any, **_named: Any) -> None:
        raise RuntimeError("no audit")

    monkeypatch.setattr(audit, "record_read", broken)
    answer = browser.get(f"/clients/{client_.public_id}/")
    assert answer.status_code == 500
    assert "张三丰" not in answer.content.decode()


def test_an_agent_sees_neither_name_nor_assets_tab(client_: Any, staff: Staff, web: Web) -> None:
    agent = staff("agent")
    client_.introducer = agent
    client_.save()

    text = web(agent).get(f"/clients/{client_.public_id}/?tab=assets").content.decode()

    assert "张三丰" not in text
    assert "贵州茅台" not in text
    assert "/reveal/" not in text


def test_a_stranger_learns_nothing(client_: Any, other_branch: Branch, staff: Staff, web: Web) -> None:
    browser = web(staff("front_desk", branch=other_branch))

    foreign = browser.get(f"/clients/{client_.public_id}/")
    unknown = browser.get("/clients/01ARZ3NDEKTSV4RRFFQ69G5FAV/")

    assert foreign.status_code == unknown.status_code == 404
    assert not AuditEntry.objects.filter(action="client.view").exists()


def test_the_page_costs_the_same_for_one_contact_and_for_ten(
    client_: Any, staff: Staff, web: Web, cost_of: Any
) -> None:
    browser, url = web(staff("front_desk")), f"/clients/{client_.public_id}/"
    browser.get(url)

    one = cost_of(lambda: browser.get(url))
    ContactLogFactory.create_batch(9, client=client_)

    assert cost_of(lambda: browser.get(url)) == one
    assert one <= 20


def test_only_bounds_near_the_curve_are_drawn(branch: Branch, staff: Staff, web: Web) -> None:
    client, yuan = ClientFactory(branch=branch), 100
    rows = [AssetDay(client.pk, DAY + timedelta(days=n), (2_000_000 + n) * yuan) for n in range(30)]
    put_asset_days(branch=branch, rows=rows, actor=system_user())
    seed_default_programme(company=branch.company, actor=system_user())

    page = web(staff("branch_manager")).get(f"/clients/{client.public_id}/")

    bounds = [line["value"] for line in page.context["curve"]["thresholds"]]
    assert bounds == [1_000_000, 5_000_000]
