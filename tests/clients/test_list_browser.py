"""The filters behind "More filters" in a real browser: fetched on first opening, in force like those of the bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.factories.clients import ClientFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [1440, 390])
def test_more_filters_are_fetched_once_and_narrow_the_list(
    new_page: Callable[..., Any], web: Any, live_server: Any, staff: Any, branch: Any, width: int
) -> None:
    ClientFactory(branch=branch, name="段欣莹", stage="lost")
    ClientFactory(branch=branch, name="何秀兰", stage="stable")
    page = new_page(viewport={"width": width, "height": 900})
    cookie = web(staff("front_desk")).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/clients/filters/" in request.url else None)
    page.goto("/clients/")

    page.get_by_text("更多筛选").click()
    page.locator("[name=stage]").select_option("lost")
    page.get_by_role("link", name="何秀兰").wait_for(state="detached")

    assert page.get_by_role("link", name="段欣莹").is_visible()
    assert "stage=lost" in page.url
    page.get_by_text("更多筛选").click()  # on a phone the panel lies over the chips
    page.locator("[data-clear=stage]").click()
    page.get_by_role("link", name="何秀兰").wait_for()
    page.get_by_text("更多筛选").click()
    assert page.locator("[name=stage]").input_value() == ""
    assert len(asked) == 1


def test_an_institution_is_not_asked_for_what_only_persons_have(
    new_page: Callable[..., Any], web: Any, live_server: Any, staff: Any, branch: Any
) -> None:
    page = new_page()
    cookie = web(staff("front_desk")).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page.goto("/clients/new/")
    assert page.locator("[name=marital_status]").is_visible()

    page.locator("[name=kind]").select_option("institution")

    for name in ("sex", "birth_date", "occupation", "education", "marital_status"):
        assert not page.locator(f"[name={name}]").is_visible()
    assert page.locator("[name=email]").is_visible()
