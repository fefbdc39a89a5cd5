"""Requests of clients about their data through pages and REST, the file for the client, and who looked."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from clients.models import Client, DataRequest, Erasure, LegalHold
from clients.services.data_requests import ask_for_proof, check_identity
from clients.services.standing import set_hold
from clients.services.told import told
from crm.core.models import AuditEntry, Branch
from tests.clients.request_ground import NOW, ask, granted
from tests.doors import Staff, token
from tests.factories.clients import ClientFactory, ContactLogFactory, HoldingFactory

pytestmark = pytest.mark.time_machine(NOW)

PHONE = "+8613812348000"


@pytest.fixture
def client_(branch: Branch) -> Client:
    return ClientFactory(branch=branch, name="李四", phone=PHONE)


@pytest.fixture
def long_gone(branch: Branch) -> Client:
    """Left in 1999: no rule asks for his data any more."""
    return ClientFactory(branch=branch, name="王老五", phone=PHONE, status="closed", closed_on=date(1999, 5, 1))


# -- the file for the client -------------------------------------------------------------------------------------------


def test_the_file_tells_the_client_everything_but_what_is_not_his(client_: Client, staff: Staff) -> None:
    ContactLogFactory(client=client_, content="想了解国债逆回购")
    HoldingFactory(client=client_)
    set_hold(client=client_, reason="保密调查", actor=staff("compliance"), now=NOW)
    ask(client_, staff("compliance"))

    text = json.dumps(told(client_, staff("compliance")), ensure_ascii=False)

    assert "想了解国债逆回购" in text and "贵州茅台" in text and "13812348000" in text
    assert "保密调查" not in text and client_.phone_index not in text


@pytest.mark.parametrize("form", ["html", "json", "xlsx"])
def test_the_file_leaves_with_a_reason_a_watermark_and_a_line_on_the_trail(
    client_: Client, staff: Staff, web: Any, form: str
) -> None:
    officer = staff("compliance", name="周合规")
    row = ask(client_, officer, "copy")
    browser = web(officer)
    url = f"/data-requests/{row.public_id}/file/"

    early = browser.post(url, {"form_token": "t0", "form": form, "reason": "客户要求"})
    check_identity(request=row, identity="document", actor=officer, now=NOW)
    answer = browser.post(url, {"form_token": "t1", "form": form, "reason": "客户要求副本"})

    assert early.status_code == 409
    assert answer.status_code == 200 and "attachment" in answer["Content-Disposition"]
    if form != "xlsx":
        assert "周合规" in answer.content.decode() and "13812348000" in answer.content.decode()
    entry = AuditEntry.objects.get(action="data_request.file")
    assert (entry.reason, entry.client_ref) == ("客户要求副本", client_.public_id)


# -- pages and REST ----------------------------------------------------------------------------------------------------


def test_a_request_goes_its_way_on_the_pages(client_: Client, staff: Staff, web: Any) -> None:
    desk, first, second = web(staff("front_desk")), web(staff("compliance")), web(staff("compliance"))
    new = f"/clients/{client_.public_id}/data-requests/new/"
    said = {"kind": "correct", "channel": "counter", "received_on": "2026-05-29", "details": "地址有误"}
    desk.post(new, {**said, "form_token": token(desk.get(new))})
    row = DataRequest.objects.get()
    url = f"/data-requests/{row.public_id}/"

    for browser, step, words in (
        (first, "proof", {}),
        (first, "identity", {"identity": "document"}),
        (first, "take", {}),
        (first, "propose", {"grants": "yes", "answer": "已更正"}),
        (second, "approve", {}),
    ):
        page = browser.get(f"{url}{step}/")
        version = DataRequest.objects.get().version
        done = browser.post(f"{url}{step}/", {**words, "form_token": token(page), "version": version})
        assert done.status_code == 302, step

    assert DataRequest.objects.get().state == "answered"
    assert "已更正" in second.get(url).content.decode()
    assert "李四" in second.get("/data-requests/?state=answered").content.decode()
    assert first.get(f"{url}nonsense/").status_code == 404
    assert desk.get(f"{url}take/").status_code == 403


@pytest.mark.parametrize(
    ("kind", "ahead"),
    [
        ("access", "Make the file for the client and hand it to him, by "),
        ("correct", "Correct the facts in the client's file and tell him, by "),
        ("withdraw", "Tell the client the answer, by "),
        ("delete", "The erasure is proposed once nothing stands against it any more."),
    ],
)
def test_a_settled_request_says_what_comes_next(client_: Client, staff: Staff, web: Any, kind: str, ahead: str) -> None:
    row = granted(client_, staff, kind)

    page = web(staff("compliance")).get(row.get_absolute_url())

    assert ahead in page.context["ahead"]
    assert f"by {row.due_on}" in page.context["ahead"]
    assert "What comes next" in page.content.decode()


def test_an_open_request_says_what_comes_next(client_: Client, staff: Staff, web: Any) -> None:
    row, browser = ask(client_, staff("front_desk")), web(staff("compliance"))

    assert browser.get(row.get_absolute_url()).context["ahead"].startswith("Make sure who asks")
    ask_for_proof(request=row, actor=staff("compliance"), now=NOW)
    assert "clock stands still" in browser.get(row.get_absolute_url()).context["ahead"]


def test_compliance_sees_holds_restrictions_and_whose_retention_is_over(
    client_: Client, long_gone: Client, staff: Staff, web: Any
) -> None:
    officer = staff("compliance")
    browser = web(officer)
    hold = f"/clients/{client_.public_id}/hold/"
    browser.post(hold, {"reason": "法院调查", "form_token": token(browser.get(hold))})
    restriction = f"/clients/{client_.public_id}/restriction/"
    browser.post(restriction, {"reason": "客户要求删除", "version": 1, "form_token": token(browser.get(restriction))})
    erasure = f"/clients/{long_gone.public_id}/erasure/"
    browser.post(erasure, {"reason": "保存期届满", "form_token": token(browser.get(erasure))})

    page = browser.get("/retention/").content.decode()

    assert "法院调查" in page and "客户要求删除" in page and "王老五" in page
    assert "Legal hold" in browser.get(f"/clients/{client_.public_id}/").content.decode()
    row = Erasure.objects.get()
    second = web(staff("head_office"))
    decide = f"/erasures/{row.public_id}/decide/"
    assert second.get(f"/erasures/{row.public_id}/").status_code == 200
    second.post(decide, {"reason": "同意删除", "version": 1, "form_token": token(second.get(decide))})
    assert Erasure.objects.get().first_approver is not None
    lift = f"/holds/{LegalHold.objects.get().public_id}/lift/"
    browser.post(lift, {"reason": "案件已结", "version": 1, "form_token": token(browser.get(lift))})
    assert not LegalHold.objects.standing().exists()


def test_rest_takes_a_request_down_and_walks_it(client_: Client, staff: Staff, api: Any) -> None:
    first, second = api(staff("compliance")), api(staff("compliance"))
    said = {"client": client_.public_id, "kind": "access", "channel": "app", "received_on": "2026-05-29"}

    def post(phone: Any, url: str, body: dict[str, Any], key: str = "") -> Any:
        version = DataRequest.objects.values_list("version", flat=True).first() or 1
        return phone.post(url, body, format="json", headers={"idempotency-key": key or url, "if-match": f'"{version}"'})

    made = post(first, "/api/v1/data-requests/", said)
    url = f"/api/v1/data-requests/{made.json()['id']}/"
    early = post(first, f"{url}propose/", {"grants": True, "answer": "同意办理"})
    post(first, f"{url}check-identity/", {"identity": "account"})
    post(first, f"{url}take/", {})
    post(first, f"{url}propose/", {"grants": True, "answer": "同意办理"}, "n")
    own = post(first, f"{url}approve/", {})
    done = post(second, f"{url}approve/", {})

    assert made.status_code == 201
    assert (early.status_code, early.json()["code"]) == (409, "identity_not_checked")
    assert own.status_code == 403 and done.json()["state"] == "answered"
    assert first.get("/api/v1/data-requests/?state=open").json()["results"] == []


def test_rest_sets_and_lifts_a_hold(client_: Client, staff: Staff, api: Any) -> None:
    phone = api(staff("compliance"))
    body = {"client": client_.public_id, "reason": "法院调查"}

    made = phone.post("/api/v1/legal-holds/", body, format="json", headers={"idempotency-key": "a"})
    url = f"/api/v1/legal-holds/{made.json()['id']}/lift/"
    done = phone.post(url, {"reason": "案件已结"}, format="json", headers={"idempotency-key": "b", "if-match": '"1"'})

    assert made.status_code == 201 and done.json()["lift_reason"] == "案件已结"
    assert phone.get("/api/v1/legal-holds/?standing=true").json()["results"] == []


# -- who looked --------------------------------------------------------------------------------------------------------


def test_the_trail_names_each_look_and_a_program(branch: Branch, staff: Staff, web: Any, api: Any) -> None:
    advisor = staff("advisor", name="孙顾问")
    client = ClientFactory(branch=branch, advisor=advisor, phone=PHONE)
    colleague = staff("front_desk", name="钱前台")
    web(colleague).get(f"/clients/{client.public_id}/")
    web(colleague).post(f"/clients/{client.public_id}/reveal/phone/", {"reason": "回电确认"})
    api(colleague).get(f"/api/v1/clients/{client.public_id}/")
    manager = staff("branch_manager")
    web(manager).post("/clients/export/", {"form_token": "x", "form": "csv", "reason": "月度核对"})
    url = f"/clients/{client.public_id}/?tab=looks"

    all_looks = web(manager).get(url).content.decode()
    only_api = web(manager).get(f"{url}&kind=api").content.decode()
    own = web(advisor).get(url).content.decode()

    assert "钱前台" in all_looks and "回电确认" in all_looks and "月度核对" in all_looks
    assert only_api.count("REST") >= 1 and "回电确认" not in only_api
    assert "回电确认" in own and "月度核对" in own
    assert "Looked at a client" not in own
    assert 'tab=looks"' not in web(colleague).get(f"/clients/{client.public_id}/").content.decode()
