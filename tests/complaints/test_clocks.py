"""The clocks against the figures of the rules: 15 and 60 natural days, one working day, 3, 7 and 15 working days by level."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from complaints.errors import FactsMissing, LimitImposed, StepNotPossible
from complaints.models import Complaint, ComplaintClock
from complaints.services import act, escalate_overdue, recompute_clocks
from complaints.services.clocks import watch_clocks
from complaints.steps import possible
from crm.core.access import system_user
from crm.core.clocks import Calendar
from crm.core.models import CalendarDay
from tests.complaints.conftest import MONDAY

pytestmark = pytest.mark.django_db
#: The last day before the National Day holiday of 2026; working days after it are 8, 9 and 10 (a make-up Saturday) October.
BEFORE_HOLIDAY = datetime(2026, 9, 30, 2, 0, tzinfo=UTC)


def due(complaint: Complaint) -> dict[str, date]:
    return dict(complaint.clocks.filter(round=complaint.rounds).values_list("kind", "due_on"))


def test_the_legal_clocks_run_fifteen_and_sixty_natural_days(heard):
    found = due(heard())

    assert found["accept"] == date(2026, 6, 16)
    assert found["close"] == date(2026, 7, 31)


@pytest.mark.parametrize(("level", "days"), [("ordinary", 3), ("major", 7), ("difficult", 15)])
def test_the_internal_clock_runs_by_level_in_working_days(heard, level, days):
    expected = Calendar.load().add_working_days(date(2026, 6, 1), days)

    assert due(heard(level=level))["internal"] == expected


def test_working_days_leave_out_the_holiday_and_count_the_make_up_saturday(heard):
    found = due(heard(now=BEFORE_HOLIDAY))

    assert found["first_contact"] == date(2026, 10, 8)
    assert found["internal"] == date(2026, 10, 10)


def test_a_new_level_counts_from_the_same_day(heard, crew):
    complaint = heard()

    act(actor=crew.desk, complaint=complaint, action="classify", now=MONDAY + timedelta(days=1), level="difficult")

    assert due(complaint)["internal"] == Calendar.load().add_working_days(date(2026, 6, 1), 15)


def test_the_date_of_the_body_that_handed_the_complaint_on_takes_the_place_of_ours(heard):
    complaint = heard(channel="12386", imposed_due_on=date(2026, 6, 20))

    clock = complaint.clocks.get(kind="close")
    assert (clock.due_on, clock.is_imposed) == (date(2026, 6, 20), True)


@pytest.mark.parametrize(
    ("channel", "day"),
    [
        ("phone", date(2026, 6, 20)),
        ("12386", date(2026, 5, 31)),
        ("12386", date(2028, 6, 2)),
        ("12386", date.max),
    ],
    ids=["nobody outside", "too early", "beyond two years", "no day at all"],
)
def test_only_a_body_that_handed_the_complaint_on_sets_a_date_not_before_it_came_and_within_two_years(
    heard, channel, day
):
    with pytest.raises(FactsMissing) as refusal:
        heard(channel=channel, imposed_due_on=day)

    assert list(refusal.value.fields) == ["imposed_due_on"]


def test_our_own_extension_never_moves_the_date_of_another_body(heard, walk, crew):
    complaint = walk(heard(channel="12386", imposed_due_on=date(2026, 6, 20)), "accept")

    assert "ask_extension" not in [step.action for step in possible(complaint, crew.desk)]
    with pytest.raises(LimitImposed):
        walk(complaint, "ask_extension")
    assert due(complaint)["close"] == date(2026, 6, 20)


def test_a_new_date_of_that_body_is_noted_and_ends_a_request_to_ourselves(heard, walk):
    complaint = walk(heard(channel="12386"), "accept", "ask_extension", "impose_limit")

    clock = complaint.clocks.get(kind="close")
    assert (clock.due_on, clock.is_imposed, complaint.extension_days) == (date(2026, 6, 25), True, None)
    assert complaint.events.get(action="impose_limit").facts == {"imposed_due_on": "2026-06-25"}
    with pytest.raises(StepNotPossible):
        walk(complaint, "extend")


def test_a_complaint_that_nobody_handed_on_gets_no_date_from_outside(heard, walk, crew):
    complaint = walk(heard(), "accept")

    assert "impose_limit" not in [step.action for step in possible(complaint, crew.manager)]
    with pytest.raises(FactsMissing):
        walk(complaint, "impose_limit")


def test_a_second_round_has_the_limit_of_the_house_again(heard, walk):
    complaint = walk(heard(channel="12386", imposed_due_on=date(2026, 6, 20)), "refuse", "reopen")

    assert not complaint.limit_is_imposed
    assert walk(complaint, "ask_extension").extension_days == 20


def test_steps_stop_the_clocks_that_the_table_names(heard, walk):
    complaint = walk(heard(), "accept", "contact")

    assert {clock.kind for clock in complaint.clocks.running()} == {"internal", "close"}


def test_a_clock_that_ran_out_is_put_before_the_manager_once(heard):
    complaint = heard()
    later = MONDAY + timedelta(days=20)

    counts = [escalate_overdue(actor=system_user(), now=later) for _time in range(2)]

    assert counts == [3, 0]
    assert complaint.events.filter(action="overdue").count() == 3
    assert Complaint.objects.overdue(date(2026, 6, 21)).count() == 1


def test_nothing_is_late_on_the_day_it_is_due(heard):
    heard()

    assert watch_clocks(datetime(2026, 6, 2, 15, 59, tzinfo=UTC)) == 0
    assert watch_clocks(datetime(2026, 6, 2, 16, 0, tzinfo=UTC)) == 1  # midnight in Shanghai


def test_who_has_how_many_late_complaints(heard, walk, crew):
    walk(heard(), "accept")
    heard()

    rows = list(Complaint.objects.overdue_by_handler(date(2026, 9, 1)))

    assert [(row["handler__name"], row["overdue"]) for row in rows] in (
        [(None, 1), (crew.desk.name, 1)],
        [(crew.desk.name, 1), (None, 1)],
    )


def test_a_changed_calendar_moves_running_working_day_clocks_and_no_others(heard, walk):
    running, stopped = heard(now=BEFORE_HOLIDAY), walk(heard(now=BEFORE_HOLIDAY), "withdraw", now=BEFORE_HOLIDAY)
    CalendarDay.objects.filter(day=date(2026, 10, 8)).update(is_workday=False, is_trading=False)

    recompute_clocks(date(2026, 10, 8), date(2026, 10, 8), BEFORE_HOLIDAY)

    assert due(running)["first_contact"] == date(2026, 10, 9)
    assert due(running)["close"] == date(2026, 11, 29)
    assert due(stopped)["first_contact"] == date(2026, 10, 8)


def test_a_clock_of_a_kind_is_there_once_in_a_round(heard):
    from django.db import IntegrityError, transaction

    clock = heard().clocks.first()
    clock.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        clock.save(force_insert=True)
    assert ComplaintClock.objects.filter(kind=clock.kind).count() == 1
