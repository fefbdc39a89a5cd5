"""How long work takes and what a year costs the client: said to those whom it concerns."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from clients.models import Client
from clients.services import AssetDay, put_asset_days
from crm.core.access import system_user
from crm.core.clocks import Calendar, at_local, local_date
from crm.core.models import Branch
from crm.dashboard.handling import Times, handling_times
from tests.doors import Staff
from tests.factories.care import FollowUpCallFactory
from tests.factories.clients import ClientFactory
from tests.factories.complaints import ComplaintFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def today() -> date:
    return local_date(timezone.now())


def moment(day: date) -> Any:
    return at_local(day, timezone.now().time().replace(hour=10))


def closed(branch: Branch, ended: date, took: int) -> None:
    """A complaint that was with us for ``took`` working days."""
    came = Calendar.around(ended).add_working_days(ended, -took)
    assert Calendar.around(ended).working_days_between(came, ended) == took
    ComplaintFactory(
        client__branch=branch, branch=branch, state="closed", received_at=moment(came), closed_at=moment(ended)
    )


def test_half_and_nine_tenths_of_the_complaints_and_calls_of_a_year_stand_on_the_branch_home(
    branch: Branch, other_branch: Branch, staff: Staff, web: Any, today: date
) -> None:
    ended = Calendar.around(today).add_working_days(today, -5)
    for took in (1, 2, 3, 4, 5, 6, 7, 8, 9, 30):
        closed(branch, ended, took)
    closed(branch, Calendar.around(today).add_working_days(today, -280), 60)  # too long ago
    closed(other_branch, ended, 50)
    due = Calendar.around(today).add_working_days(ended, -3)
    for day in (due, ended + timedelta(days=9)):  # three days late, and before it was due
        FollowUpCallFactory(
            branch=branch, state="done", due_on=day, done_at=moment(ended), caller=staff("follow_up_caller")
        )

    manager = staff("branch_manager")
    (row,) = web(manager).get("/branch/").context["handling"]

    assert (row.complaints, row.calls) == (Times(10, 5, 9), Times(2, 0, 3))
    page = web(manager).get("/branch/").content.decode()
    assert "How long work takes" in page
    rows = {row.branch: row.complaints for row in handling_times(staff("compliance"), [branch, other_branch], today)}
    assert rows[other_branch] == Times(1, 50, 50)


def test_it_takes_three_statements_for_any_number_of_branches(
    branch: Branch, other_branch: Branch, staff: Staff, today: date, cost_of: Any
) -> None:
    reader = staff("compliance")
    handling_times(reader, [branch], today)  # who asks is read once
    one = cost_of(lambda: handling_times(reader, [branch], today))

    assert cost_of(lambda: handling_times(reader, [branch, other_branch], today)) == one <= 3


def test_what_a_year_costs_stands_beside_what_the_client_has_on_statement_and_page(
    branch: Branch, staff: Staff, web: Any, today: date
) -> None:
    advisor = staff("advisor")
    client: Client = ClientFactory(branch=branch, advisor=advisor)
    days = [
        AssetDay(
            client.pk, today - timedelta(days=500), 900_000_00, turnover=1_000_00, commission=700_00
        ),  # before the year
        AssetDay(client.pk, today - timedelta(days=3), 100_000_00, turnover=200_000_00, commission=60_00),
        AssetDay(client.pk, today - timedelta(days=2), 300_000_00),
    ]
    for day in days:
        put_asset_days(branch=branch, rows=[day], actor=system_user())
    browser = web(advisor)

    burden = browser.get(reverse("tiers:statement", args=[client.public_id])).context["burden"]

    assert (burden.commission, burden.average) == (Decimal(60), Decimal(200_000))
    assert burden.split.total > 60, "stamp duty and transfer come on top"
    assert burden.share_of_assets == burden.split.total / 200_000
    said = f"{(burden.share_of_assets * 1000):.2f}".rstrip("0")
    for path in (reverse("tiers:statement", args=[client.public_id]), f"{client.get_absolute_url()}?tab=assets"):
        assert f"{said}‰" in browser.get(path).content.decode().replace("0‰", "‰"), path


def test_statement_and_page_tell_one_sum_for_the_year_up_to_the_last_day_on_file_and_name_it(
    branch: Branch, staff: Staff, web: Any, today: date
) -> None:
    client: Client = ClientFactory(branch=branch, advisor=staff("advisor"))
    last = today - timedelta(days=5)
    for day, commission in ((last - timedelta(days=363), 46_21), (last, 2_402_00)):
        row = AssetDay(client.pk, day, 100_000_00, turnover=200_000_00, commission=commission)
        put_asset_days(branch=branch, rows=[row], actor=system_user())
    browser = web(client.advisor)
    client.refresh_from_db()

    sheet = browser.get(reverse("tiers:statement", args=[client.public_id]))
    page = browser.get(f"{client.get_absolute_url()}?tab=assets")

    assert sheet.context["burden"] == page.context["burden"]
    assert sheet.context["burden"].commission == Decimal("2448.21")
    assert f"{last:%Y-%m-%d}, the last day on file" in sheet.content.decode()
    assert f"Commission and fees of twelve months up to {last:%Y-%m-%d}" in page.content.decode()


def test_who_may_not_see_commission_is_not_told_what_the_year_costs(
    branch: Branch, staff: Staff, web: Any, today: date
) -> None:
    client: Client = ClientFactory(branch=branch)
    put_asset_days(branch=branch, rows=[AssetDay(client.pk, today, 100_00, commission=1_00)], actor=system_user())

    page = web(staff("front_desk")).get(f"{client.get_absolute_url()}?tab=assets")

    assert page.context["burden"] is None and "‰" not in page.content.decode()
