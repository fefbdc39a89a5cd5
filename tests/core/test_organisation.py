"""The company and its places: founded once, added to in the browser, closed only when empty, never torn into a ring."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from clients.services import create_client
from crm.core.access import system_user
from crm.core.errors import BranchClosed, InvalidInput, StaleEdit
from crm.core.importing.mapping import parse
from crm.core.models import AuditEntry, Branch, Company, Department, Region, User
from crm.core.public_ids import new_public_id
from crm.core.services import organisation as services
from crm.core.services.importing import bring_file
from crm.core.services.organisation import BadPlaceFacts, BranchFacts, StillInUse
from crm.core.services.staff import BadPlace, Place, add_staff
from tests.factories.clients import ClientFactory
from tests.factories.core import BranchFactory, CompanyFactory, DepartmentFactory, RegionFactory

pytestmark = pytest.mark.django_db

FOUND = ("found_company", "--code", "8888", "--name", "新证券", "--staff-number", "A001", "--staff-name", "首任管理员")


@pytest.fixture
def administrator(staff):
    return staff("administrator")


def posted(**fields):
    """What a fresh form sends."""
    return {"form_token": new_public_id(), **fields}


# -- the beginning -----------------------------------------------------------------------------------------------------


def test_from_an_empty_installation_to_a_branch_with_a_manager_without_a_shell(client):
    out = StringIO()
    call_command(*FOUND, stdout=out)
    number, password = out.getvalue().split()[:2]
    sign_in = {"login": number, "password": password}
    assert client.post(reverse("account_login"), sign_in).status_code == 302
    chosen = {"oldpassword": password, "password1": "long enough for all", "password2": "long enough for all"}
    assert client.post(reverse("account_change_password"), chosen).status_code == 302
    client.post(reverse("account_login"), {"login": number, "password": "long enough for all"})

    added = client.post(reverse("core:branch_add"), posted(code="SH01", name="上海营业部"))
    assert added.status_code == 302
    branch = Branch.objects.get(code="SH01")
    department = posted(code="MKT", name="营销部", branch=branch.public_id)
    assert client.post(reverse("core:department_add"), department).status_code == 302
    person = posted(
        staff_number="1001",
        name="负责人",
        branch=branch.public_id,
        department=Department.objects.get().public_id,
        roles=["branch_manager"],
    )
    assert client.post(reverse("core:staff_add"), person).status_code == 200  # shows the one-time password
    manager = User.objects.get(staff_number="1001")
    assert (manager.branch, manager.company.code) == (branch, "8888")
    assert Branch.objects.visible_to(manager).get() == branch


def test_a_house_is_founded_once(capsys):
    call_command(*FOUND, stdout=StringIO())
    with pytest.raises(SystemExit) as refused:
        call_command(*FOUND, stdout=StringIO(), stderr=StringIO())
    assert refused.value.code == 1
    assert Company.objects.count() == 1


def test_the_first_administrator_has_a_one_time_password_and_no_client_right():
    person = services.found_company(
        actor=system_user(), code="8888", name="新证券", staff_number="A001", staff_name="甲", now=timezone.now()
    ).person
    person = User.objects.get(pk=person.pk)

    assert person.must_change_password
    assert person.role_keys == {"administrator"}
    assert not person.is_superuser
    assert not any(right.startswith("clients.") for right in person.rights)


# -- branches ----------------------------------------------------------------------------------------------------------


def test_a_branch_is_added_changed_and_found_on_the_trail(web, administrator):
    browser, region = web(administrator), RegionFactory(company=administrator.company)
    said = posted(
        code="GZ01", name="广州营业部", region=region.public_id, address="天河路 1 号", complaint_phone="020-12345678"
    )
    assert browser.post(reverse("core:branch_add"), said).status_code == 302
    branch = Branch.objects.get(code="GZ01")
    assert (branch.company, branch.region, branch.address) == (administrator.company, region, "天河路 1 号")

    page = browser.get(reverse("core:branch_edit", args=[branch.public_id])).content.decode()
    assert 'name="code"' not in page  # files and commands name the branch by it
    change = {**said, **posted(), "name": "广州天河营业部", "version": branch.version}
    assert browser.post(reverse("core:branch_edit", args=[branch.public_id]), change).status_code == 302

    branch.refresh_from_db()
    assert (branch.name, branch.code, branch.version) == ("广州天河营业部", "GZ01", 2)
    trail = AuditEntry.objects.filter(object_id=branch.public_id).order_by("pk")
    assert list(trail.values_list("action", flat=True)) == ["branch.add", "branch.change"]
    assert trail[1].before == {"name": "广州营业部"}
    assert "天河路 1 号" in json.dumps(trail[0].after, ensure_ascii=False)
    assert "广州天河营业部" in browser.get(reverse("core:organisation")).content.decode()


def test_a_code_names_one_branch(administrator, branch):
    with pytest.raises(InvalidInput) as refused:
        services.add_branch(actor=administrator, code=branch.code, facts=BranchFacts("又一个"))
    assert "code" in refused.value.fields


def test_an_old_page_does_not_overwrite(web, administrator, branch):
    services.change_branch(actor=administrator, branch=branch, facts=BranchFacts("新名"), seen=1)

    page = web(administrator).post(reverse("core:branch_edit", args=[branch.public_id]), posted(name="旧页", version=1))

    assert page.status_code == 412
    branch.refresh_from_db()
    assert branch.name == "新名"


def test_an_outlet_belongs_to_a_branch_and_the_manager_sees_it(administrator, branch, staff):
    manager = staff("branch_manager")
    outlet = services.add_branch(actor=administrator, code="SH01-1", facts=BranchFacts("轻型网点", parent=branch))

    assert outlet in Branch.objects.visible_to(User.objects.get(pk=manager.pk))
    for facts, row in (
        (BranchFacts("二级", parent=outlet), None),
        (BranchFacts("自己", parent=branch), branch),
        (BranchFacts("挂到别处", parent=BranchFactory(company=branch.company)), branch),
    ):
        with pytest.raises(BadPlaceFacts) as refused:
            if row is None:
                services.add_branch(actor=administrator, code="X1", facts=facts)
            else:
                services.change_branch(actor=administrator, branch=row, facts=facts)
        assert "parent" in refused.value.fields


def test_a_branch_closes_when_nobody_is_left(web, administrator, other_branch, staff):
    url = reverse("core:branch_open", args=[other_branch.public_id])
    person, served = staff("advisor", branch=other_branch), ClientFactory(branch=other_branch)
    browser = web(administrator)

    before = browser.get(url).content.decode()
    assert "This branch cannot be closed yet." in before and "1 clients" in before, "said before anybody presses"
    refused = browser.post(url, posted(reason="合并", version=1))
    assert refused.status_code == 409
    text = refused.content.decode()
    assert "1 members of staff" in text
    assert "1 clients" in text

    User.objects.filter(pk=person.pk).update(is_active=False)
    type(served).objects.filter(pk=served.pk).update(status="closed", closed_on=date(2026, 1, 5))
    assert browser.post(url, posted(reason="合并", version=1)).status_code == 302
    other_branch.refresh_from_db()
    assert not other_branch.is_open
    assert other_branch.name not in browser.get(reverse("core:staff_add")).content.decode()

    assert browser.post(url, posted(reason="重开", version=2)).status_code == 302
    other_branch.refresh_from_db()
    assert other_branch.is_open


def test_an_open_outlet_keeps_its_branch_open(administrator, other_branch):
    BranchFactory(company=other_branch.company, parent=other_branch)
    with pytest.raises(StillInUse):
        services.close_branch(actor=administrator, branch=other_branch, reason="x")


def test_what_is_closed_is_not_closed_again(administrator, other_branch):
    services.close_branch(actor=administrator, branch=other_branch, reason="x")
    with pytest.raises(StaleEdit):
        services.close_branch(actor=administrator, branch=other_branch, reason="x")
    services.reopen_branch(actor=administrator, branch=other_branch, reason="y")
    with pytest.raises(StaleEdit):
        services.reopen_branch(actor=administrator, branch=other_branch, reason="y")


def test_another_company_is_not_there(web, administrator):
    strange = BranchFactory(company=CompanyFactory(code="OTHER"), region=None)
    browser = web(administrator)

    assert strange.name not in browser.get(reverse("core:organisation")).content.decode()
    for name, row in (
        ("core:branch_edit", strange),
        ("core:branch_open", strange),
        ("core:department_edit", DepartmentFactory(branch=strange)),
        ("core:region_edit", RegionFactory(company=strange.company)),
    ):
        assert browser.get(reverse(name, args=[row.public_id])).status_code == 404, name
    with pytest.raises(BadPlaceFacts):
        services.add_branch(actor=administrator, code="N1", facts=BranchFacts("x", parent=strange))


# -- regions, departments, company -------------------------------------------------------------------------------------


def test_regions_nest_and_never_close_a_ring(web, administrator):
    browser = web(administrator)
    assert browser.post(reverse("core:region_add"), posted(code="N", name="北方")).status_code == 302
    north = Region.objects.get(code="N")
    inner = services.add_region(actor=administrator, code="BJ", name="京津", parent=north)

    said = posted(name="北方", parent=inner.public_id, version=north.version)
    ring = browser.post(reverse("core:region_edit", args=[north.public_id]), said)
    assert ring.status_code == 400
    north.refresh_from_db()
    assert north.parent is None
    said = posted(name="北方大区", version=north.version)
    assert browser.post(reverse("core:region_edit", args=[north.public_id]), said).status_code == 302


def test_departments_of_a_branch_and_of_the_head_office(web, administrator, branch):
    browser = web(administrator)
    for place in (branch.public_id, ""):
        said = posted(code="OPS", name="运营部", branch=place)
        assert browser.post(reverse("core:department_add"), said).status_code == 302
    assert Department.objects.filter(code="OPS").count() == 2
    again = browser.post(reverse("core:department_add"), posted(code="OPS", name="再来", branch=""))
    assert again.status_code == 400

    row = Department.objects.get(code="OPS", branch=branch)
    said = posted(name="运营管理部", version=row.version)
    assert browser.post(reverse("core:department_edit", args=[row.public_id]), said).status_code == 302
    assert "运营管理部" in browser.get(reverse("core:organisation")).content.decode()


def test_the_company_gets_another_name(web, administrator):
    said = posted(name="示范证券股份有限公司", version=administrator.company.version)
    assert web(administrator).post(reverse("core:company_edit"), said).status_code == 302
    assert Company.objects.get().name == "示范证券股份有限公司"


def test_the_page_costs_the_same_for_two_branches_and_for_twelve(web, administrator, branch, cost_of):
    browser, url = web(administrator), reverse("core:organisation")
    DepartmentFactory(branch=branch)
    browser.get(url)
    few = cost_of(lambda: browser.get(url))
    for _turn in range(10):
        DepartmentFactory(branch=BranchFactory(company=branch.company, parent=branch))

    assert cost_of(lambda: browser.get(url)) == few


@pytest.mark.parametrize(("role", "sees"), [("branch_manager", True), ("auditor", True), ("advisor", False)])
def test_who_sees_the_house_and_only_administrators_build(web, staff, branch, role, sees):
    browser = web(staff(role))

    assert browser.get(reverse("core:organisation")).status_code == (200 if sees else 403)
    assert browser.get(reverse("core:branch_edit", args=[branch.public_id])).status_code == 403


def test_a_closed_branch_takes_nothing_in(administrator, other_branch, staff):
    services.close_branch(actor=administrator, branch=other_branch, reason="x")
    other_branch.refresh_from_db()

    with pytest.raises(BadPlace) as refused:
        place = Place(other_branch, None, None, frozenset({"advisor"}))
        add_staff(actor=administrator, staff_number="N9", name="新人", place=place, now=timezone.now())
    assert "branch" in refused.value.fields
    with pytest.raises(BranchClosed):
        create_client(
            branch=other_branch, external_id="1", values={"name": "某"}, actor=system_user(), now=timezone.now()
        )
    with pytest.raises(BranchClosed):
        bring_file(
            actor=system_user(),
            kind="clients",
            branch=other_branch,
            file_name="x.csv",
            raw=b"number,name\n1,a\n",
            mapping=parse('[columns]\nexternal_id = "number"\nname = "name"\n'),
        )
