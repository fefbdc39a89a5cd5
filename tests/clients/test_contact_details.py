"""With whom, files and recordings, bookings, putting off: everything about a contact beyond three fields."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from clients.errors import ContactOfAnother, NoNextDate, NotBooked, SlotTaken
from clients.models import Appointment, Client, ContactLog, Relation
from clients.services import (
    attach_to_contact,
    book_appointment,
    cancel_appointment,
    correct_contact,
    log_contact,
    move_appointment,
    put_off_next_date,
    take_back_put_off,
)
from crm.core.attachments import FileRefused
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import Attachment, AuditEntry, Branch, User
from tests.doors import HTMX, Staff, Web, token
from tests.factories.clients import ClientFactory, ContactPersonFactory, RelationFactory
from tests.factories.files import PDF, png, wav

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def place(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def client_(branch: Branch) -> Client:
    return ClientFactory(branch=branch)


def log(client: Client, actor: User, **more: Any) -> ContactLog:
    said = {"channel": "phone", "content": "谈", "now": NOW, **more}
    return log_contact(client=client, actor=actor, **said)  # type: ignore[no-any-return]


# -- with whom ---------------------------------------------------------------------------------------------------------


def test_whom_it_was_with_follows_from_the_person_named(client_: Client, staff: Staff) -> None:
    entry = log(client_, staff("advisor"), details={"other_name": "李秘书"})

    assert (entry.spoke_with, entry.named_person()) == ("other", "李秘书")


@pytest.mark.parametrize("details", [{"spoke_with": "person"}, {"spoke_with": "other"}, {"spoke_with": "relation"}])
def test_somebody_else_needs_a_name(client_: Client, staff: Staff, details: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        log(client_, staff("advisor"), details=details)


def test_a_person_of_another_client_is_refused(client_: Client, branch: Branch, staff: Staff) -> None:
    other = ClientFactory(branch=branch)
    person = ContactPersonFactory(client=other, name="外人")
    relation = RelationFactory(client=other, other=None, kind="spouse", outsider_name="外人")

    for details in ({"contact_person": person}, {"relation": relation}):
        with pytest.raises(ContactOfAnother):
            log(client_, staff("advisor"), details=details)


def test_another_client_is_named_only_by_what_he_is_to_this_one(client_: Client, branch: Branch, staff: Staff) -> None:
    spouse = ClientFactory(branch=branch, name="王保密")
    relation = RelationFactory(client=spouse, other=client_, kind="parent")

    entry = log(client_, staff("advisor"), details={"relation": relation})

    assert entry.named_person() == Relation.Kind.CHILD.label


def test_a_correction_of_the_person_replaces_him(client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    entry = log(client_, advisor, details={"other_name": "李秘书"})

    second = correct_contact(contact=entry, values={"spoke_with": "client"}, reason="本人", actor=advisor, now=NOW)
    third = correct_contact(contact=second, values={"content": "x"}, reason="补充", actor=advisor, now=NOW)

    assert [(row.spoke_with, row.other_name) for row in (entry, second, third)] == [
        ("other", "李秘书"),
        ("client", ""),
        ("client", ""),
    ]
    assert {row.files_ref for row in (entry, second, third)} == {entry.public_id}


# -- files -------------------------------------------------------------------------------------------------------------


def upload(name: str = "录音.wav", content: bytes = b"") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content or wav(65))


def test_one_step_takes_words_details_and_files(client_: Client, staff: Staff, web: Web) -> None:
    browser, url = web(staff("front_desk")), f"/clients/{client_.public_id}/contacts/"
    more = browser.get(url, headers=HTMX)
    assert 'name="with_whom"' in more.content.decode()

    answer = browser.post(
        url,
        {
            "channel": "video",
            "content": "视频沟通持仓",
            "next_on": "",
            "direction": "in",
            "outcome": "reached",
            "purpose": "market",
            "mood": "good",
            "with_whom": "other",
            "other_name": "女儿",
            "minutes": "12",
            "files": [upload(), upload("照片.png", png())],
            "form_token": token(browser.get(url)),
        },
        headers=HTMX,
    )

    assert answer.status_code == 200
    entry = ContactLog.objects.get()
    assert (entry.direction, entry.mood, entry.duration_seconds, entry.other_name) == ("in", "good", 720, "女儿")
    text = answer.content.decode()
    assert "录音.wav" in text
    assert "1:05" in text
    assert "with 女儿" in text
    sound = Attachment.objects.get(name="录音.wav")
    assert (sound.duration_seconds, sound.content_type) == (65, "audio/wav")


def test_a_file_that_is_refused_leaves_no_contact(client_: Client, staff: Staff, web: Web) -> None:
    browser, url = web(staff("front_desk")), f"/clients/{client_.public_id}/contacts/"
    said = {"channel": "phone", "content": "谈", "direction": "out", "form_token": token(browser.get(url))}

    answer = browser.post(url, {**said, "files": upload("a.wav", b"RIFF <script>")}, headers=HTMX)

    assert answer.status_code == 400
    assert "谈" in answer.content.decode()
    assert not ContactLog.objects.exists()
    assert not Attachment.objects.exists()


def test_files_stay_with_the_contact_through_corrections(client_: Client, staff: Staff, web: Web) -> None:
    actor = staff("front_desk")
    first = log(client_, actor)
    attach_to_contact(contact=first, uploads=[upload()], actor=actor)
    second = correct_contact(contact=first, values={"content": "更正"}, reason="笔误", actor=actor, now=NOW)
    attach_to_contact(contact=second, uploads=[upload("合同.pdf", PDF)], actor=actor)

    page = web(actor).get(second.get_absolute_url()).content.decode()

    assert {"录音.wav", "合同.pdf"} <= set(re.findall(r"[录合][音同]\.\w+", page))
    assert "更正" in page
    assert "谈" in page
    assert Attachment.objects.filter(owner_id=first.public_id).count() == 2


def test_files_leave_only_to_those_who_see_the_contact(
    client_: Client, other_branch: Branch, staff: Staff, web: Web
) -> None:
    actor = staff("front_desk")
    (kept,) = attach_to_contact(contact=log(client_, actor), uploads=[upload()], actor=actor)
    url = f"/attachments/{kept.public_id}/"

    answer = web(actor).get(url)

    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    assert web(staff("front_desk", branch=other_branch)).get(url).status_code == 404
    assert web(staff("administrator")).get(url).status_code == 404
    assert web(staff("advisor")).get(url).status_code == 404


def test_all_files_of_one_upload_or_none(client_: Client, staff: Staff) -> None:
    actor = staff("front_desk")
    entry = log(client_, actor)

    with pytest.raises(FileRefused):
        attach_to_contact(contact=entry, uploads=[upload(), upload("b.exe", b"MZ")], actor=actor)

    assert not Attachment.objects.exists()


def test_a_contact_has_at_most_twenty_files(client_: Client, staff: Staff) -> None:
    actor = staff("front_desk")
    entry = log(client_, actor)
    attach_to_contact(contact=entry, uploads=[upload("a.txt", b"x") for _ in range(20)], actor=actor)

    with pytest.raises(InvalidInput):
        attach_to_contact(contact=entry, uploads=[upload("a.txt", b"x")], actor=actor)


def test_the_page_of_a_contact_is_on_the_clients_trail(client_: Client, staff: Staff, web: Web) -> None:
    actor = staff("front_desk")
    entry = log(client_, actor)

    web(actor).get(entry.get_absolute_url())

    seen = AuditEntry.objects.get(action="contact.view")
    assert (seen.client_ref, seen.object_id) == (client_.public_id, entry.public_id)


def test_files_cost_the_same_for_one_and_for_ten(client_: Client, staff: Staff, web: Web, cost_of: Any) -> None:
    actor = staff("front_desk")
    browser, url = web(actor), f"/clients/{client_.public_id}/?tab=timeline"
    attach_to_contact(contact=log(client_, actor), uploads=[upload("a.txt", b"x")], actor=actor)
    browser.get(url)
    one = cost_of(lambda: browser.get(url))
    for _ in range(9):
        attach_to_contact(
            contact=log(client_, actor), uploads=[upload("a.txt", b"x"), upload("b.txt", b"x")], actor=actor
        )

    assert cost_of(lambda: browser.get(url)) == one


# -- bookings ----------------------------------------------------------------------------------------------------------


def book(client: Client, actor: User, *, hours: int = 2, minutes: int = 30, **more: Any) -> Appointment:
    values = {"channel": "video", "minutes": minutes, "subject": "季度回顾", **more}
    return book_appointment(  # type: ignore[no-any-return]
        client=client, staff=actor, starts_at=NOW + timedelta(hours=hours), values=values, actor=actor, now=NOW
    )


def test_a_video_session_is_booked_held_and_logged(client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    booked = book(client_, advisor)

    entry = log(client_, advisor, channel="video", appointment=booked, now=NOW + timedelta(hours=3))

    booked.refresh_from_db()
    assert (booked.state, booked.contact) == ("held", entry)
    with pytest.raises(NotBooked):
        log(client_, advisor, appointment=booked, now=NOW + timedelta(hours=3))
    assert ContactLog.objects.count() == 1


def test_nobody_holds_two_at_once_but_one_after_the_other(client_: Client, branch: Branch, staff: Staff) -> None:
    advisor, other = staff("advisor"), ClientFactory(branch=branch)
    booked = book(client_, advisor, minutes=60)

    with pytest.raises(SlotTaken):
        book(other, advisor, hours=2, minutes=10)
    book(other, advisor, hours=3)
    book(other, staff("advisor"), hours=2)
    with pytest.raises(SlotTaken):
        move_appointment(appointment=booked, starts_at=NOW + timedelta(hours=3, minutes=10), actor=advisor, now=NOW)
    move_appointment(appointment=booked, starts_at=NOW + timedelta(hours=2, minutes=-10), actor=advisor, now=NOW)


def test_a_cancelled_one_needs_a_reason_and_frees_the_hour(client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    booked = book(client_, advisor)

    with pytest.raises(InvalidInput):
        cancel_appointment(appointment=booked, reason=" ", actor=advisor)
    with pytest.raises(StaleEdit):
        cancel_appointment(appointment=booked, reason="客户出差", actor=advisor, version=7)
    cancel_appointment(appointment=booked, reason="客户出差", actor=advisor)
    with pytest.raises(NotBooked):
        move_appointment(appointment=booked, starts_at=NOW + timedelta(hours=5), actor=advisor, now=NOW)
    book(client_, advisor)


@pytest.mark.parametrize(("hours", "minutes"), [(-1, 30), (24 * 400, 30), (2, 3), (2, 481)])
def test_a_time_that_cannot_be_is_refused(client_: Client, staff: Staff, hours: int, minutes: int) -> None:
    with pytest.raises(InvalidInput):
        book(client_, staff("advisor"), hours=hours, minutes=minutes)


def test_who_must_not_be_contacted_is_not_booked(branch: Branch, staff: Staff) -> None:
    with pytest.raises(InvalidInput):
        book(ClientFactory(branch=branch, silent=True), staff("advisor"))


def test_a_booking_is_in_my_day_until_it_is_logged(branch: Branch, staff: Staff, web: Web) -> None:
    advisor = staff("advisor")
    client, now = ClientFactory(branch=branch, advisor=advisor, name="张三丰"), timezone.now()
    browser = web(advisor)
    url = f"/clients/{client.public_id}/appointments/new/"
    at = timezone.localtime(now) + timedelta(minutes=2)
    said = {"starts_at": f"{at:%Y-%m-%dT%H:%M}", "minutes": "30", "channel": "video", "purpose": "service"}

    made = browser.post(url, {**said, "subject": "看持仓", "form_token": token(browser.get(url))})

    assert made.status_code == 302
    booked = Appointment.objects.get()
    day = browser.get("/").content.decode()
    if local_date(booked.starts_at) == local_date(now):
        assert "看持仓" in day
    page = browser.get(f"/clients/{client.public_id}/?tab=timeline").content.decode()
    assert "看持仓" in page
    log_url = f"/clients/{client.public_id}/contacts/?appointment={booked.public_id}"
    form = browser.get(log_url)
    assert 'value="video" selected' in form.content.decode()
    told = {"channel": "video", "content": "看了持仓", "appointment": booked.public_id, "form_token": token(form)}
    assert browser.post(log_url, told).status_code == 302
    booked.refresh_from_db()
    assert booked.state == "held"


def test_bookings_are_moved_and_cancelled_in_the_browser(client_: Client, staff: Staff, web: Web) -> None:
    actor, browser = staff("front_desk"), web(staff("front_desk"))
    now = timezone.now()
    booked = book_appointment(
        client=client_,
        staff=actor,
        starts_at=now + timedelta(hours=4),
        values={"channel": "visit"},
        actor=actor,
        now=now,
    )
    move, cancel = (f"/appointments/{booked.public_id}/{verb}/" for verb in ("move", "cancel"))
    at = timezone.localtime(now) + timedelta(days=1)

    said = {"starts_at": f"{at:%Y-%m-%dT%H:%M}", "form_token": token(browser.get(move)), "version": booked.version}
    assert browser.post(move, said).status_code == 302
    stale = browser.post(move, {**said, "form_token": "x2"})
    assert stale.status_code == 412
    done = browser.post(cancel, {"reason": "客户出差", "form_token": token(browser.get(cancel)), "version": 2})
    assert done.status_code == 302
    booked.refresh_from_db()
    assert booked.state == "cancelled"


# -- putting off -------------------------------------------------------------------------------------------------------


def test_a_promise_is_put_off_and_taken_back(client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    first = log(client_, advisor, next_on=local_date(NOW))

    move = put_off_next_date(client=client_, to=local_date(NOW) + timedelta(days=3), actor=advisor, now=NOW)

    client_.refresh_from_db()
    assert client_.next_contact_on == local_date(NOW) + timedelta(days=3)
    first.refresh_from_db()
    assert first.next_on == local_date(NOW)
    for _twice in range(2):
        take_back_put_off(move=move, actor=advisor, now=NOW)
        client_.refresh_from_db()
        assert client_.next_contact_on == local_date(NOW)


def test_a_newer_promise_outlives_the_putting_off(client_: Client, staff: Staff) -> None:
    advisor, today = staff("advisor"), local_date(NOW)
    log(client_, advisor, next_on=today)
    put_off_next_date(client=client_, to=today + timedelta(days=7), actor=advisor, now=NOW)

    log(client_, advisor, next_on=today + timedelta(days=2), now=NOW + timedelta(hours=1))

    client_.refresh_from_db()
    assert client_.next_contact_on == today + timedelta(days=2)


def test_without_a_promise_there_is_nothing_to_put_off(client_: Client, staff: Staff) -> None:
    with pytest.raises(NoNextDate):
        put_off_next_date(client=client_, to=local_date(NOW) + timedelta(days=1), actor=staff("advisor"), now=NOW)


@pytest.mark.parametrize("days", [0, -1, 93])
def test_a_day_out_of_reach_is_refused(client_: Client, staff: Staff, days: int) -> None:
    with pytest.raises(InvalidInput):
        put_off_next_date(client=client_, to=local_date(NOW) + timedelta(days=days), actor=staff("advisor"), now=NOW)


def test_my_day_puts_off_with_a_notice_that_takes_it_back(branch: Branch, staff: Staff, web: Web) -> None:
    advisor, now = staff("advisor"), timezone.now()
    client = ClientFactory(branch=branch, advisor=advisor, name="张三丰")
    log_contact(client=client, channel="phone", content="约", next_on=local_date(now), actor=advisor, now=now)
    browser = web(advisor)
    assert "张三丰" in browser.get("/").content.decode()

    answer = browser.post(f"/clients/{client.public_id}/next-date/", {"days": "3"}, headers=HTMX)

    assert answer.status_code == 204
    client.refresh_from_db()
    assert client.next_contact_on == local_date(now) + timedelta(days=3)
    assert "张三丰" not in browser.get("/").content.decode()
    undo = re.search(r'"undo": "([^"]+)"', answer["HX-Trigger"])
    assert undo is not None
    assert browser.post(undo[1]).status_code == 302
    assert web(staff("advisor")).post(undo[1]).status_code == 404
    for days in ("²", "9" * 5000):  # what is no number is the shortest time
        answer = browser.post(f"/clients/{client.public_id}/next-date/", {"days": days}, headers=HTMX)
        client.refresh_from_db()
        assert (answer.status_code, client.next_contact_on) == (204, local_date(now) + timedelta(days=1))
        undo = re.search(r'"undo": "([^"]+)"', answer["HX-Trigger"])
        assert undo is not None
        browser.post(undo[1])
    client.refresh_from_db()
    assert client.next_contact_on == local_date(now)
    stranger = ClientFactory(branch=branch)
    assert browser.post(f"/clients/{stranger.public_id}/next-date/", headers=HTMX).status_code == 404
