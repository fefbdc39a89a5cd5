"""Evidence of a complaint over REST: listed, added once, handed out on record, and closed to whoever does not see the dossier."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from complaints.models import ComplaintEvent
from crm.core.models import Attachment, AuditEntry
from tests.factories.complaints import ComplaintFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def complaint(branch):
    return ComplaintFactory(client__branch=branch)


def url_of(complaint):
    return f"/api/v1/complaints/{complaint.public_id}/files/"


def add(phone: Any, complaint: Any, key: str = "k", **file: Any) -> Any:
    sent = SimpleUploadedFile(file.get("name", "录音说明.txt"), file.get("content", "客户来电".encode()))
    return phone.post(url_of(complaint), {"file": sent}, format="multipart", headers={"idempotency-key": key})


def test_a_file_is_added_once_listed_and_handed_out_on_record(complaint, staff, api):
    phone = api(staff("front_desk"))

    made, again = add(phone, complaint), add(phone, complaint)
    listed = phone.get(url_of(complaint)).json()
    file = phone.get(f"{url_of(complaint)}{made.json()['id']}/")

    assert (made.status_code, again.status_code, Attachment.objects.count()) == (201, 200, 1)
    assert [one["name"] for one in listed] == ["录音说明.txt"]
    assert b"".join(file.streaming_content).decode() == "客户来电"
    assert "attachment" in file["Content-Disposition"]
    assert AuditEntry.objects.filter(action="attachment.download", is_read=True).count() == 1
    assert ComplaintEvent.objects.get(action="evidence").complaint == complaint


def test_a_file_of_another_kind_is_refused(complaint, staff, api):
    answer = add(api(staff("front_desk")), complaint, name="x.exe", content=b"MZ")

    assert (answer.status_code, answer.json()["code"]) == (400, "file_refused")


def test_who_does_not_see_the_dossier_finds_no_file(complaint, other_branch, staff, api):
    made = add(api(staff("front_desk")), complaint).json()
    other = ComplaintFactory(client__branch=complaint.branch)
    stranger, desk = api(staff("front_desk", branch=other_branch)), api(staff("front_desk"))

    assert stranger.get(url_of(complaint)).status_code == 404
    assert stranger.get(f"{url_of(complaint)}{made['id']}/").status_code == 404
    assert add(stranger, complaint).status_code == 404
    assert desk.get(f"{url_of(other)}{made['id']}/").status_code == 404


def test_whoever_is_complained_of_finds_no_file(complaint, staff, api):
    desk = staff("front_desk")
    made = add(api(staff("front_desk")), complaint).json()
    complaint.complained_of = desk
    complaint.save()

    assert api(desk).get(f"{url_of(complaint)}{made['id']}/").status_code == 404


def test_a_download_is_a_look_at_the_client_and_unknown_to_who_is_recused(complaint, staff, api):
    manager, officer = staff("branch_manager"), staff("compliance")
    made = add(api(staff("front_desk")), complaint).json()

    api(officer).get(f"{url_of(complaint)}{made['id']}/")

    def seen_by(user):
        return AuditEntry.objects.visible_to(user).about_client(complaint.client.public_id).reads()

    assert [(one.actor, one.object_ids) for one in seen_by(officer)] == [(officer, [made["id"]])]
    assert seen_by(manager).count() == 1
    type(complaint).objects.filter(pk=complaint.pk).update(complained_of=manager)
    assert not seen_by(manager).exists()
    assert not AuditEntry.objects.visible_to(manager).filter(action="attachment.download").exists()
