"""What the pages of clients do is done over REST as well: restriction, erasure, views, next dates, lines, words for clients."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from clients.models import BusinessLineMark, Client, Erasure, SavedView, Tag
from crm.core.clocks import local_date
from crm.core.models import AuditEntry, Branch
from tests.doors import Api, Staff
from tests.factories.clients import ClientFactory, ContactLogFactory

ROOT = "/api/v1/"


@pytest.fixture
def client_(branch: Branch) -> Client:
    return ClientFactory(branch=branch, name="张三")


@pytest.fixture
def gone(branch: Branch) -> Client:
    return ClientFactory(branch=branch, name="李四", status="closed", closed_on="1995-01-05", opened_on="1992-01-05")


def send(phone: Any, url: str, said: dict[str, Any] | None = None, *, key: str = "k", version: Any = None) -> Any:
    headers = {"idempotency-key": key, **({} if version is None else {"if-match": f'"{version}"'})}
    return phone.post(f"{ROOT}{url}", said or {}, format="json", headers=headers)


def test_a_restriction_is_set_and_ended_on_the_version_that_was_seen(client_: Client, staff: Staff, api: Api) -> None:
    phone, url = api(staff("compliance")), f"clients/{client_.public_id}/restriction/"
    said = {"restricted": True, "reason": "客户要求删除"}

    missing, done = send(phone, url, said), send(phone, url, said, key="b", version=1)
    stale = send(phone, url, {**said, "restricted": False}, key="c", version=1)
    ended = send(phone, url, {**said, "restricted": False}, key="d", version=2)

    assert [missing.status_code, done.status_code, stale.status_code, ended.status_code] == [428, 201, 412, 201]
    assert done["ETag"] == '"2"'
    client_.refresh_from_db()
    assert client_.restricted_on is None
    assert send(api(staff("branch_manager")), url, said, version=3).status_code == 403


def test_an_erasure_is_proposed_and_approved_by_two_others(gone: Client, staff: Staff, api: Api) -> None:
    one, two = api(staff("compliance")), api(staff("head_office"))

    made = send(one, "erasures/", {"client": gone.public_id, "reason": "保存期届满"})
    url = f"erasures/{made.json()['id']}/"
    own = send(one, f"{url}approve/", key="b", version=1)
    done = send(two, f"{url}approve/", key="c", version=1)
    stale = send(api(staff("compliance")), f"{url}reject/", {"reason": "还有诉讼"}, version=1)

    assert (made.status_code, made.json()["state"], made.json()["against"]) == (201, "proposed", [])
    assert (own.status_code, own.json()["code"]) == (403, "four_eyes")
    assert (done.status_code, done["ETag"], stale.status_code) == (201, '"2"', 412)
    assert [row["state"] for row in one.get(f"{ROOT}erasures/?state=proposed").json()["results"]] == ["proposed"]
    assert one.get(f"{ROOT}{url}").json()["first_approver"] is not None
    assert AuditEntry.objects.filter(action="erasure.view", is_read=True).exists()
    assert Erasure.objects.get().state == "proposed"
    again = send(one, "erasures/", {"client": gone.public_id, "reason": "保存期届满"}, key="e")
    assert (again.status_code, again.json()["code"]) == (409, "not_erasable")


def test_a_view_is_kept_pinned_and_given_up_by_its_owner_alone(branch: Branch, staff: Staff, api: Api) -> None:
    owner, colleague = api(staff("branch_manager")), api(staff("advisor"))
    said = {"name": "金卡", "share": "branch", "query": {"status": ["active"], "q": ["张三"]}, "columns": ["name"]}

    made = send(owner, "saved-views/", said)
    url = f"saved-views/{made.json()['id']}/"
    pinned = send(colleague, f"{url}pin/", {"on": True})
    foreign = colleague.delete(f"{ROOT}{url}", headers={"if-match": made["ETag"]})
    stale = owner.delete(f"{ROOT}{url}", headers={"if-match": '"9"'})

    assert made.json()["query"] == {"status": ["active"]}
    assert (pinned.json()["pinned"], owner.get(f"{ROOT}{url}").json()["pinned"]) == (True, False)
    assert (foreign.status_code, stale.status_code) == (404, 412)
    assert owner.delete(f"{ROOT}{url}", headers={"if-match": made["ETag"]}).status_code == 204
    assert not SavedView.objects.exists()


def test_what_was_typed_and_where_one_was_is_no_part_of_a_kept_view(staff: Staff, api: Api) -> None:
    said = {"name": "常用", "query": {"q": ["王小明"], "cursor": ["x"], "sort": ["assets"], "status": ["active"]}}

    phone = api(staff("advisor"))
    made = phone.post("/api/v1/saved-views/", said, format="json", headers={"idempotency-key": "a"})

    assert (made.status_code, made.json()["query"]) == (201, {"status": ["active"]})


def test_a_next_date_is_put_off_and_that_is_taken_back_by_who_did_it(client_: Client, staff: Staff, api: Api) -> None:
    desk, today = api(staff("front_desk")), local_date(timezone.now())
    named = today + timedelta(days=1)
    ContactLogFactory(client=client_, next_on=named)
    Client.objects.update(next_contact_on=named)

    made = send(desk, "next-dates/", {"client": client_.public_id, "to": str(today + timedelta(days=8))})
    client_.refresh_from_db()
    moved = client_.next_contact_on
    url = f"next-dates/{made.json()['id']}/back/"
    foreign, back = send(api(staff("front_desk")), url), send(desk, url, key="b")

    client_.refresh_from_db()
    assert (made.status_code, moved) == (201, today + timedelta(days=8))
    assert (foreign.status_code, back.status_code, client_.next_contact_on) == (404, 201, named)
    late = send(desk, "next-dates/", {"client": client_.public_id, "to": str(today)}, key="c")
    assert (late.status_code, "to" in late.json()["fields"]) == (400, True)


def test_a_business_line_is_marked_listed_and_taken_back(client_: Client, staff: Staff, api: Api) -> None:
    desk = api(staff("front_desk"))

    made = send(desk, "business-lines/", {"client": client_.public_id, "line": "derivatives", "note": "套保"})
    listed = desk.get(f"{ROOT}business-lines/?client={client_.public_id}").json()["results"]
    done = desk.delete(f"{ROOT}business-lines/{made.json()['id']}/")

    assert (made.status_code, [row["line"] for row in listed], done.status_code) == (201, ["derivatives"], 204)
    assert not BusinessLineMark.objects.exists()


def test_a_word_for_clients_is_made_and_changed_by_its_owner(branch: Branch, staff: Staff, api: Api) -> None:
    owner, colleague = api(staff("branch_manager")), api(staff("branch_manager"))

    made = send(owner, "tags/", {"name": "茶友", "meaning": "常来喝茶"})
    url = f"{ROOT}tags/{made.json()['id']}/"
    change = {"name": "老茶友"}
    foreign = colleague.patch(url, change, format="json", headers={"if-match": made["ETag"]})
    missing = owner.patch(url, change, format="json")
    done = owner.patch(url, change, format="json", headers={"if-match": made["ETag"]})
    company = send(owner, "tags/", {"name": "全司", "meaning": "全公司", "company": True}, key="c")

    assert [r.status_code for r in (made, foreign, missing, done, company)] == [201, 404, 428, 200, 400]
    assert Tag.objects.get(code="").name == "老茶友"
