"""An advisor's day in a real browser, in Chinese: find a client by initials, log what was said, see it on the timeline."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from clients.models import Client, ContactLog
from crm.core.clocks import local_date
from tests.factories.clients import ClientFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 390, "height": 844}


def due_clients(advisor: Any, *names: str) -> list[Client]:
    """Clients of the advisor whose next contact was promised; the first is the most overdue."""
    today = local_date(timezone.now())
    return [
        ClientFactory(
            branch=advisor.branch, advisor=advisor, name=name, next_contact_on=today - timedelta(days=9 - place)
        )
        for place, name in enumerate(names)
    ]


def test_an_advisor_finds_a_client_by_initials_and_logs_a_contact(at_work: Any, staff: Any) -> None:
    advisor = staff("advisor")
    client = ClientFactory(branch=advisor.branch, advisor=advisor, name="任世明")
    ClientFactory(branch=advisor.branch, advisor=advisor, name="周俊杰")
    next_on = local_date(timezone.now()) + timedelta(days=10)
    page = at_work(advisor)
    page.goto("/")

    page.keyboard.press("Control+k")
    page.locator("#palette input").fill("rsm")
    page.locator("#palette-results a", has_text="任世明").click()
    page.wait_for_url(f"**/clients/{client.public_id}/")
    assert "周俊杰" not in page.locator("main").inner_text()
    page.locator("#contacts textarea").fill("约好下周来营业部做风险测评")
    page.locator("#contacts select[name=channel]").select_option(label="电话")
    page.locator("#contacts input[name=next_on]").fill(next_on.isoformat())
    page.locator("#contacts textarea").press("Control+Enter")
    page.locator("#contacts", has_text=f"下次联系 {next_on:%Y-%m-%d}").wait_for()

    page.get_by_role("link", name="时间线").click()
    page.wait_for_url("**?tab=timeline")
    page.locator("main", has_text="约好下周来营业部做风险测评").wait_for()
    logged = ContactLog.objects.get(client=client)
    assert (logged.staff, logged.channel, logged.next_on) == (advisor, "phone", next_on)
    client.refresh_from_db()
    assert client.next_contact_on == next_on


def test_a_logged_contact_leaves_the_queue_and_opens_the_next_row(at_work: Any, staff: Any) -> None:
    """Three fields, Ctrl+Enter, next row: the page is never loaded again."""
    advisor = staff("advisor")
    first, second = due_clients(advisor, "孙毅", "宋慧燕")
    page = at_work(advisor)
    page.goto("/")
    assert "2 项待办，2 项超期" in page.locator("main").inner_text()
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))

    page.locator("[data-rows] tr").first.click()
    brief = page.locator("#brief")
    brief.locator("h2", has_text="孙毅").wait_for()
    page.keyboard.type("已联系")
    brief.locator("input[name=next_on]").fill(f"{local_date(timezone.now()) + timedelta(days=7):%Y-%m-%d}")
    brief.locator("textarea").press("Control+Enter")
    brief.locator("h2", has_text="宋慧燕").wait_for()

    assert page.locator("[data-rows] tr").count() == 1
    assert "1 项待办，1 项超期" in page.locator("main").inner_text()
    assert loads == []
    assert ContactLog.objects.get().client == first
    page.locator("#brief textarea:focus").wait_for()
    page.keyboard.type("约了下午再打")
    page.keyboard.press("Control+Enter")
    page.locator("#brief #contacts", has_text="约了下午再打").wait_for()
    assert ContactLog.objects.filter(client=second).count() == 1


def test_escape_leaves_the_form_and_the_keys_of_the_page_work_again(at_work: Any, staff: Any) -> None:
    advisor = staff("advisor")
    due_clients(advisor, "孙毅", "宋慧燕")
    page = at_work(advisor)
    page.goto("/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    brief = page.locator("#brief")
    brief.locator("h2", has_text="孙毅").wait_for()
    brief.locator("textarea:focus").wait_for()

    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")

    brief.locator("h2", has_text="宋慧燕").wait_for()
    assert brief.locator("textarea").input_value() == ""


def test_on_a_phone_the_chosen_brief_comes_into_view(at_work: Any, staff: Any) -> None:
    advisor = staff("advisor")
    due_clients(advisor, *(f"客户{number}" for number in range(1, 10)))
    due_clients(advisor, *(f"客人{number}" for number in range(1, 10)))
    page = at_work(advisor, viewport=PHONE)
    page.goto("/")

    page.locator("[data-rows] a.row-link").first.click()
    page.locator("#brief textarea").wait_for()
    page.wait_for_timeout(300)  # htmx settles, then the brief is moved

    words = page.locator("#brief textarea").bounding_box()
    assert 0 <= words["y"] < PHONE["height"] - words["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator("#brief").get_by_role("link", name="返回列表").click()
    page.wait_for_function("document.getElementById('list').getBoundingClientRect().bottom > 200 && scrollY < 400")
