"""What a phone kept while it had no line: each contact once, in its order, whatever the line and the clock do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from clients.models import Client, ContactLog
from clients.services import BatchItem, contact_batch, log_contacts
from crm.core.models import AuditEntry, Branch, IdempotencyKey, User
from tests.doors import Api, Staff
from tests.factories.clients import ClientFactory, ContactLogFactory
from tests.factories.files import wav
from tests.racing import Meeting, on_postgresql, race

URL = "/api/v1/contacts/batch/"


@pytest.fixture
def clients(branch: Branch) -> list[Client]:
    return [ClientFactory(branch=branch) for _ in range(3)]


def items(clients: list[Client], count: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"key": f"k{n}", "client": clients[n % 3].public_id, "channel": "phone", "content": f"第{n}通", **more}
        for n in range(count)
    ]


def send(phone: Any, said: list[dict[str, Any]], *, key: str = "batch-1", **more: Any) -> Any:
    return phone.post(URL, {"items": said, **more}, headers={"idempotency-key": key})


def states(answer: Any) -> list[str]:
    return [result["state"] for result in answer.data["results"]]


def test_three_hundred_arrive_once_and_in_order(clients: list[Client], staff: Staff, api: Api) -> None:
    phone = api(staff("front_desk"))
    began = timezone.now() - timedelta(hours=8)
    said = items(clients, 300)
    for n, item in enumerate(said):
        item["device_at"] = (began + timedelta(minutes=n)).isoformat()

    first = send(phone, said, sent_at=timezone.now().isoformat())
    again = send(phone, said, key="batch-2", sent_at=timezone.now().isoformat())

    assert (first.status_code, set(states(first)), set(states(again))) == (201, {"created"}, {"known"})
    assert [r["contact"] for r in first.data["results"]] == [r["contact"] for r in again.data["results"]]
    rows = list(ContactLog.objects.order_by("at", "pk"))
    assert [row.content for row in rows] == [item["content"] for item in said]
    assert {row.clock for row in rows} == {"device"}
    assert rows[7].device_at == began + timedelta(minutes=7)
    assert AuditEntry.objects.filter(action="contact.log").count() == 300
    for client in clients:
        client.refresh_from_db()
        assert client.last_contact_at == max(row.at for row in rows if row.client_id == client.pk)


def test_the_same_request_again_is_answered_again_and_other_words_under_its_key_are_refused(
    clients: list[Client], staff: Staff, api: Api
) -> None:
    phone, said = api(staff("front_desk")), items(clients, 3)

    assert send(phone, said).status_code == 201
    again = send(phone, said)
    assert (again.status_code, states(again)) == (200, ["known"] * 3)
    assert send(phone, said[:2]).status_code == 422
    assert phone.post(URL, {"items": said}).status_code == 400
    assert ContactLog.objects.count() == 3


def test_what_is_refused_leaves_the_others_alone_and_may_come_again_corrected(
    clients: list[Client], other_branch: Branch, staff: Staff, api: Api
) -> None:
    phone, said = api(staff("front_desk")), items(clients, 5)
    said[1]["client"] = ClientFactory(branch=other_branch).public_id
    said[2]["channel"] = "telepathy"
    said[3]["content"] = ""

    first = send(phone, said)

    assert states(first) == ["created", "rejected", "rejected", "rejected", "created"]
    errors = [result["error"] for result in first.data["results"]]
    assert errors[0] is None
    assert [set(error["fields"]) for error in errors[1:4]] == [{"client"}, {"channel"}, {"content"}]
    said[1]["client"], said[2]["channel"], said[3]["content"] = clients[0].public_id, "visit", "补上"
    assert states(send(phone, said, key="batch-2")) == ["known", "created", "created", "created", "known"]
    assert ContactLog.objects.count() == 5


def test_a_foreign_client_is_refused_like_one_that_is_not_there(
    clients: list[Client], other_branch: Branch, staff: Staff, api: Api
) -> None:
    said = items(clients, 2)
    said[0]["client"], said[1]["client"] = ClientFactory(branch=other_branch).public_id, "0" * 26

    results = send(api(staff("front_desk")), said).data["results"]

    assert results[0]["error"] == results[1]["error"]


def test_a_key_with_other_words_and_a_key_twice(clients: list[Client], staff: Staff, api: Api) -> None:
    phone, said = api(staff("front_desk")), items(clients, 2)
    send(phone, said)

    other = send(phone, [{**said[0], "content": "改口"}, said[1], said[1]], key="b2")

    assert states(other) == ["rejected", "known", "known"]
    assert other.data["results"][0]["error"]["code"] == "idempotency_key_reused"
    twice = {**said[0], "key": "new"}
    assert states(send(phone, [twice, twice, {**twice, "content": "x"}], key="b3")) == ["created", "known", "rejected"]


def test_a_key_that_was_sent_alone_is_not_taken_again_in_a_batch(clients: list[Client], staff: Staff, api: Api) -> None:
    phone, said = api(staff("front_desk")), items(clients, 1)
    alone = {name: value for name, value in said[0].items() if name != "key"}
    assert phone.post("/api/v1/contacts/", alone, headers={"idempotency-key": "k0"}).status_code == 201

    assert states(send(phone, said)) == ["rejected"]
    assert ContactLog.objects.count() == 1


@pytest.mark.parametrize("hours", [-30, 30])
def test_a_wrong_clock_is_flagged_and_not_trusted(clients: list[Client], staff: Staff, api: Api, hours: int) -> None:
    now = timezone.now()
    off = now + timedelta(hours=hours)
    said = items(clients, 3)
    said[0]["device_at"] = (off - timedelta(hours=2)).isoformat()
    said[1]["at"] = (off - timedelta(hours=1)).isoformat()

    answer = send(api(staff("front_desk")), said, sent_at=off.isoformat())

    assert set(states(answer)) == {"created"}
    rows = list(ContactLog.objects.order_by("pk"))
    assert [row.clock for row in rows] == ["wrong", "wrong", ""]
    assert all(abs(row.at - now) < timedelta(minutes=1) for row in rows)
    assert rows[0].device_at == off - timedelta(hours=2)
    assert all(abs((row.clock_ahead_seconds or 0) - hours * 3600) < 60 for row in rows)


def test_without_the_clock_of_sending_only_what_cannot_be_is_wrong(
    clients: list[Client], staff: Staff, api: Api
) -> None:
    now = timezone.now()
    claims: list[datetime] = [now + timedelta(hours=1), now - timedelta(days=8), now - timedelta(days=6)]
    said = items(clients, 3)
    for item, claim in zip(said, claims, strict=True):
        item["device_at"] = claim.isoformat()

    send(api(staff("front_desk")), said)

    assert list(ContactLog.objects.order_by("pk").values_list("clock", flat=True)) == ["wrong", "wrong", "device"]


def test_a_next_date_that_passed_while_the_phone_had_no_line_is_kept(
    clients: list[Client], staff: Staff, api: Api
) -> None:
    began = timezone.now() - timedelta(days=3)
    said = items(clients, 1, device_at=began.isoformat(), next_on=f"{began + timedelta(days=1):%Y-%m-%d}")

    assert states(send(api(staff("front_desk")), said)) == ["created"]
    assert ContactLog.objects.get().next_on is not None


@pytest.mark.parametrize(
    "body",
    [
        {}, {"items": []}, {"items": [{}]}, {"items": [{"key": ""}]}, {"items": [{"key": "x" * 81}]}, {"items": "x"},
        {"items": [{"key": "k"}] * 501}, {"items": [{"key": 5}]}, {"items": [], "other": 1}, {"items": [1]},
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_answered_item_by_item_is_refused_whole(
    clients: list[Client], staff: Staff, api: Api, body: dict[str, Any]
) -> None:
    assert api(staff("front_desk")).post(URL, body, headers={"idempotency-key": "b"}).status_code == 400
    assert not IdempotencyKey.objects.exists()


def test_statements_do_not_grow_with_the_items_of_a_batch(
    clients: list[Client], staff: Staff, api: Api, cost_of: Any
) -> None:
    phone = api(staff("front_desk"))
    send(phone, items(clients, 3), key="warm")
    few = cost_of(lambda: send(phone, [{**item, "key": f"a{n}"} for n, item in enumerate(items(clients, 3))], key="a"))

    many = cost_of(lambda: send(phone, [{**i, "key": f"b{n}"} for n, i in enumerate(items(clients, 90))], key="b"))

    # SQLite takes some forty rows an INSERT; PostgreSQL takes them all at once.
    assert many - few <= 90 // 20


def test_who_may_not_log_may_not_send(clients: list[Client], staff: Staff, api: Api) -> None:
    assert send(api(staff("auditor")), items(clients, 1)).status_code == 403


# -- two phones at once ------------------------------------------------------------------------------------------------


def batch_of(client: Client, count: int) -> list[BatchItem]:
    return [BatchItem(f"k{n}", f"p{n}", client, {"channel": "phone", "content": f"第{n}通"}) for n in range(count)]


@pytest.mark.django_db(transaction=True)
def test_two_phones_with_the_same_batch_make_one_of_each(branch: Branch, staff: Staff) -> None:
    client, actor = ClientFactory(branch=branch), staff("front_desk")
    orders = [batch_of(client, 12), list(reversed(batch_of(client, 12)))]

    results = race(4, lambda n: log_contacts(items=orders[n % 2], actor=actor, now=timezone.now()))

    assert not [result for result in results if isinstance(result, Exception)]
    assert ContactLog.objects.count() == 12
    assert sum(one.state == "created" for result in results for one in result) == 12
    assert len({(one.key, one.contact) for result in results for one in result}) == 12


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_without_the_claim_of_keys_they_would_be_there_twice(
    branch: Branch, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock-off twin."""
    client, actor = ClientFactory(branch=branch), staff("front_desk")
    meeting = Meeting(2)

    def unclaimed(user: User, said: Any) -> dict[str, IdempotencyKey]:
        meeting.wait()
        return {item.key: IdempotencyKey(user=user, key=item.key, fingerprint=item.print_) for item in said}

    monkeypatch.setattr(contact_batch, "_claim", unclaimed)
    monkeypatch.setattr(contact_batch, "_answer", lambda *_a: None)

    race(2, lambda _n: log_contacts(items=batch_of(client, 3), actor=actor, now=timezone.now()))

    assert ContactLog.objects.count() == 6


# -- files and people over REST ----------------------------------------------------------------------------------------


def test_a_recording_goes_up_once_and_comes_down_only_to_who_may(
    clients: list[Client], other_branch: Branch, staff: Staff, api: Api, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    phone = api(staff("front_desk"))
    body = {"client": clients[0].public_id, "channel": "video", "content": "谈", "other_name": "女儿"}
    made = phone.post("/api/v1/contacts/", body, headers={"idempotency-key": "c"}).data
    assert (made["spoke_with"], made["with_name"], made["has_files"]) == ("other", "女儿", False)
    url = f"/api/v1/contacts/{made['id']}/files/"

    def up(key: str, content: bytes) -> Any:
        file = SimpleUploadedFile("录音.wav", content)
        return phone.post(url, {"file": file}, format="multipart", headers={"idempotency-key": key})

    first, again = up("f", wav(4)), up("f", wav(4))

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.data["duration_seconds"] == 4
    assert [row["id"] for row in phone.get(url).data] == [first.data["id"]]
    assert up("g", b"RIFFnothing").status_code == 400
    down = phone.get(f"{url}{first.data['id']}/")
    assert b"".join(down.streaming_content) == wav(4)
    assert down["Content-Disposition"].startswith("attachment")
    stranger = api(staff("front_desk", branch=other_branch))
    assert stranger.get(url).status_code == stranger.get(f"{url}{first.data['id']}/").status_code == 404
    assert api(staff("administrator")).get(url).status_code == 403


def test_appointments_are_booked_moved_held_and_cancelled_over_rest(
    clients: list[Client], staff: Staff, api: Api
) -> None:
    phone, at = api(staff("front_desk")), timezone.now() + timedelta(hours=2)
    body = {"client": clients[0].public_id, "starts_at": at.isoformat(), "channel": "video", "subject": "回顾"}

    made = phone.post("/api/v1/appointments/", body, headers={"idempotency-key": "a"})

    assert made.status_code == 201
    url = f"/api/v1/appointments/{made.data['id']}/"
    later = {"starts_at": (at + timedelta(hours=1)).isoformat()}
    assert phone.patch(url, later).status_code == 428
    moved = phone.patch(url, later, headers={"if-match": '"1"'})
    assert (moved.status_code, moved["ETag"]) == (200, '"2"')
    taken = phone.post("/api/v1/appointments/", {**body, **later}, headers={"idempotency-key": "b"})
    assert taken.status_code == 409
    held = {"client": clients[0].public_id, "channel": "video", "content": "谈", "appointment": made.data["id"]}
    assert phone.post("/api/v1/contacts/", held, headers={"idempotency-key": "h"}).status_code == 201
    assert phone.get(url).data["state"] == "held"
    gone = phone.post(f"{url}cancel/", {"reason": "出差"}, headers={"if-match": '"3"', "idempotency-key": "x"})
    assert gone.status_code == 409


def test_a_key_that_comes_again_with_another_file_of_the_same_name_is_refused(
    branch: Branch, staff: Staff, api: Api, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    phone = api(staff("front_desk"))
    url = f"/api/v1/contacts/{ContactLogFactory(client__branch=branch).public_id}/files/"

    def send(seconds: int) -> Any:
        file = SimpleUploadedFile("录音.wav", wav(seconds), content_type="audio/wav")
        return phone.post(url, {"file": file}, format="multipart", headers={"Idempotency-Key": "f1"})

    first, again, other = send(3), send(3), send(4)

    assert [first.status_code, again.status_code, other.status_code] == [201, 200, 422]
    assert again.data["id"] == first.data["id"]
    assert other.json()["code"] == "idempotency_key_reused"
