"""The pages on which a complaint is taken down: whose it is, what comes with it, and its way through the browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from complaints.models import Complaint
from crm.core.models import Attachment
from tests.complaints.page_ground import send, step
from tests.factories.clients import ClientFactory

RECEIVED = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.time_machine(RECEIVED + timedelta(hours=1))]


@pytest.fixture
def people(staff):
    return {role: staff(role) for role in ("branch_manager", "front_desk", "compliance", "advisor", "administrator")}


def test_a_complaint_walks_from_the_counter_to_its_closing_through_the_browser(branch, people, web):
    client = ClientFactory(branch=branch, name="李四", phone="13912348000")
    desk, manager = web(people["front_desk"]), web(people["branch_manager"])
    url = f"{reverse('complaints:register')}?client={client.public_id}"
    answer = send(
        desk,
        url,
        channel="counter",
        received_at="2026-06-01T10:00",
        subject="manner",
        description="态度差",
        level="ordinary",
    )
    assert answer.status_code == 302
    complaint = Complaint.objects.get()
    assert answer["Location"] == complaint.get_absolute_url()

    walk = [
        (manager, "accept", {"handler": people["front_desk"].public_id}),
        (desk, "contact", {"note": "已致电"}),
        (desk, "propose", {"opinion": "属实", "outcome": "corrected", "compensation": "0.00", "is_reasonable": "yes"}),
        (manager, "approve", {}),
        (desk, "reply", {"reply": "已致歉"}),
        (desk, "close", {"is_satisfied": "yes"}),
    ]
    for browser, action, facts in walk:
        answer = send(browser, step(complaint, action), **facts)
        assert answer.status_code == 302, (action, answer.context["form"].errors)

    complaint.refresh_from_db()
    assert complaint.state == "closed"
    assert complaint.is_satisfied is True
    page = desk.get(complaint.get_absolute_url()).content.decode()
    assert "已致歉" in page


def test_a_phone_that_cannot_be_read_is_said_beside_its_field_and_nothing_typed_is_lost(people, web):
    url = f"{reverse('complaints:register')}?stranger=1"
    answer = send(
        web(people["front_desk"]),
        url,
        complainant_name="欧阳女士",
        complainant_phone="abc",
        branch=people["front_desk"].branch.public_id,
        channel="phone",
        received_at="2026-06-01T10:00",
        subject="other",
        description="宣传短信扰民",
        level="ordinary",
    )

    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["complainant_phone"]
    assert "宣传短信扰民" in answer.content.decode()
    assert not Complaint.objects.exists()


def test_whoever_takes_down_a_complaint_about_his_manager_does_not_see_it_afterwards(branch, staff, web):
    manager = staff("branch_manager")
    clerk = staff("front_desk", manager=manager)
    client = ClientFactory(branch=branch)
    url = f"{reverse('complaints:register')}?client={client.public_id}"

    answer = send(
        web(clerk),
        url,
        channel="counter",
        received_at="2026-06-01T10:00",
        subject="manner",
        description="负责人态度差",
        level="ordinary",
        complained_of=manager.public_id,
    )

    assert answer["Location"] == reverse("complaints:list")
    complaint = Complaint.objects.get()
    for person in (manager, clerk):
        assert web(person).get(complaint.get_absolute_url()).status_code == 404
    assert web(staff("compliance")).get(complaint.get_absolute_url()).status_code == 200


def intake(people, web, **said):
    url = f"{reverse('complaints:register')}?stranger=1"
    words = {
        "complainant_name": "欧阳女士",
        "branch": people["front_desk"].branch.public_id,
        "channel": "phone",
        "received_at": "2026-06-01T10:00",
        "subject": "other",
        "description": "宣传短信扰民",
        "level": "ordinary",
    }
    return send(web(people["front_desk"]), url, **{**words, **said})


def test_a_file_may_come_with_the_complaint(people, web):
    answer = intake(people, web, evidence=SimpleUploadedFile("信访件.txt", "情况说明".encode()))

    complaint = Complaint.objects.get()
    assert answer.status_code == 302
    assert Attachment.objects.get().owner_id == complaint.public_id
    assert [event.action for event in complaint.events.order_by("pk")] == ["register", "evidence"]


def test_with_a_bad_file_nothing_is_written_and_nothing_typed_is_lost(people, web):
    answer = intake(people, web, evidence=SimpleUploadedFile("合同.pdf", b"MZ not a pdf"))

    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["evidence"]
    assert "宣传短信扰民" in answer.content.decode()
    assert not Complaint.objects.exists() and not Attachment.objects.exists()


def test_with_an_error_elsewhere_no_file_is_kept_and_its_place_in_the_page_stays(people, web):
    file = SimpleUploadedFile("信访件.txt", "情况说明".encode())
    answer = intake(people, web, complainant_phone="abc", evidence=file)

    page = answer.content.decode()
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["complainant_phone"])
    assert 'hx-preserve="true"' in page and 'id="id_evidence"' in page
    assert 'hx-swap="outerHTML"' in page and 'hx-encoding="multipart/form-data"' in page
    assert not Complaint.objects.exists() and not Attachment.objects.exists()


def test_the_client_is_found_before_the_complaint_is_taken_down(branch, people, web):
    client = ClientFactory(branch=branch, name="王小明")

    page = web(people["front_desk"]).get(reverse("complaints:register"), {"q": "王小明"}).content.decode()

    assert client.public_id in page


def test_an_agent_who_takes_a_complaint_down_reads_masked_names_alone(branch, staff, web):
    agent = staff("agent")
    client = ClientFactory(branch=branch, name="王小明", introducer=agent)
    url = reverse("complaints:register")

    pages = [web(agent).get(url, said) for said in ({"q": client.external_id}, {"client": client.public_id})]

    for page in pages:
        assert client.external_id in page.content.decode()
        assert "王小明" not in page.content.decode()
    assert "王小明" in web(staff("front_desk")).get(url, {"q": client.external_id}).content.decode()
