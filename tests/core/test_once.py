"""The same request asked twice makes one thing; another request under the same key is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from crm.core.models import AuditEntry, IdempotencyKey, JobRun, User
from crm.core.once import KeyReused, Outcome, fingerprint, forget_keys, once
from tests.factories.core import BranchFactory, UserFactory
from tests.racing import Meeting, on_postgresql, race

pytestmark = pytest.mark.django_db


def make_run(user: User) -> JobRun:
    return JobRun.objects.create(kind="test", actor=user)


def test_the_second_time_brings_the_same_row_back(staff):
    user = staff("front_desk")

    first = once(user=user, key="k", print_="p", make=lambda: make_run(user))
    again = once(user=user, key="k", print_="p", make=lambda: make_run(user))

    assert first.is_new
    assert again == Outcome(first.object_id, is_new=False)
    assert JobRun.objects.count() == 1


def test_a_change_that_makes_no_row_is_not_repeated_either(staff):
    user, done = staff("front_desk"), []

    for _turn in range(3):
        once(user=user, key="k", print_="p", make=lambda: done.append(1))

    assert done == [1]


def test_another_payload_under_the_same_key_is_refused(staff):
    user = staff("front_desk")
    once(user=user, key="k", print_="p", make=lambda: make_run(user))

    with pytest.raises(KeyReused):
        once(user=user, key="k", print_="other", make=lambda: make_run(user))

    assert JobRun.objects.count() == 1


def test_two_people_with_the_same_key_do_not_meet(staff):
    ada, ben = staff("front_desk"), staff("front_desk")

    first = once(user=ada, key="k", print_="p", make=lambda: make_run(ada))
    second = once(user=ben, key="k", print_="p", make=lambda: make_run(ben))

    assert first.object_id != second.object_id


def test_a_change_that_fails_gives_the_key_back(staff):
    user = staff("front_desk")

    def fail() -> None:
        make_run(user)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        once(user=user, key="k", print_="p", make=fail)

    assert not IdempotencyKey.objects.exists()
    assert once(user=user, key="k", print_="p", make=lambda: make_run(user)).is_new
    assert JobRun.objects.count() == 1


def test_keys_are_forgotten_after_a_week_and_not_before(staff):
    user, now = staff("front_desk"), timezone.now()
    once(user=user, key="k", print_="p", make=lambda: make_run(user))

    assert forget_keys(now + timedelta(days=6)) == 0
    assert forget_keys(now + timedelta(days=8)) == 1


def test_a_fingerprint_keeps_its_parts_apart():
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert fingerprint("a", b"b") == fingerprint("a", "b")


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_make_one():
    user = UserFactory(branch=BranchFactory())

    outcomes = race(20, lambda _n: once(user=user, key="k", print_="p", make=lambda: make_run(user)))

    assert JobRun.objects.count() == 1
    assert sum(outcome.is_new for outcome in outcomes) == 1
    assert len({outcome.object_id for outcome in outcomes}) == 1


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_without_the_key_twenty_at_once_make_twenty():
    """The twin: look first and then make, as a programmer in a hurry would."""
    user, meeting = UserFactory(branch=BranchFactory()), Meeting(4)

    def look_then_make(_number: int) -> None:
        with transaction.atomic():
            if not JobRun.objects.filter(actor=user).exists():
                meeting.wait()
                make_run(user)

    race(4, look_then_make)

    assert JobRun.objects.count() > 1


def test_a_form_sent_twice_does_the_work_once(web, staff):
    """The page of a calendar day: its service leaves an audit entry for each change it really makes."""
    browser = web(staff("compliance"))
    said = {"form_token": "same", "is_workday": "", "is_trading": "", "note": "typhoon", "reason": "notice"}

    answers = [browser.post("/settings/calendar/2026-06-03/", said) for _turn in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert AuditEntry.objects.filter(action="calendar.edit_day").count() == 1
