"""Parts that a branch leaves out: gone from rail, pages and REST there, and there alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest
from django.urls import get_resolver, reverse
from django.utils import timezone

from care.models import SurveyInvitation, SurveyRound
from care.services import find_audience, hand_out_link, invite_segment, invite_surveys, write_letters
from clients.models import Segment
from clients.services.segments import create_segment
from crm.core import modules
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.models import Branch, Outbound, Policy, PolicyKey, User
from crm.core.modules import ModuleOff
from crm.core.services.policies import set_policy
from tests.architecture.matrix import MATRIX
from tests.architecture.test_permission_matrix import address, routes
from tests.factories.care import NOW, ClosedComplaintFactory, SurveyInvitationFactory
from tests.factories.clients import ClientFactory
from tests.factories.core import BranchFactory, CompanyFactory, UserFactory
from tests.factories.services import ServiceItemFactory
from tiers.services.bookings import ask_booking

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


def test_no_link_is_handed_out_for_a_branch_that_leaves_surveys_out(
    branch: Branch, other_branch: Branch, staff: Any, web: Any
) -> None:
    invitation = SurveyInvitationFactory(branch=other_branch, expires_at=timezone.now() + timedelta(days=2))
    switch("surveys", False, other_branch)
    officer = staff("head_office", branch=None)

    with pytest.raises(ModuleOff):
        hand_out_link(actor=officer, invitation=invitation, now=timezone.now())

    invitation.refresh_from_db()
    assert invitation.sent_by_channel != "counter"


def test_a_branch_that_leaves_surveys_out_invites_nobody(branch: Branch, other_branch: Branch) -> None:
    switch("surveys", False, branch)
    Policy.objects.filter(policy_key="module.surveys", branch=branch).update(effective_from=NOW.date())
    for place in (branch, other_branch):
        ClosedComplaintFactory(client__branch=place, branch=place)

    invite_surveys(actor=system_user(), now=NOW)

    assert [row.branch for row in SurveyInvitation.objects.all()] == [other_branch]


@pytest.fixture
def everybody(branch: Branch, staff: Any) -> Segment:
    """A segment of the manager's that holds who lives in Nanjing."""
    rule = {"all": [{"field": "city", "op": "is", "value": "南京"}]}
    made: Segment = create_segment(values={"name": "南京客户", "rule": rule}, actor=staff("branch_manager"))
    return made


def test_no_segment_of_an_outlet_is_asked_that_leaves_surveys_out_though_its_manager_sits_where_they_are_kept(
    branch: Branch, everybody: Segment, web: Any, api: Any
) -> None:
    manager = everybody.owner
    outlet: Any = BranchFactory(parent=branch, company=branch.company)
    ClientFactory(branch=outlet, city="南京", email="a@example.com")
    switch("surveys", False, outlet)
    said: dict[str, Any] = {"segment": everybody, "title": "t", "branch": outlet, "now": timezone.now()}
    form = {"segment": everybody.public_id, "title": "t", "branch": outlet.public_id}

    with pytest.raises(ModuleOff):
        find_audience(reader=manager, **said)
    with pytest.raises(ModuleOff):
        invite_segment(actor=manager, **said)
    seen = api(manager).get(reverse("api:survey-round-preview"), form)
    made = api(manager).post(reverse("api:survey-round-list"), form, format="json", headers={"Idempotency-Key": "a"})
    url = f"{reverse('care:survey_round_new')}?branch={outlet.public_id}"
    page, sent = web(manager).get(url, form), web(manager).post(url, {**form, "form_token": "t"})

    assert [(answer.status_code, answer.json()["code"]) for answer in (seen, made)] == [(404, "module_off")] * 2
    assert "found" not in page.context and sent.status_code == 404
    assert all("This part is switched off at this branch." in answer.content.decode() for answer in (page, sent))
    assert not SurveyRound.objects.exists()


def test_a_part_is_not_there_for_an_outlet_that_leaves_it_out_though_the_house_above_keeps_it(
    branch: Branch, staff: Any, web: Any, api: Any
) -> None:
    manager = staff("branch_manager")
    outlet: Any = BranchFactory(parent=branch, company=branch.company)
    item: Any = ServiceItemFactory(company=branch.company, booked=True)
    day = local_date(timezone.now()) + timedelta(days=3)
    said = {"service": item.public_id, "day": day.isoformat(), "places": 3, "branch": outlet.public_id}
    url, page = reverse("api:service-days-list"), f"{reverse('tiers:bookings')}?branch={outlet.public_id}"

    def asked(key: str) -> tuple[Any, Any]:
        return api(manager).post(url, said, format="json", headers={"Idempotency-Key": key}), web(manager).get(page)

    kept = [answer.status_code for answer in asked("a")]
    switch("bookings", False, outlet)
    gone = asked("b")

    assert kept == [201, 200]
    assert [answer.status_code for answer in gone] == [404, 404] and gone[0].json()["code"] == "module_off"
    assert "This part is switched off at this branch." in gone[1].content.decode()
    assert web(manager).get(reverse("tiers:bookings")).status_code == 200


def test_nothing_is_booked_for_the_client_of_an_outlet_that_leaves_bookings_out(branch: Branch, staff: Any) -> None:
    outlet: Any = BranchFactory(parent=branch, company=branch.company)
    client, item = ClientFactory(branch=outlet), ServiceItemFactory(company=branch.company)
    said: dict[str, Any] = {"item": item, "day": local_date(timezone.now()) + timedelta(days=2), "at": time(10)}
    switch("bookings", False, outlet)

    with pytest.raises(ModuleOff):
        ask_booking(client=client, actor=staff("branch_manager"), now=timezone.now(), **said)
    with pytest.raises(InvalidInput):  # where they are kept, the service itself is asked about
        ask_booking(client=ClientFactory(branch=branch), actor=staff("branch_manager"), now=timezone.now(), **said)


def test_letters_of_a_round_wait_while_the_branch_leaves_surveys_out(branch: Branch, everybody: Segment) -> None:
    ClientFactory(branch=branch, city="南京", email="a@example.com")
    now = timezone.now()
    invite_segment(segment=everybody, title="t", branch=branch, actor=everybody.owner, now=now)
    switch("surveys", False, branch)

    assert (write_letters(actor=system_user(), now=now), Outbound.objects.count()) == (0, 0)

    switch("surveys", True, branch)

    assert (write_letters(actor=system_user(), now=now), Outbound.objects.count()) == (1, 1)


def test_who_asks_holds_no_right_of_a_part_that_is_left_out_on_pages_and_over_rest(
    branch: Branch, staff: Any, web: Any, api: Any
) -> None:
    manager, rights = (
        staff("branch_manager"),
        ("care.view_surveyinvitation", "care.hand_out_survey", "care.add_surveyround"),
    )
    browser, phone = web(manager), api(manager)

    def held() -> list[bool]:
        page, rest = browser.get("/care/"), phone.get(reverse("api:follow-up-list"))
        who = (page.wsgi_request.user, rest.renderer_context["request"].user)
        return [user.has_perm(right) for user in who for right in rights]

    assert held() == [True] * 6

    switch("surveys", False, branch)

    assert held() == [False] * 6


def test_bounds_are_not_tried_where_the_simulator_is_left_out(branch: Branch, staff: Any, web: Any, api: Any) -> None:
    head = staff("branch_manager")
    head.groups.add(*staff("head_office").groups.all())
    browser = web(head)
    path = address("tiers:simulation_drafts")
    switch("simulator", False, None)

    assert "switched off" in browser.get(path).content.decode()
    assert api(head).post(reverse("api:tier-simulations-list"), {}).json()["code"] == "module_off"


def test_the_companys_switch_governs_everywhere_but_where_a_branch_has_its_own_and_a_later_day_not_yet(
    branch: Branch, other_branch: Branch, staff: Callable[..., User]
) -> None:
    there, here = staff("advisor", branch=other_branch), staff("advisor")
    switch("leaks", False, None)
    switch("leaks", True, branch)
    switch("matching", False, None, local_date(timezone.now()) + timedelta(days=1))

    def off(user: User) -> tuple[str, ...]:
        return User.objects.get(pk=user.pk).modules_off

    assert (off(here), off(there)) == ((), ("leaks",))
    today = local_date(timezone.now())
    assert modules.branches_without("leaks", today) == {other_branch.pk}
    assert modules.branches_without("matching", today) == set()


def test_who_sees_the_company_chooses_among_the_branches_that_keep_a_part_whatever_his_own_does(
    branch: Branch, other_branch: Branch, staff: Any, web: Any, api: Any
) -> None:
    head, nowhere = staff("head_office"), staff("head_office", branch=None)
    page, names = reverse("tiers:leaks"), lambda answer: [row.code for row in answer.context["place"].choices]
    assert names(web(head).get(page)) == ["BJ01", "SH01"]

    switch("leaks", False, branch)
    seen, refused = web(head).get(page), web(head).get(page, {"branch": branch.public_id})

    assert (seen.status_code, seen.context["place"].branch, names(seen)) == (200, other_branch, [])
    assert refused.status_code == 404 and "switched off at this branch" in refused.content.decode()
    assert api(head).get(reverse("api:rate-leaks-list")).status_code == 200

    switch("leaks", False, None)
    switch("leaks", True, other_branch)
    kept = [web(user).get(page).context["place"].branch for user in (head, nowhere)]
    assert kept == [other_branch, other_branch], "the company's switch leaves it out but where a branch keeps it"

    switch("leaks", False, other_branch)
    assert [web(user).get(page).status_code for user in (head, nowhere)] == [404, 404]
    assert api(nowhere).get(reverse("api:rate-leaks-list")).json()["code"] == "module_off"
    assert User.objects.get(pk=nowhere.pk).modules_off == ("leaks",)


def test_a_part_that_every_branch_has_switched_off_itself_is_not_offered_to_the_head_office(
    branch: Branch, other_branch: Branch, staff: Any, web: Any, api: Any
) -> None:
    head, nowhere = staff("head_office"), staff("head_office", branch=None)
    BranchFactory(company=branch.company, is_open=False)
    page = reverse("tiers:bookings")
    switch("bookings", False, branch)
    assert [web(user).get(page).status_code for user in (head, nowhere)] == [200, 200]

    switch("bookings", False, other_branch)

    for user in (head, nowhere):
        held = User.objects.get(pk=user.pk)
        assert (held.modules_off, held.has_perm("tiers.view_booking")) == (("bookings",), False)
        answer = web(user).get("/")
        assert "bookings" not in rail(answer)
    assert web(nowhere).get(page).status_code == 404
    assert api(nowhere).get(reverse("api:bookings-list")).json()["code"] == "module_off"

    switch("bookings", True, branch)

    assert [web(user).get(page).status_code for user in (head, nowhere)] == [200, 200]


def test_what_another_house_switches_off_says_nothing_to_a_company_without_a_branch(branch: Branch, staff: Any) -> None:
    switch("bookings", False, branch)
    alone = UserFactory(branch=None, company=CompanyFactory(code="AB"), role="head_office")

    assert User.objects.get(pk=alone.pk).modules_off == ()


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


#: Rights that routes of a part ask for, and that are about something which stays where the part goes.
SHARED = {("leaks", "clients.export_client"), ("simulator", "tiers.change_programme")}


@pytest.mark.nodb
def test_every_right_that_the_routes_of_a_part_ask_for_goes_with_the_part() -> None:
    lines = [
        (module, route, right)
        for module in modules._modules.values()
        for _method, route, right in MATRIX
        if route.startswith(module.routes)
    ]

    kept = {(module.name, right) for module, _route, right in lines if not module.holds(right)}

    assert kept == SHARED
