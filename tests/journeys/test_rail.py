"""The rail shows a role exactly the pages that it may open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import reverse

from crm.core.models import User
from crm.roles import ROLES
from crm.workbench.navigation import PLACES, Place


def leaves(places: tuple[Place, ...]) -> Iterator[Place]:
    for place in places:
        if place.children:
            yield from leaves(place.children)
        else:
            yield place


@pytest.mark.parametrize("role", [row.key for row in ROLES])
def test_an_entry_is_shown_to_those_who_may_open_its_page(staff: Callable[..., User], web: Any, role: str) -> None:
    browser = web(staff(role))
    shown: dict[str, str] = {}
    for item in browser.get("/").context["nav_items"]:
        shown |= {child["url"]: child["key"] for child in item["children"] or [item]}

    opened = {url for place in leaves(PLACES) if browser.get(url := reverse(place.url_name)).status_code == 200}

    assert set(shown) == opened


@pytest.mark.parametrize("role", [row.key for row in ROLES])
def test_an_area_leads_to_a_page_that_opens(staff: Callable[..., User], web: Any, role: str) -> None:
    browser = web(staff(role))

    for item in browser.get("/").context["nav_items"]:
        assert browser.get(item["url"]).status_code == 200, item["key"]
