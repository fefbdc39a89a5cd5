"""Follow-up calls and surveys over REST."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from care.models import FollowUpCall
from care.services import take_call
from care.services.surveys import token_hash
from crm.core.clocks import local_date
from crm.core.models import AuditEntry, Branch, User
from tests.doors import Api, Staff
from tests.factories.care import GOOD_ANSWERS, FollowUpCallFactory, SurveyInvitationFactory, answered
from tests.factories.clients import ClientFactory

CALLS, SURVEYS = "/api/v1/follow-ups/", "/api/v1/surveys/"


@pytest.fixture
def caller(staff: Staff) -> User:
    return staff("follow_up_caller")


@pytest.fixture
def call(branch: Branch) -> FollowUpCall:
    today = local_date(timezone.now())
    made: FollowUpCall = FollowUpCallFactory(branch=branch, not_before=today, due_on=today + timedelta(days=5))
    return made


def send(
    phone: APIClient, call: FollowUpCall, verb: str, *, key: str = "k", version: int | None = 1, **said: Any
) -> Any:
    headers = {"Idempotency-Key": key, **({} if version is None else {"If-Match": f'"{version}"'})}
    return phone.post(f"{CALLS}{call.public_id}/{verb}/", said, format="json", headers=headers)


def test_a_call_is_taken_and_finished_over_rest(api: Api, caller: User, call: FollowUpCall) -> None:
    phone = api(caller)

    taken = send(phone, call, "take", key="a")
    done = send(phone, call, "complete", key="b", version=taken.data["version"], answers=GOOD_ANSWERS, summary="好")

    assert (taken.status_code, taken.data["state"], taken["ETag"]) == (201, "in_progress", '"2"')
    assert [question["code"] for question in taken.data["questions"]] == list(GOOD_ANSWERS)
    assert (done.status_code, done.data["state"], done.data["summary"]) == (201, "done", "好")
    assert {answer["question"]: answer["answer"] for answer in done.data["answers"]} == GOOD_ANSWERS


def test_the_same_key_brings_the_same_answer_and_one_attempt(api: Api, caller: User, call: FollowUpCall) -> None:
    phone = api(caller)
    send(phone, call, "take", key="a")

    first = send(phone, call, "attempt", key="b", version=2, outcome="no_answer", note="忙音")
    again = send(phone, call, "attempt", key="b", version=2, outcome="no_answer", note="忙音")
    other = send(phone, call, "attempt", key="b", version=2, outcome="refused")

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 422)
    assert first.data["id"] == again.data["id"] == call.public_id
    assert len(again.data["attempts"]) == 1


def test_a_change_needs_the_key_the_version_and_known_words(api: Api, caller: User, call: FollowUpCall) -> None:
    phone = api(caller)

    assert phone.post(f"{CALLS}{call.public_id}/take/", {}, format="json", headers={"If-Match": "1"}).status_code == 400
    assert send(phone, call, "take", version=None).status_code == 428
    assert send(phone, call, "take", version=7).status_code == 412
    assert send(phone, call, "take", hurry=True).status_code == 400
    send(phone, call, "take", key="ok")
    assert send(phone, call, "attempt", key="c", version=2, outcome="reached").status_code == 400
    missing = send(phone, call, "complete", key="d", version=2, answers={"identity": "yes"})
    assert (missing.status_code, missing.data["code"]) == (400, "answers_missing")
    strange = send(phone, call, "complete", key="e", version=2, answers={**GOOD_ANSWERS, "colour": "yes"})
    assert (strange.status_code, list(strange.data["fields"])) == (400, ["colour"])


def test_rest_refuses_what_somebody_else_answered(api: Api, caller: User, call: FollowUpCall) -> None:
    phone = api(caller)
    send(phone, call, "take", key="a")

    refused = send(phone, call, "complete", key="b", version=2, answers={**GOOD_ANSWERS, "identity": "no"})
    noted = send(phone, call, "attempt", key="c", version=2, outcome="not_client")

    assert (refused.status_code, refused.data["code"], list(refused.data["fields"])) == (
        400,
        "not_the_client",
        ["identity"],
    )
    assert (noted.status_code, noted.data["attempts"][0]["outcome"]) == (201, "not_client")


def test_of_two_who_take_one_call_the_second_gets_409(api: Api, staff: Staff, call: FollowUpCall) -> None:
    first = send(api(staff("follow_up_caller")), call, "take")
    second = send(api(staff("follow_up_caller")), call, "take")

    assert (first.status_code, second.status_code, second.data["code"]) == (201, 409, "call_taken")


@pytest.mark.parametrize(
    "verb", ["take", "release", "attempt", "complete", "unable", "approve-unable", "refuse-unable"]
)
def test_no_right_comes_before_no_row(
    api: Api, staff: Staff, other_branch: Branch, call: FollowUpCall, verb: str
) -> None:
    stranger = FollowUpCallFactory(branch=other_branch)
    may = staff("branch_manager") if "-" in verb else staff("follow_up_caller")

    assert send(api(staff("advisor")), call, verb).status_code == 403
    foreign = send(api(may), stranger, verb)
    stranger.public_id = "0" * 26
    nobody = send(api(may), stranger, verb)

    assert foreign.status_code == nobody.status_code == 404
    assert foreign.content == nobody.content


def test_unable_takes_two_people(api: Api, caller: User, staff: Staff, branch: Branch) -> None:
    call = FollowUpCallFactory(client=ClientFactory(branch=branch, silent=True))

    asked = send(api(caller), call, "unable", reason="客户免打扰")
    approved = send(api(staff("branch_manager")), call, "approve-unable", version=asked.data["version"])

    assert (asked.data["state"], approved.data["state"]) == ("unable_proposed", "unable")


def test_a_refused_request_is_due_again(api: Api, caller: User, staff: Staff, branch: Branch) -> None:
    call = FollowUpCallFactory(branch=branch, state="unable_proposed", unable_proposed_by=caller)

    again = send(api(staff("branch_manager")), call, "refuse-unable", reason="再拨一次")

    assert again.data["state"] == "due"


def test_the_advisor_reads_state_and_day_and_nothing_that_was_said(
    api: Api, caller: User, staff: Staff, branch: Branch
) -> None:
    advisor = staff("advisor")
    call = FollowUpCallFactory(client=ClientFactory(branch=branch, advisor=advisor, name="张三丰"))
    taken = take_call(actor=caller, call=call, now=timezone.now())
    send(api(caller), taken, "complete", version=2, answers=GOOD_ANSWERS, summary="只给合规看")

    told = api(advisor).get(f"{CALLS}{call.public_id}/")

    assert (told.status_code, told.data["state"]) == (200, "done")
    assert [told.data[name] for name in ("greeting", "questions", "attempts", "answers", "summary")] == [None] * 5
    assert "张三丰" not in told.content.decode()
    assert api(staff("compliance")).get(f"{CALLS}{call.public_id}/").data["summary"] == "只给合规看"


def test_whoever_opens_a_call_over_rest_or_on_the_page_is_on_record(
    api: Api, web: Callable[[User], Any], caller: User, call: FollowUpCall
) -> None:
    assert api(caller).get(f"{CALLS}{call.public_id}/").status_code == 200
    assert web(caller).get(f"/care/calls/{call.public_id}/").status_code == 200

    looks = AuditEntry.objects.filter(actor=caller, action="call.view", is_read=True)
    assert [(look.object_id, look.client_ref) for look in looks] == [(call.public_id, call.client.public_id)] * 2


def test_the_list_is_filtered_ordered_and_costs_the_same_for_ten(
    api: Api, caller: User, branch: Branch, other_branch: Branch, cost_of: Callable[[Callable[[], Any]], int]
) -> None:
    FollowUpCallFactory(branch=other_branch)
    FollowUpCallFactory(branch=branch, state="missed")
    phone = api(caller)
    one = cost_of(lambda: phone.get(CALLS))
    FollowUpCallFactory.create_batch(9, branch=branch)

    assert cost_of(lambda: phone.get(CALLS)) == one
    assert len(phone.get(CALLS).data["results"]) == 10
    assert len(phone.get(CALLS, {"state": "missed"}).data["results"]) == 1
    assert phone.get(CALLS, {"state": "lost"}).status_code == 400
    first = phone.get(CALLS, {"page_size": 4}).data
    assert len(phone.get(first["next"]).data["results"]) == 4


def test_surveys_tell_marks_and_never_a_token(api: Api, staff: Staff, branch: Branch, other_branch: Branch) -> None:
    answered(branch, 4, 10, "不错")
    SurveyInvitationFactory(branch=branch)
    answered(other_branch, 1, 1)
    phone = api(staff("branch_manager"))

    rows = phone.get(SURVEYS).data["results"]
    found = phone.get(f"{SURVEYS}results/").data

    assert sorted((row["satisfaction"], row["comment"]) for row in rows if row["comment"]) == [(4, "不错")]
    assert {row["satisfaction"] for row in rows} == {4, None}
    assert not [name for name in rows[0] if "token" in name]
    assert (found["asked"], found["answered"], found["satisfaction"], found["nps"]) == (2, 1, "4.00", 100)
    assert api(staff("advisor")).get(SURVEYS).status_code == 403
    assert api(staff("advisor")).get(f"{SURVEYS}results/").status_code == 403
    assert phone.post(SURVEYS, {}, format="json", headers={"Idempotency-Key": "k"}).status_code in (403, 405)


def test_a_link_is_handed_out_once_and_told_once(api: Api, staff: Staff, branch: Branch) -> None:
    soon = timezone.now() + timedelta(days=3)
    invitation, phone = SurveyInvitationFactory(branch=branch, expires_at=soon), api(staff("front_desk"))
    url = f"{SURVEYS}{invitation.public_id}/"
    seen = phone.get(url)["ETag"]

    def ask(key: str, tag: str | None) -> Any:
        headers = {"Idempotency-Key": key, **({"If-Match": tag} if tag else {})}
        return phone.post(f"{url}link/", {}, format="json", headers=headers)

    assert ask("a", None).status_code == 428
    first, again, late = ask("a", seen), ask("a", seen), ask("b", seen)

    assert (first.status_code, again.status_code, late.status_code) == (201, 200, 412)
    assert first.data["link"].startswith("http") and again.data["link"] is None
    assert "no-store" in first["Cache-Control"]
    token = first.data["link"].rstrip("/").rsplit("/", 1)[1]
    invitation.refresh_from_db()
    assert invitation.token_hash == token_hash(token)
    assert token not in phone.get(url).content.decode()
    assert AuditEntry.objects.filter(action="survey.hand_out_link").count() == 1
    assert api(staff("advisor")).post(f"{url}link/").status_code == 403
