"""The list of service plans: whose, in which state, with what overdue, of which tier; the same over REST."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from clients.models import Client
from clients.services import record_needs
from crm.core.clocks import local_date
from crm.core.models import Branch, User
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.services import morning, put_in_tier
from tiers.models import ServicePlan
from tiers.services.plans import Step, end_plan, make_plan

pytestmark = pytest.mark.django_db

PAGE, REST = "/services/plans/", "/api/v1/service-plans/"


@pytest.fixture
def today() -> date:
    return local_date(timezone.now())


@pytest.fixture
def advisor(staff: Staff) -> User:
    return staff("advisor")


def plan(
    client: Client, owner: User, due_on: date | None = None, *, is_agreed: bool = True, ago: int = 40
) -> ServicePlan:
    day = local_date(timezone.now()) - timedelta(days=ago)
    period = "" if due_on else "year"
    steps = [Step(purpose="回顾持仓", owner=owner, title="面谈", due_on=due_on, period=period)]
    made: ServicePlan = make_plan(
        client=client, aim="稳健增值", steps=steps, actor=owner, now=morning(day), agreed_on=day if is_agreed else None
    )
    return made


@pytest.fixture
def four(branch: Branch, advisor: User, staff: Staff, today: date) -> dict[str, ServicePlan]:
    """Of the advisor: one with an overdue step of the front desk, one that is drawn up, one that ended; and a colleague's."""
    desk, colleague = staff("front_desk"), staff("account_manager")
    clients = {name: ClientFactory(branch=branch, advisor=advisor, name=name) for name in ("张三丰", "李四", "王五")}
    clients["赵六"] = ClientFactory(branch=branch, advisor=colleague, name="赵六")
    put_in_tier(clients["李四"], "gold", date(2026, 1, 5))
    made = {
        "late": plan(clients["张三丰"], desk, today - timedelta(days=1)),
        "drawn": plan(clients["李四"], advisor, is_agreed=False),
        "ended": plan(clients["王五"], advisor, today - timedelta(days=1)),
        "other": plan(clients["赵六"], colleague),
    }
    end_plan(plan=made["ended"], reason="客户不再需要", actor=advisor, now=timezone.now())
    return made


def shown(browser: Any, query: str = "") -> list[str]:
    return [row.public_id for row in browser.get(f"{PAGE}{query}").context["page"]]


def named(found: list[str], plans: dict[str, ServicePlan]) -> list[str]:
    return sorted(key for key, row in plans.items() if row.public_id in found)


def test_each_view_shows_its_plans_the_newest_first(
    web: Any, four: dict[str, ServicePlan], advisor: User, staff: Staff
) -> None:
    own, head, desk = web(advisor), web(staff("branch_manager")), web(staff("front_desk"))

    assert shown(own) == [four["drawn"].public_id, four["late"].public_id]
    assert named(shown(own, "?view=all"), four) == ["drawn", "ended", "late"]
    assert named(shown(head), four) == ["drawn", "late", "other"]
    assert named(shown(head, "?view=mine"), four) == []
    assert named(shown(desk, "?view=all"), four) == ["drawn", "ended", "late", "other"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=agreed", ["late", "other"]),
        ("state=ended", ["ended"]),
        ("overdue=on", ["late"]),
        ("overdue=true", ["late"]),
        ("tier=gold", ["drawn"]),
        ("q=zsf", ["late"]),
        ("advisor={advisor}", ["drawn", "ended", "late"]),
        ("owner={advisor}", ["drawn", "ended"]),
        ("overdue=on&advisor={advisor}&state=agreed", ["late"]),
        ("overdue=false", ["drawn", "ended", "late", "other"]),
    ],
)
def test_the_list_is_narrowed_on_the_page_and_over_rest_alike(
    web: Any, api: Any, four: dict[str, ServicePlan], advisor: User, staff: Staff, query: str, expected: list[str]
) -> None:
    head, asked = staff("branch_manager"), query.format(advisor=advisor.public_id)

    found = [row["id"] for row in api(head).get(f"{REST}?{asked}").data["results"]]

    assert named(shown(web(head), f"?view=all&{asked}"), four) == expected
    assert named(found, four) == expected


def test_a_row_says_what_is_overdue_and_what_is_to_be_looked_at_again(
    web: Any, four: dict[str, ServicePlan], advisor: User, today: date
) -> None:
    record_needs(
        client=four["late"].client, answers={"horizon": "long"}, actor=advisor, now=timezone.now(), taken_on=today
    )
    browser = web(advisor)

    page = browser.get(PAGE).content.decode()

    assert "1 step overdue" in page and "To be looked at again" in page
    assert named(shown(browser, "?to_look_at=on"), four) == ["late"]


def test_plans_of_another_branch_are_none_of_ones_business(
    web: Any, four: dict[str, ServicePlan], staff: Staff, other_branch: Branch
) -> None:
    assert shown(web(staff("branch_manager", branch=other_branch)), "?view=all") == []


def test_a_long_list_is_turned_by_its_cursor_and_counted(web: Any, branch: Branch, advisor: User) -> None:
    for _number in range(53):
        ServicePlan.objects.create(
            client=ClientFactory(branch=branch, advisor=advisor), aim="稳健", made_by=advisor, made_at=timezone.now()
        )
    browser = web(advisor)

    first = browser.get(PAGE).context["page"]
    second = browser.get(f"{PAGE}?cursor={first.next}").context["page"]

    assert (len(first), len(second), first.count_text) == (50, 3, "53 rows")
    assert not {row.pk for row in first} & {row.pk for row in second}


def test_the_list_costs_the_same_for_one_plan_and_for_ten(
    web: Any, branch: Branch, staff: Staff, cost_of: Any, today: date
) -> None:
    head = staff("branch_manager")
    browser = web(head)

    def more(count: int) -> None:
        for _number in range(count):
            client = ClientFactory(branch=branch, advisor=head)
            put_in_tier(client, "gold", date(2026, 1, 5))
            plan(client, head, today - timedelta(days=1))

    more(1)
    browser.get(PAGE)
    one = cost_of(lambda: browser.get(PAGE)), cost_of(lambda: browser.get(f"{PAGE}?overdue=on"))
    more(9)

    assert (cost_of(lambda: browser.get(PAGE)), cost_of(lambda: browser.get(f"{PAGE}?overdue=on"))) == one
    assert one[0] <= 13


def test_the_rail_leads_to_the_list(web: Any, advisor: User) -> None:
    services = next(one for one in web(advisor).get(PAGE).context["nav_items"] if one["key"] == "services")

    assert [one["key"] for one in services["children"] if one["active"]] == ["plans"]
