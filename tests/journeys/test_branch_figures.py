"""Figures of the branch home: they add up over branches, and they open what they count."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from care.models import FollowUpCall
from clients.services import AssetDay, put_asset_days
from crm.core.access import system_user
from crm.core.clocks import local_date
from tests.factories.care import FollowUpCallFactory, SurveyInvitationFactory, answered
from tests.factories.clients import ClientFactory
from tests.factories.complaints import ComplaintClockFactory, ComplaintFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def today():
    return local_date(timezone.now())


def stat(page, label):
    return next(stat for stat in page.context["stats"] if stat["label"] == label)


def test_a_branch_whose_file_is_late_still_counts_with_its_newest_day(branch, other_branch, staff, web, today):
    for place, back, fen in ((branch, 1, 300_00), (branch, 2, 100_00), (other_branch, 2, 500_00)):
        row = AssetDay(ClientFactory(branch=place).pk, today - timedelta(days=back), fen)
        put_asset_days(branch=place, rows=[row], actor=system_user())

    shown = stat(web(staff("compliance")).get("/branch/"), "Net assets")

    assert shown["money"] == Decimal("800.00")
    assert shown["hint"] == str(today - timedelta(days=2))


def test_new_this_month_opens_the_clients_it_counts(branch, staff, web, today):
    ClientFactory(branch=branch, opened_on=today.replace(day=1) - timedelta(days=1))
    new = [ClientFactory(branch=branch, opened_on=today.replace(day=1)) for _n in range(2)]
    browser = web(staff("branch_manager"))

    shown = stat(browser.get("/branch/"), "New this month")

    opened = [client.pk for client in browser.get(shown["url"]).context["page"]]
    assert (shown["value"], opened) == (2, [new[1].pk, new[0].pk])


def test_colleagues_of_the_same_name_have_a_line_each(branch, staff, web, today):
    for _n in range(2):
        caller = staff("follow_up_caller", name="王伟")
        FollowUpCallFactory(client__branch=branch, caller=caller, due_on=today - timedelta(days=9))

    lines = web(staff("branch_manager")).get("/branch/").context["overdue"]

    assert [(line["name"], line["calls"]) for line in lines] == [("王伟", 1), ("王伟", 1)]


def test_what_clients_think_says_on_how_many_answers_it_rests(branch, staff, web):
    SurveyInvitationFactory(branch=branch)
    for marks in ((5, 10), (4, 8)):
        answered(branch=branch, satisfaction=marks[0], recommendation=marks[1])

    page = web(staff("branch_manager")).get("/branch/")

    assert {stat(page, name)["hint"] for name in ("Satisfaction (1 to 5)", "Net promoter score")} == {
        "2 answers of 3 asked"
    }


def test_the_tiles_of_calls_open_the_calls_that_they_count(branch: Any, staff: Any, web: Any, today: Any) -> None:
    for days, held_until in ((-3, -3), (5, -1), (5, 4), (-2, 1)):
        due, later = today + timedelta(days=days), today + timedelta(days=held_until)
        FollowUpCallFactory(branch=branch, due_on=due, not_before=later)
    browser = web(staff("branch_manager"))
    stats = {str(stat["label"]): stat for stat in browser.get("/branch/").context["stats"]}

    for label, count in (("Follow-up calls due", 2), ("Overdue calls", 2)):
        shown = list(browser.get(stats[label]["url"]).context["page"])
        assert (stats[label]["value"], len(shown)) == (count, count), label


#: Tiles that count rows, with how many there are at the branch and at the two together.
_COUNTING = {
    "Clients served": (9, 18),
    "New this month": (2, 4),
    "Without an advisor": (8, 16),
    "Open complaints": (2, 4),
    "Overdue complaints": (1, 2),
    "Follow-up calls due": (2, 4),
    "Overdue calls": (2, 4),
}


@pytest.fixture
def lively(branch: Any, other_branch: Any, staff: Any, today: Any) -> None:
    """Two branches with clients, complaints and calls of every kind."""
    advisor = staff("advisor")
    ClientFactory(branch=branch, advisor=advisor)
    for place in (branch, other_branch):
        ClientFactory(branch=place, closed=True, opened_on=today.replace(day=1))
        ClientFactory(branch=place, status="suspended")
        ClientFactory(branch=place, stage="lost")  # neither served nor waiting for an advisor
        ClientFactory(branch=place, status="dormant", opened_on=today.replace(day=1))
        ClientFactory(branch=place, restricted_on=today, restriction_reason="注销申请")
        ComplaintFactory(client=ClientFactory(branch=place), closed=True)
        for late in (-3, 3):
            complaint = ComplaintFactory(client=ClientFactory(branch=place))
            ComplaintClockFactory(complaint=complaint, due_on=today + timedelta(days=late))
        for days, held_until in ((-3, -3), (5, -1), (5, 4), (-2, 1)):
            due, later = today + timedelta(days=days), today + timedelta(days=held_until)
            FollowUpCallFactory(branch=place, due_on=due, not_before=later)
    ClientFactory(branch=other_branch, advisor=staff("advisor", branch=other_branch))


@pytest.mark.parametrize(("role", "chosen"), [("branch_manager", ""), ("compliance", "SH01"), ("compliance", "")])
def test_every_tile_that_counts_opens_as_many_rows(lively: None, staff: Any, web: Any, role: str, chosen: str) -> None:
    browser = web(staff(role))
    stats = {str(one["label"]): one for one in browser.get("/branch/", {"branch": chosen}).context["stats"]}
    place = 1 if role == "compliance" and not chosen else 0

    told = {label: stats[label]["value"] for label in _COUNTING}
    opened = {label: len(browser.get(stats[label]["url"]).context["page"].rows) for label in _COUNTING}

    assert told == opened == {label: counts[place] for label, counts in _COUNTING.items()}


def test_the_share_of_calls_done_leaves_out_those_that_were_not_possible(branch: Any) -> None:
    day = local_date(timezone.now())
    for state in ("done", "unable", "due", "due"):
        told = {"done_at": timezone.now(), "caller": None} if state == "done" else {}
        FollowUpCallFactory(branch=branch, due_on=day, not_before=day, state=state, **told)

    (found,) = FollowUpCall.objects.progress_since(day)

    assert (found["wanted"], found["done"], found["unable"], found["percent"]) == (4, 1, 1, 25)


def test_the_tile_of_net_inflow_opens_who_brought_in_and_who_took_out_the_most_first(
    branch: Any, other_branch: Any, staff: Any, web: Any, today: Any, cost_of: Any
) -> None:
    little, much, gone, still = (ClientFactory(branch=branch, name=name) for name in ("甲少", "乙多", "丙出", "丁静"))
    moved = ((little, 100_00, 0), (much, 900_00, 100_00), (gone, 0, 300_00), (still, 50_00, 50_00))
    rows = [AssetDay(client.pk, today, 1_000_00, inflow=came, outflow=went) for client, came, went in moved]
    put_asset_days(branch=branch, rows=rows, actor=system_user())
    elsewhere = AssetDay(ClientFactory(branch=other_branch).pk, today, 1_000_00, inflow=5_000_00)
    put_asset_days(branch=other_branch, rows=[elsewhere], actor=system_user())
    browser = web(staff("branch_manager"))

    tile = stat(browser.get("/branch/"), "Net inflow this month")
    page = browser.get(tile["url"])

    assert [(row["name"], row["net"]) for row in page.context["came"]] == [("乙多", 800), ("甲少", 100)]
    assert [(row["name"], row["net"]) for row in page.context["went"]] == [("丙出", -300)]
    assert page.context["total"] == tile["money"] == Decimal(600)
    assert web(staff("compliance")).get("/branch/inflow/").context["total"] == Decimal(5_600)
    before = cost_of(lambda: browser.get("/branch/inflow/"))
    more = [AssetDay(ClientFactory(branch=branch).pk, today, 0, inflow=1_00) for _n in range(5)]
    put_asset_days(branch=branch, rows=more, actor=system_user())
    assert cost_of(lambda: browser.get("/branch/inflow/")) == before
