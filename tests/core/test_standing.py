"""Who asks comes in one statement, and is read anew for every request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from crm.core.clocks import local_date
from crm.core.models import Branch, Delegation, User
from crm.core.querysets.standing import signed_in, standing_of
from tests.factories.core import BranchFactory, UserFactory

pytestmark = pytest.mark.django_db

Cost = Callable[[Callable[[], Any]], int]


def plainly(user: User) -> tuple[set[str], set[str], set[int], set[int]]:
    """The same by the mapper, a list at a time: role keys, rights, outlets, absent."""
    groups = user.groups.exclude(role=None)
    rights = Permission.objects.filter(group__in=groups).values_list("content_type__app_label", "codename")
    today = local_date(timezone.now())
    return (
        set(groups.values_list("role__key", flat=True)),
        {".".join(right) for right in rights},
        set(Branch.objects.filter(parent_id=user.branch_id or 0).values_list("pk", flat=True)),
        set(Delegation.objects.filter(deputy=user).on(today).values_list("absent_id", flat=True)),
    )


@pytest.fixture
def somebody(branch: Branch) -> User:
    """An advisor and administrator with an outlet below and somebody to stand in for."""
    user = UserFactory(branch=branch, role="advisor")
    user.groups.add(Group.objects.get(name="administrator"))
    BranchFactory(code="SH019", parent=branch, company=branch.company)
    today, absent = local_date(timezone.now()), UserFactory(branch=branch, role="advisor")
    Delegation.objects.create(absent=absent, deputy=user, first_day=today, last_day=today, reason="年假")
    Delegation.objects.create(
        absent=UserFactory(branch=branch),
        deputy=user,
        first_day=date(2020, 1, 1),
        last_day=date(2020, 1, 2),
        reason="旧",
    )
    return user


def test_one_statement_tells_what_the_mapper_tells_list_by_list(somebody: User, branch: Branch, cost_of: Cost) -> None:
    nobody = UserFactory(branch=None, company=branch.company)
    for user in (somebody, nobody):
        held: Any = signed_in(user.pk)

        assert held == user
        assert held.branch == user.branch
        assert {field.attname: getattr(held, field.attname) for field in User._meta.concrete_fields} == {
            field.attname: getattr(User.objects.get(pk=user.pk), field.attname) for field in User._meta.concrete_fields
        }
        found = held.standing
        assert found == standing_of(user.pk) == User.objects.get(pk=user.pk).standing
        told = ({role.key for role in found.roles}, set(found.rights), set(found.outlets), set(found.absent))
        assert told == plainly(user)
    assert len(somebody.standing.roles) == 2 and somebody.standing.outlets and len(somebody.standing.absent) == 1
    assert cost_of(lambda: [signed_in(somebody.pk).branch.is_open, signed_in(somebody.pk).scope]) == 2  # type: ignore[union-attr]
    assert signed_in(0) is None


def test_the_branch_that_came_along_is_whole(somebody: User) -> None:
    came: Any = signed_in(somebody.pk)
    stored = Branch.objects.get(pk=somebody.branch_id)

    for field in Branch._meta.concrete_fields:
        assert getattr(came.branch, field.attname) == getattr(stored, field.attname)


def test_a_right_given_or_taken_holds_from_the_next_request(web: Any, staff: Any, branch: Branch) -> None:
    manager = staff("branch_manager")
    browser = web(manager)
    assert browser.get("/clients/").status_code == 200
    rights = Group.objects.get(name="branch_manager").permissions
    right = Permission.objects.get(content_type__app_label="clients", codename="view_client")

    rights.remove(right)
    assert browser.get("/clients/").status_code == 403
    rights.add(right)
    assert browser.get("/clients/").status_code == 200
    manager.groups.clear()
    assert browser.get("/clients/").status_code == 403


def test_a_stand_in_reaches_the_book_from_the_next_request_and_no_longer_after_the_last_day(
    web: Any, staff: Any, branch: Branch
) -> None:
    from tests.factories.clients import ClientFactory

    deputy, absent = staff("advisor"), staff("advisor")
    client = ClientFactory(branch=branch, advisor=absent)
    browser, today = web(deputy), local_date(timezone.now())
    page = f"/clients/{client.public_id}/"
    assert browser.get(page).status_code == 404

    given = Delegation.objects.create(absent=absent, deputy=deputy, first_day=today, last_day=today, reason="年假")
    assert browser.get(page).status_code == 200
    given.first_day = given.last_day = today - timedelta(days=1)
    given.save()
    assert browser.get(page).status_code == 404
