"""A public file of complaints that nobody here wrote: once, twice, and taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from clients.services.erasure import erase
from complaints.filters import ComplaintFilter
from complaints.models import Complaint, ComplaintClock, ComplaintEvent
from complaints.services import act
from crm.core.clocks import database_now, local_date
from crm.core.errors import DomainError
from crm.core.importing import TARGETS
from crm.core.importing.guess import guess
from crm.core.importing.mapping import parse
from crm.core.models import Branch, ImportBatch, ImportRow, User
from crm.core.services.importing import take_back
from tests.factories.clients import ClientFactory

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


PUBLIC = (
    "Date received,Product,Sub-product,Issue,Sub-issue,Consumer complaint narrative,Company public response,Company,"
    "State,ZIP code,Tags,Consumer consent provided?,Submitted via,Date sent to company,Company response to consumer,"
    "Timely response?,Consumer disputed?,Complaint ID\r\n"
    '7/26/2013,"Credit card or prepaid card",,Late fee,,"I, a client, wrote\nthree times",,BANK,VA,01234,,,Web,07/29/2013,'
    "Closed with explanation,No,N/A,0468\r\n"
    "3/5/16,Mortgage,,Escrow,,,,BANK,CA,,,,Postal mail,2016-03-07,In progress,Yes,,469\r\n"
    "2024-01-01T22:15:30.000Z,Debt collection,,Calls,,,,BANK,CA,,,,Phone,2024-01-02T12:00:00-05:00,Closed,Yes,Yes,470\r\n"
    "2024-01-03,Mortgage,,Escrow,,,,BANK,CA,,,,Fax,2024-01-03,,Yes,,471\r\n"
)


def test_the_download_of_the_public_register_comes_in_with_its_own_titles_and_days(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "complaints.csv"
    file.write_text("\ufeff" + PUBLIC, encoding="utf-8", newline="")

    assert run(file) == (4, 0, 0, 0)
    assert run(file) == (0, 0, 4, 0)

    found = {row.external_id: row for row in Complaint.objects.all()}
    days = {number: str(local_date(row.received_at)) for number, row in found.items()}
    assert days == {"0468": "2013-07-26", "469": "2016-03-05", "470": "2024-01-01", "471": "2024-01-03"}
    assert found["0468"].description == "Late fee\nI, a client, wrote\nthree times"
    assert (found["0468"].subject, found["0468"].reported_late) == ("credit", True)
    assert [found[number].state for number in ("0468", "469", "470", "471")] == [
        "closed",
        "registered",
        "investigating",
        "registered",
    ]
    assert str(found["470"].reported_sent_on) == "2024-01-02"


def test_a_later_download_says_less_and_comes_in_as_well(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "complaints.csv"
    titles = PUBLIC.split("\r\n", 1)[0].replace("Consumer consent provided?,", "").replace("Consumer disputed?,", "")
    row = (
        "2024-01-01T08:15:30.000Z,Debt collection,,Calls,,,,BANK,CA,,,Web,2024-01-02T20:00:00.000Z,In progress,No,9001"
    )
    file.write_text(f"{titles}\n{row}\n", encoding="utf-8")
    mapping = MAPPING.with_name("cfpb_complaints_short.toml")

    with pytest.raises(CommandError, match="consumer_disputed"):
        run(file)
    assert run(file, mapping) == (1, 0, 0, 0)
    assert run(file, mapping) == (0, 0, 1, 0)

    found = Complaint.objects.get()
    assert (found.state, found.reported_late, found.reported_disputed) == ("registered", True, None)
    assert (str(local_date(found.received_at)), str(found.reported_sent_on)) == ("2024-01-01", "2024-01-02")


def test_titles_of_the_public_register_are_recognised() -> None:
    headers = PUBLIC.split("\r\n", 1)[0].split(",")
    found = guess(headers, TARGETS["complaints"].fields, row_key_field="external_id").columns

    wanted = parse(MAPPING.read_text(encoding="utf-8")).columns
    assert {
        found[name].casefold().replace(" ", "_").strip("?") for name in ("external_id", "received_on", "channel")
    } == {wanted[name] for name in ("external_id", "received_on", "channel")}
    assert found["description"] == "Consumer complaint narrative"
    assert found["reported_sent_on"] == "Date sent to company"
    assert "reported_late" not in found  # in time there is late here: only a mapping can say so


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


# -- a file of our own -------------------------------------------------------------------------------------------------

WORDS = """[columns]
external_id = "no"
received_on = "day"
channel = "channel"
subject = "subject"
level = "level"
description = "text"
complained_of = "about"
[values.channel]
phone = "phone"
[values.subject]
manner = "manner"
[values.level]
ordinary = "ordinary"
major = "major"
"""


@pytest.fixture
def say(run: Run, tmp_path: Path) -> Callable[..., tuple[int, int, int, int]]:
    """``say(level="major")``: a file with one complaint, imported."""

    def write(**said: str) -> tuple[int, int, int, int]:
        row = {
            "no": "A1", "day": "2026-06-01", "channel": "phone", "subject": "manner", "level": "ordinary",
            "text": "态度差", "about": "", **said,
        }  # fmt: skip
        file, mapping = tmp_path / "one.csv", tmp_path / "one.toml"
        file.write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n", encoding="utf-8")
        mapping.write_text(WORDS, encoding="utf-8")
        return run(file, mapping)

    return write


def test_an_imported_complaint_names_the_one_it_is_about(
    say: Callable[..., object], staff: Callable[..., User]
) -> None:
    desk = staff("front_desk")

    assert say(about=desk.staff_number) == (1, 0, 0, 0)
    assert say(no="A2", about="nobody") == (0, 0, 0, 1)

    assert Complaint.objects.get().complained_of == desk
    assert not Complaint.objects.visible_to(desk).exists()


@pytest.mark.parametrize("change", [{"level": "major"}, {"day": "2026-06-02"}])
def test_a_file_does_not_change_what_running_clocks_rest_on(say: Callable[..., object], change: dict[str, str]) -> None:
    say()

    assert say(**change) == (0, 0, 0, 1)

    complaint = Complaint.objects.get()
    assert (complaint.level, complaint.received_at.day) == ("ordinary", 1)


def test_a_file_may_correct_what_nobody_has_worked_on_and_the_dossier_says_so(
    say: Callable[..., object], staff: Callable[..., User]
) -> None:
    say()

    assert say(text="服务态度差") == (0, 1, 0, 0)
    complaint = Complaint.objects.get()
    assert [event.action for event in complaint.events.all()] == ["import", "import"]
    act(actor=staff("branch_manager"), complaint=complaint, action="note", now=database_now(), note="已核对")
    assert say(text="又改") == (0, 0, 0, 1)

    complaint.refresh_from_db()
    assert complaint.description == "服务态度差"


def test_taking_back_a_correction_takes_its_line_out_of_the_dossier(
    say: Callable[..., object], staff: Callable[..., User]
) -> None:
    say()
    say(text="服务态度差")

    take_back(actor=staff("branch_manager"), batch=ImportBatch.objects.latest("pk"))

    complaint = Complaint.objects.get()
    assert (complaint.description, complaint.events.count()) == ("态度差", 1)


def test_an_outcome_that_says_in_progress_is_no_end(run: Run, tmp_path: Path) -> None:
    file, mapping = tmp_path / "c.csv", tmp_path / "m.toml"
    file.write_text(
        "id,day,outcome\n1,2024-01-05,In progress\n2,2024-01-05,办理中\n3,2024-01-05,已答复\n", encoding="utf-8"
    )
    mapping.write_text(
        '[columns]\nexternal_id = "id"\nreceived_on = "day"\nreported_outcome = "outcome"\n'
        '[constants]\nchannel = "web"\nsubject = "other"\n',
        encoding="utf-8",
    )

    assert run(file, mapping) == (3, 0, 0, 0)
    states = dict(Complaint.objects.values_list("external_id", "state"))
    assert states == {"1": "registered", "2": "registered", "3": "closed"}


def test_the_phone_of_a_file_is_read_like_the_one_typed_at_the_counter(
    say: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tests.complaints.test_import.WORDS", WORDS.replace("[columns]", '[columns]\ncomplainant_phone = "phone_no"')
    )

    assert say(phone_no="abc") == (0, 0, 0, 1)
    assert say(phone_no="138 1234 5678") == (1, 0, 0, 0)
    assert say(phone_no="+86 13812345678") == (0, 0, 1, 0)

    complaint = Complaint.objects.get()
    assert complaint.complainant_phone == "+8613812345678"
    assert ComplaintFilter({"q": "13812345678"}, Complaint.objects.all()).qs.get() == complaint


def test_a_mapping_may_leave_out_phones_that_cannot_be_read_with_a_warning(
    say: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = WORDS.replace("[columns]", '[columns]\ncomplainant_phone = "phone_no"')
    monkeypatch.setattr(
        "tests.complaints.test_import.WORDS", words + '[formats.complainant_phone]\nunreadable = "warn"\n'
    )

    assert say(phone_no="abc") == (1, 0, 0, 0)
    assert Complaint.objects.get().complainant_phone == ""


def test_what_a_file_has_changed_in_a_complaint_goes_with_its_client(
    say: Callable[..., object], branch: Branch
) -> None:
    for number, text in (("A1", "态度差"), ("A1", "态度很差"), ("A2", "等候太久"), ("A2", "等候实在太久")):
        assert say(no=number, text=text) != (0, 0, 0, 1)
    gone, other = (Complaint.objects.get(external_id=number) for number in ("A1", "A2"))
    Complaint.objects.filter(pk=gone.pk).update(client=ClientFactory(branch=branch))
    staged = ImportRow.objects.filter(outcome="updated")
    assert staged.filter(ref=gone.public_id).count() == staged.filter(ref=other.public_id).count() == 1

    gone.refresh_from_db()
    erase(gone.client, database_now())

    assert not ImportRow.objects.filter(ref=gone.public_id).exists()
    assert staged.filter(ref=other.public_id).count() == 1
