"""Who reaches which rows. Everything fails closed, and a planted leak is found."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.db.models import Q

from crm.core import access
from crm.core.access import Reach, RoleRow, Scope, UnknownRight, branch_q, sync_roles, system_user
from crm.core.models import (
    Attachment,
    AuditEntry,
    Branch,
    BusinessSegment,
    CalendarDay,
    Delegation,
    Department,
    JobRun,
    Outbound,
    Policy,
    Role,
    User,
)
from crm.roles import ROLES
from tests.factories.core import BranchFactory, CompanyFactory, DepartmentFactory, UserFactory

pytestmark = pytest.mark.django_db

ALL_ROLES = [row.key for row in ROLES]
SCOPED = [
    Attachment, AuditEntry, Branch, BusinessSegment, CalendarDay, Delegation, Department, JobRun, Outbound, Policy, User,
]  # fmt: skip


@pytest.fixture
def elsewhere():
    """Another company, whose rows nobody here may see."""
    company = CompanyFactory(code="OTHER", name="别家证券")
    return BranchFactory(code="X1", company=company, region__company=company)


def fresh(user) -> User:
    return User.objects.get(pk=user.pk)


def test_reach_follows_the_table_of_roles(staff):
    for row in ROLES:
        assert fresh(staff(row.key)).scope.reaches == {row.reach}


def test_a_branch_role_reaches_its_branch_and_its_outlets(staff, branch, other_branch):
    outlet = BranchFactory(code="SH011", parent=branch, company=branch.company)

    seen = set(Branch.objects.visible_to(staff("branch_manager")))

    assert seen == {branch, outlet}


@pytest.mark.parametrize("role", ["compliance", "auditor", "head_office"])
def test_a_company_role_reaches_its_company_and_no_other(staff, branch, other_branch, elsewhere, role):
    assert set(Branch.objects.visible_to(staff(role))) == {branch, other_branch}
    assert not User.objects.visible_to(staff(role)).filter(branch=elsewhere).exists()


@pytest.mark.parametrize(
    ("role", "kept"),
    [("head_office", ["company", "own", "other"]), ("branch_manager", ["own"]), ("advisor", ["own"])],
)
def test_the_companys_own_is_kept_by_company_roles_and_a_branchs_also_by_that_branch(
    staff, branch, other_branch, elsewhere, role, kept
):
    scope = staff(role).scope
    places = {
        "company": (branch.company_id, None),
        "own": (branch.company_id, branch.pk),
        "other": (branch.company_id, other_branch.pk),
        "another company": (elsewhere.company_id, None),
        "its branch": (elsewhere.company_id, elsewhere.pk),
    }

    assert [name for name, (company, place) in places.items() if scope.keeps(company, place)] == kept


def test_an_administrator_names_every_branch_of_his_company(staff, branch, other_branch, elsewhere):
    administrator = staff("administrator")

    assert set(Branch.objects.nameable_by(administrator)) == {branch, other_branch}
    assert not User.objects.visible_to(administrator).filter(branch=elsewhere).exists()


@pytest.mark.parametrize("role", ["branch_manager", "front_desk", "advisor"])
def test_who_is_administrator_as_well_does_the_business_of_his_own_branch_only(staff, branch, other_branch, role):
    both = staff(role)
    both.groups.add(Group.objects.get(name="administrator"))

    assert set(Branch.objects.visible_to(fresh(both))) == {branch}
    assert set(Branch.objects.nameable_by(fresh(both))) == {branch, other_branch}


@pytest.mark.parametrize("path", ["/branch/?branch={0.code}", "/matching/?branch={0.public_id}"])
def test_no_page_of_the_trade_opens_another_branch_to_a_manager_who_is_administrator(web, staff, other_branch, path):
    both = staff("branch_manager")
    both.groups.add(Group.objects.get(name="administrator"))

    answer = web(fresh(both)).get(path.format(other_branch))

    assert answer.status_code == 404 or other_branch.name not in answer.content.decode()


@pytest.mark.parametrize("model", SCOPED)
def test_without_a_log_in_there_are_no_rows(model, branch):
    assert not model.objects.visible_to(AnonymousUser()).exists()


@pytest.mark.parametrize("role", ["advisor", "branch_manager", "front_desk", "follow_up_caller", "agent"])
def test_without_a_branch_a_branch_role_sees_no_rows_of_branches(staff, branch, role):
    lost = staff(role, branch=None, company=branch.company)
    JobRun.objects.create(kind="t", actor=UserFactory(branch=branch), branch=branch)

    assert not Branch.objects.visible_to(lost).exists()
    assert not User.objects.visible_to(lost).exists()
    assert not JobRun.objects.visible_to(lost).exists()
    assert not Department.objects.visible_to(lost).filter(branch=branch).exists()


def test_without_a_role_nobody_sees_colleagues_and_a_disabled_account_sees_nothing(branch, staff):
    nobody = UserFactory(branch=branch)
    staff("advisor")

    assert not User.objects.visible_to(nobody).exists()
    disabled = staff("compliance", is_active=False)
    assert disabled.scope == Scope(user_id=None)
    assert not Branch.objects.visible_to(disabled).exists()


@pytest.mark.parametrize("role", ALL_ROLES)
def test_nobody_sees_the_houses_own_account(staff, role):
    assert system_user() not in User.objects.visible_to(staff(role))


def test_an_advisor_sees_his_colleagues_and_not_those_of_another_branch(staff, other_branch):
    me, colleague, stranger = staff("advisor"), staff("agent"), staff("advisor", branch=other_branch)

    seen = User.objects.visible_to(me)

    assert colleague in seen
    assert stranger not in seen


def test_departments_of_the_head_office_are_known_to_all_and_of_a_branch_to_its_people(staff, branch, other_branch):
    here, there = DepartmentFactory(branch=branch), DepartmentFactory(branch=other_branch)
    head = Department.objects.create(company=branch.company, code="HQ", name="合规部")

    assert set(Department.objects.visible_to(staff("branch_manager"))) == {here, head}
    assert set(Department.objects.visible_to(staff("compliance"))) == {here, there, head}


def test_administrators_see_people_and_no_trail_about_clients(staff, branch):
    from crm.core import audit

    advisor = staff("advisor")
    audit.record(advisor, "test.client", advisor, client="0" * 26)
    plain = audit.record(advisor, "test.plain", advisor)

    assert list(AuditEntry.objects.visible_to(staff("administrator")).filter(action__startswith="test.")) == [plain]


def test_branch_q_finds_rows_by_any_path(staff, branch, other_branch):
    here, there = staff("advisor"), staff("advisor", branch=other_branch)
    runs = [JobRun.objects.create(kind="t", actor=person, branch=person.branch) for person in (here, there)]
    manager = staff("branch_manager")

    assert set(JobRun.objects.filter(branch_q(manager))) == {runs[0]}
    assert set(JobRun.objects.filter(branch_q(manager, "actor__branch"))) == {runs[0]}
    assert set(JobRun.objects.filter(branch_q(staff("auditor"), "actor__branch"))) == set(runs)
    assert not JobRun.objects.filter(branch_q(staff("advisor"))).exists()


def test_a_planted_leak_is_found(staff, branch, other_branch, monkeypatch):
    """The twin: were a branch role to see everything, the test above would fail."""
    there = staff("advisor", branch=other_branch)
    JobRun.objects.create(kind="t", actor=there, branch=other_branch)
    monkeypatch.setattr(access, "branch_q", lambda *_args, **_options: Q())

    assert JobRun.objects.visible_to(staff("branch_manager")).exists()


# -- the table of roles made real --------------------------------------------------------------------------------------


def test_rights_of_groups_equal_the_table():
    for row in ROLES:
        group = Group.objects.get(name=row.key)
        held = {
            f"{label}.{name}" for label, name in group.permissions.values_list("content_type__app_label", "codename")
        }
        assert held == set(row.rights), row.key


def test_a_right_taken_from_the_table_is_taken_from_the_group():
    row = next(row for row in ROLES if row.key == "agent")

    sync_roles([RoleRow(row.key, row.name_en, row.name_zh, row.reach, frozenset({"core.view_policy"}))])

    assert set(Group.objects.get(name="agent").permissions.values_list("codename", flat=True)) == {"view_policy"}


def test_synchronising_twice_changes_nothing(cost_of):
    before = (Role.objects.count(), Group.permissions.through.objects.count())

    sync_roles(ROLES)

    assert (Role.objects.count(), Group.permissions.through.objects.count()) == before


def test_a_right_that_no_model_declares_is_a_mistake_that_stops():
    with pytest.raises(UnknownRight, match=r"core\.fly"):
        sync_roles([RoleRow("agent", "a", "b", Reach.INTRODUCED, frozenset({"core.fly"}))])


def test_the_houses_own_account_is_one_and_cannot_sign_in(client):
    user = system_user()

    assert system_user() == user
    assert not user.is_active
    assert not user.has_usable_password() or not user.password
    client.post("/accounts/login/", {"login": "system", "password": ""})
    assert "_auth_user_id" not in client.session
