"""Whether service shows in what clients think: by promises kept and by tier, without small groups."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from clients.models import Client
from crm.core.clocks import local_date
from crm.core.models import Branch, User
from tests.doors import Staff
from tests.factories.care import ClosedComplaintFactory, answered
from tests.factories.clients import ClientFactory
from tests.factories.services import PromiseFactory, put_in_tier

pytestmark = pytest.mark.django_db


@pytest.fixture
def today() -> date:
    return local_date(timezone.now())


def thinks(branch: Branch, satisfaction: int, recommendation: int, back: int = 1) -> Client:
    """A client of the branch who answered ``back`` days ago."""
    client: Client = ClientFactory(branch=branch)
    said = answered(branch, satisfaction, recommendation, client=client)
    type(said).objects.filter(pk=said.pk).update(answered_at=timezone.now() - timedelta(days=back))
    return client


def promise(client: Client, today: date, back: int, **fields: Any) -> None:
    due = today - timedelta(days=back)
    PromiseFactory(client=client, opens_on=due, due_on=due, last_day=due + timedelta(days=4), **fields)


def kept(client: Client, staff: User, today: date) -> None:
    promise(client, today, 30, state="done", kept_on=today - timedelta(days=30), kept_by=staff, proof="hand")


def test_those_whose_promises_were_kept_stand_beside_those_who_missed_some_and_small_groups_are_not_shown(
    branch: Branch, other_branch: Branch, staff: Staff, web: Any, api: Any, today: date
) -> None:
    manager = staff("branch_manager")
    for mark in (5, 5, 5, 4, 4):
        client = thinks(branch, mark, 10)
        kept(client, manager, today)
        put_in_tier(client, "gold", date(2020, 1, 1))
    for number in range(5):
        client = thinks(branch, 2, 3)
        kept(client, manager, today)
        promise(client, today, 9, **({"state": "missed"} if number else {}))  # one is overdue, not missed yet
        put_in_tier(client, "silver", date(2020, 1, 1))
    for _number in range(4):  # one answer short
        thinks(branch, 3, 8)
    thinks(branch, 1, 0, back=400)  # too long ago
    for _number in range(6):
        kept(thinks(other_branch, 1, 0), manager, today)

    page = web(manager).get(reverse("care:surveys"))
    told = api(manager).get(reverse("api:survey-effect")).json()

    groups = [(row["group"], row["answered"], row["satisfaction"], row["nps"]) for row in told["promises"]]
    assert groups == [("kept", 5, "4.60", 100), ("missed", 5, "2.00", -100)]
    assert [(row["group"], row["satisfaction"]) for row in told["tiers"]] == [("silver", "2.00"), ("gold", "4.60")]
    shown = page.context["effect"]["promises"]
    assert [(row["group"], Decimal(str(row["satisfaction"]))) for row in shown] == [
        ("kept", Decimal("4.6")),
        ("missed", Decimal(2)),
    ]
    text = page.content.decode()
    assert "Some promises missed or overdue" in text and "Nothing was owed" not in text


def test_it_costs_the_same_however_many_answered(
    branch: Branch, staff: Staff, web: Any, today: date, cost_of: Callable[[Callable[[], Any]], int]
) -> None:
    manager = staff("branch_manager")
    browser = web(manager)
    for _number in range(5):
        kept(thinks(branch, 5, 10), manager, today)
    browser.get(reverse("care:surveys"))
    few = cost_of(lambda: browser.get(reverse("care:surveys")))

    for _number in range(5):
        promise(thinks(branch, 2, 2), today, 9, state="missed")

    assert cost_of(lambda: browser.get(reverse("care:surveys"))) == few


def test_clients_whom_the_reader_does_not_see_any_more_count_nowhere(
    branch: Branch, other_branch: Branch, staff: Staff, web: Any, api: Any, today: date
) -> None:
    manager, effect = staff("branch_manager"), reverse("api:survey-effect")
    clients = [thinks(branch, 5, 10) for _number in range(6)]
    for client in clients:
        put_in_tier(client, "gold", date(2020, 1, 1))

    def told(reader: User) -> list[int]:
        return [row["answered"] for rows in ("promises", "tiers") for row in api(reader).get(effect).json()[rows]]

    assert told(manager) == [6, 6]

    Client.objects.filter(pk=clients[0].pk).update(restricted_on=today, restriction_reason="客户要求")
    assert told(manager) == [5, 5]
    assert told(staff("head_office")) == [6, 6], "the company's roles see what is restricted"

    Client.objects.filter(pk=clients[1].pk).update(branch=other_branch)
    assert told(manager) == [], "one answer short: he left for another branch"
    assert told(staff("branch_manager", branch=other_branch)) == [], "nor is the survey the new branch's"


def test_a_reader_who_is_recused_from_a_complaint_does_not_count_its_survey(
    branch: Branch, staff: Staff, api: Any
) -> None:
    manager, colleague = staff("branch_manager"), staff("branch_manager")
    for number in range(5):
        client = ClientFactory(branch=branch)
        about = ClosedComplaintFactory(client=client, branch=branch, complained_of=None if number else manager)
        answered(branch, 5, 10, client=client, complaint=about, created_at=timezone.now())

    seen = [api(reader).get(reverse("api:survey-effect")).json()["promises"] for reader in (manager, colleague)]

    assert [[row["answered"] for row in rows] for rows in seen] == [[], [5]]


def test_who_may_not_see_promises_is_not_told_how_they_were_kept(
    branch: Branch, staff: Staff, web: Any, today: date
) -> None:
    from django.contrib.auth.models import Permission

    clerk = staff("front_desk")
    for _number in range(5):
        kept(thinks(branch, 5, 10), clerk, today)
    assert web(clerk).get(reverse("care:surveys")).context["effect"]["promises"]

    group = clerk.groups.get()
    group.permissions.remove(Permission.objects.get(codename="view_promise"))

    assert web(clerk).get(reverse("care:surveys")).context["effect"]["promises"] == []
