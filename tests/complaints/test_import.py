"""A public file of complaints that nobody here wrote: once, twice, and taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from django.core.management import call_command

from complaints.models import Complaint, ComplaintClock, ComplaintEvent
from complaints.services import act
from crm.core.clocks import database_now
from crm.core.errors import DomainError
from crm.core.models import Branch, ImportBatch, User
from crm.core.services.importing import take_back

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "tests" / "data" / "cfpb_145_structured.csv"
MAPPING = ROOT / "mappings" / "cfpb_complaints.toml"
Run = Callable[..., tuple[int, int, int, int]]


@pytest.fixture
def run(branch: Branch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    def command(file: Path = FILE, mapping: Path = MAPPING) -> tuple[int, int, int, int]:
        errors = str(tmp_path / "errors.csv")
        with suppress(SystemExit):
            call_command(
                "import_complaints", str(file), "--mapping", str(mapping), "--branch", branch.code, "--errors", errors
            )
        said = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
        return said["created"], said["updated"], said["unchanged"], said["rejected"]

    return command


def test_the_public_file_comes_in_once_with_eleven_late_and_four_disputed(run: Run, branch: Branch) -> None:
    assert run() == (145, 0, 0, 0)

    rows = Complaint.objects.filter(branch=branch)
    assert rows.filter(reported_late=True).count() == 11
    assert rows.filter(reported_disputed=True).count() == 4
    assert set(rows.filter(reported_disputed=True).values_list("state", flat=True)) == {"investigating"}
    assert rows.filter(state="registered").count() == 10
    assert rows.filter(state="closed").count() == 131
    assert rows.filter(description__contains="\n").count() == 13  # those with a narrative

    assert run() == (0, 0, 145, 0)


def test_our_own_clocks_stand_beside_what_the_file_reports(run: Run) -> None:
    run()

    closed = Complaint.objects.filter(state="closed").first()
    assert sorted(closed.clocks.values_list("kind", flat=True)) == ["accept", "close", "first_contact", "internal"]
    assert not closed.clocks.filter(stopped_at=None).exists()
    reopened = Complaint.objects.filter(reported_disputed=True).first()
    running = reopened.clocks.running()
    assert {clock.round for clock in running} == {2}
    assert {clock.kind for clock in running} == {"first_contact", "internal", "close"}
    assert Complaint.objects.first().events.get().action == "import"


def test_an_untouched_import_is_taken_back_whole(run: Run, staff: Callable[..., User]) -> None:
    run()

    take_back(actor=staff("branch_manager"), batch=ImportBatch.objects.get())

    assert not Complaint.objects.exists()
    assert not ComplaintClock.objects.exists()
    assert not ComplaintEvent.objects.exists()


def test_an_import_somebody_has_worked_on_stays(run: Run, staff: Callable[..., User]) -> None:
    run()
    manager = staff("branch_manager")
    complaint = Complaint.objects.filter(state="registered").first()
    act(actor=manager, complaint=complaint, action="note", now=database_now(), note="已核对")

    with pytest.raises(DomainError):
        take_back(actor=manager, batch=ImportBatch.objects.get())

    assert Complaint.objects.count() == 145
