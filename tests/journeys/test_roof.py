"""What the roof shows: the rail, my day, the home of a branch."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
import time_machine
from django.utils import timezone

from care.services import plan_calls
from clients.services import AssetDay, ask_merge, put_asset_days
from complaints.services import register_complaint
from crm.core.access import system_user
from crm.core.clocks import at_local, local_date
from crm.core.middleware import IDLE
from tests.factories.clients import ClientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def today() -> date:
    return local_date(timezone.now())


def labels(answer) -> list[str]:
    return [str(item["label"]) for item in answer.context["nav_items"]]


def test_the_five_areas_of_the_house_rules_are_first_level_navigation(staff, web):
    """制度第八条: client information, needs analysis, client service, client care, complaints – in this order."""
    shown = labels(web(staff("branch_manager")).get("/"))

    assert shown[1:6] == ["Clients", "Needs & tiers", "Client services", "Client care", "Complaints"]


def test_the_rail_shows_what_one_may_use_and_nothing_else(staff, web):
    shown = labels(web(staff("administrator")).get("/"))

    assert "Clients" not in shown and "Complaints" not in shown
    assert "Settings" in shown


def test_whoever_may_use_a_page_finds_it_in_the_rail(staff, web):
    """The front desk brings files in, takes down requests about data and reads the notices, without the branch's own home."""
    answer = web(staff("front_desk")).get("/imports/")

    branch = next(item for item in answer.context["nav_items"] if item["key"] == "branch")
    assert [child["key"] for child in branch["children"]] == ["data_requests", "notices", "imports", "jobs"]
    assert branch["url"] == branch["children"][0]["url"] == "/data-requests/"
    assert [child["key"] for child in branch["children"] if child["active"]] == ["imports"]


@pytest.mark.parametrize(
    ("page", "key"),
    [
        ("/services/", "services"),
        ("/services/promises/", "promises"),
        ("/services/deliveries/new/", "promises"),
        ("/services/bookings/new/", "bookings"),
        ("/clients/", "clients"),
        ("/clients/duplicates/", "duplicates"),
    ],
)
def test_the_rail_lights_up_where_one_is_also_on_forms_that_lie_beside_their_list(staff, web, page, key):
    shown = web(staff("branch_manager")).get(page).context["nav_items"]

    assert [child["key"] for item in shown for child in item["children"] if child["active"]] == [key]


def test_the_page_of_a_merge_belongs_to_the_duplicates(staff, web, branch):
    manager, now = staff("branch_manager"), timezone.now()
    first, second = ClientFactory(branch=branch), ClientFactory(branch=branch)
    asked = ask_merge(leaving=first, staying=second, reason="同一人", actor=manager, now=now)

    shown = web(manager).get(asked.get_absolute_url()).context["nav_items"]

    assert [child["key"] for item in shown for child in item["children"] if child["active"]] == ["duplicates"]


def test_the_bar_of_a_phone_has_words_that_fit(staff, web):
    page = web(staff("branch_manager")).get("/").content.decode()
    bar = page.partition('class="bottom-bar')[2].partition("</nav>")[0]

    assert "<span>Services</span>" in bar and "Client services" not in bar


def test_my_day_brings_what_was_promised_the_most_overdue_first(staff, web, branch, today):
    advisor = staff("advisor")
    for late, name in ((1, "李小满"), (9, "王大年"), (0, "赵今日")):
        ClientFactory(branch=branch, advisor=advisor, name=name, next_contact_on=today - timedelta(days=late))
    ClientFactory(branch=branch, advisor=advisor, name="钱明天", next_contact_on=today + timedelta(days=1))
    ClientFactory(branch=branch, advisor=staff("advisor"), name="孙别人", next_contact_on=today)

    items = web(advisor).get("/").context["items"]

    assert [item.title for item in items] == ["王大年", "李小满", "赵今日"]


def test_my_day_ranks_what_is_overdue_before_today_and_today_before_what_comes(staff, web, branch, today):
    """A risk grade that runs out in a month does not stand above a needs interview of today, whatever its kind weighs."""
    advisor = staff("advisor")
    for days, name in ((29, "孙以后"), (3, "钱三天"), (-2, "王过期"), (0, "赵今日")):
        ClientFactory(
            branch=branch, advisor=advisor, name=name, risk_grade="C3", risk_valid_until=today + timedelta(days=days)
        )
    ClientFactory(branch=branch, advisor=advisor, name="李约定", next_contact_on=today)

    page = web(advisor).get("/")
    days = [item.due_on for item in page.context["items"]]

    assert days == sorted(days)
    assert len(set(days)) >= 3
    assert "Due today" not in page.content.decode().partition("<caption")[2].partition("</caption>")[0]


def test_my_day_gives_the_reason_on_a_phone_too(staff, web, branch, today):
    advisor = staff("advisor")
    ClientFactory(branch=branch, advisor=advisor, name="李约定", next_contact_on=today)

    row = web(advisor).get("/").content.decode().partition("李约定</a>")[2].partition("</td>")[0]

    assert "only-phone" in row and "Next contact as agreed" in row


def test_a_caller_finds_the_calls_and_a_handler_the_clocks(staff, web, branch, today):
    caller, desk = staff("follow_up_caller"), staff("front_desk")
    client = ClientFactory(branch=branch, opened_on=today)
    plan_calls(actor=system_user(), now=timezone.now())
    now = timezone.now()
    register_complaint(
        actor=desk,
        branch=branch,
        now=now,
        received_at=now,
        channel="phone",
        subject="manner",
        description="等候时间过长",
        client=client,
    )

    assert [item.kind for item in web(caller).get("/").context["items"]] == ["call"]
    assert "complaint" in {item.kind for item in web(staff("compliance")).get("/").context["items"]}
    assert [item.kind for item in web(desk).get("/").context["items"]] == ["complaint"], "he took it down"
    assert web(staff("front_desk")).get("/").context["items"] == []


def test_the_brief_has_the_masked_phone_and_the_way_to_it_for_those_who_may_look(staff, web, branch):
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor, phone="+8613812348000")

    brief = web(advisor).get(f"/clients/{client.public_id}/brief/").content.decode()

    assert "138****8000" in brief and "13812348000" not in brief
    assert f"/clients/{client.public_id}/reveal/phone/" in brief


def test_the_brief_beside_the_queue_is_on_the_trail(staff, web, branch):
    from crm.core.models import AuditEntry

    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor)

    answer = web(advisor).get(f"/clients/{client.public_id}/brief/")

    assert answer.status_code == 200
    assert AuditEntry.objects.about_client(client.public_id).reads().filter(actor=advisor).count() == 1


def test_my_day_costs_the_same_for_one_row_and_for_ten(staff, web, branch, today, cost_of):
    advisor = staff("advisor")
    browser = web(advisor)
    browser.get("/")
    ClientFactory(branch=branch, advisor=advisor, next_contact_on=today)
    one = cost_of(lambda: browser.get("/"))
    ClientFactory.create_batch(9, branch=branch, advisor=advisor, next_contact_on=today)

    assert cost_of(lambda: browser.get("/")) == one


def test_the_branch_home_says_that_the_asset_file_has_not_arrived(staff, web, branch, today):
    client = ClientFactory(branch=branch)
    put_asset_days(branch=branch, rows=[AssetDay(client.pk, today - timedelta(days=20), 100_00)], actor=system_user())

    with time_machine.travel(at_local(today + timedelta(days=1), time(12, 0)), tick=False):
        browser = web(staff("branch_manager"))
        alarms = [alarm["title"] for alarm in browser.get("/branch/").context["alarms"]]

    assert "Today's asset file has not arrived" in alarms


def test_every_number_of_the_branch_home_opens_a_page_the_manager_may_see(staff, web, branch):
    browser = web(staff("branch_manager"))

    stats = browser.get("/branch/").context["stats"]

    assert {browser.get(stat["url"]).status_code for stat in stats} == {200}


def test_a_manager_sees_his_branch_and_compliance_all_of_them(staff, web, branch, other_branch):
    mine = web(staff("branch_manager")).get("/branch/").context["branches"]
    company = web(staff("compliance")).get("/branch/").context["branches"]

    assert [one.code for one in mine] == ["SH01"]
    assert {one.code for one in company} == {"SH01", "BJ01"}


def test_a_session_without_a_click_ends(staff, web):
    browser = web(staff("advisor"))
    browser.get("/")
    session = browser.session
    session["seen_at"] = timezone.now().timestamp() - IDLE.total_seconds() - 5
    session.save()

    assert browser.get("/").status_code == 302
