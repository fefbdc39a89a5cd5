"""Trading permissions on the pages and over REST."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from clients.conditions import Condition, read
from clients.models import PermissionCode
from crm.core.models import Branch
from tests.clients.permission_ground import API, DAY, NOW, fit
from tests.doors import Api, Staff, Web, token
from tests.factories.clients import (
    ClientFactory,
    TradingPermissionFactory,
)

# -- pages -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are asked on the day of the tests."""
    clock = SimpleNamespace(now=lambda: NOW)
    monkeypatch.setattr("clients.views.permissions.timezone", clock)
    monkeypatch.setattr("clients.views.permissions.today", lambda: DAY)
    monkeypatch.setattr("clients.api.permissions.timezone", clock)


@pytest.mark.usefixtures("today")
def test_the_overview_says_of_each_permission_what_is_missing(branch: Branch, staff: Staff, web: Web) -> None:
    client = fit(branch)
    TradingPermissionFactory(client=client, code="chinext", opened_on=date(2025, 1, 6))

    text = web(staff("advisor")).get(f"/clients/{client.public_id}/permissions/").status_code
    assert text == 404, "an advisor sees his own book only"
    text = web(staff("front_desk")).get(f"/clients/{client.public_id}/permissions/").content.decode()
    assert "May be opened" in text
    assert "open since 2025-01-06" in text
    assert "conditions missing" in text


@pytest.mark.usefixtures("today")
def test_a_permission_is_opened_on_its_page_once(branch: Branch, staff: Staff, web: Web) -> None:
    client, browser = fit(branch), web(staff("front_desk"))
    url = f"/clients/{client.public_id}/permissions/star/"
    page = browser.get(url)
    assert "Open the permission" in page.content.decode()

    said = {"form_token": token(page)}
    assert browser.post(f"{url}open/", said).status_code == 302
    assert browser.post(f"{url}open/", said).status_code == 302

    assert client.permissions.count() == 1
    text = browser.get(f"/clients/{client.public_id}/?tab=accounts").content.decode()
    assert "STAR Market" in text
    assert "500,000.00 yuan" in text, "the proof is there"


@pytest.mark.usefixtures("today")
def test_a_page_that_cannot_open_says_why_with_409(branch: Branch, staff: Staff, web: Web) -> None:
    client, browser = ClientFactory(branch=branch), web(staff("front_desk"))
    url = f"/clients/{client.public_id}/permissions/star/"

    page = browser.get(url)
    assert "Open the permission" not in page.content.decode()
    answer = browser.post(f"{url}open/", {"form_token": token(browser.get(f"{url}exemption/"))})

    assert answer.status_code == 409
    assert "No risk grade on file" in answer.content.decode()


@pytest.mark.usefixtures("today")
def test_the_way_of_an_exemption_through_the_pages(branch: Branch, staff: Staff, web: Web) -> None:
    client, desk, manager = ClientFactory(branch=branch), web(staff("front_desk")), web(staff("branch_manager"))
    url = f"/clients/{client.public_id}/permissions/bse/exemption/"
    said = {"exemption": "elsewhere", "reason": "他司已开通", "form_token": token(desk.get(url))}
    assert desk.post(url, said).status_code == 302
    row = client.permissions.get()

    decide = f"/permissions/{row.public_id}/decide/"
    assert desk.get(decide).status_code == 403
    page = manager.get(decide)
    assert "他司已开通" in page.content.decode()
    verdict = {"verdict": "approve", "note": "", "version": 1, "form_token": token(page)}
    assert manager.post(decide, verdict).status_code == 302

    row.refresh_from_db()
    assert row.state == "open"
    close = f"/permissions/{row.public_id}/close/"
    said = {"reason": "客户申请", "version": row.version, "form_token": token(desk.get(close))}
    assert desk.post(close, said).status_code == 302
    row.refresh_from_db()
    assert row.state == "closed"


def test_a_test_is_recorded_on_its_page(branch: Branch, staff: Staff, web: Web) -> None:
    client, browser = ClientFactory(branch=branch), web(staff("front_desk"))
    url = f"/clients/{client.public_id}/permissions/star/test/"
    said = {"kind": "knowledge", "done_on": "2026-05-04", "score": "92", "form_token": token(browser.get(url))}

    assert browser.post(url, said).status_code == 302
    assert client.entry_tests.get().score == 92
    assert browser.get(f"/clients/{client.public_id}/permissions/nonsense/").status_code == 404


def test_the_list_narrows_by_permission(branch: Branch, staff: Staff, web: Web) -> None:
    TradingPermissionFactory(client__branch=branch, client__name="甲可做", code="star")
    TradingPermissionFactory(client__branch=branch, client__name="乙已关", code="star", closed_on=DAY)

    text = web(staff("front_desk")).get("/clients/?permission=star", headers={"HX-Request": "true"}).content.decode()

    assert "甲可做" in text and "乙已关" not in text


# -- REST --------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("today")
def test_pre_check_and_opening_over_rest(branch: Branch, staff: Staff, api: Api) -> None:
    client, phone = fit(branch), api(staff("front_desk"))

    (check,) = phone.get(f"{API}pre-check/", {"client": client.public_id, "code": "star"}).data
    assert check["passes"] is True
    assert {row["outcome"] for row in check["conditions"]} == {"met"}
    assert len(phone.get(f"{API}pre-check/", {"client": client.public_id}).data) == len(PermissionCode.values)
    assert phone.get(f"{API}pre-check/", {"client": client.public_id, "code": "x"}).status_code == 400
    body = {"client": client.public_id, "code": "star"}
    made = phone.post(API, body, headers={"idempotency-key": "p"})
    assert (made.status_code, made.data["state"]) == (201, "open")
    assert phone.post(API, body, headers={"idempotency-key": "p"}).status_code == 200
    assert phone.post(API, body, headers={"idempotency-key": "q"}).data["code"] == "permission_held"
    refused = phone.post(API, {**body, "code": "margin"}, headers={"idempotency-key": "r"})
    assert (refused.status_code, refused.data["code"]) == (409, "conditions_not_met")
    assert "test_not_associate" in refused.data["fields"]


@pytest.mark.usefixtures("today")
def test_an_exemption_over_rest_needs_two_people_and_the_version(branch: Branch, staff: Staff, api: Api) -> None:
    client, desk, boss = ClientFactory(branch=branch), api(staff("front_desk")), api(staff("branch_manager"))
    body = {"client": client.public_id, "code": "star", "exemption": "elsewhere", "reason": "他司已开通"}
    assert desk.post(API, {**body, "reason": None}, headers={"idempotency-key": "0"}).status_code == 400
    made = desk.post(API, body, headers={"idempotency-key": "1"})
    url = f"{API}{made.data['id']}/"

    assert desk.post(f"{url}approve/", {}, headers={"idempotency-key": "2", "if-match": '"1"'}).status_code == 403
    assert boss.post(f"{url}approve/", {}, headers={"idempotency-key": "3"}).status_code == 428
    assert boss.post(f"{url}approve/", {}, headers={"idempotency-key": "4", "if-match": '"9"'}).status_code == 412
    done = boss.post(f"{url}approve/", {}, headers={"idempotency-key": "5", "if-match": '"1"'})
    assert done.data["state"] == "open"
    late = boss.post(f"{url}refuse/", {"note": "晚了"}, headers={"idempotency-key": "6", "if-match": done["ETag"]})
    assert (late.status_code, late.data["code"]) == (409, "permission_already_decided")
    closed = desk.post(
        f"{url}close/", {"reason": "客户申请"}, headers={"idempotency-key": "7", "if-match": done["ETag"]}
    )
    assert closed.data["state"] == "closed"


def test_tests_are_recorded_over_rest_and_strangers_see_nothing(
    branch: Branch, other_branch: Branch, staff: Staff, api: Api
) -> None:
    client = ClientFactory(branch=branch)
    body = {"client": client.public_id, "code": "star", "kind": "disclosure", "done_on": "2026-05-04"}

    assert api(staff("front_desk")).post(f"{API}tests/", body, headers={"idempotency-key": "t"}).status_code == 201
    stranger = api(staff("front_desk", branch=other_branch))
    assert stranger.post(f"{API}tests/", body, headers={"idempotency-key": "t"}).status_code == 400
    assert stranger.get(f"{API}pre-check/", {"client": client.public_id}).status_code == 404
    row = TradingPermissionFactory(client=client)
    assert stranger.get(f"{API}{row.public_id}/").status_code == 404
    assert stranger.get(API).data["results"] == []


def test_the_list_over_rest_costs_the_same_for_one_and_for_ten(
    branch: Branch, staff: Staff, api: Api, cost_of: Any
) -> None:
    phone = api(staff("front_desk"))
    TradingPermissionFactory(client__branch=branch)
    phone.get(API)
    one = cost_of(lambda: phone.get(API))
    TradingPermissionFactory.create_batch(9, client__branch=branch)

    assert cost_of(lambda: phone.get(API)) == one


def test_a_condition_reads_as_it_was_kept() -> None:
    kept = Condition("grade", "not_met", {"grade": "C3", "minimum": "C4", "valid_until": "2027-01-01"})

    (again,) = read([kept.stored()])

    assert again == kept
    assert not again.holds
