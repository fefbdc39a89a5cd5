"""Two whole ways through the client's pages in a real browser, in Chinese: a new advisor's first call, and a merge."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from clients.models import ContactLog, MergeRecord, NeedsInterview
from clients.services.duplicates import find_duplicates
from crm.core.access import system_user
from crm.core.clocks import local_date
from tests.factories.clients import ClientFactory, ContactLogFactory
from tests.plugins.browser import settled

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_new_advisor_finds_a_client_asks_what_he_wants_logs_the_call_and_sees_it_on_the_timeline(
    at_work: Any, staff: Any, picture: Callable[[Any, str], None]
) -> None:
    """One flow, by keyboard: initials, the sheet beside the words of the call, a next date, the timeline."""
    advisor = staff("advisor", name="新来的顾问")
    client = ClientFactory(branch=advisor.branch, advisor=advisor, name="任世明")
    ClientFactory(branch=advisor.branch, advisor=advisor, name="周俊杰")
    next_on = local_date(timezone.now()) + timedelta(days=10)
    page = at_work(advisor)
    page.goto("/")

    page.keyboard.press("Control+k")
    page.keyboard.type("rsm")
    page.locator("#palette-results a", has_text="任世明").wait_for()
    picture(page, "1-initials")
    settled(page)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/clients/{client.public_id}/")

    words = page.locator("#contact-form textarea[name=content]")
    words.focus()
    page.keyboard.type("想给孩子攒教育金，约好下周来做风险测评")
    page.locator("#contact-form").get_by_role("link", name="需求访谈").press("Enter")
    sheet = page.locator("#needs-inline form")
    sheet.wait_for()
    sheet.locator("input[name=goals][value=education]").press("Space")
    sheet.locator("input[name=horizon][value='']").focus()
    for _step in range(3):
        page.keyboard.press("ArrowRight")
    sheet.locator("input[name=capital]").focus()
    page.keyboard.type("500000")
    sheet.locator("input[name=refused][value=loss_tolerance]").press("Space")
    picture(page, "2-needs")
    sheet.locator("input[name=capital]").press("Control+Enter")
    page.locator("#needs-inline").get_by_text("客户需求已登记").wait_for()
    assert words.input_value() == "想给孩子攒教育金，约好下周来做风险测评"
    beside = page.locator(".page-aside")
    beside.get_by_text("子女教育").wait_for()

    page.locator("#contact-form select[name=channel]").select_option(label="电话")
    page.locator("#contact-form input[name=next_on]").fill(next_on.isoformat())
    picture(page, "3-call")
    words.press("Control+Enter")
    page.locator("#contacts", has_text=f"下次联系 {next_on:%Y-%m-%d}").wait_for()
    beside.get_by_text("10 天后").wait_for()

    settled(page)
    page.get_by_role("link", name="时间线").press("Enter")
    page.wait_for_url("**?tab=timeline")
    timeline = page.locator("#tab")
    timeline.get_by_text("想给孩子攒教育金，约好下周来做风险测评").wait_for()
    assert f"下次联系 {next_on:%Y-%m-%d}" in timeline.inner_text()
    picture(page, "4-timeline")
    page.get_by_role("link", name="需求", exact=True).press("Enter")
    page.wait_for_url("**?tab=needs")
    page.locator("#tab").get_by_text("子女教育").first.wait_for()
    picture(page, "5-needs-tab")

    call, asked = ContactLog.objects.get(client=client), NeedsInterview.objects.get(client=client)
    assert (call.staff, call.channel, call.next_on) == (advisor, "phone", next_on)
    assert (asked.goals, asked.horizon, asked.capital) == (["education"], "long", Decimal(500000))
    assert (asked.refused, asked.contact) == (["loss_tolerance"], call)
    client.refresh_from_db()
    assert client.next_contact_on == next_on


def test_a_manager_previews_a_merge_a_second_person_approves_it_and_the_old_address_leads_on(
    at_work: Any, staff: Any, branch: Any, picture: Callable[[Any, str], None]
) -> None:
    advisor, manager, second = staff("advisor"), staff("branch_manager"), staff("compliance")
    staying = ClientFactory(branch=branch, advisor=advisor, external_id="1001", name="钱慧", phone="+8613812348000")
    leaving = ClientFactory(
        branch=branch, advisor=advisor, external_id="1002", name="钱慧", phone="+8613812348000", city="上海"
    )
    ContactLogFactory(client=leaving, content="旧户里谈过的事")
    find_duplicates(branch=branch, actor=system_user(), now=timezone.now())
    page = at_work(manager)
    page.goto("/clients/duplicates/")

    assert "1002" in page.locator("#list").inner_text()
    picture(page, "1-duplicates")
    page.get_by_role("link", name="比对合并").click()
    page.get_by_role("heading", name="合并两位客户").wait_for()
    assert "13812348000" not in page.content()
    page.locator("input[name=fact_city][value=leaving]").check()
    page.locator("[name=reason]").fill("同一人，两次开户")
    picture(page, "2-preview")
    page.get_by_role("button", name="申请合并").click()
    record = _only_merge(page)
    picture(page, "3-waiting")
    assert record.state == "proposed"
    assert page.get_by_role("link", name="批准").count() == 0

    decider = at_work(second)
    decider.goto("/clients/duplicates/?show=waiting")
    decider.get_by_role("link", name="钱慧").click()
    decider.get_by_role("link", name="批准").click()
    picture(decider, "4-approve")
    decider.get_by_role("button", name="合并").click()
    decider.wait_for_url(f"**{record.get_absolute_url()}")
    picture(decider, "5-merged")

    page.goto(f"/clients/{leaving.public_id}/")
    assert page.url.endswith(staying.get_absolute_url())
    page.locator("main", has_text="旧户里谈过的事").wait_for()
    picture(page, "6-old-address")
    staying.refresh_from_db()
    assert (staying.city, ContactLog.objects.get().client) == ("上海", staying)
    assert MergeRecord.objects.get().decided_by == second


def _only_merge(page: Any) -> MergeRecord:
    page.wait_for_url("**/clients/merges/*/")
    return MergeRecord.objects.get()


def test_every_tab_of_a_client_is_in_sight_on_a_desk(at_work: Any, staff: Any) -> None:
    """With all rights there are fourteen; none hides beyond the edge of the row."""
    manager = staff("branch_manager")
    client = ClientFactory(branch=manager.branch)
    page = at_work(manager)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(client.get_absolute_url())

    assert page.locator(".tabs li").count() > 10
    assert page.locator(".tabs ul").evaluate("row => row.scrollWidth <= row.clientWidth")
    assert page.locator(".tabs li").last.evaluate("tab => tab.getBoundingClientRect().right <= innerWidth")


def test_a_refused_contact_leaves_no_complaint_of_the_content_policy(at_work: Any, staff: Any, branch: Any) -> None:
    """The browser copies what scripts have set on a field (its height) onto the one that takes its place, but no style."""
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor)
    page = at_work(advisor, refusals=True)
    page.goto(f"/clients/{client.public_id}/")
    content = page.locator("#contact-form [name=content]")
    content.fill("问候")
    content.evaluate("box => { box.style.height = '200px'; }")  # as somebody drags its corner
    page.locator("#contact-form [name=next_on]").fill("1999-01-01")

    page.locator("#contact-form .btn-primary").click()
    page.locator("#contact-form .form-error, #contact-form [role=alert]").first.wait_for()

    assert page.locator("#contact-form [name=content]").input_value() == "问候"
