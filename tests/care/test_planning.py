"""Which calls are planned, when they are due, and that planning again plans nothing again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from advisory.models import AdvisoryAgreement
from care.models import CareProgramme, FollowUpCall, ScriptQuestion
from care.services import mark_missed, plan_calls, seed_programmes, tidy_calls
from care.services.plan import recompute_calls
from care.views.rows import say_why
from clients.models import Client
from crm.core.access import system_user
from crm.core.clocks import Calendar, local_date
from crm.core.jobs import DUE
from crm.core.models import AuditEntry, Branch, CalendarDay
from tests.doors import Staff
from tests.factories.care import MONDAY, NOW, FollowUpCallFactory
from tests.factories.clients import ClientFactory, TradingPermissionFactory
from tests.factories.core import UserFactory
from tests.factories.tiers import ProgrammeFactory, TierFactory
from tiers.models import EvaluationRun, TierChange


def plan(now: datetime = NOW) -> int:
    planned: int = plan_calls(actor=system_user(), now=now)
    return planned


def moved(client: Client, *, day: date, reason: str = "up") -> TierChange:
    programme = ProgrammeFactory(company=client.branch.company)
    low, high = TierFactory(programme=programme, rank=1), TierFactory(programme=programme, rank=2)
    run = EvaluationRun.objects.create(
        programme=programme, branch=client.branch, day=day, window_days=365, down_after=2, actor=system_user()
    )
    old = None if reason == "first" else low
    change: TierChange = TierChange.objects.create(
        client=client, old=old, new=high, day=day, reason=reason, run=run, total=5000, days=1, bound=1000
    )
    return change


def agreed(client: Client, signed_on: date, **fields: object) -> AdvisoryAgreement:
    advisor = UserFactory(role="advisor", branch=client.branch)
    agreement: AdvisoryAgreement = AdvisoryAgreement.objects.create(
        client=client,
        advisor=advisor,
        number=f"T-{client.pk}",
        signed_on=signed_on,
        cancel_until=signed_on,
        risk_disclosure="1",
        signed_by=advisor,
        **fields,
    )
    return agreement


def test_a_new_account_is_to_be_called_within_thirty_natural_days_of_its_opening(branch: Branch) -> None:
    client = ClientFactory(branch=branch, opened_on=date(2026, 5, 20))

    assert plan() == 1

    call = FollowUpCall.objects.get()
    assert (call.client, call.programme.code, call.due_on) == (client, "new_account", date(2026, 6, 19))
    assert (call.occurrence_key, call.not_before, call.state) == ("open:2026-05-20", MONDAY, "due")


def test_accounts_that_are_old_closed_suspended_or_not_yet_open_bring_no_call(branch: Branch) -> None:
    ClientFactory(branch=branch, opened_on=date(2020, 1, 2))
    ClientFactory(branch=branch, opened_on=MONDAY + timedelta(days=1))
    ClientFactory(branch=branch, opened_on=date(2026, 5, 20), status="closed", closed_on=date(2026, 5, 30))
    ClientFactory(branch=branch, opened_on=date(2026, 5, 20), status="suspended")

    assert plan() == 0


@pytest.mark.parametrize(("reason", "calls"), [("up", 1), ("down", 1), ("first", 0)])
def test_a_move_up_or_down_is_answered_by_a_call_within_five_working_days(
    branch: Branch, reason: str, calls: int
) -> None:
    change = moved(ClientFactory(branch=branch), day=MONDAY, reason=reason)

    assert plan() == calls

    for call in FollowUpCall.objects.all():
        assert call.occurrence_key == f"tier:{change.public_id}"
        assert call.due_on == Calendar.around(MONDAY).add_working_days(MONDAY, 5)
        assert call.reason == "t1 → t2"


def test_a_changed_calendar_moves_the_open_calls_that_run_in_working_days(branch: Branch) -> None:
    moved(ClientFactory(branch=branch), day=MONDAY)
    plan()
    before = FollowUpCall.objects.get().due_on
    CalendarDay.objects.filter(day=MONDAY + timedelta(days=2)).update(is_workday=False, is_trading=False)

    again = [recompute_calls(MONDAY, MONDAY + timedelta(days=6), NOW) for _run in range(2)]

    assert again == [1, 0]
    assert FollowUpCall.objects.get().due_on == before + timedelta(days=1)


def test_an_advice_client_is_called_once_in_each_period_since_the_agreement_was_signed(branch: Branch) -> None:
    client = ClientFactory(branch=branch)
    agreement = agreed(client, date(2026, 3, 15))

    assert plan() == 1, "the first period ends on 13 June, within thirty days"

    call = FollowUpCall.objects.get()
    assert (call.due_on, call.occurrence_key) == (date(2026, 6, 13), f"advice:{agreement.public_id}:1")
    assert plan(NOW + timedelta(days=20)) == 0, "the second period has just begun"
    assert plan(NOW + timedelta(days=75)) == 1
    assert FollowUpCall.objects.count() == 2


def test_an_ended_agreement_and_a_young_one_bring_no_call(branch: Branch) -> None:
    agreed(ClientFactory(branch=branch), date(2026, 3, 15), ended_on=date(2026, 5, 1))
    agreed(ClientFactory(branch=branch), MONDAY - timedelta(days=3))

    assert plan() == 0


def test_planning_twice_plans_once_and_leaves_no_second_record(branch: Branch) -> None:
    client = ClientFactory(branch=branch, opened_on=date(2026, 5, 20))
    moved(client, day=MONDAY)
    agreed(client, date(2026, 3, 15))

    assert [plan(), plan(), plan(NOW + timedelta(days=1))] == [3, 0, 0]

    assert FollowUpCall.objects.count() == 3
    assert AuditEntry.objects.filter(action="care.plan_calls").count() == 1


def test_planning_again_never_touches_a_call_that_was_made(branch: Branch) -> None:
    ClientFactory(branch=branch, opened_on=date(2026, 5, 20))
    plan()
    FollowUpCall.objects.update(state="done", done_at=NOW)

    plan()

    assert FollowUpCall.objects.get().state == "done"


def test_a_corrected_opening_date_brings_no_second_call(branch: Branch) -> None:
    client = ClientFactory(branch=branch, opened_on=date(2026, 5, 20))
    plan()
    client.opened_on = date(2026, 5, 21)
    client.save()

    assert plan() == 0


def test_a_programme_that_is_switched_off_plans_nothing(branch: Branch) -> None:
    ClientFactory(branch=branch, opened_on=date(2026, 5, 20))
    seed_programmes(actor=system_user(), company=branch.company)
    CareProgramme.objects.update(is_active=False)

    assert plan() == 0


def test_a_new_permission_is_to_be_called_about_once_within_thirty_natural_days(branch: Branch) -> None:
    client = ClientFactory(branch=branch)
    permission = TradingPermissionFactory(client=client, code="star", opened_on=date(2026, 5, 20))
    TradingPermissionFactory(client=client, code="chinext", opened_on=date(2026, 5, 21), closed_on=date(2026, 5, 25))
    TradingPermissionFactory(client=client, code="bse", waiting=True)
    TradingPermissionFactory(client=client, code="margin", opened_on=date(2026, 1, 5))

    assert plan() == 1
    assert plan() == 0

    call = FollowUpCall.objects.get()
    assert (call.programme.code, call.due_on) == ("new_permission", date(2026, 6, 19))
    assert call.occurrence_key == f"permission:{permission.public_id}"
    say_why([call])
    with override("zh-hans"):
        assert str(call.why) == "科创板"  # type: ignore[attr-defined]  # given by say_why


def test_a_company_gets_its_programmes_with_the_five_questions_once(branch: Branch) -> None:
    seed_programmes(actor=system_user(), company=branch.company)
    CareProgramme.objects.filter(code="tier_change").update(greeting_en="Our own words")
    seed_programmes(actor=system_user(), company=branch.company)

    assert CareProgramme.objects.count() == 4
    assert ScriptQuestion.objects.count() == 20
    assert CareProgramme.objects.get(code="tier_change").greeting_en == "Our own words"
    bad = dict(ScriptQuestion.objects.values_list("code", "bad_answer"))
    assert bad == {
        "identity": "no",
        "changes_confirmed": "no",
        "operated_by_staff": "yes",
        "risks_explained": "no",
        "full_mandate": "yes",
    }


def test_a_call_that_is_a_month_late_is_missed_and_goes_to_the_work_list(branch: Branch) -> None:
    late = FollowUpCallFactory(branch=branch, due_on=MONDAY - timedelta(days=31))
    in_time = FollowUpCallFactory(branch=branch, due_on=MONDAY - timedelta(days=30))

    assert mark_missed(actor=system_user(), now=NOW) == 1
    assert mark_missed(actor=system_user(), now=NOW) == 0

    late.refresh_from_db()
    in_time.refresh_from_db()
    assert (late.state, late.version, in_time.state) == ("missed", 2, "due")
    assert late.is_overdue(MONDAY)


def test_calls_to_clients_who_left_are_cancelled(branch: Branch) -> None:
    client = ClientFactory(branch=branch, status="closed", closed_on=MONDAY)
    open_call = FollowUpCallFactory(client=client)
    done = FollowUpCallFactory(client=client, state="done", done_at=NOW)

    assert tidy_calls(actor=system_user(), now=NOW) == 1

    open_call.refresh_from_db()
    done.refresh_from_db()
    assert (open_call.state, done.state) == ("cancelled", "done")


def test_a_call_taken_yesterday_and_forgotten_is_free_again_this_morning(branch: Branch, staff: Staff) -> None:
    caller = staff("follow_up_caller")
    forgotten = FollowUpCallFactory(branch=branch, state="in_progress", caller=caller)
    FollowUpCall.objects.filter(pk=forgotten.pk).update(updated_at=NOW - timedelta(days=1))
    fresh = FollowUpCallFactory(branch=branch, state="in_progress", caller=caller)
    FollowUpCall.objects.filter(pk=fresh.pk).update(updated_at=NOW)

    assert tidy_calls(actor=system_user(), now=NOW) == 1

    forgotten.refresh_from_db()
    fresh.refresh_from_db()
    assert (forgotten.state, forgotten.caller, fresh.state) == ("due", None, "in_progress")


def test_the_sweeps_are_registered_with_the_clock() -> None:
    assert {"care.plan_calls", "care.mark_missed", "care.tidy_calls", "care.invite_surveys", "care.expire_surveys"} <= {
        *DUE
    }


def test_planning_costs_the_same_for_one_client_and_for_ten(
    branch: Branch, cost_of: Callable[[Callable[[], object]], int]
) -> None:
    plan()
    ClientFactory(branch=branch, opened_on=date(2026, 5, 20))
    one = cost_of(plan)
    ClientFactory.create_batch(10, branch=branch, opened_on=date(2026, 5, 21))

    assert cost_of(plan) == one


class EveryOpeningDay(TestCase):
    """Whatever the day of opening and however often the clock strikes: at most one call, due thirty days later."""

    @given(
        age=st.integers(min_value=-5, max_value=120),
        strikes=st.lists(st.integers(min_value=0, max_value=40), min_size=1, max_size=4),
    )
    @settings(max_examples=25, deadline=None)
    def test_one_account_brings_at_most_one_call_on_its_day(self, age: int, strikes: list[int]) -> None:
        opened_on = MONDAY - timedelta(days=age)
        client = ClientFactory(opened_on=opened_on)

        for days in strikes:
            plan(NOW + timedelta(days=days))

        calls = list(client.follow_up_calls.all())
        reached = [d for d in strikes if 0 <= (local_date(NOW + timedelta(days=d)) - opened_on).days <= 60]
        assert len(calls) == bool(reached)
        assert all(call.due_on == opened_on + timedelta(days=30) for call in calls)
