"""In a real browser, in Chinese, by keyboard: needs asked while a contact is logged, and a segment built and used."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clients.models import ContactLog, NeedsInterview, Segment
from tests.factories.clients import ClientFactory

AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe.min.js"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def at_work(new_page: Callable[..., Any], web: Any, live_server: Any) -> Callable[..., Any]:
    """A page on which the member of staff is signed in."""

    def open_page(user: Any, **options: Any) -> Any:
        page = new_page(**options)
        cookie = web(user).cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        return page

    return open_page


def accessible(page: Any) -> None:
    """axe finds nothing on the page as it stands."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "axe.run().then(result => result.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 120))]))"
    )
    assert found == []


def test_needs_are_asked_by_keyboard_while_the_words_of_the_contact_stay(
    at_work: Any, staff: Any, branch: Any, tmp_path: Path
) -> None:
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor, name="段欣莹")
    page = at_work(advisor)
    page.goto(client.get_absolute_url())

    page.locator("#contact-form textarea[name=content]").fill("客户想了解新股")
    page.locator("#contact-form").get_by_role("link", name="需求访谈").press("Enter")
    sheet = page.locator("#needs-inline form")
    sheet.wait_for()
    sheet.locator("input[name=goals][value=ipo]").press("Space")
    sheet.locator("input[name=horizon][value='']").focus()
    for _step in range(2):
        page.keyboard.press("ArrowRight")
    sheet.locator("input[name=loss_tolerance]").fill("8")
    sheet.locator("input[name=refused][value=capital]").press("Space")
    accessible(page)
    sheet.locator("input[name=loss_tolerance]").press("Control+Enter")
    page.locator("#needs-inline").get_by_text("客户需求已登记").wait_for()

    row = NeedsInterview.objects.get()
    assert (row.goals, row.horizon, row.loss_tolerance, row.refused) == (["ipo"], "medium", Decimal(8), ["capital"])
    words = page.locator("#contact-form textarea[name=content]")
    assert words.input_value() == "客户想了解新股"
    words.press("Control+Enter")
    page.get_by_text("客户想了解新股").last.wait_for()
    row.refresh_from_db()
    assert row.contact == ContactLog.objects.get()

    page.goto(f"{client.get_absolute_url()}?tab=needs")
    page.get_by_text("新股申购").first.wait_for()
    accessible(page)
    page.screenshot(path=tmp_path / "needs.png", full_page=True)


def test_a_segment_is_built_counted_kept_and_used_by_the_list(at_work: Any, staff: Any, branch: Any) -> None:
    ClientFactory(branch=branch, name="甲富", total_assets=5000)
    ClientFactory(branch=branch, name="乙贫", total_assets=5)
    page = at_work(staff("front_desk"))
    page.goto("/clients/segments/new/")
    accessible(page)

    page.locator("input[name=name]").fill("大户")
    page.get_by_role("button", name="字段 选择字段").click()
    page.keyboard.type("资产")
    page.locator("#field-picker").get_by_role("button", name="家庭资产", exact=True).wait_for()
    assert not page.locator("#field-picker").get_by_role("button", name="城市", exact=True).is_visible()
    accessible(page)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="字段 资产", exact=True).wait_for()
    page.locator("#g0c0v").fill("1000")
    page.locator("#g0c0v").press("Tab")
    page.locator(".segment-preview").get_by_text("甲富").wait_for()
    assert page.locator("input[name=name]").input_value() == "大户"
    page.get_by_role("button", name="条件", exact=True).click()
    page.get_by_role("button", name="字段 选择字段").click()
    page.keyboard.type("zhuangtai")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.locator("input[name=g0c1v][value=active]").check()
    page.locator(".segment-preview").get_by_text("甲富").wait_for()
    accessible(page)
    page.get_by_role("button", name="保存分群").click()
    page.wait_for_url("**/clients/segments/")

    assert Segment.objects.get().name == "大户"
    page.get_by_role("link", name="大户").click()
    page.get_by_role("link", name="甲富").wait_for()
    assert page.get_by_role("link", name="乙贫").count() == 0


@pytest.mark.parametrize("path", ["/clients/tags/", "/clients/segments/", "/clients/tools/", "/clients/tags/new/"])
def test_pages_of_tags_and_segments_fit_a_phone_and_everybody(at_work: Any, staff: Any, branch: Any, path: str) -> None:
    page = at_work(staff("branch_manager"), viewport={"width": 390, "height": 800})
    page.goto(path)

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    accessible(page)
