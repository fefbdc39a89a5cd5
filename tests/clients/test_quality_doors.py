"""The score of client data on its pages and through REST."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from clients.errors import NothingAnswered
from clients.models import Client, ClientQuality, QuestionToAsk
from clients.provenance import origin
from clients.services import change_client, complete_facts, score_clients
from crm.core.models import Branch
from tests.doors import Api, Staff, Web
from tests.factories.clients import ClientFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)


def known(client: Client) -> ClientQuality:
    found: ClientQuality = ClientQuality.objects.get(client=client)
    return found


@pytest.fixture
def client_(branch: Branch) -> Client:
    return ClientFactory(branch=branch, phone="+8613812348000", total_assets=2_000_000)


# -- pages -------------------------------------------------------------------------------------------------------------


def test_the_work_list_shows_own_clients_the_most_pressing_first(branch: Branch, staff: Staff, web: Web) -> None:
    advisor = staff("advisor")
    poor = ClientFactory(branch=branch, advisor=advisor, name="小户", total_assets=100)
    rich = ClientFactory(branch=branch, advisor=advisor, name="大户", total_assets=90_000_000)
    other = ClientFactory(branch=branch, name="别人")
    score_clients([poor.pk, rich.pk, other.pk], TODAY)

    page = web(advisor).get("/quality/").content.decode()

    assert page.index("大户") < page.index("小户")
    assert "别人" not in page


def test_the_work_list_narrows_to_a_fact(branch: Branch, staff: Staff, web: Web) -> None:
    manager = staff("branch_manager")
    without, with_it = ClientFactory(branch=branch, name="没有"), ClientFactory(branch=branch, name="有的")
    change_client(client=with_it, values={"occupation": "教师"}, actor=manager, now=NOW)
    score_clients([without.pk, with_it.pk], TODAY)

    page = web(manager).get("/quality/?item=occupation&what=missing").content.decode()

    assert "没有" in page and "有的" not in page


@pytest.mark.parametrize("address", ["/quality/", "/api/v1/quality-scores/"])
def test_the_work_list_costs_the_same_for_one_client_and_for_ten(
    branch: Branch, staff: Staff, web: Web, api: Any, cost_of: Any, address: str
) -> None:
    manager = staff("branch_manager")
    visitor = (api if address.startswith("/api/") else web)(manager)
    score_clients([ClientFactory(branch=branch).pk], TODAY)
    one = cost_of(lambda: visitor.get(address))
    score_clients([client.pk for client in ClientFactory.create_batch(9, branch=branch)], TODAY)

    assert cost_of(lambda: visitor.get(address)) == one


def test_the_sheet_of_gaps_takes_values_refusals_and_confirmations(client_: Client, staff: Staff, web: Web) -> None:
    browser = web(staff("front_desk"))
    score_clients([client_.pk], TODAY)
    url = f"/clients/{client_.public_id}/complete/"
    assert 'name="refuse_debts"' in browser.get(url).content.decode()

    said = {"form_token": "t1", "version": client_.version, "source": "client", "same_phone": "on"}
    answer = browser.post(url, {**said, "occupation": "教师", "refuse_debts": "on", "annual_income": "120000"})

    assert answer.status_code == 302
    client_.refresh_from_db()
    assert (client_.occupation, client_.annual_income) == ("教师", 120_000)
    assert origin(client_.provenance, "debts").refused
    assert origin(client_.provenance, "phone").source == "client"
    assert known(client_).refused == ["debts"]


def test_an_empty_sheet_of_gaps_is_no_answer(client_: Client, staff: Staff, web: Web) -> None:
    score_clients([client_.pk], TODAY)
    with pytest.raises(NothingAnswered):
        complete_facts(
            client=client_, values={}, refused=[], confirmed=[], source="client", actor=staff("advisor"), now=NOW
        )

    answer = web(staff("front_desk")).post(
        f"/clients/{client_.public_id}/complete/", {"form_token": "t2", "version": client_.version, "source": "client"}
    )

    assert answer.status_code == 400


def test_one_click_verifies_and_one_notes_a_question(client_: Client, staff: Staff, web: Web) -> None:
    browser = web(staff("front_desk"))
    score_clients([client_.pk], TODAY)

    browser.post(f"/clients/{client_.public_id}/verify/", {"items": "phone", "how": "call", "version": 1})
    browser.post(f"/clients/{client_.public_id}/ask/", {"items": ["occupation"]})
    page = browser.get(f"/clients/{client_.public_id}/?tab=quality").content.decode()

    assert "Called the number" in page and "will be asked" in page
    assert "phone" not in known(client_).unverified


def test_the_client_page_shows_the_score_and_the_list_sorts_by_it(branch: Branch, staff: Staff, web: Web) -> None:
    manager = staff("branch_manager")
    low, high = ClientFactory(branch=branch, name="低分"), ClientFactory(branch=branch, name="高分")
    change_client(client=high, values={"occupation": "教师", "employer": "学校"}, actor=manager, now=NOW)
    score_clients([low.pk, high.pk], TODAY)
    browser = web(manager)

    listing = browser.get("/clients/?sort=quality").content.decode()
    turned = browser.get("/clients/?sort=-quality").content.decode()
    only_poor = browser.get("/clients/?quality=good").content.decode()
    wanting = browser.get("/clients/?wanting=occupation").content.decode()

    assert listing.index("低分") < listing.index("高分") and turned.index("高分") < turned.index("低分")
    assert "低分" not in only_poor
    assert "低分" in wanting and "高分" not in wanting.split("data-rows")[1]
    assert f"data {known(high).score}%" in browser.get(f"/clients/{high.public_id}/").content.decode()


def test_the_branch_sees_means_by_advisor_and_facts_that_are_wanting(branch: Branch, staff: Staff, web: Web) -> None:
    advisor = staff("advisor", name="王顾问")
    clients = ClientFactory.create_batch(3, branch=branch, advisor=advisor)
    score_clients([client.pk for client in clients], TODAY)
    browser = web(staff("branch_manager"))

    page = browser.get("/branch/quality/").content.decode()
    home = browser.get("/branch/").content.decode()

    assert "王顾问" in page and f"?advisor={advisor.public_id}" in page
    assert "item=occupation&amp;what=missing" in page
    assert "/branch/quality/" in home
    assert f"{known(clients[0]).score}%" in home


# -- REST --------------------------------------------------------------------------------------------------------------


def test_rest_lists_scores_verifies_and_asks(client_: Client, staff: Staff, api: Api) -> None:
    phone = api(staff("front_desk"))
    score_clients([client_.pk], TODAY)
    url = f"/api/v1/quality-scores/{client_.public_id}/"

    listed = phone.get("/api/v1/quality-scores/?item=phone&what=unverified").json()["results"]
    seen = {"idempotency-key": "a", "if-match": phone.get(url)["ETag"]}
    done = phone.post(f"{url}verify/", {"items": ["phone"], "how": "call"}, format="json", headers=seen)
    asked = phone.post(f"{url}ask/", {"items": ["debts"]}, format="json", headers={"idempotency-key": "b"})
    seen = {"idempotency-key": "c", "if-match": done["ETag"]}
    wrong = phone.post(f"{url}verify/", {"items": ["email"], "how": "call"}, format="json", headers=seen)

    assert [row["client"]["id"] for row in listed] == [client_.public_id]
    assert done.status_code == 201 and "phone" not in done.json()["unverified"]
    assert asked.status_code == 201 and QuestionToAsk.objects.open().count() == 1
    assert (wrong.status_code, wrong.json()["code"]) == (400, "nothing_to_verify")
    assert phone.get(url).json()["score"] == known(client_).score


def test_a_stranger_finds_no_score(client_: Client, other_branch: Branch, staff: Staff, web: Web, api: Api) -> None:
    score_clients([client_.pk], TODAY)
    stranger = staff("front_desk", branch=other_branch)

    assert api(stranger).get(f"/api/v1/quality-scores/{client_.public_id}/").status_code == 404
    assert web(stranger).get(f"/clients/{client_.public_id}/complete/").status_code == 404
    assert web(stranger).get("/quality/").content.decode().count("row-link") == 0
