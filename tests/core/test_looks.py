"""Who opens too many details is slowed down, and his manager is told (reliability.md P12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clients.models import Client
from crm.core.looks import TooManyLooks, count_looks
from crm.core.models import AuditEntry, Branch, LookCount, Policy
from tests.doors import Staff
from tests.factories.clients import ClientFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def few(db: None) -> None:
    """Five details a day, then one in twenty seconds; the manager is told at four."""
    limits = {"details": 5, "slow_seconds": 20, "alarm_percent": 80}
    Policy.objects.filter(policy_key="looks.daily").update(value=limits)


def test_within_the_budget_every_look_counts_and_costs_one_statement(few: None, staff: Staff, cost_of: Any) -> None:
    reader = staff("advisor")
    count_looks(reader, now=NOW)

    assert cost_of(lambda: count_looks(reader, now=NOW)) == 1
    assert LookCount.objects.get(user=reader).looks == 2


def test_far_from_the_alarm_most_looks_cost_nothing_and_none_is_lost(staff: Staff, cost_of: Any) -> None:
    reader = staff("advisor")
    count_looks(reader, now=NOW)

    assert cost_of(lambda: [count_looks(reader, now=NOW) for _time in range(60)]) == 0
    assert cost_of(lambda: count_looks(reader, now=NOW)) == 1
    assert LookCount.objects.get(user=reader).looks == 62


def test_beyond_the_budget_looks_come_slowly(few: None, staff: Staff) -> None:
    reader = staff("advisor")
    for _time in range(5):
        count_looks(reader, now=NOW)

    with pytest.raises(TooManyLooks):
        count_looks(reader, now=NOW + timedelta(seconds=19))
    count_looks(reader, now=NOW + timedelta(seconds=20))
    with pytest.raises(TooManyLooks):
        count_looks(reader, now=NOW + timedelta(seconds=30))

    assert LookCount.objects.get(user=reader).looks == 6


def test_another_day_and_another_person_begin_anew(few: None, staff: Staff) -> None:
    reader = staff("advisor")
    for _time in range(5):
        count_looks(reader, now=NOW)

    count_looks(reader, now=NOW + timedelta(days=1))
    count_looks(staff("advisor"), now=NOW)


def test_a_list_over_rest_counts_each_row_it_shows(few: None, staff: Staff) -> None:
    reader = staff("advisor")

    with pytest.raises(TooManyLooks):
        count_looks(reader, looks=6, now=NOW - timedelta(seconds=1)) or count_looks(reader, looks=1, now=NOW)


def test_the_page_says_so_and_shows_nothing(few: None, branch: Branch, staff: Staff, web: Any, api: Any) -> None:
    reader = staff("front_desk")
    client: Client = ClientFactory(branch=branch, name="李四")
    browser = web(reader)
    for _time in range(5):
        assert browser.get(f"/clients/{client.public_id}/").status_code == 200

    page = browser.get(f"/clients/{client.public_id}/")
    answer = api(reader).get(f"/api/v1/clients/{client.public_id}/")

    assert page.status_code == 429 and "李四" not in page.content.decode()
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_looks")
    assert AuditEntry.objects.filter(action="client.view").count() == 5


def test_near_the_budget_the_manager_reads_it_on_the_branch_home(
    few: None, branch: Branch, staff: Staff, web: Any
) -> None:
    reader = staff("advisor", name="赵好奇")
    for _time in range(4):
        count_looks(reader)
    manager = web(staff("branch_manager"))

    assert "赵好奇" in manager.get("/branch/").content.decode()
    assert "赵好奇" in manager.get("/audit/").content.decode()


def test_one_look_less_and_nobody_is_told(few: None, branch: Branch, staff: Staff, web: Any) -> None:
    reader = staff("advisor", name="赵好奇")
    for _time in range(3):
        count_looks(reader)

    assert "赵好奇" not in web(staff("branch_manager")).get("/branch/").content.decode()


def test_over_rest_a_value_needs_a_reason_and_the_allowance_ends(branch: Branch, staff: Staff, api: Any) -> None:
    Policy.objects.filter(policy_key="reveal.daily_budget").update(value=2)
    client = ClientFactory(branch=branch, phone="+8613812348000")
    phone, url = api(staff("front_desk")), f"/api/v1/clients/{client.public_id}/reveal/"

    def look(key: str, reason: str = "回电确认") -> Any:
        body = {"field": "phone", "reason": reason}
        return phone.post(url, body, format="json", headers={"idempotency-key": key})

    without, first, again, over = look("a", "急"), look("b"), look("b"), look("c")

    assert without.status_code == 400
    assert (first.status_code, first.json()["value"], first.json()["used"]) == (201, "+8613812348000", 1)
    assert (again.status_code, again.json()["used"]) == (200, 2)
    assert over.status_code == 429 and "8000" not in over.content.decode()
    assert AuditEntry.objects.filter(action="field.reveal").count() == 2
    assert phone.get(f"/api/v1/clients/{client.public_id}/").content.decode().count("13812348000") == 0


def test_private_values_near_their_allowance_are_told_as_well(branch: Branch, staff: Staff, web: Any) -> None:
    Policy.objects.filter(policy_key="reveal.daily_budget").update(value=2)
    reader = staff("advisor", name="赵好奇")
    client = ClientFactory(branch=branch, advisor=reader, phone="+8613812348000")
    browser = web(reader)

    answers = [browser.post(f"/clients/{client.public_id}/reveal/phone/", {"reason": "回电确认"}) for _time in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "1 of 2 today" in answers[0].content.decode()
    assert "8000" not in answers[2].content.decode()
    assert "赵好奇" in web(staff("branch_manager")).get("/branch/").content.decode()
