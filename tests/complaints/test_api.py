"""Complaints over REST: the right before the row, once only, never over somebody else's change."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from complaints.models import Complaint
from complaints.services import act, register_complaint
from tests.factories.clients import ClientFactory
from tests.factories.complaints import ComplaintFactory

pytestmark = pytest.mark.django_db
LIST = "/api/v1/complaints/"
RECEIVED = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def desk(staff):
    return staff("front_desk")


@pytest.fixture
def complaint(branch, desk):
    client = ClientFactory(branch=branch, name="张三丰")
    return register_complaint(
        actor=desk,
        branch=branch,
        client=client,
        now=RECEIVED,
        received_at=RECEIVED,
        channel="phone",
        subject="commission",
        description="佣金高于约定",
    )


def detail(complaint):
    return f"{LIST}{complaint.public_id}/"


def take(phone, complaint, *, key=None, version=None, **said):
    headers = {"idempotency-key": key or uuid.uuid4().hex}
    if version != "":
        headers["if-match"] = f'"{version or complaint.version}"'
    return phone.post(f"{detail(complaint)}act/", said, format="json", headers=headers)


def test_a_complaint_is_taken_down_once_however_often_the_phone_tries(branch, desk, api):
    client, phone = ClientFactory(branch=branch), api(desk)
    said = {"client": client.public_id, "channel": "phone", "subject": "manner", "description": "态度差"}

    answers = [phone.post(LIST, said, format="json", headers={"idempotency-key": "k1"}) for _time in range(2)]

    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert Complaint.objects.count() == 1
    assert len(answers[0].json()["clocks"]) == 4
    assert phone.post(LIST, said, format="json").status_code == 400


def test_names_are_masked_and_money_is_text(complaint, desk, api):
    told = api(desk).get(detail(complaint)).json()

    assert told["complainant"] == "张**"
    assert told["compensation"] == "0.00"
    assert {step["action"] for step in told["steps"]} == {"classify", "contact", "note", "withdraw"}


def test_a_step_needs_the_version_that_was_seen(complaint, desk, api):
    phone = api(desk)

    assert take(phone, complaint, version="", action="note", note="一").status_code == 428
    assert take(phone, complaint, version=99, action="note", note="一").status_code == 412
    answer = take(phone, complaint, action="note", note="一")

    assert answer.status_code == 200
    assert answer["ETag"] == '"2"'
    assert answer.json()["events"][-1]["note"] == "一"


def test_a_step_repeated_with_its_key_is_taken_once(complaint, desk, api):
    phone = api(desk)

    answers = [take(phone, complaint, key="same", action="note", note="一") for _time in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert complaint.events.filter(action="note").count() == 1


def test_wrong_state_is_409_missing_fact_400_unknown_field_400(complaint, staff, api):
    phone = api(staff("branch_manager"))

    assert take(phone, complaint, action="close", is_satisfied=True).json()["code"] == "step_not_possible"
    assert take(phone, complaint, action="close", is_satisfied=True).status_code == 409
    missing = take(phone, complaint, action="refuse")
    assert (missing.status_code, list(missing.json()["fields"])) == (400, ["note"])
    assert take(phone, complaint, action="refuse", note="x", colour="red").status_code == 400


def test_the_right_is_asked_before_the_row(complaint, desk, staff, api, other_branch):
    foreign = ComplaintFactory(client__branch=other_branch)
    phone = api(desk)

    assert take(phone, foreign, action="approve").status_code == 403
    assert take(phone, foreign, action="note", note="x").status_code == 404
    assert api(staff("administrator")).get(detail(complaint)).status_code == 403
    unknown = phone.get(f"{LIST}{'0' * 26}/")
    assert unknown.status_code == 404
    assert phone.get(detail(foreign)).content == unknown.content


def test_nobody_gets_a_complaint_about_himself_over_rest(complaint, desk, api):
    Complaint.objects.update(complained_of=desk)
    phone = api(desk)

    assert phone.get(detail(complaint)).status_code == 404
    assert phone.get(LIST).json()["results"] == []
    assert take(phone, complaint, action="note", note="x").status_code == 404


def test_four_eyes_hold_over_rest(complaint, staff, api, desk):
    manager = staff("branch_manager")
    for action, facts in [
        ("accept", {"handler": desk}),
        ("propose", {"opinion": "属实", "outcome": "explained"}),
    ]:
        complaint = act(actor=manager, complaint=complaint, action=action, now=RECEIVED, **facts)

    assert take(api(manager), complaint, action="approve").json()["code"] == "own_proposal"
    assert take(api(staff("compliance")), complaint, action="approve").json()["state"] == "replying"


def test_filters_are_those_of_the_page(complaint, desk, api):
    phone = api(desk)

    assert len(phone.get(LIST, {"state": "open"}).json()["results"]) == 1
    assert phone.get(LIST, {"state": "ended"}).json()["results"] == []
    assert len(phone.get(LIST, {"q": complaint.number}).json()["results"]) == 1


def test_the_list_costs_the_same_for_one_complaint_and_for_ten(branch, desk, api, complaint, cost_of):
    phone = api(desk)
    phone.get(LIST)
    one = cost_of(lambda: phone.get(LIST))
    for _number in range(9):
        ComplaintFactory(client=ClientFactory(branch=branch), handler=desk)

    assert cost_of(lambda: phone.get(LIST)) == one


def test_whoever_opens_a_dossier_over_rest_or_on_the_page_is_on_record(complaint, desk, api, web):
    from crm.core.models import AuditEntry

    assert api(desk).get(detail(complaint)).status_code == 200
    assert web(desk).get(complaint.get_absolute_url()).status_code == 200

    looks = AuditEntry.objects.filter(actor=desk, action="complaint.view", is_read=True)
    assert [(look.object_id, look.client_ref) for look in looks] == [
        (complaint.public_id, complaint.client.public_id)
    ] * 2


def test_who_takes_down_a_complaint_he_may_not_see_is_told_its_number(branch, staff, api):
    phone = api(staff("advisor"))
    said = {"complainant_name": "王女士", "channel": "phone", "subject": "manner", "description": "态度差"}

    answers = [phone.post(LIST, said, format="json", headers={"idempotency-key": "k1"}) for _time in range(2)]

    row = Complaint.objects.get()
    assert [answer.status_code for answer in answers] == [201, 200]
    assert [answer.json() for answer in answers] == [{"id": row.public_id, "number": row.number}] * 2
    assert phone.get(detail(row)).status_code == 404


def test_who_names_his_own_manager_is_answered_and_sees_the_complaint_no_more(complaint, staff, api):
    chief = staff("branch_manager")
    phone = api(staff("branch_manager", manager=chief))

    answer = take(phone, complaint, action="name_person", complained_of=chief.public_id)

    assert (answer.status_code, answer.json()["number"]) == (200, complaint.number)
    complaint.refresh_from_db()
    assert complaint.complained_of == chief
    assert phone.get(detail(complaint)).status_code == 404


def test_a_date_from_outside_is_refused_over_rest_as_on_the_page(branch, desk, api):
    said = {
        "client": ClientFactory(branch=branch).public_id,
        "channel": "phone",
        "subject": "manner",
        "description": "态度差",
    }

    answer = api(desk).post(
        LIST, {**said, "imposed_due_on": "2026-12-31"}, format="json", headers={"idempotency-key": "imposed"}
    )

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["imposed_due_on"])
    assert not Complaint.objects.exists()


def test_a_phone_that_nobody_can_ring_is_refused_over_rest(branch, desk, api):
    said = {"complainant_name": "王女士", "channel": "phone", "subject": "manner", "description": "态度差"}

    answer = api(desk).post(
        LIST, {**said, "complainant_phone": "abc"}, format="json", headers={"idempotency-key": "phone"}
    )

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["complainant_phone"])
    assert not Complaint.objects.exists()
