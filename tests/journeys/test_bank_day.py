"""A branch's day on data that nobody here wrote: a bank's clients, balances and contacts, and a regulator's complaints.

The excerpt of 300 rows lies in the project; the full files are used where they lie beside it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.core.management import CommandError, call_command
from django.db.models import Max

from advisory.models import MatchingRun
from care.models import FollowUpCall
from care.services import plan_calls, seed_programmes
from clients.models import Client, ContactLog, DailyAsset
from complaints.models import Complaint, ComplaintClock
from crm.core.access import system_user
from crm.core.clocks import at_local
from tests.factories.advisory import AdvisorFactory
from tiers.services.programmes import DEFAULT_FILE, read_plan, seed_default_programme

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
DATA, MAPPINGS = ROOT / "tests" / "data", ROOT / "mappings"
DAY = date(2026, 5, 29)
BOUNDS = (0, 500, 2_000, 5_000, 20_000, 50_000)
ALL_UNCHANGED = {"created": 0, "updated": 0, "rejected": 0}


def run(capsys: Any, name: str, *arguments: object, status: int = 0) -> dict[str, Any]:
    """The last line that a command prints, as JSON; ``status`` is the exit status it must have."""
    capsys.readouterr()
    try:
        call_command(name, *map(str, arguments))
        ended = 0
    except SystemExit as end:
        ended = int(end.code or 0)
    printed = capsys.readouterr().out.strip().splitlines()
    assert ended == status, printed[-5:]
    return dict(json.loads(printed[-1]))


def mapping_with(folder: Path, name: str, more: str) -> Path:
    """A mapping of the project with some lines more."""
    path = folder / name
    path.write_text((MAPPINGS / name).read_text(encoding="utf-8") + more, encoding="utf-8")
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def plain_count(rows: list[dict[str, str]], bounds: Sequence[Decimal | int] = BOUNDS) -> dict[str, int]:
    """Clients by tier as anybody would count them: the highest bound that the balance reaches, negatives lowest."""
    counts = dict.fromkeys(range(len(bounds)), 0)
    for row in rows:
        counts[max((n for n, bound in enumerate(bounds) if int(row["balance"]) >= bound), default=0)] += 1
    return {str(number): count for number, count in counts.items()}


def as_xlsx(path: Path, target: Path, delimiter: str) -> Path:
    """The same rows as a spreadsheet, figures as figures."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter=delimiter))
    book = xlsxwriter.Workbook(str(target))
    sheet = book.add_worksheet("clients")
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            if y and cell.lstrip("-").isdigit():
                sheet.write_number(y, x, int(cell))
            else:
                sheet.write_string(y, x, cell)
    book.close()
    return target


def other_forms(file: Path, mapping: Path, folder: Path, delimiter: str = ";") -> list[tuple[Path, Path]]:
    """The same data as it is, with a byte-order mark, in GB18030 and as XLSX, each with the mapping that reads it."""
    text, folder = file.read_text(encoding="utf-8"), folder / mapping.stem
    folder.mkdir(exist_ok=True)
    (folder / "bom.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (folder / "gb.csv").write_bytes(text.encode("gb18030"))
    for_xlsx = folder / "xlsx.toml"
    for_xlsx.write_text(
        mapping.read_text(encoding="utf-8").replace("[file]", '[file]\nkind = "xlsx"'), encoding="utf-8"
    )
    return [
        (file, mapping),
        (folder / "bom.csv", mapping),
        (folder / "gb.csv", mapping),
        (as_xlsx(file, folder / "data.xlsx", delimiter), for_xlsx),
    ]


@pytest.fixture(params=["excerpt", "full"])
def bank_file(request: pytest.FixtureRequest) -> Path:
    if request.param == "excerpt":
        return DATA / "bank_marketing_300.csv"
    shared: Path = request.getfixturevalue("shared_data")
    return shared / "clients" / "bank_marketing_bank.csv"


@pytest.fixture
def crew(branch, staff):
    """A manager, advisors with room for everybody, a caller, front desk and compliance."""
    for _number in range(4):
        AdvisorFactory(user=staff("advisor"), capacity=2000, licence_valid_until=date(2030, 1, 1))
    return {role: staff(role) for role in ("branch_manager", "follow_up_caller", "front_desk", "compliance")}


def test_a_day_on_a_banks_clients(branch, crew, bank_file, tmp_path, capsys):
    rows = rows_of(bank_file)
    count = len(rows)
    taken_over = mapping_with(tmp_path, "bank_clients.toml", f'\n[constants]\nopened_on = "{DAY.isoformat()}"\n')
    commands = [
        ("import_clients", taken_over, ()),
        ("import_assets", MAPPINGS / "bank_assets.toml", ("--date", DAY.isoformat())),
        ("import_contacts", MAPPINGS / "bank_contacts.toml", ()),
    ]

    for name, mapping, more in commands:
        first = run(capsys, name, bank_file, "--mapping", mapping, "--branch", branch.code, *more)
        assert (first["created"], first["updated"], first["rejected"]) == (count, 0, 0), name

    assert Client.objects.filter(branch=branch).count() == count
    negative = sum(int(row["balance"]) < 0 for row in rows)
    assert DailyAsset.objects.filter(net_assets__lt=Decimal(0)).count() == negative
    assert DailyAsset.objects.aggregate(most=Max("net_assets"))["most"] == max(int(row["balance"]) for row in rows)
    assert ContactLog.objects.count() == count

    # Twice, and as XLSX, with a byte-order mark, and in GB18030: everything stays as it is.
    for name, mapping, more in commands:
        for file, chosen in other_forms(bank_file, mapping, tmp_path):
            again = run(capsys, name, file, "--mapping", chosen, "--branch", branch.code, *more)
            assert again["unchanged"] == count and ALL_UNCHANGED.items() <= again.items(), (name, file.name)

    # The test programme gives the tiers that a plain count gives.
    run_quietly(capsys, "create_programme", DATA / "programme_bank.toml", "--branch", branch.code)
    graded = run(capsys, "evaluate_tiers", "--branch", branch.code, "--date", DAY, "--programme", "bank")
    assert list(graded["counts"].values()) == list(plain_count(rows).values())
    assert graded["moved"] == 0
    second = run(capsys, "evaluate_tiers", "--branch", branch.code, "--date", DAY, "--programme", "bank")
    assert second["counts"] == graded["counts"]

    # So does the house's own programme, by the bounds of its file.
    bounds = [tier.bound or 0 for tier in read_plan(DEFAULT_FILE).tiers]
    seed_default_programme(company=branch.company, actor=system_user())
    house = run(capsys, "evaluate_tiers", "--branch", branch.code, "--date", DAY, "--programme", "default")
    assert list(house["counts"].values()) == list(plain_count(rows, bounds).values())
    assert house["moved"] == count and house["first"] == 0

    # Matching is proven, and once it is accepted everybody has an advisor.
    matched = run(capsys, "run_matching", "--branch", branch.code, "--approve")
    assert (matched["gap"], matched["unassigned"]) == (0, 0)
    assert not Client.objects.without_advisor().exists()
    assert MatchingRun.objects.get().state == MatchingRun.State.APPROVED

    # New accounts have to be called within the limit, once.
    seed_programmes(actor=system_user(), company=branch.company)
    morning = at_local(DAY + timedelta(days=1), datetime.min.time().replace(hour=9))
    assert plan_calls(actor=system_user(), now=morning) == count
    assert plan_calls(actor=system_user(), now=morning) == 0
    assert set(FollowUpCall.objects.values_list("due_on", flat=True)) == {DAY + timedelta(days=30)}


def run_quietly(capsys: Any, name: str, *arguments: object) -> None:
    call_command(name, *map(str, arguments))
    capsys.readouterr()


def test_a_regulators_complaints_beside_our_own_clocks(branch, crew, capsys, tmp_path):
    file, mapping = DATA / "cfpb_145_structured.csv", MAPPINGS / "cfpb_complaints.toml"

    first = run(capsys, "import_complaints", file, "--mapping", mapping, "--branch", branch.code)
    for form, chosen in other_forms(file, mapping, tmp_path, ","):
        again = run(capsys, "import_complaints", form, "--mapping", chosen, "--branch", branch.code)
        assert again["unchanged"] == 145 and ALL_UNCHANGED.items() <= again.items(), form.name

    assert (first["created"], first["rejected"]) == (145, 0)
    assert Complaint.objects.filter(reported_late=True).count() == 11
    assert Complaint.objects.filter(reported_disputed=True).count() == 4
    assert ComplaintClock.objects.filter(complaint__external_id__gt="", kind=ComplaintClock.Kind.CLOSE).count() >= 145
    assert not Complaint.objects.exclude(client=None).exists()


def test_a_row_that_nobody_can_read_is_named_and_nothing_is_written(branch, crew, capsys, tmp_path):
    text = (DATA / "bank_marketing_300.csv").read_text(encoding="utf-8").splitlines()
    broken = text[:-1] + [text[-1].replace(text[-1].split(";")[5], "much", 1)]
    file = tmp_path / "broken.csv"
    file.write_text("\n".join(broken), encoding="utf-8")
    run(capsys, "import_clients", file, "--mapping", MAPPINGS / "bank_clients.toml", "--branch", branch.code)

    arguments = (file, "--mapping", MAPPINGS / "bank_assets.toml", "--branch", branch.code, "--date", DAY)
    refused = run(capsys, "import_assets", *arguments, status=1)
    nothing = DailyAsset.objects.count()
    partial = run(capsys, "import_assets", *arguments, "--partial", status=1)

    assert (refused["rejected"], nothing) == (1, 0)
    assert (partial["created"], partial["rejected"]) == (299, 1)
    with Path(f"{file}.errors.csv").open(encoding="utf-8", newline="") as errors:
        row = next(csv.DictReader(errors))
    assert (row["row"], row["field"]) == ("301", "net_assets")


def test_the_full_file_of_the_bank_is_the_one_we_know(shared_data):
    balances = [int(row["balance"]) for row in rows_of(shared_data / "clients" / "bank_marketing_bank.csv")]

    assert (len(balances), max(balances), sum(balance < 0 for balance in balances)) == (4521, 71_188, 366)


def test_the_files_that_are_refused_as_a_whole_say_why(branch, crew, capsys, tmp_path):
    nothing = tmp_path / "nothing.csv"
    nothing.write_bytes(b"\xff\xfe\x00\x00\x81")

    arguments = [str(nothing), "--mapping", str(MAPPINGS / "bank_clients.toml"), "--branch", branch.code]
    with pytest.raises(CommandError) as refusal:
        call_command("import_clients", *arguments)

    assert refusal.value.returncode == 2
    assert "nul_character" in str(refusal.value)
    assert not Client.objects.exists()
