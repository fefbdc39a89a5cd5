"""Parts that a branch leaves out: gone from rail, pages and REST there, and there alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import get_resolver, reverse
from django.utils import timezone

from care.models import SurveyInvitation
from care.services import invite_surveys
from crm.core import modules
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.models import Branch, Policy, PolicyKey, User
from crm.core.services.policies import set_policy
from tests.architecture.test_permission_matrix import address, routes
from tests.factories.care import NOW, ClosedComplaintFactory

pytestmark = pytest.mark.django_db

#: Part → its first page and its list over REST (the simulator begins from a programme and has no page of its own).
DOORS = {
    "bookings": ("tiers:bookings", "api:bookings-list"),
    "preferences": ("tiers:preferences", "api:preference-segments-list"),
    "leaks": ("tiers:leaks", "api:rate-leaks-list"),
    "surveys": ("care:surveys", "api:survey-list"),
    "matching": ("advisory:matching", "api:matching-runs-list"),
}


def switch(name: str, value: bool, branch: Branch | None, day: Any = None) -> None:
    today = local_date(timezone.now())
    set_policy(
        actor=system_user(), key=PolicyKey.objects.get(pk=f"module.{name}"), value=value, branch=branch,
        effective_from=day or today, source="decision 1", reason="not offered here", today=today,
    )  # fmt: skip


def rail(answer: Any) -> set[str]:
    return {child["key"] for item in answer.context["nav_items"] for child in item["children"]}


@pytest.mark.parametrize(("name", "doors"), DOORS.items())
def test_a_part_that_the_branch_leaves_out_is_not_there_as_page_or_over_rest_and_other_branches_keep_it(
    branch: Branch, other_branch: Branch, staff: Any, web: Any, api: Any, name: str, doors: tuple[str, str]
) -> None:
    manager, other = staff("branch_manager"), staff("branch_manager", branch=other_branch)
    switch(name, False, branch)

    page, rest = (reverse(door) for door in doors)
    refused, told = web(manager).get(page), api(manager).get(rest)
    by_session = web(manager).get(rest)

    assert (refused.status_code, told.status_code, by_session.status_code) == (404, 404, 404)
    assert "This part is switched off at your branch." in refused.content.decode()
    assert told.json()["code"] == by_session.json()["code"] == "module_off"
    assert told.json()["detail"] == by_session.json()["detail"] == "This part is switched off at your branch."
    assert (web(other).get(page).status_code, api(other).get(rest).status_code) == (200, 200)


@pytest.mark.parametrize("name", ["bookings", "preferences", "matching"])
def test_its_entry_leaves_the_rail_of_that_branch_and_returns_when_it_is_switched_on(
    branch: Branch, other_branch: Branch, staff: Any, web: Any, name: str
) -> None:
    manager, other = staff("branch_manager"), staff("branch_manager", branch=other_branch)
    assert name in rail(web(manager).get("/"))

    switch(name, False, branch)

    assert name not in rail(web(manager).get("/"))
    assert name in rail(web(other).get("/"))

    switch(name, True, branch)

    assert name in rail(web(manager).get("/"))


def test_surveys_leave_the_tabs_of_care_and_the_branch_home(branch: Branch, staff: Any, web: Any) -> None:
    browser, link = web(staff("branch_manager")), reverse("care:surveys")
    assert all(link in browser.get(path).content.decode() for path in ("/care/", "/branch/"))

    switch("surveys", False, branch)

    assert not any(link in browser.get(path).content.decode() for path in ("/care/", "/branch/"))


def test_a_branch_that_leaves_surveys_out_invites_nobody(branch: Branch, other_branch: Branch) -> None:
    switch("surveys", False, branch)
    Policy.objects.filter(policy_key="module.surveys", branch=branch).update(effective_from=NOW.date())
    for place in (branch, other_branch):
        ClosedComplaintFactory(client__branch=place, branch=place)

    invite_surveys(actor=system_user(), now=NOW)

    assert [row.branch for row in SurveyInvitation.objects.all()] == [other_branch]


def test_bounds_are_not_tried_where_the_simulator_is_left_out(branch: Branch, staff: Any, web: Any, api: Any) -> None:
    head = staff("branch_manager")
    head.groups.add(*staff("head_office").groups.all())
    browser = web(head)
    path = address("tiers:simulation_drafts")
    switch("simulator", False, branch)

    assert "switched off" in browser.get(path).content.decode()
    assert api(head).post(reverse("api:tier-simulations-list"), {}).json()["code"] == "module_off"


def test_the_companys_switch_governs_everywhere_but_where_a_branch_has_its_own_and_a_later_day_not_yet(
    branch: Branch, other_branch: Branch, staff: Callable[..., User]
) -> None:
    there, here, above = staff("advisor", branch=other_branch), staff("advisor"), staff("head_office", branch=None)
    switch("leaks", False, None)
    switch("leaks", True, branch)
    switch("matching", False, None, local_date(timezone.now()) + timedelta(days=1))

    def off(user: User) -> tuple[str, ...]:
        return User.objects.get(pk=user.pk).modules_off

    assert (off(here), off(there), off(above)) == ((), ("leaks",), ("leaks",))
    today = local_date(timezone.now())
    assert modules.branches_without("leaks", today) == {other_branch.pk}
    assert modules.branches_without("matching", today) == set()


def test_the_manager_switches_a_part_off_in_the_browser(branch: Branch, staff: Any, web: Any) -> None:
    key, browser = PolicyKey.objects.get(pk="module.bookings"), web(staff("branch_manager"))
    url = f"{reverse('core:policy_add', args=[key.pk])}?branch={branch.public_id}"
    form = browser.get(url).context["form"]
    said = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    said |= {
        "branch": branch.public_id,
        "value": "false",
        "source": "decision 7",
        "reason": "no car here",
        "effective_from": local_date(timezone.now()),
    }

    answer = browser.post(url, said)

    assert answer.status_code == 302, answer.context["form"].errors
    assert browser.get(reverse("tiers:bookings")).status_code == 404


def test_knowing_what_is_left_out_costs_no_statement(branch: Branch, staff: Any, web: Any, cost_of: Any) -> None:
    browser = web(staff("branch_manager"))
    browser.get("/care/")
    before = cost_of(lambda: browser.get("/care/"))

    switch("bookings", False, branch)

    assert cost_of(lambda: browser.get("/care/")) == before


@pytest.mark.nodb
def test_every_part_has_a_figure_and_routes_that_are_there() -> None:
    every = list(routes(get_resolver()))

    for module in modules._modules.values():
        assert all(any(name.startswith(lead) for name in every) for lead in module.routes), module
    assert modules.names() == tuple(sorted({*DOORS, "simulator"}))
