"""A risk grade that runs out is told of from the day on that the figure names, on every page alike."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from crm.core.clocks import local_date
from crm.core.models import Branch, Policy
from tests.factories.clients import ClientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def today() -> date:
    return local_date(timezone.now())


def reminded_from(days: list[int]) -> None:
    Policy.objects.filter(policy_key__key="suitability.remind_before_days").update(value=days)


@pytest.mark.parametrize(("days", "is_told"), [([45, 7], True), ([20, 7], False)])
def test_my_day_the_list_and_the_page_name_a_grade_from_the_longest_reminder_on(
    branch: Branch, staff, web, today: date, days: list[int], is_told: bool
) -> None:
    reminded_from(days)
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor, risk_grade="C3", risk_valid_until=today + timedelta(days=40))
    browser = web(advisor)

    day = browser.get("/").content.decode()
    row = browser.get("/clients/").content.decode()
    page = browser.get(f"/clients/{client.public_id}/").content.decode()

    assert ("Assessment runs out" in day) is is_told
    assert ("40 days left" in row) is is_told
    assert "40 days left" in page
    assert ("state-warning" in page.partition("40 days left")[0][-400:]) is is_told
