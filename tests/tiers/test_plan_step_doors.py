"""Steps of service plans on their pages, in my day, on the page of the client and over REST."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from clients.models import Client
from clients.services.told import told
from crm.core.clocks import local_date
from crm.core.models import Branch, User
from crm.workbench.queue import todays_items
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.services import PromiseFactory, ServiceItemFactory, morning
from tiers.models import PlanStep, PlanStepMark, ServiceItem, ServicePlan
from tiers.services.plan_steps import note_step
from tiers.services.plans import Step, make_plan

#: In the first days of a month a step of every month, which a test means to be due by its end, is late for the month before.
pytestmark = [pytest.mark.django_db, pytest.mark.time_machine(datetime(2026, 6, 29, 2, 0, tzinfo=UTC))]

STEPS = "/api/v1/plan-steps/"


@pytest.fixture
def advisor(staff: Staff) -> User:
    return staff("advisor")


@pytest.fixture
def client(branch: Branch, advisor: User) -> Client:
    return ClientFactory(branch=branch, advisor=advisor, name="王小明")


@pytest.fixture
def item(branch: Branch) -> ServiceItem:
    return ServiceItemFactory(company=branch.company, kind="value_added", proof="contact", purposes=["product"])


@pytest.fixture
def today() -> date:
    return local_date(timezone.now())


def agreed(client: Client, *steps: Step, ago: int = 40) -> list[PlanStep]:
    """The steps of a plan that was agreed so many days ago; a day of theirs that is over by now was yet to come then."""
    day = local_date(timezone.now()) - timedelta(days=ago)
    made = make_plan(client=client, aim="稳健", steps=steps, actor=steps[0].owner, now=morning(day), agreed_on=day)
    return list(made.steps.order_by("position"))


def step(owner: User, due_on: date | None = None, **said: Any) -> Step:
    usual = {"purpose": "回顾持仓", "title": "" if "item" in said else "季度面谈", "period": "" if due_on else "year"}
    return Step(owner=owner, due_on=due_on, **{**usual, **said})


def test_on_its_page_a_step_is_noted_as_done_and_another_dropped(
    web: Any, client: Client, advisor: User, today: date
) -> None:
    first, second = agreed(client, step(advisor, today), step(advisor, period="month", title="月度电话"))
    browser, plan = web(advisor), first.plan

    page = browser.get(plan.get_absolute_url()).content.decode()
    done, drop = (
        reverse(f"tiers:step_{verb}", args=[row.public_id]) for verb, row in (("done", first), ("drop", second))
    )
    assert f'href="{done}"' in page and f'href="{drop}"' in page
    said = {"form_token": "a", "version": first.version, "day": today.isoformat(), "word": "当面谈过"}
    answer = browser.post(done, said)
    browser.post(drop, {"form_token": "b", "version": second.version, "reason": "改为微信", "for_good": "on"})

    assert answer.url == plan.get_absolute_url()
    assert list(PlanStepMark.objects.order_by("pk").values_list("kind", "word")) == [
        ("done", "当面谈过"),
        ("dropped", "改为微信"),
    ]
    after = browser.get(plan.get_absolute_url()).content.decode()
    assert "当面谈过" in after and "改为微信" in after and f'href="{done}"' not in after


def test_a_step_that_changed_since_the_form_was_opened_is_told_and_not_marked_twice(
    web: Any, client: Client, advisor: User, today: date
) -> None:
    (row,) = agreed(client, step(advisor, today))
    browser, address = web(advisor), reverse("tiers:step_done", args=[row.public_id])
    said = {"version": row.version, "day": today.isoformat(), "word": "当面谈过"}
    browser.post(address, {**said, "form_token": "a"})

    again = browser.post(address, {**said, "form_token": "b"})

    assert (again.status_code, PlanStepMark.objects.count()) == (412, 1)


def test_what_is_done_for_this_period_can_only_be_dropped_for_good(
    web: Any, client: Client, advisor: User, today: date
) -> None:
    (row,) = agreed(client, step(advisor, period="month"))
    browser, address = web(advisor), reverse("tiers:step_drop", args=[row.public_id])
    assert "for_good" in browser.get(address).context["form"].fields
    note_step(step=row, day=today, word="谈过", actor=advisor, now=timezone.now())
    row.refresh_from_db()

    form = browser.get(address).context["form"]
    browser.post(address, {"form_token": "a", "version": row.version, "reason": "改为微信"})

    assert "for_good" not in form.fields
    assert [mark.kind for mark in row.marks.order_by("pk")] == ["done", "dropped"]


def test_who_has_nothing_to_do_with_a_step_finds_no_button_and_is_refused(
    web: Any, client: Client, advisor: User, staff: Staff, today: date
) -> None:
    (row,) = agreed(client, step(advisor, today))
    browser, address = web(staff("front_desk")), reverse("tiers:step_done", args=[row.public_id])

    page = browser.get(row.plan.get_absolute_url()).content.decode()
    said = {"form_token": "a", "version": row.version, "day": today.isoformat(), "word": "谈过"}
    answer = browser.post(address, said)

    assert address not in page
    assert (answer.status_code, PlanStepMark.objects.exists()) == (403, False)


def test_the_form_says_that_a_promise_is_kept_by_noting_the_step(
    web: Any, client: Client, advisor: User, item: ServiceItem, today: date
) -> None:
    (row,) = agreed(client, step(advisor, item=item))
    owed = PromiseFactory(client=client, item=item)

    browser, address = web(advisor), reverse("tiers:step_done", args=[row.public_id])
    page = browser.get(address).content.decode()
    said = {"form_token": "a", "version": row.version, "day": today.isoformat(), "word": "谈过"}
    browser.post(f"{address}?from=client", said)
    tab = browser.get(f"{client.get_absolute_url()}?tab=services").content.decode()

    assert f"owed this by his tier by {owed.due_on.isoformat()}" in page
    owed.refresh_from_db()
    assert (owed.state, owed.note) == ("done", "谈过")
    assert tab.count(f'href="{owed.get_absolute_url()}"') == 2  # among the services received, and with the step


def test_overdue_steps_stand_on_the_page_of_the_client(web: Any, client: Client, advisor: User, today: date) -> None:
    rows = agreed(client, step(advisor, today - timedelta(days=1)), step(advisor, today, title="面谈"))

    tab = web(advisor).get(f"{client.get_absolute_url()}?tab=services").content.decode()

    assert "1 step overdue" in tab
    assert f"{reverse('tiers:step_done', args=[rows[0].public_id])}?from=client" in tab


def test_my_day_names_what_one_sees_to_and_what_is_overdue_with_ones_clients(
    client: Client, advisor: User, staff: Staff, today: date, item: ServiceItem
) -> None:
    desk = staff("front_desk")
    agreed(
        client,
        step(advisor, today + timedelta(days=1), title="我的"),
        step(advisor, today + timedelta(days=300), title="以后"),
        step(desk, today - timedelta(days=1), title="前台逾期"),
        step(desk, today + timedelta(days=1), title="前台将到期"),
        step(advisor, today, item=item),
    )
    silent = ClientFactory(branch=client.branch, advisor=advisor)
    agreed(silent, step(advisor, today, title="免打扰"))
    Client.objects.filter(pk=silent.pk).update(do_not_contact=True, do_not_contact_reason="客户要求")

    def named(user: User) -> list[str]:
        return [item.reason for item in todays_items(user, today) if item.kind == "plan_step"]

    assert named(advisor) == [f"前台逾期 · {desk.name}", item.name, "我的"]
    assert named(desk) == ["前台逾期", "前台将到期"]
    assert named(staff("account_manager")) == []
    PromiseFactory(client=client, item=item, due_on=today)
    assert [one.kind for one in todays_items(advisor, today) if item.name in one.reason] == ["promise"]


def test_my_day_leads_to_the_form_and_back(web: Any, client: Client, advisor: User, today: date) -> None:
    (row,) = agreed(client, step(advisor, today))
    (found,) = [one for one in todays_items(advisor, today) if one.kind == "plan_step"]

    said = {"form_token": "a", "version": row.version, "day": today.isoformat(), "word": "谈过"}
    answer = web(advisor).post(found.url, said)

    assert (found.due_on, answer.url) == (today, "/")
    assert [one for one in todays_items(advisor, today) if one.kind == "plan_step"] == []


def test_over_rest_a_step_is_read_noted_and_dropped(
    api: Any, client: Client, advisor: User, staff: Staff, today: date
) -> None:
    first, second = agreed(
        client, step(advisor, today - timedelta(days=1)), step(advisor, period="month", title="月度")
    )
    phone = api(advisor)

    def send(row: PlanStep, verb: str, key: str, version: int, **body: Any) -> Any:
        headers = {"Idempotency-Key": key, "If-Match": f'"{version}"'}
        return phone.post(f"{STEPS}{row.public_id}/{verb}/", body, format="json", headers=headers)

    listed = phone.get(STEPS, {"overdue": "true", "client": client.public_id}).data["results"]
    seen = phone.get(f"{STEPS}{first.public_id}/")
    stale = send(first, "done", "a", 99, day=today.isoformat(), word="谈过")
    unseen = phone.post(f"{STEPS}{first.public_id}/done/", {}, format="json", headers={"Idempotency-Key": "b"})
    done = send(first, "done", "c", seen.data["version"], day=today.isoformat(), word="谈过")
    again = send(first, "done", "c", seen.data["version"], day=today.isoformat(), word="谈过")
    settled = send(first, "done", "d", done.data["version"], day=today.isoformat(), word="谈过")
    dropped = send(second, "drop", "e", 1, reason="改为微信", for_good=True)
    others = api(staff("front_desk")).post(
        f"{STEPS}{second.public_id}/drop/", {"reason": "x"}, format="json",
        headers={"Idempotency-Key": "f", "If-Match": '"2"'},
    )  # fmt: skip

    assert [row["id"] for row in listed] == [first.public_id]
    assert (seen.data["state"], seen.data["due_by"]) == ("overdue", today - timedelta(days=1))
    assert seen.headers["ETag"] == '"1"'
    assert (stale.status_code, unseen.status_code) == (412, 428)
    assert (done.status_code, done.data["state"], done.data["marks"][0]["word"]) == (201, "done", "谈过")
    assert (again.status_code, settled.status_code, settled.json()["code"]) == (200, 409, "plan_step_settled")
    assert (dropped.data["state"], dropped.data["marks"][0]["kind"]) == ("dropped", "dropped")
    assert (others.status_code, others.json()["code"]) == (403, "plan_step_of_somebody_else")
    steps = phone.get(f"/api/v1/service-plans/{first.plan.public_id}/").data["steps"]
    assert [(row["id"], row["state"]) for row in steps] == [
        (first.public_id, "done"),
        (second.public_id, "dropped"),
    ]


def test_a_step_of_another_branch_is_as_good_as_none(
    web: Any, api: Any, client: Client, advisor: User, staff: Staff, other_branch: Branch, today: date
) -> None:
    (row,) = agreed(client, step(advisor, today))
    stranger = staff("branch_manager", branch=other_branch)

    assert web(stranger).get(reverse("tiers:step_done", args=[row.public_id])).status_code == 404
    assert api(stranger).get(f"{STEPS}{row.public_id}/").status_code == 404


def test_lists_of_steps_and_plans_cost_the_same_for_one_and_for_ten(
    api: Any, branch: Branch, staff: Staff, item: ServiceItem, cost_of: Any, today: date
) -> None:
    head = staff("branch_manager")
    phone = api(head)

    def more(count: int) -> None:
        for _number in range(count):
            client = ClientFactory(branch=branch, advisor=head)
            PromiseFactory(client=client, item=item, state="done", kept_on=today, kept_by=head, proof="hand")
            rows = agreed(client, step(head, item=item), step(head, today))
            PlanStepMark.objects.create(
                step=rows[1], kind="done", occurrence_on=today, day=today, word="x", by=head, at=timezone.now()
            )

    def cost() -> tuple[int, ...]:
        return tuple(cost_of(lambda path=path: phone.get(path)) for path in (STEPS, "/api/v1/service-plans/"))

    more(1)
    cost()
    one = cost()
    more(9)

    assert cost() == one


def test_what_became_of_his_steps_is_told_to_the_client(client: Client, advisor: User, today: date) -> None:
    (row,) = agreed(client, step(advisor, today))
    PlanStepMark.objects.create(
        step=row, kind="done", occurrence_on=today, day=today, word="当面谈过", by=advisor, at=timezone.now()
    )

    words = [text for part in told(client, advisor) for line in part["rows"] for _label, text in line]

    assert "当面谈过" in words
    assert ServicePlan.objects.count() == 1
