"""The pages of imports: a file taken in, checked, looked at, applied, taken back, and who may do it."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from crm.core.clocks import database_now
from crm.core.jobs import run_waiting_jobs, take_and_run
from crm.core.models import AuditEntry, Department, ImportBatch, JobRun
from crm.core.models.importing import ImportFile, ImportMapping

pytestmark = pytest.mark.django_db

GOOD = "部门代码,部门名称\nA1,研究部\nA2,客户服务部\n"


@pytest.fixture
def clerk(staff):
    return staff("front_desk")


@pytest.fixture
def page(web, clerk, branch):
    """The clerk's browser, and a way to send in a file."""

    class Desk:
        browser = web(clerk)

        def send(self, body: str | bytes = GOOD, **fields):
            raw = body.encode() if isinstance(body, str) else body
            form = {
                "form_token": fields.pop("form_token", "t1"),
                "kind": "departments",
                "branch": branch.public_id,
                "source": "guess",
                "file": SimpleUploadedFile(fields.pop("name", "部门.csv"), raw),
                **fields,
            }
            return self.browser.post(reverse("core:import_new"), form)

        def checked(self, body: str | bytes = GOOD, **fields) -> ImportBatch:
            answer = self.send(body, **fields)
            assert answer.status_code == 302, answer.content.decode()
            run_waiting_jobs(database_now())
            return ImportBatch.objects.latest("pk")

        def look(self, batch: ImportBatch) -> str:
            answer = self.browser.get(reverse("core:import_detail", args=[batch.public_id]))
            assert answer.status_code == 200
            return answer.content.decode()

        def press(self, what: str, batch: ImportBatch, **fields) -> str:
            answer = self.browser.post(reverse(f"core:import_{what}", args=[batch.public_id]), fields, follow=True)
            run_waiting_jobs(database_now())
            batch.refresh_from_db()
            return answer.content.decode()

    return Desk()


def test_a_file_is_checked_before_anything_is_written(page, branch):
    batch = page.checked()

    assert (batch.state, batch.created) == ("checked", 2)
    assert not Department.objects.exists()
    assert "部门代码" in page.look(batch)


def test_a_checked_file_is_applied_and_the_kept_file_is_gone(page, branch):
    batch = page.checked()
    assert ImportFile.objects.filter(batch=batch).exists()

    page.press("apply", batch)

    assert batch.state == "applied"
    assert Department.objects.count() == 2
    assert not ImportFile.objects.filter(batch=batch).exists()


def test_the_kept_file_is_sealed(page):
    page.send("部门代码,部门名称\nSECRET1,x\n")

    (kept,) = ImportFile.objects.all()
    assert b"SECRET1" not in bytes(kept.sealed)


def test_rejected_rows_are_shown_and_can_be_downloaded(page):
    batch = page.checked(GOOD + "A 3,坏行\n")

    assert "A 3" in page.look(batch)
    answer = page.browser.get(reverse("core:import_errors", args=[batch.public_id]))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert text.splitlines()[0] == "row,field,value,code,message"
    assert text.splitlines()[1].startswith("4,code,A 3,blank_inside,")
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_with_rejected_rows_only_the_good_ones_can_be_applied(page):
    batch = page.checked(GOOD + "A 3,坏行\n")

    page.press("apply", batch)
    assert batch.state == "checked"
    assert not Department.objects.exists()

    page.press("apply", batch, partial="1")
    assert batch.state == "applied"
    assert Department.objects.count() == 2


def test_a_double_click_on_check_makes_one_batch(page):
    page.send(form_token="same")
    page.send(form_token="same")

    assert ImportBatch.objects.count() == 1


def test_a_corrected_file_as_long_as_the_first_is_not_taken_for_it(page):
    page.send(form_token="same")

    answer = page.send(GOOD.replace("A2", "A3"), form_token="same")

    assert answer.status_code == 422
    assert ImportBatch.objects.count() == 1


def test_an_import_is_taken_back_with_a_reason(page):
    batch = page.checked()
    page.press("apply", batch)

    page.press("undo", batch)
    assert batch.state == "applied"

    page.press("undo", batch, form_token="u1", reason="Wrong month")
    assert batch.state == "undone"
    assert not Department.objects.exists()
    told = page.look(batch)
    assert "Wrong month" in told
    assert AuditEntry.objects.undoing(batch).get().actor.name in told


def test_an_import_that_somebody_has_worked_on_is_not_taken_back(page):
    batch = page.checked()
    page.press("apply", batch)
    Department.objects.filter(code="A1").update(name="Renamed")

    page.press("undo", batch, form_token="u1", reason="Wrong month")

    assert batch.state == "applied"
    assert Department.objects.count() == 2
    assert "cannot be undone" in page.look(batch)


def test_a_batch_that_is_given_up_writes_nothing_and_keeps_no_file(page):
    batch = page.checked()

    page.press("cancel", batch)

    assert batch.state == "cancelled"
    assert not ImportFile.objects.exists()
    page.press("apply", batch)
    assert not Department.objects.exists()


def test_stopping_while_the_check_waits_is_believed_by_the_worker(page):
    page.send()
    batch = ImportBatch.objects.get()

    page.press("cancel", batch)

    assert batch.state == "cancelled"
    assert not JobRun.objects.alive().exists()


@pytest.mark.parametrize(
    ("body", "name"),
    [(b"%PDF-1.7", "x.csv"), (b"a\x00b", "x.csv"), (b"\xd0\xcf\x11\xe0", "x.xls"), (b"PK\x03\x04", "x.xlsx")],
)
def test_a_file_that_is_no_table_is_refused_on_the_form(page, body, name):
    answer = page.send(body, name=name)

    assert answer.status_code == 400
    assert not ImportBatch.objects.exists()


def test_a_file_whose_columns_nobody_recognises_is_refused_on_the_form(page):
    answer = page.send("x,y\n1,2\n", name="x.csv", form_token="t9")

    assert answer.status_code == 400
    assert not ImportBatch.objects.exists()


def test_a_mapping_is_uploaded_kept_and_used_again(page, branch):
    mapping = b'[columns]\ncode = "x"\nname = "y"\n'
    page.checked(
        "x,y\nB1,b\n",
        source="upload",
        mapping_file=SimpleUploadedFile("m.toml", mapping),
        keep_as="Monthly",
        form_token="t1",
    )
    kept = ImportMapping.objects.get(name="Monthly")

    batch = page.checked("x,y\nB2,b\n", source="saved", saved=kept.public_id, form_token="t2")

    assert batch.created == 1


def test_a_check_only_is_never_applied(page):
    batch = page.checked(dry_run="on")

    page.press("apply", batch)

    assert batch.state == "checked"
    assert not Department.objects.exists()


def test_who_may_not_import_is_told_so_before_any_row(web, staff, page):
    batch = page.checked()
    advisor = web(staff("advisor"))

    for name in ("imports", "import_new"):
        assert advisor.get(reverse(f"core:{name}")).status_code == 403
    for name in ("detail", "errors"):
        assert advisor.get(reverse(f"core:import_{name}", args=[batch.public_id])).status_code == 403
    for name in ("apply", "undo", "cancel"):
        assert advisor.post(reverse(f"core:import_{name}", args=[batch.public_id])).status_code == 403


def test_a_batch_of_another_branch_looks_like_none(web, staff, other_branch, page):
    batch = page.checked()
    stranger = web(staff("front_desk", branch=other_branch))

    for public_id in (batch.public_id, "0" * 26):
        assert stranger.get(reverse("core:import_detail", args=[public_id])).status_code == 404
        assert stranger.get(reverse("core:import_errors", args=[public_id])).status_code == 404
        assert stranger.post(reverse("core:import_apply", args=[public_id])).status_code == 404
    assert batch.file_name not in stranger.get(reverse("core:imports")).content.decode()


def test_the_auditor_sees_batches_and_changes_none(web, staff, page):
    batch = page.checked()
    auditor = web(staff("auditor"))

    assert auditor.get(reverse("core:import_detail", args=[batch.public_id])).status_code == 200
    assert auditor.post(reverse("core:import_apply", args=[batch.public_id])).status_code == 403


def test_a_branch_that_is_not_ones_own_cannot_be_chosen(page, other_branch):
    answer = page.send(branch=other_branch.public_id)

    assert answer.status_code == 400
    assert not ImportBatch.objects.exists()


def test_the_list_costs_the_same_for_one_batch_and_for_ten(page, bring, cost_of):
    bring("code,name\nA1,x\n")
    page.browser.get(reverse("core:imports"))
    one = cost_of(lambda: page.browser.get(reverse("core:imports")))
    for number in range(9):
        bring(f"code,name\nB{number},x\n")

    assert cost_of(lambda: page.browser.get(reverse("core:imports"))) == one


def test_while_a_worker_is_at_it_the_page_asks_again_and_a_second_run_changes_nothing(page):
    page.send()
    batch = ImportBatch.objects.get()
    assert "every 2s" in page.look(batch)

    assert take_and_run(batch.job_id)
    JobRun.objects.filter(pk=batch.job_id).update(state="queued", ended_at=None, leased_by="", lease_until=None)
    assert take_and_run(batch.job_id)

    batch.refresh_from_db()
    assert (batch.state, batch.created) == ("checked", 2)
    assert "every 2s" not in page.look(batch)


def test_why_a_row_is_refused_is_said_in_the_language_of_whoever_sent_the_file(page):
    page.browser.cookies["django_language"] = "zh-hans"

    batch = page.checked(GOOD + "A 3,坏行\n")

    assert batch.rows.get(outcome="rejected").problems[0]["message"] == "编号中不能有空格。"


def test_of_a_check_nothing_is_said_to_be_written(page, monkeypatch):
    """A dry run that warns speaks of what would be written."""
    monkeypatch.setattr("crm.core.importing.engine.warned_count", lambda _batch: 4)

    dry, real = page.look(page.checked(dry_run="on")), page.look(page.checked(form_token="t2"))

    assert "4 rows would be written all the same" in dry and "are written all the same" not in dry
    assert "4 rows are written all the same" in real
