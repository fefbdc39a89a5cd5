"""Requests of clients about their data, legal holds, restriction, erasure, and who looked (PIPL Art. 45–47, P5, P6)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from clients import tombstones
from clients.errors import AlreadyHeld, ClientRestricted, IdentityNotChecked, NotErasable, NotHeld, WrongStep
from clients.models import Client, ContactLog, DataRequest, Erasure, LegalHold, NeedsInterview
from clients.registry import bound
from clients.retention import obstacles, retention_of
from clients.services import change_client, log_contact, record_needs
from clients.services.data_requests import (
    approve_answer,
    ask_for_proof,
    check_identity,
    propose_answer,
    receive_request,
    send_back,
    take_request,
)
from clients.services.erasure import PROOF, approve_erasure, carry_out, propose_erasure, reject_erasure
from clients.services.standing import end_restriction, lift_hold, restrict_client, set_hold
from clients.services.told import told
from crm.core.errors import FourEyes, InvalidInput
from crm.core.jobs import run_due
from crm.core.models import AuditEntry, Branch, User
from tests.doors import Staff, token
from tests.factories.clients import (
    AccountFactory,
    ClientFactory,
    ContactLogFactory,
    HoldingFactory,
    RiskAssessmentFactory,
)
from tests.factories.complaints import ComplaintFactory
from tests.factories.needs import NeedsInterviewFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)
PHONE = "+8613812348000"


@pytest.fixture
def client_(branch: Branch) -> Client:
    return ClientFactory(branch=branch, name="李四", phone=PHONE)


@pytest.fixture
def long_gone(branch: Branch) -> Client:
    """Left in 1999: no rule asks for his data any more."""
    return ClientFactory(branch=branch, name="王老五", phone=PHONE, status="closed", closed_on=date(1999, 5, 1))


def ask(client: Client, actor: User, kind: str = "access", day: date = TODAY) -> DataRequest:
    made: DataRequest = receive_request(
        client=client, kind=kind, channel="counter", received_on=day, actor=actor, now=NOW
    )
    return made


def granted(client: Client, staff: Staff, kind: str) -> DataRequest:
    """A request that went the whole way."""
    first, second = staff("compliance"), staff("compliance")
    row = ask(client, first, kind)
    check_identity(request=row, identity="document", actor=first, now=NOW)
    propose_answer(request=row, grants=True, answer="同意办理", actor=first)
    done: DataRequest = approve_answer(request=row, actor=second, now=NOW)
    return done


# -- the way of a request ----------------------------------------------------------------------------------------------


def test_a_request_is_due_fifteen_working_days_after_its_receipt(client_: Client, staff: Staff) -> None:
    row = ask(client_, staff("front_desk"))

    assert row.due_on == date(2026, 6, 23)  # the Dragon Boat holiday of 19 June lies between


def test_the_clock_stands_while_the_client_proves_who_he_is(client_: Client, staff: Staff) -> None:
    officer = staff("compliance")
    row = ask(client_, officer)

    paused = ask_for_proof(request=row, actor=officer, now=NOW + timedelta(days=1))
    assert not DataRequest.objects.overdue(date(2027, 1, 1)).exists()
    checked = check_identity(request=row, identity="document", actor=officer, now=NOW + timedelta(days=4))

    assert paused.paused_on == date(2026, 6, 2)
    assert (checked.paused_on, checked.due_on) == (None, date(2026, 6, 26))


def test_nothing_is_granted_before_the_identity_is_checked(client_: Client, staff: Staff) -> None:
    officer = staff("compliance")
    row = ask(client_, officer)

    with pytest.raises(IdentityNotChecked):
        propose_answer(request=row, grants=True, answer="同意办理", actor=officer)
    refused = propose_answer(request=row, grants=False, answer="未能证明身份", actor=officer)
    done = approve_answer(request=refused, actor=staff("compliance"), now=NOW)

    assert done.state == "refused"


def test_the_database_knows_no_work_without_identity_and_no_answer_of_one_person(client_: Client, staff: Staff) -> None:
    officer = staff("compliance")
    row = ask(client_, officer)

    for wrong in ({"state": "in_work"}, {"proposed_by": officer, "approved_by": officer}, {"state": "answered"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            DataRequest.objects.filter(pk=row.pk).update(**wrong)


def test_a_second_person_approves_or_sends_back(client_: Client, staff: Staff) -> None:
    first, second = staff("compliance"), staff("compliance")
    row = ask(client_, first)
    check_identity(request=row, identity="call_back", actor=first, now=NOW)
    take_request(request=row, actor=first)
    propose_answer(request=row, grants=True, answer="同意办理", actor=first)

    with pytest.raises(FourEyes):
        approve_answer(request=row, actor=first, now=NOW)
    back = send_back(request=row, reason="请补充理由", actor=second)
    propose_answer(request=row, grants=False, answer="理由如下", actor=first)
    done = approve_answer(request=row, actor=second, now=NOW)

    assert back.state == "in_work" and done.state == "refused"
    with pytest.raises(WrongStep):
        approve_answer(request=row, actor=second, now=NOW)


def test_a_request_from_the_future_is_none(client_: Client, staff: Staff) -> None:
    with pytest.raises(InvalidInput):
        ask(client_, staff("front_desk"), day=date(2026, 6, 2))


@pytest.mark.parametrize("day", [date(2025, 5, 30), date.min])
def test_a_request_received_more_than_a_year_ago_is_refused_beside_the_field(
    client_: Client, staff: Staff, day: date
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ask(client_, staff("advisor"), day=day)

    assert list(refusal.value.fields) == ["received_on"]


def test_consent_withdrawn_means_no_contact(client_: Client, staff: Staff) -> None:
    granted(client_, staff, "withdraw")

    client_.refresh_from_db()
    assert client_.do_not_contact and client_ not in Client.objects.contactable()


# -- deletion against retention ----------------------------------------------------------------------------------------


def test_a_deletion_while_retention_runs_restricts_to_storage_and_says_why(
    client_: Client, staff: Staff, web: Any
) -> None:
    done = granted(client_, staff, "delete")

    client_.refresh_from_db()
    assert client_.restricted_on == TODAY and ("尚未终止" in done.outcome or "has not ended" in done.outcome)
    assert not Erasure.objects.exists()
    assert client_ not in Client.objects.served() and client_ not in Client.objects.contactable()
    page = web(staff("compliance")).get(f"/clients/{client_.public_id}/").content.decode()
    assert "Restricted to storage: no contact, no change." in page


def test_a_deletion_during_an_open_complaint_restricts_and_names_it(
    long_gone: Client, staff: Staff, branch: Branch
) -> None:
    complaint = ComplaintFactory(client=long_gone, branch=branch)

    done = granted(long_gone, staff, "delete")

    assert complaint.number in done.outcome
    assert not Erasure.objects.exists()
    assert Client.objects.get(pk=long_gone.pk).name == "王老五"


def test_a_restricted_client_is_neither_found_nor_changed_nor_contacted(
    client_: Client, staff: Staff, web: Any, api: Any
) -> None:
    desk = staff("front_desk")
    restrict_client(client=client_, reason="删除请求", actor=staff("compliance"), now=NOW)

    assert web(desk).get(f"/clients/{client_.public_id}/").status_code == 404
    assert "李四" not in web(desk).get("/clients/?q=李四").content.decode().split("data-rows")[1]
    assert api(desk).get(f"/api/v1/clients/{client_.public_id}/").status_code == 404
    for change in (
        lambda: change_client(client=client_, values={"city": "上海"}, actor=desk, now=NOW),
        lambda: log_contact(client=client_, channel="phone", content="你好", actor=desk, now=NOW),
        lambda: record_needs(client=client_, answers={"goals": ["growth"]}, actor=desk, now=NOW),
    ):
        with pytest.raises(ClientRestricted):
            change()
    end_restriction(client=client_, reason="误操作撤销", actor=staff("compliance"))
    assert web(desk).get(f"/clients/{client_.public_id}/").status_code == 200


# -- retention and holds -----------------------------------------------------------------------------------------------


def test_data_are_kept_until_the_last_day_that_any_rule_asks_for(branch: Branch) -> None:
    client = ClientFactory(branch=branch, status="closed", closed_on=date(2010, 3, 1))
    assert retention_of(client, TODAY).until == date(2030, 3, 1)

    RiskAssessmentFactory(client=client, assessed_on=date(2012, 7, 1), valid_until=date(2014, 7, 1))

    assert retention_of(client, TODAY).until == date(2032, 7, 1)
    assert retention_of(ClientFactory(branch=branch), TODAY).until is None


def test_a_hold_beats_every_rule_until_it_is_lifted(long_gone: Client, staff: Staff) -> None:
    officer = staff("compliance")
    assert obstacles(long_gone, TODAY, None) == []

    hold = set_hold(client=long_gone, reason="法院调查", actor=officer, now=NOW)
    with pytest.raises(AlreadyHeld):
        set_hold(client=long_gone, reason="再次调查", actor=officer, now=NOW)
    with pytest.raises(NotErasable) as refused:
        propose_erasure(client=long_gone, reason="保存期届满", actor=officer, now=NOW)
    assert "法院调查" in str(refused.value)
    lift_hold(hold=hold, reason="案件已结", actor=officer, now=NOW)
    with pytest.raises(NotHeld):
        lift_hold(hold=hold, reason="案件已结", actor=officer, now=NOW)

    assert obstacles(long_gone, TODAY, None) == []


# -- erasure -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def stones(settings: Any, tmp_path: Path) -> Path:
    settings.CRM_VAR = tmp_path
    return tmp_path / tombstones.NAME


def fill(client: Client) -> None:
    """Rows of several kinds, and a friend whom he brought."""
    old = datetime(1998, 1, 5, 2, 0, tzinfo=UTC)
    first = ContactLogFactory(client=client, at=old, content="家住浦东")
    ContactLogFactory(client=client, at=old, content="更正", corrects=first, correction_reason="笔误")
    NeedsInterviewFactory(client=client, contact=first)
    RiskAssessmentFactory(client=client, assessed_on=date(1998, 1, 2), valid_until=date(2000, 1, 2))
    HoldingFactory(client=client)
    AccountFactory(client=client)


def approved(client: Client, staff: Staff) -> Erasure:
    row = propose_erasure(client=client, reason="保存期届满", actor=staff("compliance"), now=NOW)
    approve_erasure(erasure=row, actor=staff("compliance"), now=NOW)
    return approve_erasure(erasure=row, actor=staff("head_office"), now=NOW)  # type: ignore[no-any-return]


@pytest.mark.django_db(transaction=True)
def test_two_approvers_erase_everything_and_leave_a_certificate_and_a_tombstone(
    long_gone: Client, staff: Staff, stones: Path
) -> None:
    fill(long_gone)
    friend = ClientFactory(branch=long_gone.branch, introduced_by_client=long_gone)
    other = ContactLogFactory(client=friend)
    row = approved(long_gone, staff)

    run_due(by_hand=True)

    row.refresh_from_db()
    left = Client.objects.get(pk=long_gone.pk)
    assert row.state == "done" and row.certificate["rows"]["clients.ContactLog"] == 2
    assert (left.name, left.phone, left.provenance, left.erased_on is not None) == ("", "", {}, True)
    for kind in bound():
        if kind.model.lower() not in PROOF:
            assert not kind.rows(long_gone.pk).exists(), kind.model
    assert Client.objects.get(pk=friend.pk).introduced_by_client is None
    assert ContactLog.objects.filter(pk=other.pk).exists()
    assert [stone["client"] for stone in tombstones.read(stones)] == [long_gone.public_id]


def test_the_proposer_does_not_approve_and_nobody_approves_twice(long_gone: Client, staff: Staff) -> None:
    proposer, first = staff("compliance"), staff("compliance")
    row = propose_erasure(client=long_gone, reason="保存期届满", actor=proposer, now=NOW)

    with pytest.raises(FourEyes):
        approve_erasure(erasure=row, actor=proposer, now=NOW)
    approve_erasure(erasure=row, actor=first, now=NOW)
    with pytest.raises(FourEyes):
        approve_erasure(erasure=row, actor=first, now=NOW)
    for wrong in ({"second_approver": first}, {"state": "approved"}, {"state": "done"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Erasure.objects.filter(pk=row.pk).update(**wrong)
    assert reject_erasure(erasure=row, reason="仍需保存", actor=first).state == "rejected"


def test_what_comes_up_after_the_approvals_stops_the_job(long_gone: Client, staff: Staff) -> None:
    row = approved(long_gone, staff)
    set_hold(client=long_gone, reason="法院调查", actor=staff("compliance"), now=NOW)

    with pytest.raises(NotErasable):
        carry_out(erasure=row, actor=staff("compliance"), now=NOW)

    assert Client.objects.get(pk=long_gone.pk).name == "王老五"


def test_a_second_run_of_the_job_finds_the_work_done(long_gone: Client, staff: Staff, stones: Path) -> None:
    row = approved(long_gone, staff)
    officer = staff("compliance")
    once = carry_out(erasure=row, actor=officer, now=NOW)

    again = carry_out(erasure=row, actor=officer, now=NOW + timedelta(hours=1))

    assert again.done_at == once.done_at == NOW


def test_after_a_restore_the_tombstones_erase_again(
    long_gone: Client, staff: Staff, tmp_path: Path, capsys: Any
) -> None:
    fill(long_gone)
    stone = {"client": long_gone.public_id, "erased_at": "2026-06-01", "proposed_by": "1", "approved_by": ["2", "3"]}
    path = tmp_path / "list.jsonl"
    path.write_text(json.dumps(stone) + "\n" + json.dumps({**stone, "client": "0" * 26}) + "\n", "utf-8")

    call_command("replay_tombstones", str(path))
    first = json.loads(capsys.readouterr().out)
    call_command("replay_tombstones", str(path))
    second = json.loads(capsys.readouterr().out)

    assert first == {"erased": 1, "already": 0, "unknown": 1}
    assert second == {"erased": 0, "already": 1, "unknown": 1}
    assert Client.objects.get(pk=long_gone.pk).name == ""
    assert not NeedsInterview.objects.filter(client=long_gone).exists()


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
