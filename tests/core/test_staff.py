"""Who joins, moves, leaves and gets in again; four eyes on roles; rights taken away are gone at the next click."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group, Permission
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from knox.models import AuthToken

from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import AuditEntry, User
from crm.core.services import staff as services
from crm.core.services.staff import Place
from tests.factories.core import PASSWORD, BranchFactory, DepartmentFactory, UserFactory
from tests.racing import race

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(staff):
    return staff("administrator")


def place(branch, *roles, department=None, manager=None):
    return Place(branch, department, manager, frozenset(roles))


def add(admin, branch, *roles, **fields):
    fields = {"staff_number": "N001", "name": "新人", "place": place(branch, *roles), "now": timezone.now(), **fields}
    return services.add_staff(actor=admin, **fields)


def change(admin, person, **fields):
    held = place(person.branch, *person.role_keys, department=person.department, manager=person.manager)
    fields = {"name": person.name, "email": person.email, "place": held, "now": timezone.now(), **fields}
    return services.change_staff(actor=admin, person=person, **fields)


def signed_in(user) -> Browser:
    browser = Browser()
    browser.post("/accounts/login/", {"login": user.staff_number, "password": PASSWORD})
    assert "_auth_user_id" in browser.session
    return browser


def is_out(browser: Browser) -> bool:
    answer = browser.get(reverse("core:profile"))
    return answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")


# -- joining -----------------------------------------------------------------------------------------------------------


def test_a_new_member_gets_a_one_time_password_for_a_day_and_his_roles(admin, branch):
    now = timezone.now()

    handed = add(admin, branch, "advisor", now=now)

    person = User.objects.get(staff_number="N001")
    assert person.check_password(handed.password)
    assert person.must_change_password
    assert person.one_time_until == now + timedelta(hours=24)
    assert person.role_keys == {"advisor"}
    assert person.company_id == branch.company_id


def test_the_trail_names_the_place_and_never_the_password(admin, branch):
    handed = add(admin, branch, "advisor")

    entry = AuditEntry.objects.get(action="staff.add")
    assert entry.after["roles"] == ["advisor"]
    assert handed.password not in str(entry.after)


def test_a_number_is_taken_once_whatever_its_case(admin, branch):
    add(admin, branch, "advisor", staff_number="n001")

    with pytest.raises(InvalidInput) as refused:
        add(admin, branch, "advisor", staff_number="N001")
    assert "staff_number" in refused.value.fields


@pytest.mark.parametrize("roles", [(), ("no_such_role",)])
def test_nobody_works_here_without_a_role(admin, branch, roles):
    with pytest.raises(InvalidInput):
        add(admin, branch, *roles)


def test_roles_of_a_branch_need_a_branch_and_those_of_the_head_office_do_not(admin):
    with pytest.raises(services.BadPlace) as refused:
        add(admin, None, "advisor")
    assert "branch" in refused.value.fields

    assert add(admin, None, "auditor").person.branch is None


def test_department_and_manager_have_to_fit(admin, branch, other_branch):
    stranger = UserFactory(branch=BranchFactory(company__code="OTHER"))
    elsewhere = DepartmentFactory(branch=other_branch)

    with pytest.raises(services.BadPlace) as refused:
        add(admin, branch, place=place(branch, "advisor", department=elsewhere, manager=stranger))
    assert set(refused.value.fields) == {"department", "manager"}


def test_passwords_are_long_and_never_the_same():
    made = {services.one_time_password() for _turn in range(200)}

    assert len(made) == 200
    assert all(re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", text) for text in made)


# -- four eyes ---------------------------------------------------------------------------------------------------------


def test_new_roles_hold_at_once_also_for_whoever_has_the_person_before_him(admin, branch, staff):
    person = staff("advisor")
    moved = change(admin, person, place=place(branch, "advisor"), name="张三")
    assert moved.has_perm("clients.view_client")
    assert not moved.has_perm("core.add_user")

    services._give_roles(moved, frozenset({"administrator"}))

    assert moved.role_keys == {"administrator"}
    assert moved.has_perm("core.add_user")
    assert not moved.has_perm("clients.view_client")


def test_rights_come_with_roles_and_from_nowhere_else(staff, cost_of):
    person = staff("advisor")
    right = Permission.objects.get(codename="add_user", content_type__app_label="core")
    plain = Group.objects.create(name="a group that is no role")
    plain.permissions.add(right)
    person.groups.add(plain)
    person.user_permissions.add(right)
    loaded = User.objects.get(pk=person.pk)

    assert cost_of(lambda: (loaded.has_perm("clients.view_client"), loaded.role_keys)) == 1
    assert not loaded.has_perm("core.add_user")


def test_nobody_changes_his_own_roles(admin):
    with pytest.raises(services.OwnRoles):
        change(admin, admin, place=place(admin.branch, "administrator", "branch_manager"))

    assert User.objects.get(pk=admin.pk).role_keys == {"administrator"}
    assert change(admin, admin, name="新名").name == "新名"


def test_nobody_disables_himself_or_hands_himself_a_password(admin):
    with pytest.raises(services.OwnAccess):
        services.disable_staff(actor=admin, person=admin, now=timezone.now(), reason="x")
    with pytest.raises(services.OwnAccess):
        services.reset_password(actor=admin, person=admin, now=timezone.now(), reason="x")


def test_the_last_administrator_stays(admin, staff, branch):
    second = staff("administrator")
    services.disable_staff(actor=second, person=admin, now=timezone.now(), reason="left")
    outsider = staff("compliance")  # has no right to; the rule holds whoever calls

    with pytest.raises(services.LastAdministrator):
        services.disable_staff(actor=outsider, person=second, now=timezone.now(), reason="left")
    with pytest.raises(services.LastAdministrator):
        change(outsider, second, place=place(branch, "advisor"))


@pytest.mark.django_db(transaction=True)
def test_two_administrators_cannot_end_each_other_at_the_same_moment():
    branch = BranchFactory()
    pair = [UserFactory(branch=branch, role="administrator") for _turn in range(2)]

    outcomes = race(
        2,
        lambda n: services.disable_staff(actor=pair[n], person=pair[1 - n], now=timezone.now(), reason="quarrel"),
    )

    assert User.objects.active().with_role("administrator").count() == 1
    assert sum(isinstance(outcome, services.LastAdministrator) for outcome in outcomes) == 1


# -- moving and leaving ------------------------------------------------------------------------------------------------


def test_a_change_over_somebody_elses_change_is_refused(admin, staff):
    person = staff("advisor")
    change(admin, person, name="一", seen=person.version)

    with pytest.raises(StaleEdit):
        change(admin, person, name="二", seen=person.version)


def test_a_save_that_changes_nothing_leaves_nothing(admin, staff):
    person = staff("advisor")

    change(admin, person)

    assert not AuditEntry.objects.filter(action="staff.change").exists()
    assert User.objects.get(pk=person.pk).version == person.version


def test_the_trail_shows_what_changed_and_only_that(admin, staff, other_branch):
    person = staff("advisor")

    change(admin, person, place=place(other_branch, "advisor", "agent"))

    entry = AuditEntry.objects.get(action="staff.change")
    assert entry.before == {"branch": "SH01", "roles": ["advisor"]}
    assert entry.after == {"branch": "BJ01", "roles": ["advisor", "agent"]}


def test_nobody_ends_up_above_himself(admin, staff, branch):
    boss = staff("branch_manager")
    person = staff("advisor", manager=boss)

    with pytest.raises(services.BadPlace):
        change(admin, boss, place=place(branch, "branch_manager", manager=person))
    with pytest.raises(services.BadPlace):
        change(admin, boss, place=place(branch, "branch_manager", manager=boss))


@pytest.mark.parametrize("command", ["roles", "disable", "reset", "end"])
def test_what_takes_rights_away_ends_sessions_and_tokens_at_once(admin, staff, branch, api, command):
    person = staff("advisor")
    browser, phone = signed_in(person), api(person)
    assert not is_out(browser)
    assert phone.get("/api/v1/auth/devices/").status_code == 200

    {
        "roles": lambda: change(admin, person, place=place(branch, "agent")),
        "disable": lambda: services.disable_staff(actor=admin, person=person, now=timezone.now(), reason="left"),
        "reset": lambda: services.reset_password(actor=admin, person=person, now=timezone.now(), reason="lost"),
        "end": lambda: services.end_all_access(actor=admin, person=person, now=timezone.now(), reason="lost"),
    }[command]()

    assert is_out(browser)
    assert phone.get("/api/v1/auth/devices/").status_code == 401
    assert not AuthToken.objects.filter(user=person).exists()
    assert not UserSession.objects.filter(user=person).exists()


def test_a_session_that_no_list_knows_ends_as_well(admin, staff, time_machine):
    time_machine.move_to("2026-11-22T09:00:00+08:00")
    person = staff("advisor")
    browser = signed_in(person)
    UserSession.objects.all().delete()
    time_machine.move_to("2026-11-22T09:10:00+08:00")

    services.end_all_access(actor=admin, person=person, now=timezone.now(), reason="lost")

    assert is_out(browser)


def test_the_session_of_the_one_who_changes_stays(admin, staff):
    browser = signed_in(admin)
    person = staff("advisor")

    answer = browser.post(
        reverse("core:staff_end_access", args=[person.public_id]), {"form_token": "t", "reason": "lost phone"}
    )

    assert answer.status_code == 302
    assert not is_out(browser)


def test_an_account_opened_again_has_another_password(admin, staff):
    person = staff("advisor")
    services.disable_staff(actor=admin, person=person, now=timezone.now(), reason="leave")

    handed = services.enable_staff(
        actor=admin, person=User.objects.get(pk=person.pk), now=timezone.now(), reason="back"
    )

    person.refresh_from_db()
    assert person.is_active
    assert person.left_on is None
    assert person.check_password(handed.password)
    assert not person.check_password(PASSWORD)


def test_the_second_factor_stays_unless_the_phone_is_lost(admin, staff):
    from allauth.mfa.models import Authenticator

    person = staff("advisor")
    Authenticator.objects.create(user=person, type="totp", data={"secret": "x"})

    services.reset_password(actor=admin, person=person, now=timezone.now(), reason="forgot")
    assert Authenticator.objects.filter(user=person).exists()

    services.reset_password(
        actor=admin, person=person, now=timezone.now(), reason="phone stolen", remove_second_factor=True
    )
    assert not Authenticator.objects.filter(user=person).exists()


# -- the one-time password at the door ---------------------------------------------------------------------------------


def test_with_a_one_time_password_one_reaches_nothing_but_the_choice_of_another(admin, branch):
    handed = add(admin, branch, "advisor")
    browser = Browser()
    browser.post("/accounts/login/", {"login": "N001", "password": handed.password})

    page = browser.get(reverse("core:policy_list"))
    assert (page.status_code, page["Location"]) == (302, "/accounts/password/change/")

    new = "a-password-of-my-own"
    changed = browser.post(
        "/accounts/password/change/", {"oldpassword": handed.password, "password1": new, "password2": new}
    )
    assert changed["Location"] == "/"
    again = Browser()
    again.post("/accounts/login/", {"login": "N001", "password": new})
    assert again.get(reverse("core:policy_list")).status_code == 200


def test_a_one_time_password_gets_no_token(admin, branch, client):
    handed = add(admin, branch, "advisor")

    answer = client.post(
        "/api/v1/auth/login/", {"number": "N001", "password": handed.password}, content_type="application/json"
    )

    assert answer.status_code == 401


def test_a_one_time_password_expires(admin, branch, time_machine):
    time_machine.move_to("2026-11-22T09:00:00+08:00")
    handed = add(admin, branch, "advisor", now=timezone.now())
    time_machine.move_to("2026-11-23T09:00:01+08:00")
    browser = Browser()

    browser.post("/accounts/login/", {"login": "N001", "password": handed.password})

    assert "_auth_user_id" not in browser.session
