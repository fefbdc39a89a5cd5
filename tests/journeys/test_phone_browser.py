"""What stands on a phone of 390 pixels is whole: no button and no word of the bar is cut."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from clients.services.duplicates import find_duplicates
from crm.core.access import system_user
from tests.factories.clients import ClientFactory
from tests.factories.tiers import RateCardFactory
from tiers.services.programmes import seed_default_programme

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 390, "height": 844}
#: Words of the bar that are wider than their place, and buttons of the content that reach beyond the screen.
_CUT = """() => [
  ...[...document.querySelectorAll('.bottom-bar span')].filter(one => one.scrollWidth > one.clientWidth),
  ...[...document.querySelectorAll('main .btn')].filter(one => one.getBoundingClientRect().right > innerWidth),
].map(one => one.textContent.trim())"""


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_suspected_duplicates_are_decided_on_a_phone(
    at_work: Any, staff: Any, branch: Any, picture: Any, locale: str
) -> None:
    for name in ("欧阳一二三", "司马相如"):
        for number in range(2):
            ClientFactory(
                branch=branch,
                name=name,
                phone=f"+861381234800{len(name)}",
                external_id=f"C-2026-000{len(name)}{number}",
            )
    find_duplicates(branch=branch, actor=system_user(), now=timezone.now())
    page = at_work(staff("branch_manager"), viewport=PHONE, locale=locale)
    page.goto("/clients/duplicates/")
    picture(page, "duplicates")

    assert page.locator("main td .btn").count() >= 4
    assert page.evaluate(_CUT) == []


def test_the_card_of_the_public_sheet_moves_within_itself_on_a_phone(at_work: Any, staff: Any, branch: Any) -> None:
    programme = seed_default_programme(company=branch.company, actor=system_user())
    for product in ("A_SHARE", "FUND", "BOND", "MARGIN", "BSE"):
        RateCardFactory(tier=programme.tiers.get(code="gold"), product=product, rate=Decimal("0.00025"))
    page = at_work(staff("branch_manager"), viewport=PHONE, locale="zh-CN")

    page.goto("/commission/criteria/")

    page.get_by_text("万分之2.5").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
