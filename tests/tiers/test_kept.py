"""The report of promises kept: what fell due and what became of it, by service, tier, advisor and client, with the cost."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.models import Branch, User
from tests.doors import Api, Staff, Web
from tests.factories.clients import ClientFactory
from tests.factories.services import (
    PromiseFactory,
    ServiceItemFactory,
    programme_of,
)
from tiers.models import Booking, ServiceDay
from tiers.querysets.kept import kept_report

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 1)
OLD = date(2025, 1, 1)


def test_the_report_counts_what_fell_due_and_leaves_out_what_was_waived(branch: Branch, staff: Staff) -> None:
    advisor, boss = staff("advisor"), staff("branch_manager")
    client, item = ClientFactory(branch=branch, advisor=advisor), ServiceItemFactory(company=branch.company)
    due = TODAY - timedelta(days=10)
    base = {"client": client, "item": item, "opens_on": OLD, "due_on": due, "cost": Decimal("12.50")}
    done = {"state": "done", "proof": "hand"}
    PromiseFactory(**base, **done, kept_on=due)
    PromiseFactory(**base, **done, kept_on=due + timedelta(days=1))
    PromiseFactory(**base, state="missed")
    PromiseFactory(**base)
    PromiseFactory(**base, state="waived", decided_by=boss, reason="婉拒")
    PromiseFactory(**base, state="closed", closed_as="tier")
    PromiseFactory(**{**base, "due_on": TODAY + timedelta(days=9)})
    stranger = PromiseFactory(**{**base, "client": ClientFactory()})

    lines, total = kept_report(boss, "service", OLD, TODAY, TODAY, costs=True)
    by_advisor, _total = kept_report(boss, "advisor", OLD, TODAY, TODAY, costs=False)

    (line,) = lines
    counted = {name: line[name] for name in ("owed", "in_time", "late", "missed", "overdue", "percent")}
    assert counted == {"owed": 4, "in_time": 1, "late": 1, "missed": 1, "overdue": 1, "percent": 25}
    assert (line["spent"], total["spent"], total["percent"]) == (Decimal("25.00"), Decimal("25.00"), 25)
    assert [(row["name"], row["percent"], row["spent"]) for row in by_advisor] == [(advisor.name, 25, None)]
    assert stranger.client_id != client.pk


def test_of_two_services_of_one_code_the_report_names_the_one_of_the_reader_else_the_companys(
    branch: Branch, other_branch: Branch, staff: Staff
) -> None:
    house = {"company": branch.company, "code": "pick-up", "booked": True}
    items = [
        ServiceItemFactory(**house, branch=place, name_en=name, name_zh=name)
        for place, name in ((None, "Of the house"), (other_branch, "Theirs"), (branch, "Ours"))
    ]
    for item in items:
        place, boss = item.branch or other_branch, system_user()
        slot = ServiceDay.objects.create(item=item, branch=place, day=TODAY, places=2, taken=1)
        Booking.objects.create(
            client=ClientFactory(branch=place), slot=slot, at=time(9), state="done", confirm_by=TODAY, asked_by=boss,
            asked_at=timezone.now(), settled_by=boss, settled_at=timezone.now(),
        )  # fmt: skip

    def named(reader: User) -> list[str]:
        lines, _total = kept_report(reader, "service", OLD, TODAY, TODAY, costs=True)
        return [line["name"] for line in lines]

    readers = [staff("branch_manager"), staff("head_office", branch=None)]

    assert [named(reader) for reader in readers] == [["Ours"], ["Of the house"]]


@pytest.mark.parametrize("by", ["service", "tier", "advisor", "client"])
def test_the_report_opens_in_every_grouping_and_costs_only_for_who_may_see_them(
    branch: Branch, staff: Staff, web: Web, api: Api, by: str
) -> None:
    programme_of(branch)
    today, advisor = local_date(timezone.now()), staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor, name="王五")
    PromiseFactory(client=client, due_on=today, kept_on=today, state="done", proof="hand", cost=88)

    seen = web(staff("branch_manager")).get(reverse("tiers:kept"), {"by": by}).content.decode()
    own = web(advisor).get(reverse("tiers:kept"), {"by": by}).content.decode()
    told = api(advisor).get("/api/v1/promises/kept/", {"by": by}).data
    told_all = api(staff("branch_manager")).get("/api/v1/promises/kept/", {"by": by}).data

    assert "100%" in seen and "100%" in own
    assert ("88.00" in seen) == (by in ("service", "tier"))
    assert "88.00" not in own
    assert [(row["owed"], row["percent"], row["spent"]) for row in told] == [(1, 100, None)]
    names = {"service": "Greeting", "tier": "Gold", "advisor": advisor.name, "client": "王五"}
    assert [row["name"] for row in (*told, *told_all)] == [names[by]] * 2 and names[by] in seen
    assert [row["spent"] for row in told_all] == ["88.00" if by in ("service", "tier") else None]


def test_a_report_of_nonsense_is_refused_by_its_field(staff: Staff, api: Api, web: Web) -> None:
    boss = staff("branch_manager")

    assert api(boss).get("/api/v1/promises/kept/", {"first": "gestern"}).status_code == 400
    assert web(boss).get(reverse("tiers:kept"), {"first": "gestern", "by": "moon"}).status_code == 200


@pytest.mark.parametrize("by", ["tier", "advisor", "client"])
def test_the_number_of_those_missed_opens_as_many_promises(branch: Branch, staff: Staff, web: Web, by: str) -> None:
    today = local_date(timezone.now())
    programme_of(branch)
    client, other = (ClientFactory(branch=branch, advisor=staff("advisor")) for _n in range(2))
    base = {"opens_on": OLD, "due_on": today, "tier_code": "gold"}
    for _n in range(2):
        PromiseFactory(client=client, **base, state="missed")
    PromiseFactory(client=client, **base, state="done", proof="hand", kept_on=today)
    PromiseFactory(client=client, **{**base, "due_on": today - timedelta(days=300)}, state="missed")
    PromiseFactory(client=other, **{**base, "tier_code": "silver"}, state="missed")
    browser = web(staff("branch_manager"))

    page = browser.get(reverse("tiers:kept"), {"by": by})

    lines = {line["missed"]: line["missed_url"] for line in page.context["lines"]}
    opened = {missed: len(browser.get(url).context["page"].rows) for missed, url in lines.items()}
    assert opened == {1: 1, 2: 2}
