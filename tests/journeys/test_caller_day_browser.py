"""A caller's and a front desk's day in a real browser, in Chinese: a call with its answers, a complaint to its closing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from care.models import Finding, FollowUpCall, SurveyAnswer
from care.services import plan_calls
from complaints.models import Complaint
from complaints.services import act
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.models import Attachment
from tests.factories.care import SurveyInvitationFactory
from tests.factories.clients import ClientFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_caller_takes_a_call_and_a_bad_answer_reaches_compliance(at_work: Any, staff: Any, branch: Any) -> None:
    caller = staff("follow_up_caller")
    ClientFactory(branch=branch, advisor=staff("advisor"), name="段欣莹", opened_on=local_date(timezone.now()))
    plan_calls(actor=system_user(), now=timezone.now())
    page = at_work(caller)
    page.goto("/")

    page.get_by_role("link", name="段欣莹").click()
    page.get_by_role("button", name="领取回访").click()
    page.get_by_text("进行中").first.wait_for()
    for code in ("identity", "changes_confirmed", "operated_by_staff", "risks_explained"):
        page.locator(f"input[name={code}][value=yes]").check()
    page.locator("[name=note_operated_by_staff]").fill("客户经理代我打过新股")
    page.locator("input[name=full_mandate][value=no]").check()
    page.locator("textarea[name=summary]").fill("已提示客户不得委托他人操作")
    page.locator("textarea[name=summary]").press("Control+Enter")
    page.wait_for_url("**/care/")

    assert FollowUpCall.objects.get().state == "done"
    assert Finding.objects.get().state == "open"
    watcher = at_work(staff("compliance"))
    watcher.goto("/care/findings/")
    found = watcher.locator("main").inner_text()
    assert "段欣莹" in found and "客户经理代我打过新股" in found


def test_the_front_desk_walks_a_complaint_to_its_closing(at_work: Any, staff: Any, branch: Any, tmp_path: Path) -> None:
    """The desk takes down, gathers and answers in the browser; the manager accepts and approves: four eyes on an opinion."""
    desk, manager = staff("front_desk"), staff("branch_manager")
    ClientFactory(branch=branch, name="李梦琴", phone="13312348703")
    paper = tmp_path / "对账单.txt"
    paper.write_text("佣金明细", encoding="utf-8")
    page = at_work(desk)

    page.goto("/complaints/new/?q=8703")
    page.locator("main tbody a").first.click()
    page.locator("[name=subject]").select_option(label="佣金费用")
    page.locator("[name=description]").fill("佣金比开户时约定的高")
    page.get_by_role("button", name="登记").click()
    page.locator("#evidence input[type=file]").set_input_files(str(paper))
    page.locator("#evidence form button").first.click()
    page.locator("#evidence", has_text="对账单.txt").wait_for()
    assert "李梦琴" in page.locator("main").inner_text()
    step(page, "contact", note="已致电致歉")
    behind_the_desk(manager, "accept", handler=desk)
    page.reload()
    step(page, "propose", opinion="费率录入有误，退还差额", outcome="compensated", compensation="120.50")
    behind_the_desk(manager, "approve")
    page.reload()
    step(page, "reply", reply="费率已更正，差额已退还")
    step(page, "close", is_satisfied="yes")

    assert "已结" in page.locator("main").inner_text()
    complaint = Complaint.objects.get()
    assert (complaint.state, complaint.is_satisfied) == ("closed", True)
    assert Attachment.objects.get().owner_id == complaint.public_id
    assert not complaint.clocks.running().exists()


def test_a_client_answers_the_survey_on_his_phone_once(new_page: Callable[..., Any], branch: Any) -> None:
    now = timezone.now()
    SurveyInvitationFactory(
        branch=branch, token="token-of-a-client", created_at=now, expires_at=now + timedelta(days=3)
    )
    page = new_page(viewport={"width": 390, "height": 844})

    page.goto("/s/token-of-a-client/")
    page.locator("[name=satisfaction][value='4']").check(force=True)
    page.locator("[name=recommendation][value='9']").check(force=True)
    page.locator("[name=comment]").fill("处理及时")
    page.get_by_role("button", name="提交").click()
    page.get_by_text("感谢").first.wait_for()

    assert SurveyAnswer.objects.values_list("satisfaction", "recommendation", "comment").get() == (4, 9, "处理及时")


def step(page: Any, action: str, **facts: str) -> None:
    """On the dossier: press the button of the step, give its facts, send, and be back."""
    dossier = page.url.partition("#")[0]
    page.locator(f'a[href$="/step/{action}/"]').click()
    for name, value in facts.items():
        field = page.locator(f"main [name={name}]").first
        if field.get_attribute("type") == "radio":
            page.locator(f"main [name={name}][value={value}]").check()
        elif field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(dossier)
    assert page.locator("dialog[open]").count() == 0


def behind_the_desk(actor: Any, action: str, **facts: Any) -> None:
    """The manager's steps, which another day in another browser would take."""
    complaint = Complaint.objects.get()
    act(actor=actor, complaint=complaint, action=action, now=timezone.now(), version=complaint.version, **facts)
