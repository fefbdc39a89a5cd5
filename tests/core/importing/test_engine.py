"""A batch from file to rows: twice is unchanged, all or nothing, undo while nobody has touched it."""

from __future__ import annotations

import base64
import io
import zipfile

import pytest
import xlsxwriter
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.utils.translation import override

from crm.core.access import system_user
from crm.core.clocks import database_now
from crm.core.importing import TARGETS, ImportBusy, ImportStale, ImportTouched, MappingRefused, claims, vault
from crm.core.importing.guess import recognised
from crm.core.importing.mapping import parse
from crm.core.importing.problems import WrongImportState
from crm.core.importing.table import Limits
from crm.core.jobs import LeaseLost
from crm.core.models import AuditEntry, Department, ImportBatch, ImportRow, JobRun, User
from crm.core.models.importing import ImportFile
from crm.core.services.import_work import KEPT, start_check, tidy_imports
from crm.core.services.importing import RowsRejected, bring_file, carry_out, check_batch, take_back
from tests.core.importing.conftest import PLAIN
from tests.factories.core import UserFactory

pytestmark = [pytest.mark.django_db]

THREE = "code,name\nA1,研究部\nA2,客户服务部\nA3,运营部\n"


def departments(branch) -> dict[str, str]:
    return dict(Department.objects.filter(branch=branch).values_list("code", "name"))


def as_workbook(text: str) -> bytes:
    body = io.BytesIO()
    book = xlsxwriter.Workbook(body, {"in_memory": True})
    sheet = book.add_worksheet()
    for at, line in enumerate(text.splitlines()):
        sheet.write_row(at, 0, line.split(","))
    book.close()
    return body.getvalue()


def test_a_file_makes_rows_of_the_branch(bring, branch):
    batch = bring(THREE)

    assert batch.state == ImportBatch.State.APPLIED
    assert batch.counts == {"created": 3, "updated": 0, "unchanged": 0, "rejected": 0}
    assert departments(branch) == {"A1": "研究部", "A2": "客户服务部", "A3": "运营部"}


def test_the_same_file_again_counts_every_row_unchanged(bring):
    bring(THREE)

    again = bring(THREE)

    assert again.counts == {"created": 0, "updated": 0, "unchanged": 3, "rejected": 0}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_the_same_data_in_another_encoding_counts_every_row_unchanged(bring, encoding):
    bring(THREE)

    assert bring(THREE.encode(encoding)).counts["unchanged"] == 3


def test_the_same_data_as_a_workbook_counts_every_row_unchanged(bring):
    bring(THREE)

    assert bring(as_workbook(THREE)).counts["unchanged"] == 3


def test_a_changed_value_updates_its_row_alone(bring, branch):
    bring(THREE)

    batch = bring(THREE.replace("运营部", "营运管理部"))

    assert batch.counts == {"created": 0, "updated": 1, "unchanged": 2, "rejected": 0}
    assert departments(branch)["A3"] == "营运管理部"


def test_columns_that_the_file_lacks_are_left_alone(bring, branch):
    bring("staff_number,name,email\nS1,李和可,li@example.com\n", PEOPLE, kind="people")

    bring("staff_number,name\nS1,李和平\n", PEOPLE.replace('email = "email"', ""), kind="people")

    changed = User.objects.get(staff_number="S1")
    assert (changed.name, changed.email) == ("李和平", "li@example.com")


PEOPLE = """
[columns]
staff_number = "staff_number"
name = "name"
email = "email"
"""


def test_a_last_bad_row_stops_everything_when_all_or_nothing_is_asked_for(bring, branch):
    batch = bring(THREE + "A1,again\n")

    assert batch.state == ImportBatch.State.CHECKED
    assert batch.rejected == 1
    assert departments(branch) == {}


def test_a_last_bad_row_is_reported_and_the_rest_written_when_good_rows_are_enough(bring, branch):
    batch = bring(THREE + "A1,again\n", partial=True)

    assert batch.counts == {"created": 3, "updated": 0, "unchanged": 0, "rejected": 1}
    assert len(departments(branch)) == 3
    (refused,) = ImportRow.objects.filter(batch=batch, outcome="rejected")
    assert refused.number == 5
    assert refused.problems[0]["code"] == "duplicate_key"


def test_good_rows_of_a_checked_batch_can_still_be_applied(bring, branch):
    batch = bring(THREE + ",nameless\n")

    with pytest.raises(RowsRejected):
        carry_out(batch, actor=system_user(), partial=False)
    carry_out(batch, actor=system_user(), partial=True)

    assert len(departments(branch)) == 3


def test_a_dry_run_counts_and_writes_nothing(bring, branch):
    batch = bring(THREE, dry_run=True)

    assert batch.counts["created"] == 3
    assert departments(branch) == {}
    with pytest.raises(WrongImportState):
        carry_out(batch, actor=system_user(), partial=False)


def test_a_value_that_only_new_rows_need_is_missed_by_new_rows_alone(bring):
    bring(THREE)

    batch = bring("code\nA1\nA9\n", '[columns]\ncode = "code"\n')

    assert batch.counts == {"created": 0, "updated": 0, "unchanged": 1, "rejected": 1}


def test_a_file_without_an_id_gets_the_number_of_the_row_as_key(bring, branch):
    batch = bring("name\n一部\n二部\n", '[file]\nkey = "row"\n[columns]\nname = "name"\n')

    assert batch.counts["created"] == 2
    assert departments(branch) == {"1": "一部", "2": "二部"}


def test_an_unknown_column_stops_the_file_before_any_row(bring):
    with pytest.raises(MappingRefused) as refused:
        bring("code,title\nA1,研究部\n")

    assert "name" in str(refused.value)
    assert ImportBatch.objects.get().state == ImportBatch.State.FAILED


def test_every_import_leaves_its_counts_in_the_audit_trail(bring):
    batch = bring(THREE)

    entry = AuditEntry.objects.get(action="import.apply")
    assert entry.object_id == batch.public_id
    assert entry.after["created"] == 3


# -- undo --------------------------------------------------------------------------------------------------------------


def test_undo_takes_new_rows_away_and_puts_old_values_back(bring, branch):
    bring(THREE)
    batch = bring("code,name\nA1,新研究部\nA7,托管部\n")

    take_back(batch, actor=system_user())

    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.UNDONE
    assert departments(branch) == {"A1": "研究部", "A2": "客户服务部", "A3": "运营部"}
    with pytest.raises(WrongImportState):
        take_back(batch, actor=system_user())


def test_undo_is_refused_when_a_row_was_changed_later(bring, branch):
    batch = bring(THREE)
    Department.objects.filter(code="A2").update(name="Renamed")

    with override("en"), pytest.raises(ImportTouched) as refused:
        take_back(batch, actor=system_user())

    said = str(refused.value)
    assert "Row 3 (…2) was changed" in said and "name" in said
    assert "A2" not in said and "Renamed" not in said and "Row 2" not in said

    assert len(departments(branch)) == 3


def test_undo_is_refused_when_something_points_at_a_new_row(bring, branch):
    batch = bring(THREE)
    UserFactory(branch=branch, department=Department.objects.get(code="A1"))

    with override("en"), pytest.raises(ImportTouched) as refused:
        take_back(batch, actor=system_user())

    assert "Row 2 (…1) has been used: staff." in str(refused.value)


def test_undo_is_refused_when_a_row_is_gone(bring):
    batch = bring(THREE)
    Department.objects.filter(code="A1").delete()

    with override("en"), pytest.raises(ImportTouched) as refused:
        take_back(batch, actor=system_user())

    assert "Row 2 (…1) is no longer there." in str(refused.value)


def test_undo_of_versioned_rows_moves_the_version_on(bring):
    bring("staff_number,name,email\nS1,李和可,\n", PEOPLE, kind="people")
    batch = bring("staff_number,name,email\nS1,李和平,new@example.com\n", PEOPLE, kind="people")

    take_back(batch, actor=system_user())

    person = User.objects.get(staff_number="S1")
    assert (person.name, person.email, person.version) == ("李和可", "", 3)


# -- others at work ----------------------------------------------------------------------------------------------------


def test_a_row_changed_between_check_and_apply_stops_the_batch(bring, branch):
    bring("staff_number,name,email\nS1,李和可,\n", PEOPLE, kind="people")
    batch = bring("staff_number,name,email\nS1,李和平,\nS2,,\n", PEOPLE, kind="people")
    assert batch.state == ImportBatch.State.CHECKED
    User.objects.get(staff_number="S1").save_changed([])

    with pytest.raises(ImportStale):
        carry_out(batch, actor=system_user(), partial=True)

    batch.refresh_from_db()
    assert (batch.state, batch.failure_code) == (ImportBatch.State.FAILED, "import_stale")
    assert User.objects.get(staff_number="S1").name == "李和可"


def test_a_key_taken_between_check_and_apply_stops_the_batch(bring, branch):
    batch = bring(THREE + ",nameless\n")
    Department.objects.create(company=branch.company, branch=branch, code="A1", name="Faster")

    with pytest.raises(ImportStale):
        carry_out(batch, actor=system_user(), partial=True)

    assert departments(branch) == {"A1": "Faster"}


def test_two_imports_of_a_kind_in_a_branch_do_not_run_side_by_side(bring, branch):
    first = bring(THREE, dry_run=True)
    second = bring(THREE, dry_run=True)
    claims.claim(first)

    with pytest.raises(ImportBusy):
        claims.claim(second)

    claims.release(first)
    claims.claim(second)


def test_without_the_constraint_both_imports_would_hold_the_claim(bring, branch):
    first = bring(THREE, dry_run=True)
    second = bring(THREE, dry_run=True)
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX one_import_at_a_time_per_kind_and_branch")

    claims.claim(first)
    claims.claim(second)

    assert ImportBatch.objects.claimed().count() == 2


def test_a_claim_of_a_dead_process_is_taken_over_at_once_and_its_batch_says_so(bring, branch):
    dead = bring(THREE, dry_run=True)
    ImportBatch.objects.filter(pk=dead.pk).update(
        state="applying", claimed_by=claims.process_name().split("/")[0] + "/4194304/1", lease_until=database_now()
    )

    batch = bring(THREE)

    dead.refresh_from_db()
    assert (dead.state, dead.failure_code, dead.claimed_by) == ("failed", "interrupted", "")
    assert batch.counts["created"] == 3


def test_the_sweep_names_a_batch_whose_process_died(bring, branch):
    dead = bring(THREE, dry_run=True)
    ImportBatch.objects.filter(pk=dead.pk).update(
        state="staged", claimed_by="elsewhere/1/1", lease_until=database_now()
    )

    tidy_imports(database_now())

    dead.refresh_from_db()
    assert dead.state == "failed"


@pytest.mark.parametrize("cut", [LeaseLost, SoftTimeLimitExceeded])
def test_a_check_that_loses_its_turn_leaves_batch_and_file_to_the_next(branch, cut):
    batch = waiting(branch)

    def lose(_done, _total):
        raise cut

    with pytest.raises(cut):
        check_batch(batch, THREE.encode(), progress=lose)

    batch.refresh_from_db()
    assert (batch.state, vault.fetch(batch)) == ("staged", THREE.encode())
    assert check_batch(batch, THREE.encode()).counts["created"] == 3


@pytest.mark.parametrize("cut", [LeaseLost, SoftTimeLimitExceeded])
def test_an_apply_that_loses_its_turn_writes_nothing_and_is_done_by_the_next(branch, monkeypatch, cut):
    batch = check_batch(waiting(branch), THREE.encode())
    target = TARGETS["departments"]

    def lose(_context, _stage):
        raise cut

    with monkeypatch.context() as patch:
        patch.setattr(target, "after_apply", lose)
        with pytest.raises(cut):
            carry_out(batch, actor=system_user(), partial=False)
    assert departments(branch) == {}

    assert carry_out(batch, actor=system_user(), partial=False).state == "applied"
    assert len(departments(branch)) == 3


def test_values_sealed_under_an_older_key_are_neither_written_nor_put_back(bring, branch, settings):
    """Staged values are reached by no rotation: written after it they would be lost with the key that is dropped."""
    older = settings.CRM_FIELD_KEYS
    applied = bring(THREE)
    checked = check_batch(waiting(branch), THREE.replace("研究部", "研究发展部").encode())
    settings.CRM_FIELD_KEYS = f"new:{base64.b64encode(bytes(32)).decode()},{older}"

    with pytest.raises(ImportStale):
        carry_out(checked, actor=system_user(), partial=False)
    with pytest.raises(WrongImportState):
        take_back(applied, actor=system_user())

    assert departments(branch)["A1"] == "研究部"
    settings.CRM_FIELD_KEYS = older
    assert take_back(applied, actor=system_user()).state == "undone"


@pytest.mark.parametrize("state", ["staged", "applying"])
@pytest.mark.parametrize(
    ("ended", "becomes"), [("cancelled", ("cancelled", "", "")), ("failed", ("failed", "given_up", "五次都没有做完。"))]
)
def test_the_sweep_ends_a_batch_whose_work_has_ended_without_it(branch, state, ended, becomes):
    batch = waiting(branch)
    run = start_check(actor=system_user(), batch=batch)
    ImportBatch.objects.filter(pk=batch.pk).update(state=state)
    tidy_imports(database_now())
    batch.refresh_from_db()
    assert batch.state == state
    said = "五次都没有做完。" if ended == "failed" else ""
    JobRun.objects.filter(pk=run.pk).update(state=ended, ended_at=database_now(), message=said)

    tidy_imports(database_now())

    batch.refresh_from_db()
    assert (batch.state, batch.failure_code, batch.failure) == becomes
    assert not ImportFile.objects.exists()


def waiting(branch) -> ImportBatch:
    """A file that waits to be checked."""
    return bring_file(
        actor=system_user(), kind="departments", branch=branch, file_name="d.csv", raw=THREE.encode(),
        mapping=parse(PLAIN), keep=True,
    )  # fmt: skip


def test_staged_rows_of_an_old_batch_go_and_it_can_no_longer_be_undone(bring, branch):
    batch = bring(THREE)
    ImportBatch.objects.filter(pk=batch.pk).update(created_at=database_now() - KEPT * 2)

    tidy_imports(database_now())

    assert not ImportRow.objects.filter(batch=batch).exists()
    with pytest.raises(WrongImportState):
        take_back(batch, actor=system_user())


def test_an_attribute_that_a_kind_of_data_forgot_to_declare_is_not_dropped_in_silence(bring):
    target = TARGETS["people"]
    target.derive = lambda context, values, *, new: {"joined_on": None}

    with pytest.raises(LookupError, match="joined_on"):
        bring("staff_number,name,email\nS1,李和可,\n", PEOPLE, kind="people")


def test_a_workbook_with_a_nul_in_title_and_cell_is_read_and_its_row_rejected(bring, branch):
    """A workbook can spell a NUL (``_x0000_``) that no column of PostgreSQL takes, not even beside a rejected row."""
    book = with_words(as_workbook("code,naQQme\nA1,研究部\nA2,客户QQ服务部\n"), b"QQ", b"_x0000_")

    batch = bring(book, partial=True)

    assert batch.counts == {"created": 1, "updated": 0, "unchanged": 0, "rejected": 1}
    assert [row.problems[0]["code"] for row in batch.rows.filter(outcome="rejected")] == ["control_character"]
    assert recognised(book, "departments", Limits()).columns["name"] == "name"


def with_words(book: bytes, old: bytes, new: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as source, zipfile.ZipFile(held, "w") as target:
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry).replace(old, new))
    return held.getvalue()
