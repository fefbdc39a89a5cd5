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
from clients.models import Client, ContactLog, DataRequest, Erasure, NeedsInterview
from clients.registry import bound
from clients.retention import obstacles, retention_of
from clients.services import change_client, log_contact, record_needs
from clients.services.data_requests import (
    approve_answer,
    ask_for_proof,
    check_identity,
    propose_answer,
    send_back,
    take_request,
)
from clients.services.erasure import PROOF, approve_erasure, carry_out, propose_erasure, reject_erasure
from clients.services.standing import end_restriction, lift_hold, restrict_client, set_hold
from crm.core.errors import FourEyes, InvalidInput
from crm.core.jobs import run_due
from crm.core.models import Branch
from tests.clients.request_ground import NOW, TODAY, ask, granted
from tests.doors import Staff
from tests.factories.clients import (
    AccountFactory,
    ClientFactory,
    ContactLogFactory,
    HoldingFactory,
    RiskAssessmentFactory,
)
from tests.factories.complaints import ComplaintFactory
from tests.factories.needs import NeedsInterviewFactory

PHONE = "+8613812348000"


@pytest.fixture
def client_(branch: Branch) -> Client:
    return ClientFactory(branch=branch, name="李四", phone=PHONE)


@pytest.fixture
def long_gone(branch: Branch) -> Client:
    """Left in 1999: no rule asks for his data any more."""
    return ClientFactory(branch=branch, name="王老五", phone=PHONE, status="closed", closed_on=date(1999, 5, 1))


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
