"""Service plans: drawn up from what a client wants, agreed with him, looked at again when he wants something else."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from clients.models import Client, ClientTeamMember
from clients.services import record_needs
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import Branch, User
from crm.core.public_ids import new_public_id
from crm.workbench.queue import todays_items
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.needs import NeedsInterviewFactory
from tests.factories.services import EntitlementFactory, ServiceItemFactory, morning, put_in_tier
from tiers.errors import NeedsUnchanged, PlanSettled
from tiers.models import ServiceItem, ServicePlan
from tiers.services.plans import Step, agree_plan, changed_needs, confirm_plan, end_plan, make_plan
from tiers.services.suggestions import plan_to_begin_with

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 6, 1)
NOW = morning(MONDAY)
PLANS = "/api/v1/service-plans/"


@pytest.fixture
def advisor(staff: Staff) -> User:
    return staff("advisor")


@pytest.fixture
def client(branch: Branch, advisor: User) -> Client:
    return ClientFactory(branch=branch, advisor=advisor, name="王小明")


@pytest.fixture
def item(branch: Branch) -> ServiceItem:
    return ServiceItemFactory(company=branch.company, kind="value_added", proof="contact", purposes=["product"])


def step(owner: User, **said: Any) -> Step:
    usual: dict[str, Any] = {"title": "季度面谈", "purpose": "回顾持仓", "period": "quarter"}
    return Step(owner=owner, **{**usual, **said})


def plan(client: Client, actor: User, *steps: Step, **said: Any) -> ServicePlan:
    usual: dict[str, Any] = {"aim": "稳健增值", "agreed_on": MONDAY, "now": NOW}
    return make_plan(client=client, steps=steps or (step(actor),), actor=actor, **{**usual, **said})


def asked(client: Client, actor: User, day: date, **answers: Any) -> Any:
    return record_needs(client=client, answers=answers, actor=actor, now=morning(day), taken_on=day)


def again() -> list[ServicePlan]:
    return list(ServicePlan.objects.to_look_at())


def test_a_plan_is_drawn_up_and_agreed_on_a_day(client: Client, advisor: User, item: ServiceItem) -> None:
    needs = NeedsInterviewFactory(client=client, is_present=True)
    put_in_tier(client, "gold", date(2026, 1, 5))
    two = (step(advisor, item=item, title=""), step(advisor, period="", due_on=date(2026, 7, 1)))

    made = plan(client, advisor, *two, agreed_on=None)
    assert (made.state, made.basis, made.tier_code) == ("draft", needs, "gold")
    agree_plan(plan=made, agreed_on=MONDAY, actor=advisor, now=NOW)

    made.refresh_from_db()
    assert (made.state, made.agreed_on) == ("agreed", MONDAY)
    assert [(one.name, one.period, one.due_on, one.owner) for one in made.steps.all()] == [
        (item.name, "quarter", None, advisor),
        ("季度面谈", "", date(2026, 7, 1), advisor),
    ]


def test_a_revision_is_a_new_plan_and_the_old_one_stays(client: Client, advisor: User) -> None:
    first = plan(client, advisor)

    drawn = plan(client, advisor, step(advisor, title="月度电话", period="month"), agreed_on=None)
    assert ServicePlan.objects.agreed().get() == first
    agree_plan(plan=drawn, agreed_on=MONDAY, actor=advisor, now=NOW)

    first.refresh_from_db()
    assert (first.state, drawn.replaces) == ("replaced", first)
    assert [one.title for one in first.steps.all()] == ["季度面谈"]
    with pytest.raises(PlanSettled):
        agree_plan(plan=drawn, agreed_on=MONDAY, actor=advisor, now=NOW)


def test_needs_that_say_something_else_have_the_plan_looked_at_again(client: Client, advisor: User) -> None:
    asked(client, advisor, date(2026, 5, 4), horizon="medium", services=["research"], loss_tolerance=10)
    made = plan(client, advisor)
    assert again() == []

    present = asked(client, advisor, MONDAY, horizon="long", loss_tolerance=5)

    assert again() == [made]
    assert changed_needs(made, present) == ["horizon", "loss_tolerance"]


@pytest.mark.parametrize(("key", "value"), [("capital", 1000), ("services", ["events"]), ("goals", ["income"])])
def test_what_was_never_said_before_is_a_change(client: Client, advisor: User, key: str, value: Any) -> None:
    asked(client, advisor, date(2026, 5, 4), horizon="medium")
    made = plan(client, advisor)

    present = asked(client, advisor, MONDAY, **{key: value})

    assert (again(), changed_needs(made, present)) == ([made], [key])


def test_needs_that_stand_leave_the_plan_alone(client: Client, advisor: User) -> None:
    asked(client, advisor, date(2026, 5, 4), horizon="medium", capital=1000)
    made = plan(client, advisor)

    present = record_needs(client=client, answers={}, confirmed=True, actor=advisor, now=NOW, taken_on=MONDAY)
    other = asked(client, advisor, MONDAY, remarks="请先发微信")

    assert (again(), changed_needs(made, present), changed_needs(made, other)) == ([], [], [])


def test_a_plan_without_needs_is_looked_at_once_there_are_some(client: Client, advisor: User) -> None:
    made = plan(client, advisor)
    assert again() == []

    asked(client, advisor, MONDAY, horizon="long")

    assert again() == [made]


def test_a_plan_is_confirmed_once_and_rests_on_the_new_needs(client: Client, advisor: User) -> None:
    asked(client, advisor, date(2026, 5, 4), horizon="medium")
    made = plan(client, advisor)
    with pytest.raises(NeedsUnchanged):
        confirm_plan(plan=made, note="仍适用", actor=advisor, now=NOW)
    present = asked(client, advisor, MONDAY, horizon="long")

    confirm_plan(plan=made, note="期限变化不影响服务", actor=advisor, now=NOW)

    made.refresh_from_db()
    assert (made.basis, made.confirmed_by, again()) == (present, advisor, [])
    with pytest.raises(NeedsUnchanged):
        confirm_plan(plan=made, note="仍适用", actor=advisor, now=NOW)


def test_an_ended_plan_says_why_and_is_not_looked_at_again(client: Client, advisor: User) -> None:
    made = plan(client, advisor)
    with pytest.raises(StaleEdit):
        end_plan(plan=made, reason="客户不再需要", actor=advisor, now=NOW, version=9)
    end_plan(plan=made, reason="客户不再需要", actor=advisor, now=NOW)
    asked(client, advisor, MONDAY, horizon="long")

    assert (ServicePlan.objects.get().state, again()) == ("ended", [])


@pytest.mark.parametrize(
    "said",
    [
        {"title": ""},
        {"purpose": " "},
        {"period": ""},
        {"due_on": date(2026, 7, 1)},
        {"period": "", "due_on": date(2026, 5, 31)},
    ],
)
def test_a_step_that_cannot_be_meant_is_refused(client: Client, advisor: User, said: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        plan(client, advisor, step(advisor, **said))

    assert list(refused.value.fields) == ["steps"]
    assert not ServicePlan.objects.exists()


def test_a_step_is_seen_to_by_oneself_or_by_who_works_in_the_branch_sees_the_client_and_gives_services(
    web: Any, client: Client, advisor: User, staff: Staff, other_branch: Branch
) -> None:
    mate, desk = staff("account_manager"), staff("front_desk")
    ClientTeamMember.objects.create(client=client, member=mate, since=MONDAY)
    gone, stranger = staff("front_desk", is_active=False), staff("front_desk", branch=other_branch)
    not_his, caller = staff("advisor"), staff("follow_up_caller")

    for number, right in enumerate((mate, desk)):
        made = plan(client, advisor, step(right, title=f"第{number}项"))
        assert made.steps.get().owner == right
    form = web(advisor).get(reverse("tiers:plan_new", args=[client.public_id])).context["form"]
    offered = {value for value, _label in form.fields["owner_1"].choices if value}
    assert {str(one) for one in offered} == {row.public_id for row in (advisor, mate, desk)}
    for wrong in (gone, stranger, not_his, caller):
        with pytest.raises(InvalidInput) as refused:
            plan(client, advisor, step(wrong))
        assert list(refused.value.fields) == ["steps"]


def test_a_plan_that_somebody_else_made_meanwhile_is_not_replaced_unseen(
    web: Any, client: Client, advisor: User
) -> None:
    browser, address = web(advisor), reverse("tiers:plan_new", args=[client.public_id])
    opened = browser.get(address).context["form"]
    theirs = plan(client, advisor)

    said = {"form_token": "a", "aim": "稳健", "title_1": "面谈", "purpose_1": "回顾", "period_1": "quarter"}
    answer = browser.post(address, {**said, "before": opened["before"].value() or ""})

    assert answer.status_code == 412
    assert [(row.pk, row.state) for row in ServicePlan.objects.all()] == [(theirs.pk, "agreed")]
    again = browser.get(address).context["form"]["before"].value()
    assert browser.post(address, {**said, "form_token": "b", "before": again}).status_code == 302


def test_a_service_that_is_not_offered_or_not_for_this_client_is_refused(
    client: Client, advisor: User, branch: Branch, other_branch: Branch
) -> None:
    over = ServiceItemFactory(company=branch.company, ends_on=date(2026, 5, 31))
    higher = ServiceItemFactory(company=branch.company, least_grade="C4")

    for wrong in (over, higher, ServiceItemFactory(company=branch.company, branch=other_branch)):
        with pytest.raises(InvalidInput):
            plan(client, advisor, step(advisor, item=wrong, title=""))


@pytest.mark.parametrize(("field", "said"), [("aim", {"aim": " "}), ("agreed_on", {"agreed_on": date(2026, 6, 2)})])
def test_a_plan_says_what_for_and_is_not_agreed_tomorrow(
    client: Client, advisor: User, field: str, said: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        plan(client, advisor, **said)

    assert list(refused.value.fields) == [field]


def test_a_plan_begins_with_what_answers_a_wish_then_with_what_the_tier_gives(
    client: Client, advisor: User, item: ServiceItem
) -> None:
    other = ServiceItemFactory(company=client.branch.company, kind="value_added", proof="contact", purposes=["market"])
    put_in_tier(client, "gold", date(2026, 1, 5))
    EntitlementFactory(item=other, period="month")
    NeedsInterviewFactory(client=client, services=["portfolio"], is_present=True)

    with override("en"):
        found = plan_to_begin_with(advisor, client, MONDAY)

    assert [(one["item"], one["period"]) for one in found] == [(item.public_id, "quarter"), (other.public_id, "month")]
    assert [one["purpose"] for one in found] == ["Client's wish: Investment plan", "Included in the client's tier"]


# -- doors -------------------------------------------------------------------------------------------------------------


def test_on_the_pages_a_plan_is_made_looked_at_again_and_confirmed(web: Any, client: Client, advisor: User) -> None:
    browser, today = web(advisor), local_date(timezone.now())
    form = {"form_token": new_public_id(), "aim": "稳健增值", "agreed_on": today.isoformat()}
    form |= {"title_1": "季度面谈", "purpose_1": "回顾持仓", "period_1": "quarter", "title_2": ""}
    made = browser.post(f"/services/plans/client/{client.public_id}/new/", form, follow=True)
    row = ServicePlan.objects.get()
    asked(client, advisor, today, horizon="long")

    tab = browser.get(f"{client.get_absolute_url()}?tab=services").content.decode()
    page = browser.get(row.get_absolute_url()).content.decode()
    said = {"form_token": "t", "version": row.version, "note": "仍适用"}
    browser.post(f"{row.get_absolute_url()}confirm/", said)

    assert "季度面谈" in made.content.decode()
    assert "To be looked at again" in tab
    assert "3 to 5 years" in page
    row.refresh_from_db()
    assert (row.confirm_note, row.steps.get().owner) == ("仍适用", advisor)


def test_my_day_names_the_plan_of_an_own_client_whose_needs_changed(
    client: Client, advisor: User, staff: Staff
) -> None:
    plan(client, advisor)
    asked(client, advisor, MONDAY, horizon="long")

    def words(user: User) -> list[str]:
        return [item.title for item in todays_items(user, MONDAY) if item.kind == "plan"]

    assert (words(advisor), words(staff("advisor")), words(staff("front_desk"))) == ([client.name], [], [])


def test_over_rest_a_plan_is_made_read_and_ended(api: Any, client: Client, advisor: User, item: ServiceItem) -> None:
    phone, today = api(advisor), local_date(timezone.now())
    steps = [{"service": item.public_id, "purpose": "回顾持仓", "period": "quarter"}]
    body = {"client": client.public_id, "aim": "稳健增值", "steps": steps, "before": ""}

    made = phone.post(PLANS, body, format="json", headers={"Idempotency-Key": "a"})
    address = f"{PLANS}{made.data['id']}/"
    seen = {"Idempotency-Key": "b", "If-Match": f'"{made.data["version"]}"'}
    agreed = phone.post(f"{address}agree/", {"agreed_on": today.isoformat()}, format="json", headers=seen)
    asked(client, advisor, today, horizon="long")
    changed = phone.get(address)
    listed = phone.get(PLANS, {"to_look_at": "true"}).data["results"]
    last = {"Idempotency-Key": "c", "If-Match": f'"{agreed.data["version"]}"'}
    ended = phone.post(f"{address}end/", {"reason": "客户不再需要"}, format="json", headers=last)

    assert (made.status_code, made.data["state"], made.data["steps"][0]["service"]) == (201, "draft", item.public_id)
    assert (agreed.data["state"], changed.data["changed"]) == ("agreed", ["horizon"])
    assert [row["id"] for row in listed] == [made.data["id"]]
    assert (ended.data["state"], phone.get(PLANS, {"to_look_at": "true"}).data["results"]) == ("ended", [])


def test_over_rest_a_plan_says_which_one_it_takes_the_place_of(api: Any, client: Client, advisor: User) -> None:
    phone, theirs = api(advisor), plan(client, advisor)
    steps = [{"title": "季度面谈", "purpose": "回顾持仓", "period": "quarter"}]
    body = {"client": client.public_id, "aim": "稳健", "steps": steps}

    def send(key: str, **more: Any) -> Any:
        return phone.post(PLANS, {**body, **more}, format="json", headers={"Idempotency-Key": key})

    unsaid, unseen, seen = send("a"), send("b", before=""), send("c", before=theirs.public_id)

    assert (unsaid.status_code, list(unsaid.json()["fields"])) == (400, ["before"])
    assert (unseen.status_code, unseen.json()["code"]) == (412, "stale_edit")
    assert (seen.status_code, seen.data["replaces"]) == (201, theirs.public_id)


def test_a_plan_of_another_branch_is_as_good_as_none(web: Any, api: Any, advisor: User, other_branch: Branch) -> None:
    foreign = plan(ClientFactory(branch=other_branch), advisor)

    assert web(advisor).get(foreign.get_absolute_url()).status_code == 404
    assert api(advisor).get(f"{PLANS}{foreign.public_id}/").status_code == 404


def test_the_services_of_a_client_cost_the_same_with_one_step_and_with_ten(
    web: Any, client: Client, advisor: User, cost_of: Any, item: ServiceItem
) -> None:
    browser, address = web(advisor), f"{client.get_absolute_url()}?tab=services"
    plan(client, advisor, step(advisor, item=item, title=""))
    browser.get(address)
    one = cost_of(lambda: browser.get(address))
    plan(client, advisor, *(step(advisor, item=item, title="") for _number in range(10)))

    assert cost_of(lambda: browser.get(address)) == one


def test_the_form_of_a_plan_costs_the_same_for_one_step_and_for_ten(
    web: Any, client: Client, advisor: User, cost_of: Any, item: ServiceItem
) -> None:
    browser, address = web(advisor), reverse("tiers:plan_new", args=[client.public_id])
    plan(client, advisor, step(advisor, item=item, title=""))
    browser.get(address)
    one = cost_of(lambda: browser.get(address))
    plan(client, advisor, *(step(advisor, item=item, title="") for _number in range(10)))

    assert cost_of(lambda: browser.get(address)) == one
