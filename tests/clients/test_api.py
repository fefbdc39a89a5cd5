"""Clients, assets and contacts over REST, as a phone asks for them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from clients.models import Client, ContactLog
from clients.services import AssetDay, put_asset_days
from crm.core.access import system_user
from crm.core.models import AuditEntry, Branch
from tests.doors import Api, Staff
from tests.factories.clients import ClientFactory, ContactLogFactory

LIST = "/api/v1/clients/"
DAY = date(2026, 6, 1)
NOWHERE = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def test_the_list_is_cut_by_scope_and_filtered_like_the_page(
    branch: Branch, other_branch: Branch, staff: Staff, api: Api
) -> None:
    ClientFactory(branch=branch, name="张三", phone="+8613812348000")
    ClientFactory(branch=branch, name="李四")
    ClientFactory(branch=other_branch, name="张外")

    answer = api(staff("front_desk")).get(LIST, {"q": "zhang"})

    assert answer.status_code == 200
    assert [row["name"] for row in answer.data["results"]] == ["张三"]
    assert answer.data["results"][0]["phone_tail"] == "8000"
    assert set(answer.data) == {"next", "previous", "results"}
    assert "13812348000" not in answer.content.decode()


def test_pages_follow_each_other_and_a_strange_cursor_or_size_is_400(branch: Branch, staff: Staff, api: Api) -> None:
    ClientFactory.create_batch(5, branch=branch)
    phone = api(staff("front_desk"))

    first = phone.get(LIST, {"page_size": 3})
    second = phone.get(first.data["next"])

    ids = [row["id"] for row in first.data["results"] + second.data["results"]]
    assert len(set(ids)) == 5
    assert phone.get(LIST, {"page_size": 201}).status_code == 400
    assert phone.get(LIST, {"cursor": "abc"}).status_code == 400
    assert phone.get(LIST, {"status": "nonsense"}).status_code == 400


def test_a_client_is_read_masked_with_his_version_and_on_record(branch: Branch, staff: Staff, api: Api) -> None:
    client = ClientFactory(branch=branch, phone="+8613812348000", id_number="110101199003074514")
    caller = staff("front_desk")

    answer = api(caller).get(f"{LIST}{client.public_id}/")

    assert answer.data["phone"] == "138****8000"
    assert answer.data["total_assets"] == "0.00"
    assert answer["ETag"] == '"1"'
    assert AuditEntry.objects.get(action="client.view").actor == caller


def test_right_comes_before_row_and_foreign_is_as_good_as_unknown(
    branch: Branch, other_branch: Branch, staff: Staff, api: Api
) -> None:
    stranger = ClientFactory(branch=other_branch)
    phone = api(staff("front_desk"))

    assert api(staff("administrator")).get(f"{LIST}{stranger.public_id}/").status_code == 403
    foreign, unknown = phone.get(f"{LIST}{stranger.public_id}/"), phone.get(f"{LIST}{NOWHERE}/")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content
    foreign, unknown = (phone.get("/api/v1/assets/", {"client": ref}) for ref in (stranger.public_id, NOWHERE))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content


def test_a_client_is_made_once_for_one_key(branch: Branch, staff: Staff, api: Api) -> None:
    phone, body = api(staff("advisor")), {"external_id": "A1", "name": "张三", "phone": "13812348000"}

    first = phone.post(LIST, body, headers={"idempotency-key": "k1"})
    again = phone.post(LIST, body, headers={"idempotency-key": "k1"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.data["id"] == again.data["id"]
    assert Client.objects.count() == 1
    assert phone.post(LIST, body).status_code == 400
    assert phone.post(LIST, {**body, "name": "李四"}, headers={"idempotency-key": "k1"}).status_code == 422


def test_unknown_fields_and_bad_values_are_named(branch: Branch, staff: Staff, api: Api) -> None:
    phone = api(staff("front_desk"))

    strange = phone.post(LIST, {"external_id": "A1", "total_assets": "5"}, headers={"idempotency-key": "k1"})
    bad = phone.post(LIST, {"external_id": "A1", "id_number": "1"}, headers={"idempotency-key": "k2"})

    assert strange.status_code == bad.status_code == 400
    assert "total_assets" in strange.data["fields"]
    assert "id_number" in bad.data["fields"]


def test_a_change_needs_the_version_it_was_made_from(branch: Branch, staff: Staff, api: Api) -> None:
    client = ClientFactory(branch=branch)
    phone, url = api(staff("front_desk")), f"{LIST}{client.public_id}/"

    assert phone.patch(url, {"city": "上海"}).status_code == 428
    changed = phone.patch(url, {"city": "上海"}, headers={"if-match": '"1"'})
    assert (changed.status_code, changed["ETag"], changed.data["city"]) == (200, '"2"', "上海")
    assert phone.patch(url, {"city": "北京"}, headers={"if-match": '"1"'}).status_code == 412


def test_assets_are_read_by_client_and_days(branch: Branch, staff: Staff, api: Api) -> None:
    client = ClientFactory(branch=branch)
    rows = [AssetDay(client.pk, DAY + timedelta(days=n), 100 * n) for n in range(5)]
    put_asset_days(branch=branch, rows=rows, actor=system_user())
    phone = api(staff("front_desk"))
    asked = {"client": client.public_id, "from": "2026-06-02", "to": "2026-06-04"}

    answer = phone.get("/api/v1/assets/", {**asked, "page_size": 2})

    assert [row["net_assets"] for row in answer.data["results"]] == ["3.00", "2.00"]
    assert [row["day"] for row in phone.get(answer.data["next"]).data["results"]] == ["2026-06-02"]
    assert phone.get("/api/v1/assets/").status_code == 400
    assert phone.get("/api/v1/assets/", {**asked, "from": "2020-01-01"}).status_code == 400
    assert phone.get("/api/v1/assets/", {**asked, "from": "2026-02-30"}).status_code == 400
    assert api(staff("agent")).get("/api/v1/assets/", asked).status_code == 403


def test_what_a_client_paid_in_commission_is_not_told_with_his_assets(branch: Branch, staff: Staff, api: Api) -> None:
    client = ClientFactory(branch=branch)
    rows = [AssetDay(client.pk, DAY, 100_00, turnover=10_000_000, commission=2_500)]
    put_asset_days(branch=branch, rows=rows, actor=system_user())

    for role in ("follow_up_caller", "auditor", "front_desk"):
        answer = api(staff(role)).get("/api/v1/assets/", {"client": client.public_id})
        assert answer.data["results"][0]["turnover"] == "100000.00"
        assert "commission" not in answer.data["results"][0]


def test_each_page_of_contacts_and_assets_is_on_record(branch: Branch, staff: Staff, api: Api) -> None:
    one, other = ClientFactory(branch=branch), ClientFactory(branch=branch)
    logged = [ContactLogFactory(client=client) for client in (one, other)]
    caller = staff("front_desk")
    phone = api(caller)

    phone.get("/api/v1/contacts/")
    phone.get("/api/v1/contacts/", {"client": other.public_id})
    phone.get(f"/api/v1/contacts/{logged[0].public_id}/")
    phone.get("/api/v1/assets/", {"client": one.public_id})

    found = AuditEntry.objects.filter(actor=caller, is_read=True).order_by("pk")
    assert [(entry.action, entry.client_ref, set(entry.object_ids)) for entry in found] == [
        ("contact.view", "", {row.public_id for row in logged}),
        ("contact.view", other.public_id, {logged[1].public_id}),
        ("contact.view", one.public_id, set()),
        ("asset.view", one.public_id, set()),
    ]


def test_a_contact_is_logged_once_with_the_phones_clock_as_a_claim(branch: Branch, staff: Staff, api: Api) -> None:
    client = ClientFactory(branch=branch)
    phone = api(staff("front_desk"))
    body = {
        "client": client.public_id,
        "channel": "visit",
        "content": "面谈",
        "device_at": "2026-05-30T10:00:00+08:00",
        "mood": "good",
    }

    first = phone.post("/api/v1/contacts/", body, headers={"idempotency-key": "k1"})
    again = phone.post("/api/v1/contacts/", body, headers={"idempotency-key": "k1"})

    assert (first.status_code, again.status_code) == (201, 200)
    entry = ContactLog.objects.get()
    assert entry.device_at is not None
    assert first.data["mood"] == "good"


def test_a_contact_with_a_foreign_client_is_refused_like_one_with_none(
    branch: Branch, other_branch: Branch, staff: Staff, api: Api
) -> None:
    stranger, phone = ClientFactory(branch=other_branch), api(staff("front_desk"))

    answers = [
        phone.post(
            "/api/v1/contacts/",
            {"client": ref, "channel": "phone", "content": "?"},
            headers={"idempotency-key": f"k{n}"},
        )
        for n, ref in enumerate((stranger.public_id, NOWHERE))
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].content == answers[1].content
    assert not ContactLog.objects.exists()


def test_a_contact_is_corrected_by_a_new_one(branch: Branch, staff: Staff, api: Api) -> None:
    contact = ContactLogFactory(client__branch=branch, content="错")
    phone, url = api(staff("front_desk")), f"/api/v1/contacts/{contact.public_id}/correct/"

    made = phone.post(url, {"content": "对", "reason": "笔误"}, headers={"idempotency-key": "k1"})
    second = phone.post(url, {"content": "再", "reason": "笔误"}, headers={"idempotency-key": "k2"})

    assert made.status_code == 201
    assert made.data["corrects"] == contact.public_id
    assert second.status_code == 409
    rows = phone.get("/api/v1/contacts/", {"client": contact.client.public_id}).data["results"]
    assert {(row["content"], row["corrected"]) for row in rows} == {("错", True), ("对", False)}
    agent = api(staff("agent"))
    assert agent.post(url, {"content": "x", "reason": "xx"}, headers={"idempotency-key": "k3"}).status_code == 403


def test_an_agent_reads_masked_names(branch: Branch, staff: Staff, api: Api) -> None:
    agent = staff("agent")
    client = ClientFactory(branch=branch, name="张三丰", introducer=agent)
    ContactLogFactory(client=client)
    phone = api(agent)

    assert phone.get(LIST).data["results"][0]["name"] == "张**"
    assert phone.get(f"{LIST}{client.public_id}/").data["name"] == "张**"
    assert phone.get("/api/v1/contacts/").data["results"][0]["client"]["name"] == "张**"


@pytest.mark.parametrize("url", [LIST, "/api/v1/contacts/"])
def test_lists_cost_the_same_for_one_row_and_for_ten(
    branch: Branch, staff: Staff, api: Api, cost_of: Any, url: str
) -> None:
    advisor = staff("advisor")
    ContactLogFactory(client__branch=branch, client__advisor=advisor)
    phone = api(staff("front_desk"))
    phone.get(url)

    one = cost_of(lambda: phone.get(url))
    for _n in range(9):
        ContactLogFactory(client__branch=branch, client__advisor=advisor)

    assert cost_of(lambda: phone.get(url)) == one
