"""Address books and questions that nobody here wrote, through the commands: what comes of each card, and taking it back."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from django.utils.translation import override

from clients.models import Client, ContactLog, ContactPoint
from crm.core.access import system_user
from crm.core.clocks import SHANGHAI, local_date
from crm.core.importing import ImportTouched
from crm.core.importing.engine import warned_count, warned_lines
from crm.core.models import Branch, ImportBatch, User
from crm.core.services.importing import take_back
from tests.clients.brought_files import DAY, EXCERPT, MAPPINGS, ROOT, Run, counts, write

BOOKS = ROOT / "tests" / "data" / "vcards"


@pytest.mark.parametrize("book", sorted(BOOKS.glob("*.vcf")), ids=lambda path: path.stem)
def test_an_address_book_comes_in_once_and_every_card_left_out_has_its_reason(
    run: Run, branch: Branch, book: Path, tmp_path: Path
) -> None:
    first = run("clients", book, MAPPINGS / "vcard_clients.toml", "--partial")
    again = run("clients", book, MAPPINGS / "vcard_clients.toml", "--partial")

    cards = book.read_bytes().count(b"END:VCARD")
    assert first["created"] + first["rejected"] == cards
    assert (again["created"], again["unchanged"], again["rejected"]) == (0, first["created"], first["rejected"])
    reasons = list(csv.DictReader((tmp_path / "errors.csv").open(encoding="utf-8", newline="")))
    assert {row["field"] for row in reasons} <= {"phone", "phones", "email", "emails"}
    assert all(row["message"] and row["code"] for row in reasons)


@pytest.mark.parametrize(
    ("mapping", "reached", "warned"), [("vcard_clients", 1, [4, 1, 1, 0]), ("vcard_clients_us", 3, [4, 0, 1, 0])]
)
def test_all_nine_cards_of_four_address_books_come_in_and_what_cannot_be_read_is_named(
    run: Run, branch: Branch, tmp_path: Path, mapping: str, reached: int, warned: list[int]
) -> None:
    """As docs/import.md says it: of the numbers in the first book most are no numbers in any country."""
    told = [run("clients", book, MAPPINGS / f"{mapping}.toml") for book in sorted(BOOKS.glob("*.vcf"))]

    assert [said["created"] for said in told] == [6, 1, 1, 1]
    assert [said["rejected"] + said["status"] for said in told] == [0, 0, 0, 0]
    batches = [ImportBatch.objects.get(public_id=said["batch"]) for said in told]
    assert [warned_count(batch) for batch in batches] == warned
    lines = [line for batch in batches for line in warned_lines(batch)]
    assert {line[3] for line in lines} <= {"phone_invalid", "phone_area_code", "email_invalid", "looks_like_client"}
    assert all(line[4] for line in lines)
    assert Client.objects.exclude(phone_index="").count() == reached
    again = [run("clients", book, MAPPINGS / f"{mapping}.toml") for book in sorted(BOOKS.glob("*.vcf"))]
    assert [said["unchanged"] for said in again] == [6, 1, 1, 1]


def test_numbers_without_a_code_are_of_the_country_that_the_mapping_names(
    run: Run, branch: Branch, tmp_path: Path
) -> None:
    file = write(tmp_path, "no,phone,more\nA1,(905) 555-1234,+44 20 7946 0958\nA2,+86 13800138000,\nA3,123456,\n")
    mapping = '[columns]\nexternal_id = "no"\nphone = "phone"\nphones = "more"\n[formats.phone]\ncountry = "US"\n'

    said = run("clients", file, mapping, "--partial")

    assert counts(said) == (2, 0, 0, 1, 1)
    assert [str(client.phone) for client in Client.objects.order_by("external_id")] == [
        "+19055551234",
        "+8613800138000",
    ]
    assert str(ContactPoint.objects.get().value) == "+442079460958"


def test_the_notes_of_an_address_book_become_contacts(run: Run, branch: Branch, tmp_path: Path) -> None:
    book = tmp_path / "book.vcf"
    book.write_text(
        "BEGIN:VCARD\nVERSION:3.0\nUID:C1\nFN:王小明\nTEL:13800138000\nNOTE:喜欢基金\nEND:VCARD\n"
        "BEGIN:VCARD\nVERSION:3.0\nUID:C2\nFN:李雷\nEND:VCARD\n",
        encoding="utf-8",
    )
    assert counts(run("clients", book, MAPPINGS / "vcard_clients.toml")) == (2, 0, 0, 0, 0)
    assert counts(run("contacts", book, MAPPINGS / "vcard_notes.toml", "--date", DAY)) == (1, 0, 0, 0, 0)
    assert counts(run("contacts", book, MAPPINGS / "vcard_notes.toml", "--date", DAY)) == (0, 0, 1, 0, 0)
    assert ContactLog.objects.get().content == "喜欢基金"


def test_questions_without_client_and_day_go_to_the_clients_of_their_rows_and_the_rest_say_why(
    run: Run, branch: Branch, tmp_path: Path
) -> None:
    questions = ROOT / "tests" / "data" / "banking77_201.csv"
    small = tmp_path / "bank.csv"
    small.write_text("".join(EXCERPT.open(encoding="utf-8").readlines()[:151]), encoding="utf-8")
    run("clients", small, MAPPINGS / "bank_clients.toml")
    mapping = MAPPINGS / "banking77_contacts.toml"

    assert counts(run("contacts", questions, mapping, "--date", DAY, "--partial")) == (150, 0, 0, 51, 1)
    assert counts(run("contacts", questions, mapping, "--date", DAY, "--partial")) == (0, 0, 150, 51, 1)
    reasons = list(csv.DictReader((tmp_path / "errors.csv").open(encoding="utf-8", newline="")))
    assert {row["code"] for row in reasons} == {"unknown_client"}
    assert ContactLog.objects.filter(purpose="complaint").exists()
    assert ContactLog.objects.first().content.endswith("]")


def test_a_client_of_tomorrow_is_rejected_with_the_field(run: Run, tmp_path: Path, branch: Branch) -> None:
    file = tmp_path / "clients.csv"
    tomorrow = local_date(timezone.now()) + timedelta(days=1)
    file.write_text(f"no,since,born\nA1,2020-01-02,1980-01-02\nA2,{tomorrow},1980-01-02\nA3,2020-01-02,{tomorrow}\n")
    mapping = '[columns]\nexternal_id = "no"\nopened_on = "since"\nbirth_date = "born"\n'

    said = run("clients", file, mapping, "--partial")

    assert counts(said) == (1, 0, 0, 2, 1)
    rejected = list(csv.DictReader((tmp_path / "errors.csv").open(encoding="utf-8-sig")))
    assert [(row["field"], row["code"]) for row in rejected] == [
        ("opened_on", "in_future"),
        ("birth_date", "in_future"),
    ]


def test_all_phones_of_a_card_become_contact_points_once_and_go_again_with_the_import(
    run: Run, branch: Branch, tmp_path: Path
) -> None:
    book = tmp_path / "book.vcf"
    card = "BEGIN:VCARD\nVERSION:3.0\nUID:C1\nFN:王小明\nTEL;TYPE=CELL:13800138000\nTEL:021-68888888\n{more}"
    card += "EMAIL:a@example.cn\nEND:VCARD\n"
    book.write_text(card.format(more=""), encoding="utf-8")
    first = run("clients", book, MAPPINGS / "vcard_clients.toml")
    assert counts(first) == (1, 0, 0, 0, 0)
    client = Client.objects.get()
    assert client.phone == "+8613800138000"
    assert [str(point.value) for point in ContactPoint.objects.filter(client=client)] == ["+862168888888"]
    assert counts(run("clients", book, MAPPINGS / "vcard_clients.toml")) == (0, 0, 1, 0, 0)

    book.write_text(card.format(more="TEL:13900139000\nEMAIL:b@example.cn\n"), encoding="utf-8")
    second = run("clients", book, MAPPINGS / "vcard_clients.toml")
    assert counts(second) == (0, 1, 0, 0, 0)
    assert ContactPoint.objects.count() == 3
    raw = ContactPoint._base_manager.values_list("value", flat=True)
    assert not any("139" in str(getattr(value, "sealed", "")) for value in raw)

    admin = system_user()
    take_back(ImportBatch.objects.get(public_id=second["batch"]), actor=admin)
    assert ContactPoint.objects.count() == 1
    other = tmp_path / "other.vcf"
    other.write_text(card.format(more="").replace("UID:C1", "UID:C2"), encoding="utf-8")
    alone = run("clients", other, MAPPINGS / "vcard_clients.toml")
    assert ContactPoint.objects.count() == 2
    take_back(ImportBatch.objects.get(public_id=alone["batch"]), actor=admin)
    assert ContactPoint.objects.count() == Client.objects.count() == 1


def test_a_refused_undo_names_the_row_what_was_changed_and_when(
    run: Run, tmp_path: Path, staff: Callable[..., User]
) -> None:
    file = write(tmp_path, "客户号,姓名,城市\nK100200,王小明,上海\nK100300,李四,上海\n")
    mapping = '[columns]\nexternal_id = "客户号"\nname = "姓名"\ncity = "城市"\n'
    run("clients", file, mapping)
    said = run("clients", write(tmp_path, "客户号,姓名,城市\nK100200,王小明,北京\nK100300,李四,北京\n"), mapping)
    client = Client.objects.get(external_id="K100300")
    client.city = "天津"
    client.save_changed(["city"])
    client.refresh_from_db()

    with override("en"), pytest.raises(ImportTouched) as refused:
        take_back(ImportBatch.objects.get(public_id=said["batch"]), actor=staff("branch_manager"))

    text = str(refused.value)
    when = f"{client.updated_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    assert f"Row 3 (…300) was changed, last on {when}: city" in text
    assert "K100300" not in text and "李四" not in text and "天津" not in text and "Row 2" not in text


def test_a_point_that_somebody_has_changed_keeps_the_import_from_being_taken_back(
    run: Run, branch: Branch, tmp_path: Path
) -> None:
    file = write(tmp_path, "客户号,姓名,备用电话\nK1,王小明,13800138000；139 0013 9000\n")
    mapping = '[columns]\nexternal_id = "客户号"\nname = "姓名"\nphones = "备用电话"\n'
    said = run("clients", file, mapping)
    ContactPoint.objects.filter(client__external_id="K1").update(version=2)

    with pytest.raises(ImportTouched):
        take_back(ImportBatch.objects.get(public_id=said["batch"]), actor=system_user())
    assert ContactPoint.objects.count() == 2
