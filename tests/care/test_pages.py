"""The pages of care: who may open them, what they show to whom, and that every command goes through its service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from care.models import CallAttempt, Finding, FollowUpCall
from care.services import record_attempt, take_call
from crm.core.clocks import SHANGHAI, local_date
from crm.core.models import Branch, User
from tests.care.page_ground import call_of, text_of
from tests.doors import Staff, Web
from tests.factories.care import GOOD_ANSWERS, FindingFactory, answered
from tests.factories.clients import ClientFactory, ContactPointFactory

Cost = Callable[[Callable[[], Any]], int]


def taken(branch: Branch, caller: User, **fields: Any) -> FollowUpCall:
    call: FollowUpCall = take_call(actor=caller, call=call_of(branch, **fields), now=timezone.now())
    return call


# -- doors -------------------------------------------------------------------------------------------------------------

ROW_PAGES = ["care:call_unable", "care:unable_approve", "care:unable_refuse", "care:finding_close", "care:survey_link"]
COMMANDS = ["care:call_take", "care:call_release", "care:call_attempt", "care:call_complete"]


@pytest.mark.parametrize("page", ["care:queue", "care:unable", "care:findings", "care:surveys"])
def test_the_administrator_of_staff_opens_no_page_of_care(web: Web, staff: Staff, page: str) -> None:
    assert web(staff("administrator")).get(reverse(page)).status_code == 403


@pytest.mark.parametrize("page", ["care:call", *ROW_PAGES])
def test_the_right_is_asked_before_the_row(web: Web, staff: Staff, page: str) -> None:
    assert web(staff("administrator")).get(reverse(page, args=["nobody"])).status_code == 403


@pytest.mark.parametrize("command", COMMANDS)
def test_only_callers_make_calls(web: Web, staff: Staff, branch: Branch, command: str) -> None:
    call = call_of(branch)

    for role in ("advisor", "branch_manager", "front_desk", "compliance"):
        answer = web(staff(role)).post(reverse(command, args=[call.public_id]), {"form_token": "t"})
        assert answer.status_code == 403, role


@pytest.mark.parametrize("command", ["care:call", *COMMANDS])
def test_a_call_of_another_branch_is_as_good_as_none(
    web: Web, staff: Staff, other_branch: Branch, command: str
) -> None:
    call = call_of(other_branch)
    browser = web(staff("follow_up_caller"))
    ask = browser.get if command == "care:call" else browser.post

    assert ask(reverse(command, args=[call.public_id])).status_code == 404


def test_visitors_are_led_to_the_sign_in(client: Browser, db: None) -> None:
    assert client.get(reverse("care:queue")).status_code == 302


# -- queue -------------------------------------------------------------------------------------------------------------


def test_the_caller_sees_what_he_may_call_today_the_most_urgent_first(web: Web, staff: Staff, branch: Branch) -> None:
    caller = staff("follow_up_caller")
    today = local_date(timezone.now())
    later = call_of(branch, due_on=today + timedelta(days=9), client__name="后来")
    sooner = call_of(branch, due_on=today + timedelta(days=1), client__name="先来")
    call_of(branch, not_before=today + timedelta(days=1))
    call_of(branch, client=ClientFactory(branch=branch, advisor=caller))
    call_of(branch, client=ClientFactory(branch=branch, silent=True))
    taken(branch, staff("follow_up_caller"))
    mine = taken(branch, caller)

    page = web(caller).get(reverse("care:queue"))

    assert [call.pk for call in page.context["page"]] == [sooner.pk, later.pk]
    assert [call.pk for call in page.context["begun"]] == [mine.pk]


def test_the_manager_sees_progress_and_everything_open(web: Web, staff: Staff, branch: Branch) -> None:
    call_of(branch)
    call_of(branch, state="done", done_at=timezone.now())
    call_of(branch, state="cancelled")

    page = web(staff("branch_manager")).get(reverse("care:queue"))

    assert len(page.context["page"]) == 1
    (row,) = page.context["programmes"]
    assert (row["wanted"], row["done"], row["percent"]) == (2, 1, 50)
    assert "1 of 2 done, 50%" in page.content.decode()


def test_the_filter_finds_a_client_and_htmx_gets_only_the_rows(web: Web, staff: Staff, branch: Branch) -> None:
    call_of(branch, client=ClientFactory(branch=branch, name="张三"))
    call_of(branch, client=ClientFactory(branch=branch, name="李四"))

    answer = web(staff("branch_manager")).get(reverse("care:queue"), {"q": "zs"}, headers={"HX-Request": "true"})

    text = answer.content.decode()
    assert "张三" in text
    assert "李四" not in text
    assert "<html" not in text


@pytest.mark.parametrize("page", ["care:queue", "care:unable", "care:findings", "care:surveys"])
def test_a_list_costs_the_same_for_one_row_and_for_ten(
    web: Web, staff: Staff, branch: Branch, cost_of: Cost, page: str
) -> None:
    def grow(count: int) -> None:
        for _n in range(count):
            call_of(branch)
            call_of(branch, state="unable_proposed", unable_proposed_by=caller, unable_reason="空号")
            FindingFactory(branch=branch)
            answered(branch, 4, 9, "很好", created_at=timezone.now())

    caller = staff("follow_up_caller")
    browser = web(staff("compliance"))
    grow(1)
    browser.get(reverse(page))
    one = cost_of(lambda: browser.get(reverse(page)))
    grow(9)

    assert cost_of(lambda: browser.get(reverse(page))) == one


# -- call screen -------------------------------------------------------------------------------------------------------


def test_a_call_is_taken_tried_and_another_day_is_set_on_the_screen(web: Web, staff: Staff, branch: Branch) -> None:
    caller = staff("follow_up_caller")
    browser, call = web(caller), call_of(branch)
    url = call.get_absolute_url()
    assert "Take the call" in text_of(browser, "care:call", call.public_id)

    browser.post(reverse("care:call_take", args=[call.public_id]), {"form_token": "a", "version": 1})
    screen = browser.get(url)
    assert "operated your account" in screen.content.decode()
    version = screen.context["answers_form"].initial["version"]
    answer = browser.post(
        reverse("care:call_attempt", args=[call.public_id]),
        {"form_token": "b", "version": version, "outcome": "no_answer", "note": "忙音"},
    )

    assert answer.status_code == 302
    call.refresh_from_db()
    assert (call.state, call.attempts_made, call.caller) == ("due", 1, None)
    assert call.not_before > local_date(timezone.now())
    screen_text = text_of(browser, "care:call", call.public_id)
    assert "忙音" in screen_text
    assert "Take the call" not in screen_text


def test_a_call_is_finished_with_five_answers_and_a_second_click_changes_nothing(
    web: Web, staff: Staff, branch: Branch
) -> None:
    caller = staff("follow_up_caller")
    browser, call = web(caller), taken(branch, caller)
    said = {"form_token": "c", "version": call.version, **GOOD_ANSWERS, "operated_by_staff": "yes"}
    said["note_operated_by_staff"] = "经理帮我下过单"

    for _click in range(2):
        assert browser.post(reverse("care:call_complete", args=[call.public_id]), said).status_code == 302

    call.refresh_from_db()
    assert call.state == "done"
    assert Finding.objects.get().answer.note == "经理帮我下过单"
    assert "经理帮我下过单" in text_of(web(staff("compliance")), "care:call", call.public_id)


def test_a_missing_answer_is_said_beside_the_question_and_nothing_typed_is_lost(
    web: Web, staff: Staff, branch: Branch
) -> None:
    caller = staff("follow_up_caller")
    call = taken(branch, caller)
    said = {"form_token": "c", "version": call.version, **GOOD_ANSWERS, "summary": "谈得很好"}
    del said["risks_explained"]

    answer = web(caller).post(reverse("care:call_complete", args=[call.public_id]), said)

    assert answer.status_code == 400
    assert "Answer yes or no." in answer.content.decode()
    assert "谈得很好" in answer.content.decode()


def test_after_a_letter_the_screen_says_what_comes_next_and_by_when(web: Web, staff: Staff, branch: Branch) -> None:
    caller = staff("follow_up_caller")
    browser, today = web(caller), local_date(timezone.now())
    call = call_of(branch)
    url = reverse("care:call", args=[call.public_id])
    assert browser.get(url).context["ahead"] == ""

    take_call(actor=caller, call=call, now=timezone.now())
    record_attempt(actor=caller, call=call, now=timezone.now(), outcome="written")
    call.refresh_from_db()
    written = browser.get(url)
    for number in range(2, 5):
        CallAttempt.objects.create(
            call=call,
            number=number,
            at=timezone.now(),
            day=today - timedelta(days=number),
            caller=caller,
            outcome="no_answer",
        )
    done = browser.get(url).context["ahead"]

    assert written.context["ahead"] == (
        f"The client was written to. Next: try on 3 more days, from {call.not_before} on; due on {call.due_on}."
    )
    assert "Next: try on 3 more days" in written.content.decode()
    assert done.endswith(f"Next: ask to count it as not possible, by {call.due_on}.")


def test_that_somebody_else_answered_is_said_beside_the_question_and_can_be_noted(
    web: Web, staff: Staff, branch: Branch
) -> None:
    caller = staff("follow_up_caller")
    browser, call = web(caller), taken(branch, caller)
    said = {"form_token": "c", "version": call.version, **GOOD_ANSWERS, "identity": "no", "summary": "接电话的是家人"}

    refused = browser.post(reverse("care:call_complete", args=[call.public_id]), said)
    noted = browser.post(
        reverse("care:call_attempt", args=[call.public_id]),
        {"form_token": "d", "version": call.version, "outcome": "not_client", "note": "家人接听"},
    )

    assert refused.status_code == 400
    assert "identity" in refused.context["form"].errors
    assert "接电话的是家人" in refused.content.decode()
    assert noted.status_code == 302
    call.refresh_from_db()
    assert (call.state, call.attempts.get().outcome) == ("due", "not_client")


@pytest.mark.parametrize(("version", "status"), [(1, 412), (2, 302)])
def test_a_screen_that_is_older_than_the_call_is_refused(
    web: Web, staff: Staff, branch: Branch, version: int, status: int
) -> None:
    caller = staff("follow_up_caller")
    call = taken(branch, caller)

    answer = web(caller).post(
        reverse("care:call_complete", args=[call.public_id]),
        {"form_token": "c", "version": version, **GOOD_ANSWERS},
    )

    assert answer.status_code == status


def test_of_two_who_open_the_same_call_the_second_is_told(web: Web, staff: Staff, branch: Branch) -> None:
    call = call_of(branch)
    taken_by_other = web(staff("follow_up_caller"))
    url = reverse("care:call_take", args=[call.public_id])
    taken_by_other.post(url, {"form_token": "a", "version": 1})

    answer = web(staff("follow_up_caller")).post(url, {"form_token": "b", "version": 1})

    assert answer.status_code == 409
    text = answer.content.decode()
    assert "A colleague is already making this call." in text
    assert "Take the call" not in text


def test_a_call_that_was_put_back_over_night_says_so_when_its_old_screen_is_sent(
    web: Web, staff: Staff, branch: Branch
) -> None:
    caller = staff("follow_up_caller")
    call = taken(branch, caller)
    FollowUpCall.objects.update(state="due", caller=None, version=3)

    answer = web(caller).post(
        reverse("care:call_attempt", args=[call.public_id]),
        {"form_token": "c", "version": 2, "outcome": "no_answer"},
    )

    assert answer.status_code == 412
    assert "This was changed after you opened the form" in answer.content.decode()


def test_the_advisor_sees_that_his_client_was_called_and_never_what_was_said(
    web: Web, staff: Staff, branch: Branch
) -> None:
    advisor, caller = staff("advisor"), staff("follow_up_caller")
    call = taken(branch, caller, client=ClientFactory(branch=branch, advisor=advisor, phone="+8613812348000"))
    web(caller).post(
        reverse("care:call_complete", args=[call.public_id]),
        {"form_token": "c", "version": call.version, **GOOD_ANSWERS, "summary": "只给合规看"},
    )

    text = text_of(web(advisor), "care:call", call.public_id)

    assert "Done" in text
    assert "只给合规看" not in text
    assert "operated your account" not in text
    assert "8000" not in text


def test_a_manager_who_serves_the_client_himself_does_not_read_the_answers(
    web: Web, staff: Staff, branch: Branch
) -> None:
    manager, caller = staff("branch_manager"), staff("follow_up_caller")
    call = taken(branch, caller, client=ClientFactory(branch=branch, advisor=manager))
    web(caller).post(
        reverse("care:call_complete", args=[call.public_id]),
        {"form_token": "c", "version": call.version, **GOOD_ANSWERS, "summary": "与经理有关"},
    )

    assert "与经理有关" not in text_of(web(manager), "care:call", call.public_id)
    assert "与经理有关" in text_of(web(staff("branch_manager")), "care:call", call.public_id)


def test_the_phone_is_masked_and_may_be_revealed_by_who_makes_the_call(web: Web, staff: Staff, branch: Branch) -> None:
    caller = staff("follow_up_caller")
    call = taken(branch, caller, client=ClientFactory(branch=branch, phone="+8613812348000"))

    text = text_of(web(caller), "care:call", call.public_id)

    assert "13812348000" not in text
    assert reverse("clients:reveal", args=[call.client.public_id, "phone"]) in text


def test_the_call_screen_warns_of_a_forbidden_channel_of_numbers_not_to_use_and_of_quiet_hours(
    web: Web, staff: Staff, branch: Branch
) -> None:
    local = timezone.now().astimezone(SHANGHAI)
    hours = {
        "quiet_from": (local - timedelta(hours=1)).time().replace(microsecond=0),
        "quiet_until": (local + timedelta(hours=1)).time().replace(microsecond=0),
    }
    caller = staff("follow_up_caller")
    bothered = ClientFactory(branch=branch, forbidden_channels="phone", **hours)
    ContactPointFactory(client=bothered, kind="phone", value="+8613812348000", is_forbidden=True)
    awake = {name: (local + timedelta(hours=by)).time() for name, by in (("quiet_from", 10), ("quiet_until", 11))}
    free = ClientFactory(branch=branch, **awake)
    ContactPointFactory(client=free, kind="phone", value="+8613812348001")

    warned = text_of(web(caller), "care:call", call_of(branch, client=bothered).public_id)
    quiet = text_of(web(caller), "care:call", call_of(branch, client=free).public_id)

    sentences = ("does not want to be reached by this channel", "for this channel must not be used", "Quiet hours from")
    assert all(sentence in warned for sentence in sentences)
    assert not any(sentence in quiet for sentence in sentences)


def test_an_agent_sees_the_name_of_his_client_masked(web: Web, staff: Staff, branch: Branch) -> None:
    agent = staff("agent")
    call = call_of(branch, client=ClientFactory(branch=branch, introducer=agent, name="欧阳锋"))

    for text in (text_of(web(agent), "care:call", call.public_id), text_of(web(agent), "care:queue")):
        assert "欧阳锋" not in text
