"""Two worlds that differ only in what a reader may not know look the same to him, page by page and over REST."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from clients.errors import NotErasable
from clients.models import Client
from clients.registry import bound
from clients.services.data_requests import approve_answer, check_identity, propose_answer, receive_request
from clients.services.erasure import propose_erasure
from clients.services.merges import approve_merge, ask_merge
from clients.services.standing import set_hold
from crm.core import audit
from crm.core.models import AuditEntry, Branch, User
from tests.doors import HTMX, Staff
from tests.factories.care import FollowUpCallFactory
from tests.factories.clients import ClientFactory, ContactLogFactory, ContactPersonFactory, RelationFactory
from tests.factories.complaints import ComplaintFactory
from tests.factories.tiers import ClientRateFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
Open = Callable[[User], Any]


def seen(answer: Any) -> str:
    """What stands in an answer, without what is new with each of them."""
    assert answer.status_code == 200
    return re.sub(r'(csrfmiddlewaretoken"|name="form_token"|nonce=|X-CSRFToken)[^>]*', "", answer.content.decode())


@pytest.fixture
def brought(branch: Branch, staff: Staff) -> Client:
    """A client whom an agent has brought."""
    made: Client = ClientFactory(
        branch=branch,
        introducer=staff("agent"),
        sex="female",
        birth_date=date(1960, 5, 4),
        city="上海",
        occupation="教师",
        education="本科",
        marital_status="已婚",
        stage="active",
        stage_since=date(2026, 5, 1),
    )
    return made


def turn_round(client: Client) -> None:
    """Everything about him that his agent may not know becomes otherwise."""
    Client.objects.filter(pk=client.pk).update(
        sex="male",
        birth_date=date(1990, 8, 7),
        city="北京",
        occupation="医生",
        education="博士",
        marital_status="离异",
        stage="at_risk",
        stage_since=date(2026, 6, 1),
    )


def test_neither_page_nor_rest_tells_an_agent_what_his_list_and_segments_keep_back(
    brought: Client, staff: Staff, web: Open, api: Open
) -> None:
    browser, phone = web(brought.introducer), api(brought.introducer)
    clerk = api(staff("front_desk"))
    page, rest = f"/clients/{brought.public_id}/", f"/api/v1/clients/{brought.public_id}/"
    before, told, known = seen(browser.get(page)), phone.get(rest).json(), clerk.get(rest).json()

    turn_round(brought)

    assert seen(browser.get(page)) == before
    assert phone.get(rest).json() == told
    assert clerk.get(rest).json() != known and known["stage"] == "active"


def test_that_a_client_is_under_a_hold_is_told_to_who_may_see_holds(brought: Client, staff: Staff, web: Open) -> None:
    url = f"/clients/{brought.public_id}/"
    browsers = {role: web(staff(role)) for role in ("front_desk", "auditor")}
    before = {role: seen(browser.get(url)) for role, browser in browsers.items()}

    set_hold(client=brought, reason="监管调查", actor=staff("compliance"), now=NOW)

    assert seen(browsers["front_desk"].get(url)) == before["front_desk"]
    assert "Legal hold" in seen(browsers["auditor"].get(url)) and "Legal hold" not in before["auditor"]


def test_an_agent_who_logs_a_contact_is_offered_nobody_whom_his_pages_keep_back(
    branch: Branch, staff: Staff, web: Open
) -> None:
    agent = staff("agent")
    firm = ClientFactory(branch=branch, kind="institution", introducer=agent)
    url = f"/clients/{firm.public_id}/contacts/"
    browser, clerk = web(agent), web(staff("front_desk"))
    before = seen(browser.get(url, headers=HTMX))

    ContactPersonFactory(client=firm, name="王芳")
    RelationFactory(client=firm, other=None, outsider_name="李雷", kind="controller")

    assert seen(browser.get(url, headers=HTMX)) == before
    offered = seen(clerk.get(url, headers=HTMX))
    assert "王芳" in offered and "李雷" in offered


def test_a_relation_to_a_client_out_of_sight_is_offered_nowhere_and_has_no_row(
    branch: Branch, other_branch: Branch, staff: Staff, web: Open, api: Open
) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")
    form, rows = f"/clients/{client.public_id}/contacts/", f"/api/v1/relations/?client={client.public_id}"
    browser, phone, officer = web(desk), api(desk), api(staff("compliance"))
    before, told = seen(browser.get(form, headers=HTMX)), phone.get(rows).json()

    row = RelationFactory(client=client, other=ClientFactory(branch=other_branch))

    assert seen(browser.get(form, headers=HTMX)) == before
    assert phone.get(rows).json() == told
    assert phone.get(f"/api/v1/relations/{row.public_id}/").status_code == 404
    assert [one["id"] for one in officer.get(rows).json()["results"]] == [row.public_id]


def test_a_merge_names_no_introducer_who_is_out_of_sight(
    branch: Branch, other_branch: Branch, staff: Staff, web: Open, api: Open
) -> None:
    staying, leaving = ClientFactory(branch=branch), ClientFactory(branch=branch)
    friend = ClientFactory(branch=other_branch, name="欧阳无踪")
    Client.objects.filter(pk=leaving.pk).update(introduced_by_client=friend)
    url = f"/clients/{staying.public_id}/merge/?with={leaving.public_id}"
    pair = {"staying": staying.public_id, "leaving": leaving.public_id}

    page, rest = (
        web(staff("front_desk")).get(url),
        api(staff("front_desk")).get("/api/v1/client-merges/preview/", pair),
    )

    assert page.status_code == rest.status_code == 200
    assert "欧阳无踪" not in page.content.decode() and "欧阳无踪" not in rest.content.decode()
    assert "A client beyond your reach" in page.content.decode()
    assert (
        "欧阳无踪"
        in api(staff("branch_manager", branch=other_branch))
        .get(f"/api/v1/clients/{friend.public_id}/")
        .content.decode()
    )


def test_a_merge_counts_nothing_that_is_kept_from_some_of_its_readers(
    branch: Branch, staff: Staff, web: Open, api: Open
) -> None:
    desk, auditor = staff("front_desk"), staff("auditor")
    staying, leaving = ClientFactory(branch=branch), ClientFactory(branch=branch)
    ContactLogFactory(client=leaving)
    url = f"/clients/{staying.public_id}/merge/?with={leaving.public_id}"
    pair = {"staying": staying.public_id, "leaving": leaving.public_id}
    browser, phone = web(desk), api(desk)
    before, told = seen(browser.get(url)), phone.get("/api/v1/client-merges/preview/", pair).json()

    ComplaintFactory(client=leaving, complained_of=desk)
    ClientRateFactory(client=leaving)
    FollowUpCallFactory(client=leaving)
    set_hold(client=leaving, reason="监管调查", actor=staff("compliance"), now=NOW)

    assert told["counts"] and seen(browser.get(url)) == before
    assert phone.get("/api/v1/client-merges/preview/", pair).json() == told
    record = ask_merge(staying=staying, leaving=leaving, actor=desk, now=NOW, reason="同一人")
    approve_merge(record=record, actor=staff("branch_manager"), now=NOW)
    shown = {user: api(user).get(f"/api/v1/client-merges/{record.public_id}/").json() for user in (desk, auditor)}
    assert shown[desk]["counts"] == {"clients.contactlog:client": 1}
    assert shown[auditor]["counts"] == {"clients.contactlog:client": 1, "clients.legalhold:client": 1}
    assert "Legal holds" not in seen(browser.get(record.get_absolute_url()))
    trail = AuditEntry.objects.filter(action="client.merge").values_list("after", flat=True)
    assert {key for entry in trail for key in entry["moved"]} == set(shown[auditor]["counts"])


def test_rows_of_which_some_are_kept_from_somebody_are_not_counted() -> None:
    kept = {kind.model.lower() for kind in bound() if audit.is_veiled(kind.model_class)}

    assert kept == {kind.model.lower() for kind in bound() if not kind.is_counted} & kept
    assert {"complaints.complaint", "care.followupcall", "tiers.clientrate"} <= kept


def test_who_is_complained_of_does_not_read_it_in_the_file_that_he_makes_for_the_client(
    branch: Branch, staff: Staff, api: Open
) -> None:
    client, manager, officer = ClientFactory(branch=branch), staff("branch_manager"), staff("compliance")
    row = receive_request(
        client=client, kind="copy", channel="counter", received_on=date(2026, 6, 1), actor=officer, now=NOW
    )
    check_identity(request=row, identity="document", actor=officer, now=NOW)

    def file(user: User, key: str) -> str:
        said = {"form": "json", "reason": "客户要求副本"}
        answer = api(user).post(
            f"/api/v1/data-requests/{row.public_id}/file/", said, format="json", headers={"idempotency-key": key}
        )
        assert answer.status_code in (200, 201)
        return json.dumps(json.loads(answer.content)["sections"], ensure_ascii=False)

    before = file(manager, "a")
    ComplaintFactory(client=client, complained_of=manager, description="经理态度恶劣")

    assert file(manager, "b") == before
    assert "经理态度恶劣" in file(officer, "c") and "经理态度恶劣" in file(staff("branch_manager"), "d")


def test_what_stands_against_an_erasure_names_no_complaint_to_who_is_recused_nor_a_hold_to_the_desk(
    branch: Branch, staff: Staff, web: Open, api: Open
) -> None:
    officer, other = staff("compliance"), staff("compliance")
    gone = ClientFactory(branch=branch, status="closed", closed_on=date(1999, 5, 1))
    complaint = ComplaintFactory(client=gone, complained_of=officer)
    set_hold(client=gone, reason="监管调查", actor=other, now=NOW)
    url = f"/clients/{gone.public_id}/erasure/"

    assert complaint.number in seen(web(other).get(url)) and "监管调查" in seen(web(other).get(url))
    assert complaint.number not in seen(web(officer).get(url))
    assert complaint.number not in seen(web(officer).get("/retention/"))
    with pytest.raises(NotErasable) as refused:
        propose_erasure(client=gone, reason="保存期届满", actor=officer, now=NOW)
    assert complaint.number not in str(refused.value) and "监管调查" in str(refused.value)

    row = receive_request(
        client=gone, kind="delete", channel="counter", received_on=date(2026, 6, 1), actor=other, now=NOW
    )
    check_identity(request=row, identity="document", actor=other, now=NOW)
    propose_answer(request=row, grants=True, answer="同意办理", actor=other)
    outcome = approve_answer(request=row, actor=staff("compliance"), now=NOW).outcome
    assert outcome and complaint.number not in outcome and "监管调查" not in outcome
