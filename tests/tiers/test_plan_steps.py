"""Steps of a service plan: what became of each, who notes it, and that a promised service is kept once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from clients.models import Client, ClientTeamMember
from clients.services import log_contact
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import AuditEntry, Branch, Delegation, User
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.services import PromiseFactory, ServiceItemFactory, morning
from tiers.errors import PlanSettled, StepNotYours, StepSettled
from tiers.models import Delivery, MarketEvent, PlanStep, PlanStepMark, Promise, ServiceItem, ServicePlan
from tiers.querysets.plan_steps import StepState, standings
from tiers.services.plan_steps import drop_step, note_step
from tiers.services.plans import Step, end_plan, make_plan
from tiers.services.promises import deliver

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 6, 1)
#: In the first half of the second quarter.
APRIL = date(2026, 4, 6)


@pytest.fixture
def advisor(staff: Staff) -> User:
    return staff("advisor")


@pytest.fixture
def client(branch: Branch, advisor: User) -> Client:
    return ClientFactory(branch=branch, advisor=advisor, name="王小明")


@pytest.fixture
def item(branch: Branch) -> ServiceItem:
    return ServiceItemFactory(company=branch.company, kind="value_added", proof="contact", purposes=["product"])


def step_of(client: Client, owner: User, *, agreed_on: date | None = APRIL, **said: Any) -> PlanStep:
    """The one step of a plan, a talk once a quarter where nothing else is said."""
    usual: dict[str, Any] = {"purpose": "回顾持仓", "owner": owner}
    usual |= {} if "item" in said else {"title": "季度面谈"}
    usual |= {} if "due_on" in said else {"period": "quarter"}
    made = make_plan(
        client=client,
        aim="稳健",
        steps=[Step(**{**usual, **said})],
        actor=owner,
        now=morning(APRIL),
        agreed_on=agreed_on,
    )
    found: PlanStep = made.steps.get()
    return found


def note(step: PlanStep, actor: User, day: date = MONDAY, today: date = MONDAY, **said: Any) -> PlanStep:
    found: PlanStep = note_step(step=step, day=day, word="当面谈过", actor=actor, now=morning(today), **said)
    return found


def drop(step: PlanStep, actor: User, today: date = MONDAY, **said: Any) -> PlanStep:
    found: PlanStep = drop_step(step=step, reason="客户出国", actor=actor, now=morning(today), **said)
    return found


def stands(step: PlanStep, today: date = MONDAY) -> tuple[str, date | None]:
    row = PlanStep.objects.for_list().get(pk=step.pk)
    found = standings([row], today)[row.pk]
    return str(found.state), found.due_on


def overdue(today: date) -> list[PlanStep]:
    return list(PlanStep.objects.overdue(today))


# -- when a step is due ------------------------------------------------------------------------------------------------


def test_a_step_by_a_day_is_due_until_it_and_overdue_after_it(client: Client, advisor: User) -> None:
    step = step_of(client, advisor, due_on=MONDAY)

    assert (stands(step), overdue(MONDAY)) == (("due", MONDAY), [])
    assert (stands(step, date(2026, 6, 2)), overdue(date(2026, 6, 2))) == (("overdue", MONDAY), [step])


def test_a_step_of_every_quarter_is_due_by_its_end_and_overdue_in_the_next(client: Client, advisor: User) -> None:
    step = step_of(client, advisor)

    assert (stands(step), overdue(date(2026, 6, 30))) == (("due", date(2026, 6, 30)), [])
    assert (stands(step, date(2026, 7, 1)), overdue(date(2026, 7, 1))) == (("overdue", date(2026, 6, 30)), [step])


def test_what_is_agreed_late_in_a_quarter_begins_with_the_next(client: Client, advisor: User) -> None:
    """As promises have it: whoever was there by the middle of a period is owed it."""
    step = step_of(client, advisor, agreed_on=None)
    ServicePlan.objects.update(state="agreed", agreed_on=date(2026, 5, 18))

    assert (stands(step), overdue(date(2026, 7, 1))) == (("due", date(2026, 9, 30)), [])
    assert overdue(date(2026, 10, 1)) == [step]


def test_what_is_only_drawn_up_and_what_is_over_is_never_overdue(client: Client, advisor: User) -> None:
    step = step_of(client, advisor, agreed_on=None, due_on=MONDAY)
    assert (stands(step, date(2026, 7, 6))[0], overdue(date(2026, 7, 6))) == ("drawn_up", [])
    ServicePlan.objects.update(state="agreed", agreed_on=APRIL)
    end_plan(plan=step.plan, reason="客户不再需要", actor=advisor, now=morning(MONDAY))

    assert (stands(step, date(2026, 7, 6))[0], overdue(date(2026, 7, 6))) == ("over", [])


# -- noted and dropped -------------------------------------------------------------------------------------------------


def test_a_step_is_noted_as_done_with_day_and_word(client: Client, advisor: User) -> None:
    step = step_of(client, advisor, due_on=date(2026, 6, 30))

    note(step, advisor, day=date(2026, 5, 29))

    mark = PlanStepMark.objects.get()
    assert (mark.kind, mark.day, mark.word, mark.by) == ("done", date(2026, 5, 29), "当面谈过", advisor)
    assert (stands(step)[0], overdue(date(2026, 9, 1))) == ("done", [])
    entry = AuditEntry.objects.get(action="service_plan.note_step")
    assert (entry.object_id, entry.client_ref) == (step.public_id, client.public_id)


def test_a_step_of_every_quarter_is_done_once_in_it_and_due_again_in_the_next(client: Client, advisor: User) -> None:
    step = step_of(client, advisor)
    note(step, advisor)

    with pytest.raises(StepSettled):
        note(step, advisor, today=date(2026, 6, 9), day=date(2026, 6, 8))
    assert [stands(step, day) for day in (MONDAY, date(2026, 7, 1), date(2026, 10, 1))] == [
        ("done", date(2026, 6, 30)),
        ("due", date(2026, 9, 30)),
        ("overdue", date(2026, 9, 30)),
    ]
    note(step, advisor, today=date(2026, 7, 6), day=date(2026, 7, 6))
    assert PlanStepMark.objects.count() == 2


def test_what_was_done_in_time_may_be_noted_late(client: Client, advisor: User) -> None:
    step, today = step_of(client, advisor), date(2026, 7, 3)

    note(step, advisor, day=date(2026, 6, 26), today=today)

    assert (stands(step, today), overdue(today)) == (("due", date(2026, 9, 30)), [])


def test_a_step_is_left_out_once_or_dropped_for_good_saying_why(client: Client, advisor: User) -> None:
    step = step_of(client, advisor)

    drop(step, advisor)
    once = [stands(step, day) for day in (MONDAY, date(2026, 7, 1))]
    drop(step, advisor, today=date(2026, 7, 6), for_good=True)

    assert once == [("skipped", date(2026, 6, 30)), ("due", date(2026, 9, 30))]
    assert (stands(step, date(2027, 1, 4))[0], overdue(date(2027, 1, 4))) == ("dropped", [])
    assert [mark.kind for mark in PlanStepMark.objects.order_by("pk")] == ["skipped", "dropped"]
    with pytest.raises(StepSettled):
        note(step, advisor, today=date(2026, 10, 5), day=date(2026, 10, 5))


def test_a_quarter_that_was_missed_is_left_out_and_the_present_one_stays_due(client: Client, advisor: User) -> None:
    step, today = step_of(client, advisor), date(2026, 7, 6)

    drop(step, advisor, today=today)

    assert (stands(step, today), overdue(today)) == (("due", date(2026, 9, 30)), [])


def test_a_step_by_a_day_is_dropped_for_good(client: Client, advisor: User) -> None:
    step = step_of(client, advisor, due_on=MONDAY)

    drop(step, advisor)

    assert stands(step, date(2026, 9, 1))[0] == "dropped"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"word": " "}, "word"),
        ({"day": date(2026, 6, 2)}, "day"),
        ({"day": date(2026, 4, 5)}, "day"),
    ],
)
def test_what_cannot_be_meant_is_refused_beside_its_field(
    client: Client, advisor: User, said: dict[str, Any], field: str
) -> None:
    step = step_of(client, advisor)
    words = {"day": MONDAY, "word": "谈过", **said}

    with pytest.raises(InvalidInput) as refused:
        note_step(step=step, actor=advisor, now=morning(MONDAY), **words)
    with pytest.raises(InvalidInput):
        drop_step(step=step, reason="", actor=advisor, now=morning(MONDAY))

    assert list(refused.value.fields) == [field]
    assert not PlanStepMark.objects.exists()


def test_steps_of_what_is_not_agreed_or_over_are_not_noted(client: Client, advisor: User) -> None:
    step = step_of(client, advisor, agreed_on=None)
    with pytest.raises(PlanSettled):
        note(step, advisor)
    end_plan(plan=step.plan, reason="客户不再需要", actor=advisor, now=morning(MONDAY))

    with pytest.raises(PlanSettled):
        drop(step, advisor)


def test_whoever_has_not_seen_the_newest_is_told(client: Client, advisor: User) -> None:
    step = step_of(client, advisor)
    drop(step, advisor)

    with pytest.raises(StaleEdit):
        note(step, advisor, version=step.version)


# -- who ---------------------------------------------------------------------------------------------------------------


def test_who_sees_to_it_his_deputy_who_serves_the_client_and_the_manager_note_it(
    client: Client, advisor: User, staff: Staff, branch: Branch
) -> None:
    desk, deputy, manager = staff("front_desk"), staff("front_desk"), staff("branch_manager")
    Delegation.objects.create(
        absent=desk, deputy=deputy, first_day=date(2026, 1, 1), last_day=date(2099, 1, 1), reason="休假"
    )
    for number, actor in enumerate((desk, deputy, advisor, manager)):
        step = step_of(client, advisor, due_on=MONDAY, title=f"第{number}项")
        PlanStep.objects.filter(pk=step.pk).update(owner=desk)
        assert note(step, User.objects.get(pk=actor.pk)).pk == step.pk


def test_a_colleague_who_has_nothing_to_do_with_it_notes_nothing(client: Client, advisor: User, staff: Staff) -> None:
    step, colleague = step_of(client, advisor), staff("account_manager")
    ClientTeamMember.objects.create(client=client, member=colleague, since=APRIL)

    with pytest.raises(StepNotYours) as refused:
        note(step, colleague)
    with pytest.raises(StepNotYours):
        drop(step, colleague)

    assert refused.value.status == 403


# -- one ledger --------------------------------------------------------------------------------------------------------


def test_noting_a_promised_service_keeps_the_promise_and_nothing_beside_it(
    client: Client, advisor: User, item: ServiceItem
) -> None:
    step = step_of(client, advisor, item=item)
    owed = PromiseFactory(client=client, item=item, opens_on=date(2026, 4, 1), due_on=date(2026, 6, 30))

    note(step, advisor, day=date(2026, 5, 29))

    owed.refresh_from_db()
    assert (owed.state, owed.kept_on, owed.kept_by, owed.note) == ("done", date(2026, 5, 29), advisor, "当面谈过")
    assert (stands(step)[0], PlanStepMark.objects.count()) == ("done", 0)
    with pytest.raises(StepSettled):
        note(step, advisor)


@pytest.mark.parametrize("by", ["contact", "delivery"])
def test_a_promise_kept_by_a_contact_or_a_delivery_is_the_step_done(
    client: Client, advisor: User, branch: Branch, by: str
) -> None:
    said = {"proof": "contact", "purposes": ["product"]} if by == "contact" else {"proof": "event", "purposes": []}
    item = ServiceItemFactory(company=branch.company, **said)
    step = step_of(client, advisor, item=item)
    PromiseFactory(client=client, item=item, opens_on=date(2026, 4, 1), due_on=date(2026, 6, 30))

    if by == "contact":
        log_contact(
            client=client, channel="visit", content="谈过", actor=advisor, now=morning(MONDAY),
            details={"purpose": "product"},
        )  # fmt: skip
    else:
        deliver(item=item, branch=branch, title="策略会", day=MONDAY, actor=advisor, now=morning(MONDAY))

    row = PlanStep.objects.for_list().get()
    found = standings([row], MONDAY)[row.pk]
    assert (found.state, found.promise) == (StepState.DONE, Promise.objects.get())
    assert (found.promise.delivery if found.promise else None) == Delivery.objects.first()
    assert (stands(step)[0], overdue(date(2026, 7, 1))) == ("done", [])
    with pytest.raises(StepSettled):
        note(step, advisor)


def test_a_promise_given_back_makes_the_step_due_again(client: Client, advisor: User, item: ServiceItem) -> None:
    step = step_of(client, advisor, item=item)
    owed = PromiseFactory(client=client, item=item, opens_on=date(2026, 4, 1), due_on=date(2026, 6, 30))
    Promise.objects.filter(pk=owed.pk).update(state="done", kept_on=MONDAY, proof="contact", contact_ref="x")
    assert stands(step)[0] == "done"

    Promise.objects.filter(pk=owed.pk).update(state="due", kept_on=None, proof="", contact_ref="")

    assert stands(step)[0] == "due"


def test_the_promise_of_the_day_is_kept_before_one_that_was_missed(
    client: Client, advisor: User, item: ServiceItem
) -> None:
    step = step_of(client, advisor, item=item)
    missed = PromiseFactory(
        client=client, item=item, state="missed", opens_on=date(2026, 4, 1), due_on=date(2026, 5, 8),
        last_day=date(2026, 5, 12),
    )  # fmt: skip
    present = PromiseFactory(client=client, item=item, opens_on=date(2026, 5, 9), due_on=date(2026, 6, 30))

    note(step, advisor)

    missed.refresh_from_db(), present.refresh_from_db()
    assert (missed.state, present.state) == ("missed", "done")


def test_a_promise_missed_in_the_same_quarter_is_made_good(client: Client, advisor: User, item: ServiceItem) -> None:
    step = step_of(client, advisor, item=item)
    missed = PromiseFactory(
        client=client, item=item, state="missed", opens_on=date(2026, 4, 1), due_on=date(2026, 5, 8),
        last_day=date(2026, 5, 12),
    )  # fmt: skip

    note(step, advisor)

    missed.refresh_from_db()
    assert (missed.state, missed.is_late, PlanStepMark.objects.count()) == ("done", True, 0)


def called(item: ServiceItem, advisor: User) -> MarketEvent:
    at = morning(MONDAY)
    made: MarketEvent = MarketEvent.objects.create(
        item=item, branch=advisor.branch, name="降准", day=MONDAY, ask="说明影响", tier_codes=["gold"], due_on=MONDAY,
        called_by=advisor, called_at=at, asked_at=at,
    )  # fmt: skip
    return made


def test_what_is_owed_for_a_market_event_is_another_matter(client: Client, advisor: User, item: ServiceItem) -> None:
    step = step_of(client, advisor, item=item)
    asked = PromiseFactory(client=client, item=item, event=called(item, advisor), opens_on=date(2026, 4, 1))

    note(step, advisor)

    asked.refresh_from_db()
    assert (asked.state, PlanStepMark.objects.count()) == ("due", 1)


def test_dropping_a_step_leaves_owed_what_the_tier_gives(client: Client, advisor: User, item: ServiceItem) -> None:
    step = step_of(client, advisor, item=item)
    owed = PromiseFactory(client=client, item=item, opens_on=date(2026, 4, 1), due_on=date(2026, 6, 30))

    drop(step, advisor, for_good=True)

    owed.refresh_from_db()
    assert (stands(step)[0], owed.state) == ("dropped", "due")


# -- what SQL finds is what is shown -----------------------------------------------------------------------------------


def test_what_is_found_overdue_is_what_stands_as_overdue(client: Client, advisor: User, item: ServiceItem) -> None:
    """Every period, a day, with and without a service, on days around the ends of periods."""
    steps = [
        *(Step(purpose="x", owner=advisor, title=f"每{period}", period=period) for period in _PERIODS),
        *(Step(purpose="x", owner=advisor, item=item, period=period) for period in _PERIODS),
        Step(purpose="x", owner=advisor, title="一次", due_on=MONDAY),
        Step(purpose="x", owner=advisor, item=item, due_on=MONDAY),
    ]
    made = make_plan(
        client=client, aim="稳健", steps=steps, actor=advisor, now=morning(date(2026, 1, 5)), agreed_on=date(2026, 1, 5)
    )
    for day in (date(2026, 2, 3), date(2026, 5, 15)):
        PromiseFactory(client=client, item=item, state="done", kept_on=day, kept_by=advisor, proof="hand")
    kept = {"state": "done", "kept_on": date(2026, 8, 4), "kept_by": advisor, "proof": "hand"}
    PromiseFactory(client=client, item=item, event=called(item, advisor), **kept)
    for step, day in zip(
        made.steps.filter(item=None), (date(2026, 3, 2), date(2026, 4, 2), date(2026, 6, 2)), strict=False
    ):
        note(step, advisor, day=day, today=date(2026, 6, 3))

    for today in (date(2026, y, 1) for y in range(2, 13)):
        rows = list(PlanStep.objects.for_list().order_by("pk"))
        shown = [row.pk for row in rows if standings(rows, today)[row.pk].state == StepState.OVERDUE]
        assert [row.pk for row in PlanStep.objects.overdue(today).order_by("pk")] == shown
        ahead = [
            row.pk
            for row in rows
            if (found := standings(rows, today)[row.pk]).is_open and (found.due_on or today) <= date(2026, 12, 31)
        ]
        assert [row.pk for row in PlanStep.objects.due_by(date(2026, 12, 31), today).order_by("pk")] == ahead


_PERIODS = ("month", "quarter", "half_year", "year")
