"""A phone that keeps clients: what changed since, who is gone, and where somebody who was merged is found."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from clients.models import Client
from clients.services import approve_merge, ask_merge, assign_advisor, change_client
from crm.core.models import Branch
from tests.doors import Staff
from tests.factories.clients import AccountFactory, ClientFactory

ROOT = "/api/v1/clients/"


@pytest.fixture
def merged(branch: Branch, staff: Staff) -> tuple[Client, Client]:
    """(who stayed, who was merged), both of the branch."""
    staying, leaving = ClientFactory(branch=branch), ClientFactory(branch=branch)
    record = ask_merge(staying=staying, leaving=leaving, actor=staff("front_desk"), now=timezone.now(), reason="同一人")
    if record.state == "proposed":
        approve_merge(record=record, actor=staff("branch_manager"), now=timezone.now())
    return Client.objects.get(pk=staying.pk), Client.objects.get(pk=leaving.pk)


def test_a_merged_client_answers_with_the_one_who_stayed(merged: tuple[Client, Client], staff: Staff, api: Any) -> None:
    staying, leaving = merged
    phone, url = api(staff("front_desk")), f"{ROOT}{merged[1].public_id}/"

    answers = [
        phone.get(url),
        phone.patch(url, {"city": "上海"}, format="json", headers={"If-Match": '"1"'}),
        phone.post(f"{url}do-not-contact/", {"do_not_contact": True, "reason": "要求"}, format="json",
                   headers={"Idempotency-Key": "k", "If-Match": '"1"'}),
        phone.get("/api/v1/assets/", {"client": leaving.public_id}),
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [410] * 4
    for answer in answers:
        assert answer.data["code"] == "client_merged"
        assert answer.data["fields"] == {"merged_into": [staying.public_id]}
    assert phone.get(f"{ROOT}{staying.public_id}/").status_code == 200


def test_a_stranger_learns_nothing_of_a_merge(
    merged: tuple[Client, Client], staff: Staff, other_branch: Branch, api: Any
) -> None:
    phone = api(staff("front_desk", branch=other_branch))

    gone, nobody = phone.get(f"{ROOT}{merged[1].public_id}/"), phone.get(f"{ROOT}{'0' * 26}/")

    assert (gone.status_code, gone.content) == (404, nobody.content)


def test_what_changed_since_a_moment_is_read_in_the_order_of_an_index(branch: Branch) -> None:
    rows = Client.objects.filter(updated_at__gt=timezone.now()).order_by("updated_at", "pk")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # a handful of rows is otherwise read and sorted
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")

    assert "client_updated" in rows.explain()


def test_a_filter_over_what_changed_since_walks_all_of_it(
    branch: Branch, staff: Staff, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.core.keyset.FRONT", 2)
    since = (timezone.now() - timedelta(minutes=1)).isoformat()
    clients = [ClientFactory(branch=branch, risk_grade="C4" if number in (1, 5, 6) else "C2") for number in range(8)]
    phone, seen = api(staff("front_desk")), []

    answer = phone.get(ROOT, {"updated_since": since, "risk": "C4", "page_size": 2}).json()
    while True:
        seen += [row["id"] for row in answer["results"]]
        if not answer["next"]:
            break
        answer = phone.get(answer["next"]).json()

    assert seen == [clients[number].public_id for number in (1, 5, 6)]


def test_only_clients_whose_facts_changed_since_come_the_eldest_first(branch: Branch, staff: Staff, api: Any) -> None:
    desk = staff("front_desk")
    eldest, _still, newest = ClientFactory.create_batch(3, branch=branch)
    since = timezone.now()
    for client, city in ((newest, "上海"), (eldest, "北京")):
        change_client(client=client, values={"city": city}, actor=desk, now=timezone.now())
    phone = api(desk)

    first = phone.get(ROOT, {"updated_since": since.isoformat(), "page_size": 1}).data
    second = phone.get(first["next"]).data

    assert [row["id"] for page in (first, second) for row in page["results"]] == [newest.public_id, eldest.public_id]
    assert second["next"] is None
    assert phone.get(ROOT, {"updated_since": timezone.now().isoformat()}).data["results"] == []
    for wrong in ("yesterday", "2026-06-01", "2026-06-01T10:00:00", "0001-01-01T00:00:00Z"):
        answer = phone.get(ROOT, {"updated_since": wrong})
        assert answer.status_code == 400 and "updated_since" in answer.data["fields"]


def test_who_was_merged_or_left_the_book_is_named_as_gone(
    merged: tuple[Client, Client], branch: Branch, staff: Staff, api: Any
) -> None:
    before = timezone.now() - timedelta(hours=1)
    advisor, other = staff("advisor"), staff("advisor")
    client = ClientFactory(branch=branch)
    assign_advisor(client=client, advisor=advisor, actor=staff("branch_manager"), now=timezone.now(), reason="新客户")
    assign_advisor(client=client, advisor=other, actor=staff("branch_manager"), now=timezone.now(), reason="调整")
    AccountFactory(client=client)

    gone = api(advisor).get(f"{ROOT}gone/", {"since": before.isoformat()}).data["results"]
    assert gone == [{"id": client.public_id, "merged_into": None}]
    desk = api(staff("front_desk"))
    seen = desk.get(f"{ROOT}gone/", {"since": before.isoformat()}).data["results"]
    assert seen == [{"id": merged[1].public_id, "merged_into": merged[0].public_id}]
    assert desk.get(f"{ROOT}gone/", {"since": timezone.now().isoformat()}).data["results"] == []
    assert api(other).get(f"{ROOT}gone/", {"since": before.isoformat()}).data["results"] == []
    assert desk.get(f"{ROOT}gone/").status_code == 400
