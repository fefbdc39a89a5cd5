"""The manager's feed of the day: who spoke with whom, fresh without load, and who takes the first step."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from clients.models import ContactLog
from clients.services import correct_contact
from crm.core.models import AuditEntry
from tests.doors import HTMX
from tests.factories.clients import ClientFactory, ContactLogFactory

pytestmark = pytest.mark.django_db
URL = "/branch/contacts/"


@pytest.fixture
def day(branch, staff):
    """Two advisors, three contacts of today and one of yesterday."""
    one, two = staff("advisor", name="赵一"), staff("advisor", name="钱二")
    client, now = ClientFactory(branch=branch, name="孙客户"), timezone.now()
    rows = [
        ContactLogFactory(client=client, staff=one, at=now, content="主动问候", mood="good"),
        ContactLogFactory(client=client, staff=one, at=now, content="来电抱怨", direction="in", mood="bad"),
        ContactLogFactory(client=client, staff=two, at=now, content="发短信", channel="sms"),
    ]
    ContactLogFactory(client=client, staff=two, at=now - timedelta(days=1), content="昨天的话")
    return {"one": one, "two": two, "rows": rows, "client": client}


def test_the_manager_sees_who_spoke_with_whom_about_what(day, staff, web):
    text = web(staff("branch_manager")).get(URL).content.decode()

    for words in ("赵一", "钱二", "孙客户", "主动问候", "来电抱怨", "发短信"):
        assert words in text
    assert "昨天的话" not in text
    entry = AuditEntry.objects.filter(action="contact.view").latest("pk")
    assert set(entry.object_ids) == {row.public_id for row in day["rows"]}


def test_it_is_narrowed_by_colleague_channel_mood_and_day(day, staff, web):
    browser = web(staff("branch_manager"))

    def found(**asked):
        text = browser.get(URL, asked, headers=HTMX).content.decode()
        return {words for words in ("主动问候", "来电抱怨", "发短信", "昨天的话") if words in text}

    assert found(staff=day["two"].public_id) == {"发短信"}
    assert found(channel="sms") == {"发短信"}
    assert found(mood="bad") == {"来电抱怨"}
    assert found(direction="in") == {"来电抱怨"}
    assert found(day=f"{timezone.localdate() - timedelta(days=1)}") == {"昨天的话"}
    assert found(day="2026-02-30") == {"主动问候", "来电抱怨", "发短信"}


def test_asking_again_costs_nothing_until_something_is_newer(day, staff, web, cost_of):
    browser = web(staff("branch_manager"))
    text = browser.get(URL).content.decode()
    poll = re.search(r'hx-get="([^"]*seen=[^"]+)" hx-trigger="every 30s"', text)
    assert poll is not None
    looks = AuditEntry.objects.count()

    assert browser.get(URL + poll[1], headers=HTMX).status_code == 204
    assert AuditEntry.objects.count() == looks
    assert cost_of(lambda: browser.get(URL + poll[1], headers=HTMX)) < cost_of(lambda: browser.get(URL))
    ContactLogFactory(client=day["client"], staff=day["one"], at=timezone.now(), content="刚刚的话")
    fresh = browser.get(URL + poll[1], headers=HTMX)
    assert fresh.status_code == 200
    assert "刚刚的话" in fresh.content.decode()


def test_other_branches_and_corrected_wordings_are_not_in_it(day, other_branch, staff, web):
    ContactLogFactory(client=ClientFactory(branch=other_branch), at=timezone.now(), content="外地的话")
    first = day["rows"][0]
    correct_contact(contact=first, values={"content": "更正的话"}, reason="笔误", actor=day["one"], now=timezone.now())

    text = web(staff("branch_manager")).get(URL).content.decode()

    assert "更正的话" in text
    assert "主动问候" not in text
    assert "外地的话" not in text


def test_the_share_of_proactive_contacts_counts_what_we_began(day, staff):
    from crm.dashboard.feed import colleagues

    today = timezone.localdate()
    found = {row["staff__name"]: row for row in colleagues(staff("branch_manager"), today)}

    assert (found["赵一"]["contacts"], found["赵一"]["proactive"], found["赵一"]["share"]) == (2, 1, 1 / 2)
    assert found["钱二"]["share"] == 1


def test_it_costs_the_same_for_three_and_for_thirty(day, staff, web, cost_of):
    browser = web(staff("branch_manager"))
    browser.get(URL)
    few = cost_of(lambda: browser.get(URL))
    for n in range(30):
        ContactLogFactory(client__branch=day["client"].branch, at=timezone.now(), content=f"{n}")

    assert cost_of(lambda: browser.get(URL)) == few


def test_pages_follow_each_other_by_key(day, staff, web):
    browser = web(staff("branch_manager"))
    for n in range(60):
        ContactLogFactory(client=day["client"], staff=day["one"], at=timezone.now(), content=f"第{n}句")

    text = browser.get(URL).content.decode()
    after = re.search(r'rel="next" href="([^"]+)"', text)
    assert after is not None
    rest = browser.get(URL + after[1].replace("&amp;", "&")).content.decode()

    said = set(re.findall(r"第\d+句|主动问候|来电抱怨|发短信", text)) | set(
        re.findall(r"第\d+句|主动问候|来电抱怨|发短信", rest)
    )
    assert len(said) == ContactLog.objects.filter(at__date=timezone.localdate()).count()


def test_the_branch_home_shows_the_newest_of_today(day, staff, web):
    text = web(staff("branch_manager")).get("/branch/").content.decode()

    assert "发短信" in text
    assert "3 contacts today" in text


@pytest.mark.parametrize("role", ["advisor", "front_desk", "agent", "follow_up_caller", "administrator"])
def test_the_feed_is_the_managers(branch, staff, web, role):
    assert web(staff(role)).get(URL).status_code == 403
