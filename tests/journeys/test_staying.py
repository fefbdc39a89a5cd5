"""Who stays, by the year in which he came; and how fresh the needs of each book are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from clients.models import AssetMilestone
from crm.core.clocks import local_date
from crm.core.models import Branch
from crm.dashboard.feed import colleagues
from tests.doors import Staff
from tests.factories.clients import ClientFactory, ContactLogFactory
from tests.factories.needs import NeedsInterviewFactory

URL = "/branch/staying/"


def test_the_manager_sees_of_each_year_who_came_who_stayed_and_who_is_about_to_leave(
    branch: Branch, other_branch: Branch, staff: Staff, web: Any, cost_of: Callable[..., int]
) -> None:
    year = local_date(timezone.now()).year
    ClientFactory(branch=branch, opened_on=date(year, 1, 2), total_assets=Decimal(10))
    ClientFactory(branch=branch, opened_on=date(year - 3, 1, 2), stage="at_risk")
    gone = ClientFactory(branch=branch, opened_on=date(year - 3, 5, 2), closed=True)
    ClientFactory(branch=branch, opened_on=date(year - 15, 1, 2))
    ClientFactory(branch=branch, opened_on=date(1995, 1, 2), stage="lost")
    ClientFactory(branch=branch, opened_on=None)
    ClientFactory(branch=other_branch, opened_on=date(year, 1, 2))
    AssetMilestone.objects.create(client=gone, amount=1_000_000, reached_on=local_date(timezone.now()))
    browser = web(staff("branch_manager"))

    page = browser.get(URL)

    told = [
        (line["label"], line["clients"], line["served"], line["at_risk"], line["lost"], line["kept"])
        for line in page.context["lines"]
    ]
    assert told == [
        (str(year), 1, 1, 0, 0, 1),
        (str(year - 3), 2, 1, 1, 1, Decimal("0.5")),
        (f"{year - 15} and before", 2, 1, 0, 1, Decimal("0.5")),
        ("Not on file", 1, 1, 0, 0, 1),
    ]
    whole = page.context["whole"]
    assert (whole["clients"], whole["served"]) == (6, 4)
    assert gone.name in page.content.decode()
    before = cost_of(lambda: browser.get(URL))
    ClientFactory.create_batch(5, branch=branch, opened_on=date(year - 7, 1, 2))
    assert cost_of(lambda: browser.get(URL)) == before
    assert web(staff("advisor")).get(URL).status_code == 403


def test_of_each_book_the_share_of_clients_whose_needs_were_asked_lately(
    branch: Branch, staff: Staff, web: Any
) -> None:
    today = local_date(timezone.now())
    busy, silent = staff("advisor", name="赵一"), staff("advisor", name="钱二")
    fresh, stale = ClientFactory.create_batch(2, branch=branch, advisor=busy)
    ClientFactory(branch=branch, advisor=busy, closed=True)
    ClientFactory(branch=branch, advisor=silent)
    NeedsInterviewFactory(client=fresh, taken_on=today - timedelta(days=1), is_present=True)
    NeedsInterviewFactory(client=stale, taken_on=today - timedelta(days=2000), is_present=True)
    ContactLogFactory(client=fresh, staff=busy, at=timezone.now())
    manager = staff("branch_manager")

    found = {row["staff__name"]: row for row in colleagues(manager, today)}

    assert (found["赵一"]["served"], found["赵一"]["fresh"], found["赵一"]["contacts"]) == (2, Decimal("0.5"), 1)
    assert (found["钱二"]["served"], found["钱二"]["fresh"], found["钱二"]["share"]) == (1, 0, None)
    text = web(manager).get("/branch/contacts/").content.decode()
    assert "Needs asked lately" in text and "50%" in text


def test_every_number_opens_as_many_records_as_it_counts_and_agrees_with_the_branch_home(
    branch: Branch, staff: Staff, web: Any
) -> None:
    year = local_date(timezone.now()).year
    ClientFactory(branch=branch, opened_on=date(year, 1, 2))
    ClientFactory(branch=branch, opened_on=date(year, 2, 2), stage="lost")
    ClientFactory(branch=branch, opened_on=date(year - 3, 1, 2), stage="at_risk")
    ClientFactory(branch=branch, opened_on=date(year - 3, 5, 2), closed=True)
    ClientFactory(branch=branch, opened_on=date(1995, 1, 2), status="suspended")
    ClientFactory(branch=branch, opened_on=None)
    browser = web(staff("branch_manager"))
    page = browser.get(URL)

    for line in (*page.context["lines"], page.context["whole"]):
        for name, url in line["urls"].items():
            assert len(list(browser.get(url).context["page"])) == line[name], (line["label"], name)
            assert url.replace("&", "&amp;") in page.content.decode()
    home = {str(one["label"]): one.get("value") for one in browser.get("/branch/").context["stats"]}
    assert home["Clients served"] == page.context["whole"]["served"] == 3


def test_two_amounts_reached_on_one_day_are_one_milestone(branch: Branch, staff: Staff, web: Any) -> None:
    client, today = ClientFactory(branch=branch), local_date(timezone.now())
    for amount, back in ((500_000, 0), (1_000_000, 0), (100_000, 3)):
        AssetMilestone.objects.create(client=client, amount=amount, reached_on=today - timedelta(days=back))

    told = web(staff("branch_manager")).get(URL).context["milestones"]

    assert [(one["amount"], one["on"]) for one in told] == [(1_000_000, today), (100_000, today - timedelta(days=3))]
