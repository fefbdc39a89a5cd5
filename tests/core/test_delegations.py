"""Standing in: for some days, within the branch, never by one's own hand, and over the moment it is ended."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from crm.core.clocks import local_date
from crm.core.errors import MissingRight
from crm.core.models import AuditEntry, Delegation, User
from crm.core.services.delegations import (
    AlreadyRevoked,
    BadDelegation,
    OwnDeputy,
    grant_delegation,
    revoke_delegation,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def today():
    return local_date(timezone.now())


@pytest.fixture
def pair(staff):
    return staff("advisor"), staff("advisor")


def grant(actor, absent, deputy, today, **fields):
    fields = {"first_day": today, "last_day": today + timedelta(days=3), "reason": "leave", "today": today, **fields}
    return grant_delegation(actor=actor, absent=absent, deputy=deputy, **fields)


def fresh(user) -> User:
    return User.objects.get(pk=user.pk)


def test_a_deputy_reaches_the_book_from_the_first_to_the_last_day(pair, today, time_machine):
    absent, deputy = pair
    day = date(2026, 12, 1)
    time_machine.move_to("2026-11-22T09:00:00+08:00")
    grant(absent, absent, deputy, date(2026, 11, 22), first_day=day, last_day=day + timedelta(days=1))

    for moment, reaches in [
        ("2026-11-30T23:59:59+08:00", False),
        ("2026-12-01T00:00:00+08:00", True),
        ("2026-12-02T23:59:59+08:00", True),
        ("2026-12-03T00:00:00+08:00", False),
    ]:
        time_machine.move_to(moment, tick=False)
        assert (absent.pk in fresh(deputy).scope.acting_ids) is reaches, moment


def test_the_deputy_gets_the_book_and_no_right_of_the_absent(pair, staff, today):
    manager, clerk = staff("branch_manager"), staff("front_desk")

    grant(manager, manager, clerk, today)

    assert fresh(clerk).role_keys == {"front_desk"}
    assert not fresh(clerk).has_perm("core.add_policy")


def test_an_ended_delegation_opens_nothing(pair, today):
    absent, deputy = pair
    row = grant(absent, absent, deputy, today)
    assert absent.pk in fresh(deputy).scope.acting_ids

    revoke_delegation(actor=absent, delegation=row, now=timezone.now())

    assert fresh(deputy).scope.acting_ids == (deputy.pk,)
    with pytest.raises(AlreadyRevoked):
        revoke_delegation(actor=absent, delegation=row, now=timezone.now())


def test_nobody_makes_himself_a_deputy(staff, today):
    manager, advisor = staff("branch_manager"), staff("advisor")

    with pytest.raises(OwnDeputy):
        grant(manager, advisor, manager, today)


@pytest.mark.parametrize(
    ("role", "may"), [("branch_manager", True), ("administrator", True), ("advisor", False), ("compliance", False)]
)
def test_for_others_only_whoever_manages_them(staff, pair, today, role, may):
    absent, deputy = pair
    actor = staff(role)

    if may:
        assert grant(actor, absent, deputy, today).pk
    else:
        with pytest.raises(MissingRight):
            grant(actor, absent, deputy, today)


def test_a_manager_arranges_nothing_in_another_branch(staff, other_branch, today):
    stranger, other = staff("advisor", branch=other_branch), staff("advisor", branch=other_branch)

    with pytest.raises(MissingRight):
        grant(staff("branch_manager"), stranger, other, today)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"first_day": -1}, "first_day"),
        ({"last_day": -1}, "last_day"),
        ({"last_day": 92}, "last_day"),
    ],
)
def test_the_days_have_to_make_sense(pair, today, fields, named):
    absent, deputy = pair
    days = {name: today + timedelta(days=shift) for name, shift in fields.items()}

    with pytest.raises(BadDelegation) as refused:
        grant(absent, absent, deputy, today, **days)
    assert named in refused.value.fields


def test_the_deputy_is_an_active_colleague_of_the_same_branch(staff, other_branch, today):
    absent = staff("advisor")

    for deputy in (absent, staff("advisor", is_active=False), staff("advisor", branch=other_branch)):
        with pytest.raises((BadDelegation, OwnDeputy)):
            grant(staff("branch_manager"), absent, deputy, today)


def test_the_same_deputy_does_not_stand_in_twice_on_a_day(pair, today):
    absent, deputy = pair
    grant(absent, absent, deputy, today)

    with pytest.raises(BadDelegation):
        grant(absent, absent, deputy, today, first_day=today + timedelta(days=3), last_day=today + timedelta(days=9))


def test_the_database_itself_refuses_what_makes_no_sense(pair, today):
    absent, deputy = pair

    for fields in ({"deputy": absent}, {"last_day": today - timedelta(days=1)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Delegation.objects.create(
                **{"absent": absent, "deputy": deputy, "first_day": today, "last_day": today, **fields}
            )


def test_granting_and_ending_are_on_the_trail(pair, today):
    absent, deputy = pair
    row = grant(absent, absent, deputy, today)
    revoke_delegation(actor=deputy, delegation=row, now=timezone.now())

    actions = AuditEntry.objects.filter(object_id=row.public_id).order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["delegation.grant", "delegation.revoke"]


def test_a_stranger_ends_nothing(pair, staff, today):
    absent, deputy = pair
    row = grant(absent, absent, deputy, today)

    with pytest.raises(MissingRight):
        revoke_delegation(actor=staff("advisor"), delegation=row, now=timezone.now())


def test_the_page_grants_and_ends(web, pair, today):
    absent, deputy = pair
    browser = web(absent)
    said = {
        "form_token": "t", "absent": absent.public_id, "deputy": deputy.public_id, "first_day": today.isoformat(),
        "last_day": today.isoformat(), "reason": "leave",
    }  # fmt: skip

    assert browser.post(reverse("core:delegation_add"), said).status_code == 302
    row = Delegation.objects.get()
    assert row.deputy == deputy
    assert deputy.name in browser.get(reverse("core:delegation_list")).content.decode()

    assert browser.post(reverse("core:delegation_revoke", args=[row.public_id])).status_code == 302
    row.refresh_from_db()
    assert row.revoked_at is not None


def test_an_advisor_offers_only_his_own_book(web, pair, staff, today):
    absent, deputy = pair
    said = {
        "form_token": "t", "absent": deputy.public_id, "deputy": staff("advisor").public_id,
        "first_day": today.isoformat(), "last_day": today.isoformat(), "reason": "greed",
    }  # fmt: skip

    page = web(absent).post(reverse("core:delegation_add"), said)

    assert page.status_code == 400
    assert not Delegation.objects.exists()


def test_delegations_of_strangers_are_not_there(web, staff, other_branch, today):
    absent, deputy = staff("advisor", branch=other_branch), staff("advisor", branch=other_branch)
    row = grant(absent, absent, deputy, today)
    browser = web(staff("branch_manager"))

    assert row.public_id not in browser.get(reverse("core:delegation_list")).content.decode()
    assert browser.post(reverse("core:delegation_revoke", args=[row.public_id])).status_code == 404
