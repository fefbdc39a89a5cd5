"""Files are judged by their content, lie outside the web root, and leave only through the guard of their owner."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from crm.core import attachments
from crm.core.attachments import FileRefused, safe_name, store
from crm.core.models import Attachment, AuditEntry, JobRun
from tests.factories.files import PDF

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(attachments, "_guards", {})
    attachments.guard(JobRun)(lambda user: JobRun.objects.visible_to(user))
    return tmp_path


@pytest.fixture
def owner(staff, branch):
    return JobRun.objects.create(kind="test", actor=staff("advisor"), branch=branch)


def attach(owner, name="合同.pdf", content=PDF):
    return store(SimpleUploadedFile(name, content), owner=owner, actor=owner.actor)


def test_a_file_is_kept_under_a_random_name_and_signed(owner, place):
    kept = attach(owner)

    path = attachments.path_of(kept)
    assert path.read_bytes() == PDF
    assert "合同" not in path.name
    assert oct(path.stat().st_mode)[-3:] == "600"
    assert (kept.name, kept.size, kept.content_type) == ("合同.pdf", len(PDF), "application/pdf")
    assert AuditEntry.objects.get(action="attachment.add").object_id == owner.public_id


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", b"MZ\x90"), ("a.png", PDF), ("a.svg", b"<svg onload=alert(1)>"), ("a.html", b"<script>"), ("a", b"x"),
        ("a.exe", b"MZ"), ("a.pdf", b""), ("a.txt", b"\xff\xfe"), ("a.docx", b"not a zip"), ("a.pdf.html", PDF),
        ("a.jpg", b"GIF89a"), ("a.js", b"alert(1)"), ("a.xlsm", b"PK\x03\x04"),
    ],
)  # fmt: skip
def test_what_is_not_what_it_says_is_refused(owner, name, content):
    with pytest.raises(FileRefused):
        attach(owner, name, content)

    assert not Attachment.objects.exists()


def test_a_file_that_is_too_large_is_refused(owner, monkeypatch):
    monkeypatch.setattr(attachments, "LARGEST", 10)

    with pytest.raises(FileRefused):
        attach(owner)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"), ("C:\\temp\\a.pdf", "a.pdf"), ("a\x00b.pdf", "ab.pdf"),
        ("gp\u202efdp.exe", "gpfdp.exe"), ("合同.pdf", "合同.pdf"), ("  .pdf", "pdf"), ("", "file"),
        ("x" * 500 + ".pdf", "x" * 120 + ".pdf"),
    ],
)  # fmt: skip
def test_a_name_is_only_a_name(given, kept):
    assert safe_name(given) == kept


def test_whoever_sees_the_owner_gets_the_file_as_a_download_and_on_record(web, owner, staff):
    kept = attach(owner)

    answer = web(staff("branch_manager")).get(reverse("core:attachment", args=[kept.public_id]))

    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Disposition"].startswith("attachment")
    assert "%E5%90%88%E5%90%8C" in answer["Content-Disposition"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    assert AuditEntry.objects.filter(action="attachment.download", is_read=True).count() == 1


@pytest.mark.parametrize("role", ["advisor", "administrator"])
def test_for_everybody_else_it_is_not_there(web, owner, staff, role):
    kept = attach(owner)

    answers = [
        web(staff(role)).get(reverse("core:attachment", args=[public_id])) for public_id in (kept.public_id, "0" * 26)
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert not AuditEntry.objects.filter(action="attachment.download").exists()


def test_without_a_log_in_there_is_no_file(client, owner):
    assert client.get(reverse("core:attachment", args=[attach(owner).public_id])).status_code == 302


def test_a_kind_without_a_guard_stays_shut(web, owner, staff, monkeypatch):
    kept = attach(owner)
    monkeypatch.setattr(attachments, "_guards", {})

    assert web(owner.actor).get(reverse("core:attachment", args=[kept.public_id])).status_code == 404


def test_a_guard_that_lets_everybody_in_would_be_seen(web, owner, staff, monkeypatch):
    """The planted leak."""
    kept = attach(owner)
    monkeypatch.setattr(attachments, "_guards", {"core.jobrun": lambda _user: JobRun.objects.all()})

    assert web(staff("advisor")).get(reverse("core:attachment", args=[kept.public_id])).status_code == 200


def test_if_the_entry_cannot_be_written_nothing_is_handed_out(web, owner, monkeypatch):
    kept = attach(owner)

    def fail(*_args, **_options):
        raise RuntimeError("no trail")

    monkeypatch.setattr("crm.core.views.attachments.audit.record_read", fail)
    browser = web(owner.actor)
    browser.raise_request_exception = False

    assert browser.get(reverse("core:attachment", args=[kept.public_id])).status_code == 500


def test_a_lost_file_is_a_404_and_logged(web, owner, caplog):
    kept = attach(owner)
    attachments.path_of(kept).unlink()

    assert web(owner.actor).get(reverse("core:attachment", args=[kept.public_id])).status_code == 404


def test_a_transaction_that_fails_leaves_no_row(owner):
    from django.db import transaction

    with pytest.raises(RuntimeError), transaction.atomic():
        attach(owner)
        raise RuntimeError

    assert not Attachment.objects.exists()
