"""The staff pages: adding, editing, the list and its filters, and who may not."""

from __future__ import annotations

import pytest
from django.urls import reverse

from crm.core.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(staff):
    return staff("administrator")


def form_of(page):
    """What a browser would send back of the page's form."""
    form = page.context["form"]
    said = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in said.items() if value not in (None, False)}


def test_the_page_adds_somebody_and_shows_the_password_once(web, admin, branch):
    browser = web(admin)
    said = form_of(browser.get(reverse("core:staff_add")))
    said |= {"staff_number": "N007", "name": "张三", "branch": branch.public_id, "roles": ["advisor"]}

    first = browser.post(reverse("core:staff_add"), said)
    again = browser.post(reverse("core:staff_add"), said)

    password = first.context["password"]
    assert password in first.content.decode()
    assert first["Cache-Control"] == "no-store, private"
    assert User.objects.get(staff_number="N007").check_password(password)
    assert again.status_code == 302
    assert User.objects.filter(name="张三").count() == 1


def test_the_page_keeps_what_was_typed_and_names_what_is_wrong(web, admin):
    page = web(admin).post(
        reverse("core:staff_add"),
        {"form_token": "t", "staff_number": "N007", "name": "张三", "branch": "", "roles": ["advisor"]},
    )

    assert page.status_code == 400
    assert "branch" in page.context["form"].errors
    assert "张三" in page.content.decode()


def test_the_page_edits_and_refuses_an_old_version(web, admin, staff):
    person, browser = staff("advisor"), web(admin)
    url = reverse("core:staff_edit", args=[person.public_id])
    said = form_of(browser.get(url))

    assert browser.post(url, {**said, "name": "李四"}).status_code == 302
    late = browser.post(url, {**said, "name": "王五", "form_token": "another"})

    assert late.status_code == 412
    assert User.objects.get(pk=person.pk).name == "李四"


def test_ones_own_roles_cannot_be_smuggled_in_by_the_form(web, admin):
    browser = web(admin)
    url = reverse("core:staff_edit", args=[admin.public_id])
    said = form_of(browser.get(url)) | {"roles": ["administrator", "compliance"]}

    browser.post(url, said)

    assert User.objects.get(pk=admin.pk).role_keys == {"administrator"}


def test_the_list_shows_ones_own_people_only(web, staff, branch, other_branch):
    mine, foreign = staff("advisor", name="本部员工"), staff("advisor", branch=other_branch, name="外部员工")

    text = web(staff("branch_manager")).get(reverse("core:staff_list")).content.decode()
    assert mine.public_id in text
    assert foreign.public_id not in text
    assert "system" not in text

    assert foreign.public_id in web(staff("administrator")).get(reverse("core:staff_list")).content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [("q=S9", {"S901", "S902"}), ("q=阿尔法", {"S901"}), ("role=agent", {"S902"}), ("active=no", {"S903"}),
     ("q=%25", set()), ("q=S9 阿尔法", {"S901"})],
)  # fmt: skip
def test_the_list_is_narrowed(web, staff, query, found):
    staff("advisor", staff_number="S901", name="阿尔法")
    staff("agent", staff_number="S902")
    staff("advisor", staff_number="S903", is_active=False, name="乙")
    page = web(staff("compliance", staff_number="C1")).get(f"{reverse('core:staff_list')}?{query}")

    numbers = {person.staff_number for person in page.context["page"]}
    assert {n for n in numbers if n.startswith("S90")} == (found if query != "q=S9" else {"S901", "S902", "S903"})


def test_a_stranger_and_nobody_look_the_same(web, staff, other_branch):
    stranger = staff("advisor", branch=other_branch)
    browser = web(staff("branch_manager"))

    answers = [browser.get(reverse("core:staff_detail", args=[i])) for i in (stranger.public_id, "0" * 26)]

    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize("name", ["staff_edit", "staff_disable", "staff_enable", "staff_reset", "staff_end_access"])
@pytest.mark.parametrize("role", ["branch_manager", "compliance", "head_office", "auditor"])
def test_only_administrators_change_people(web, staff, name, role):
    person = staff("advisor")

    answer = web(staff(role)).post(
        reverse(f"core:{name}", args=[person.public_id]), {"form_token": "t", "reason": "xx"}
    )

    assert answer.status_code == 403


def test_the_list_costs_the_same_for_one_person_and_for_ten(web, staff, cost_of):
    browser = web(staff("administrator"))
    browser.get(reverse("core:staff_list"))
    one = cost_of(lambda: browser.get(reverse("core:staff_list")))
    for _turn in range(9):
        staff("advisor", manager=staff("branch_manager"))

    assert cost_of(lambda: browser.get(reverse("core:staff_list"))) == one


def test_whoever_has_to_choose_a_password_is_led_there_and_told_in_chinese_what_is_missing(web, staff):
    person = staff("advisor")
    browser = web(person)
    User.objects.filter(pk=person.pk).update(must_change_password=True)
    change = reverse("account_change_password")

    assert browser.get(reverse("clients:list"))["Location"] == change
    assert browser.get(reverse("core:service_worker")).status_code == 200
    answer = browser.post(
        change, {"oldpassword": "x", "password1": "Kx9!", "password2": "Kx9!"}, headers={"Accept-Language": "zh-hans"}
    )
    assert "密码太短，至少需要 12 个字符。" in answer.content.decode()
