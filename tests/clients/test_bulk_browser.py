"""A manager changes ticked clients of the list in a real browser, and the notice takes it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clients.models import Client
from tests.factories.clients import ClientFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_ticked_clients_are_changed_and_the_notice_takes_it_back(
    new_page: Callable[..., Any], web: Any, live_server: Any, staff: Any, branch: Any
) -> None:
    for name in ("段欣莹", "何秀兰", "沈国强"):
        ClientFactory(branch=branch, name=name)
    page = new_page(viewport={"width": 1440, "height": 900})
    cookie = web(staff("branch_manager")).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page.goto("/clients/")

    page.get_by_label("段欣莹", exact=True).check()
    page.get_by_label("何秀兰", exact=True).check()
    page.get_by_role("button", name="批量修改…").click()
    page.locator("[name=field]").first.select_option("preferred_channel")
    page.get_by_role("button", name="选择", exact=True).click()
    page.locator("[name=channel]").select_option("wechat")
    page.get_by_role("button", name="预览修改结果").click()
    assert page.get_by_role("row", name="2 — 微信").is_visible()
    assert set(Client.objects.values_list("preferred_channel", flat=True)) == {""}
    page.get_by_role("button", name="确认修改").click()
    page.get_by_text("已修改 2 位客户。").wait_for()
    assert Client.objects.filter(preferred_channel="wechat").count() == 2
    page.locator("[data-undo]").get_by_role("button", name="撤销").click()
    page.get_by_text("已恢复 2 位客户。").wait_for()

    assert set(Client.objects.values_list("preferred_channel", flat=True)) == {""}
