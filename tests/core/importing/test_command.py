"""``manage.py import_…``: what it prints, with which status it leaves, and what it leaves behind."""

from __future__ import annotations

import csv
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from crm.core.importing.command import ImportCommand
from crm.core.models import Department, ImportBatch, User
from tests.core.importing.conftest import PLAIN

pytestmark = pytest.mark.django_db

GOOD = "code,name\nA1,研究部\nA2,客户服务部\n"


class ImportDepartments(ImportCommand):
    kind = "departments"


class ImportPeople(ImportCommand):
    kind = "people"


@pytest.fixture
def command(branch, written, capsys):
    """Run the command over a text; returns exit status and the last line as data."""

    def run(body: str | bytes, *options: str, mapping: str = PLAIN, of: type[ImportCommand] = ImportDepartments):
        path, plan = written("file.csv", body), written("mapping.toml", mapping)
        status = 0
        try:
            call_command(of(), str(path), "--mapping", str(plan), "--branch", branch.code, *options)
        except SystemExit as left:
            status = int(left.code or 0)
        except CommandError as refused:
            status = refused.returncode
        said = capsys.readouterr().out.strip().splitlines()
        return status, json.loads(said[-1]) if said else None

    return run


def rejects(path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_good_file_leaves_with_zero_and_prints_its_counts_last(command):
    status, said = command(GOOD)

    batch = ImportBatch.objects.get()
    assert (status, said) == (
        0,
        {"batch": batch.public_id, "created": 2, "updated": 0, "unchanged": 0, "rejected": 0},
    )


def test_rejected_rows_leave_with_one_and_nothing_is_written(command, tmp_path):
    status, said = command(GOOD + "A 3,bad\n")

    assert (status, said["created"], said["rejected"]) == (1, 0, 1)
    assert not Department.objects.exists()
    assert [
        (line["row"], line["field"], line["value"], line["code"]) for line in rejects(tmp_path / "file.csv.errors.csv")
    ] == [("4", "code", "A 3", "blank_inside")]


def test_good_rows_are_written_when_asked_for_and_the_others_listed_where_asked_for(command, tmp_path):
    status, said = command(GOOD + "A1,twice\n", "--partial", "--errors", str(tmp_path / "bad.csv"))

    assert (status, said["created"], said["rejected"]) == (1, 2, 1)
    assert Department.objects.count() == 2
    assert [line["code"] for line in rejects(tmp_path / "bad.csv")] == ["duplicate_key"]


def test_a_dry_run_counts_and_writes_nothing(command):
    status, said = command(GOOD, "--dry-run")

    assert (status, said["created"]) == (0, 2)
    assert not Department.objects.exists()


@pytest.mark.parametrize(
    ("body", "mapping"),
    [
        (b"a,b\n1\x00,2\n", PLAIN),
        (b"PK\x03\x04", PLAIN),
        (GOOD, "[colums]\ncode = 'code'\n"),
        (GOOD, "[columns]\ncode = 'Code number'\n"),
        (GOOD, "[columns]\ncode = 'code'\nnickname = 'name'\n"),
        (GOOD, "not toml at all"),
    ],
)
def test_an_unreadable_file_or_mapping_leaves_with_two(command, body, mapping):
    status, said = command(body, mapping=mapping)

    assert status == 2
    assert said["created"] == 0
    assert not Department.objects.exists()


def test_an_unknown_branch_or_a_missing_file_leaves_with_two(branch, written, tmp_path):
    plan = written("mapping.toml", PLAIN)
    for file, code in ((written("file.csv", GOOD), "NOWHERE"), (tmp_path / "none.csv", branch.code)):
        with pytest.raises(CommandError) as refused:
            call_command(ImportDepartments(), str(file), "--mapping", str(plan), "--branch", code)
        assert refused.value.returncode == 2


def test_the_fields_are_described_as_data(capsys):
    call_command(ImportPeople(), "--fields")

    described = {field["name"]: field for field in json.loads(capsys.readouterr().out)}
    assert described["staff_number"]["required"] is True
    assert described["language"]["type"] == "choice"
    assert described["language"]["choices"] == ["en", "zh-hans"]


def test_a_formula_in_a_rejected_value_is_defused_and_a_sensitive_value_is_hidden(command, tmp_path):
    mapping = '[columns]\nstaff_number = "no"\nname = "name"\nemail = "mail"\nlanguage = "lang"\n'

    command(f"no,name,mail,lang\n1,x,{'m' * 300},=cmd()\n", mapping=mapping, of=ImportPeople)

    lines = {line["field"]: line for line in rejects(tmp_path / "file.csv.errors.csv")}
    assert lines["language"]["value"] == "'=cmd()"
    assert lines["email"]["value"] == "****mm"
    assert not User.objects.filter(staff_number="1").exists()


def test_a_good_run_empties_the_list_of_an_earlier_bad_one(command, tmp_path):
    command(GOOD + "A 3,bad\n")

    command(GOOD)

    assert rejects(tmp_path / "file.csv.errors.csv") == []
