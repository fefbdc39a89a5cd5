"""Lists that leave the house: masked, marked, above a number only after somebody else has agreed, and known again."""

from __future__ import annotations

import base64
import csv
import io
import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone
from python_calamine import CalamineWorkbook

from clients.models import Client
from clients.services.export import take_out
from crm.core.clocks import database_now
from crm.core.exporting import vault
from crm.core.exporting.files import rows_print
from crm.core.jobs import run_waiting_jobs
from crm.core.models import AuditEntry, Branch, ExportRequest, JobRun, Policy, User
from crm.core.models.exporting import ExportFile
from crm.core.services.exporting import tidy_exports
from tests.doors import Staff, Web
from tests.factories.clients import ClientFactory, ContactLogFactory

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
PAYLOADS = ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠x"]
PAYLOADS += ['=HYPERLINK("http://x")', "=cmd|' /C calc'!A0"]


def ask(browser: Any, query: str = "", **said: Any) -> Any:
    return browser.post(f"/clients/export/?{query}", {"form": "csv", "reason": "季度核对", "form_token": "x", **said})


def limit(rows: int) -> None:
    Policy.objects.filter(policy_key_id="export.approval_above").update(value=rows)


def table(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


@pytest.fixture
def waiting(branch: Branch, staff: Staff, web: Web) -> Any:
    """An export of three clients that waits: who asked, his browser, the request."""
    limit(1)
    ClientFactory.create_batch(3, branch=branch)
    asker = staff("branch_manager")
    browser = web(asker)
    answer = ask(browser)
    export = ExportRequest.objects.get()
    assert answer["Location"] == f"/exports/{export.public_id}/"
    return asker, browser, export


def decide(browser: Any, export: ExportRequest, do: str, reason: str = "") -> None:
    answer = browser.post(f"/exports/{export.public_id}/decide/", {"do": do, "decision": reason, "form_token": "d"})
    assert answer.status_code == 302
    run_waiting_jobs(database_now())
    export.refresh_from_db()


def test_a_large_export_waits_for_somebody_else_and_only_who_asked_fetches_it(waiting, staff: Staff, web: Web) -> None:
    asker, browser, export = waiting
    assert export.state == "requested"
    assert not AuditEntry.objects.filter(action="client.export").exists()

    decide(browser, export, "approve")
    assert export.state == "requested"  # nobody approves his own

    compliance = web(staff("compliance"))
    decide(compliance, export, "approve")
    assert (export.state, export.rows) == ("ready", 3)
    entry = AuditEntry.objects.get(action="client.export")
    assert (entry.actor_id, len(entry.object_ids)) == (asker.pk, 3)
    assert entry.after["sha256"] == export.sha256

    assert compliance.post(f"/exports/{export.public_id}/file/").status_code == 403
    body = browser.post(f"/exports/{export.public_id}/file/").content
    assert len(table(body)) == 5
    assert export.public_id in table(body)[0][0]
    assert AuditEntry.objects.filter(action="export.fetch").count() == 1


def test_a_refusal_needs_a_reason_and_makes_no_file(waiting, staff: Staff, web: Web) -> None:
    _asker, browser, export = waiting
    compliance = web(staff("compliance"))

    decide(compliance, export, "refuse")
    assert export.state == "requested"
    decide(compliance, export, "refuse", "没有必要")

    assert (export.state, export.decision) == ("refused", "没有必要")
    assert not ExportFile.objects.exists()
    assert browser.post(f"/exports/{export.public_id}/file/").status_code == 302


def test_rights_that_are_gone_stop_the_file_when_it_is_made_and_when_it_is_fetched(
    waiting, staff: Staff, web: Web
) -> None:
    asker, browser, export = waiting
    compliance = web(staff("compliance"))
    decide(compliance, export, "approve")
    User.objects.filter(pk=asker.pk).update(is_active=False)

    assert browser.post(f"/exports/{export.public_id}/file/").status_code in (302, 403)
    assert not AuditEntry.objects.filter(action="export.fetch").exists()

    other = staff("branch_manager")
    ask(web(other))
    second = ExportRequest.objects.latest("pk")
    User.objects.filter(pk=other.pk).update(is_active=False)
    decide(compliance, second, "approve")
    assert second.state == "failed"
    assert not ExportFile.objects.filter(export=second).exists()


def test_rows_that_he_may_no_longer_see_are_left_out(waiting, other_branch: Branch, staff: Staff, web: Web) -> None:
    _asker, _browser, export = waiting
    gone = Client.objects.first()
    Client.objects.filter(pk=gone.pk).update(branch=other_branch)

    decide(web(staff("compliance")), export, "approve")

    assert export.rows == 2
    assert gone.public_id not in AuditEntry.objects.get(action="client.export").object_ids


@pytest.mark.parametrize("ended", ["cancelled", "failed"])
def test_a_file_whose_making_was_stopped_or_failed_is_waited_for_no_longer(
    waiting, staff: Staff, web: Web, ended: str
) -> None:
    _asker, _browser, export = waiting
    web(staff("compliance")).post(f"/exports/{export.public_id}/decide/", {"do": "approve", "form_token": "d"})
    export.refresh_from_db()
    tidy_exports(timezone.now())
    export.refresh_from_db()
    assert export.state == "building"
    said = "五次都没有做完。" if ended == "failed" else ""
    JobRun.objects.filter(pk=export.job_id).update(state=ended, ended_at=timezone.now(), message=said)

    tidy_exports(timezone.now())

    export.refresh_from_db()
    assert (export.state, export.asked) == ("failed", {})
    assert export.failure == (said or str(JobRun.State.CANCELLED.label))


def test_a_file_that_is_forgotten_while_keys_are_changed_does_not_come_back(
    waiting, staff: Staff, web: Web, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _asker, browser, export = waiting
    decide(web(staff("compliance")), export, "approve")
    settings.CRM_FIELD_KEYS = f"new:{base64.b64encode(bytes(32)).decode()},{settings.CRM_FIELD_KEYS}"
    assert [vault.rotate(), vault.rotate()] == [1, 0]
    assert export.public_id in browser.post(f"/exports/{export.public_id}/file/").content.decode()
    settings.CRM_FIELD_KEYS = f"newer:{base64.b64encode(bytes(range(32))).decode()},{settings.CRM_FIELD_KEYS}"
    opened = vault.opened

    def forget_meanwhile(*said: Any) -> Any:
        vault.forget(export)
        return opened(*said)

    monkeypatch.setattr(vault, "opened", forget_meanwhile)

    assert vault.rotate() == 0
    assert not ExportFile.objects.exists()


def test_a_file_is_kept_for_some_hours_only(waiting, staff: Staff, web: Web) -> None:
    _asker, browser, export = waiting
    decide(web(staff("compliance")), export, "approve")

    tidy_exports(timezone.now() + timedelta(hours=23))
    assert ExportFile.objects.exists()
    tidy_exports(timezone.now() + timedelta(hours=25))

    export.refresh_from_db()
    assert export.state == "expired"
    assert not ExportFile.objects.exists()
    assert browser.post(f"/exports/{export.public_id}/file/").status_code == 302


def test_private_values_in_full_need_a_right_of_their_own_and_an_approval(
    branch: Branch, staff: Staff, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    ClientFactory(branch=branch, phone="+8613812348000")
    browser = web(staff("branch_manager"))

    masked = table(ask(browser, columns=["phone"]).content)
    assert masked[2][1] == "138****8000"

    answer = ask(browser, columns=["phone"], is_unmasked="on", form_token="y")
    export = ExportRequest.objects.get(is_unmasked=True)
    assert answer["Location"] == f"/exports/{export.public_id}/"
    decide(web(staff("compliance")), export, "approve")
    full = table(browser.post(f"/exports/{export.public_id}/file/").content)
    assert full[2][1].lstrip("'") == "+8613812348000"


def test_columns_are_chosen_and_the_number_of_the_client_is_always_there(
    branch: Branch, staff: Staff, web: Web
) -> None:
    client = ClientFactory(branch=branch, city="上海")

    rows = table(ask(web(staff("branch_manager")), columns=["city"]).content)

    assert rows[2] == [client.external_id, "上海"]
    assert AuditEntry.objects.get(action="client.export").after["columns"] == ["city"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_no_cell_of_any_export_is_a_formula_and_negative_amounts_still_add_up(
    branch: Branch, staff: Staff, web: Web, form: str
) -> None:
    for at, payload in enumerate(PAYLOADS):
        ClientFactory(branch=branch, name=payload, total_assets=Decimal(-at))

    body = ask(web(staff("branch_manager")), form=form).content

    if form == "csv":
        cells = [cell for row in table(body)[2:] for at, cell in enumerate(row) if at != 9]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))]
        assert sum(Decimal(row[9]) for row in table(body)[2:]) == -sum(range(len(PAYLOADS)))
    else:
        with ZipFile(io.BytesIO(body)) as book:
            assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
            assert b"export" in book.read("docProps/custom.xml")
        rows = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()
        assert sum(row[9] for row in rows[2:]) == -sum(range(len(PAYLOADS)))


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_was_exported_comes_in_again_unchanged_and_masks_change_nothing(
    branch: Branch, staff: Staff, web: Web, tmp_path: Path, capsys: Any, form: str, language: str
) -> None:
    ClientFactory(branch=branch, name="王小明", phone="+8613812348000", opened_on=date(2020, 3, 1))
    ClientFactory(branch=branch, name="=1+1", status="closed", closed_on=date(2024, 1, 2))
    ClientFactory(branch=branch, name="", city="上海")
    manager = staff("branch_manager")
    User.objects.filter(pk=manager.pk).update(language=language)
    before = list(Client.objects.order_by("pk").values())
    file = tmp_path / f"clients.{form}"
    file.write_bytes(ask(web(User.objects.get(pk=manager.pk)), form=form).content)

    mapping = ROOT / "mappings" / f"export_clients_{'zh' if language == 'zh-hans' else 'en'}.toml"
    call_command("import_clients", str(file), "--mapping", str(mapping), "--branch", branch.code)

    said = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert (said["created"], said["updated"], said["unchanged"], said["rejected"]) == (0, 0, 3, 0)
    assert list(Client.objects.order_by("pk").values()) == before


# -- whose file is this? -----------------------------------------------------------------------------------------------


def trace(browser: Any, body: bytes | None = None, **said: Any) -> str:
    if body is not None:
        said["file"] = SimpleUploadedFile("x.csv", body)
    return str(browser.post("/exports/trace/", said).content.decode())


def test_a_file_is_known_again_by_itself_by_its_print_and_by_its_rows(branch: Branch, staff: Staff, web: Web) -> None:
    ClientFactory.create_batch(4, branch=branch)
    manager = staff("branch_manager")
    body = ask(web(manager)).content
    export = ExportRequest.objects.get()
    compliance = web(staff("compliance"))

    for found in (trace(compliance, body), trace(compliance, sha256=export.sha256.upper())):
        assert manager.staff_number in found
    lines = body.decode("utf-8-sig").splitlines(keepends=True)
    changed = "".join([lines[1], *reversed(lines[2:])]).encode("gb18030")
    assert manager.staff_number in trace(compliance, changed)
    fewer = "".join([lines[1], *lines[3:]]).encode()
    assert manager.staff_number not in trace(compliance, fewer)
    assert AuditEntry.objects.filter(action="export.trace").count() == 4


def test_the_rows_of_a_workbook_are_known_again_when_it_is_saved_as_text(
    branch: Branch, staff: Staff, web: Web
) -> None:
    ClientFactory.create_batch(3, branch=branch)
    body = ask(web(staff("compliance")), form="xlsx").content
    rows = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()[1:]
    held = io.StringIO(newline="")
    csv.writer(held, delimiter=";").writerows(rows)

    found = trace(web(staff("auditor")), held.getvalue().encode())

    assert ExportRequest.objects.get().public_id in found


def test_only_those_who_answer_for_it_ask_whose_a_file_is(staff: Staff, web: Web) -> None:
    for role, code in (("branch_manager", 403), ("advisor", 403), ("compliance", 200), ("auditor", 200)):
        assert web(staff(role)).get("/exports/trace/").status_code == code


def test_an_export_of_another_branch_looks_like_none(waiting, other_branch: Branch, staff: Staff, web: Web) -> None:
    _asker, _browser, export = waiting
    stranger = web(staff("branch_manager", branch=other_branch))

    assert stranger.get(f"/exports/{export.public_id}/").status_code == 404
    assert stranger.post(f"/exports/{export.public_id}/decide/", {"do": "approve"}).status_code == 404
    assert stranger.post(f"/exports/{export.public_id}/file/").status_code == 404


def test_contacts_leave_from_the_first_day_of_the_calendar_to_the_last(branch: Branch, staff: Staff, web: Web) -> None:
    ContactLogFactory(client__branch=branch, at=timezone.now() - timedelta(days=1))

    file = ask(web(staff("branch_manager")), "what=contacts", since="0001-01-01", until="9999-12-31")

    assert len(table(file.content)) == 3


def test_contacts_and_assets_leave_by_the_same_door(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch)
    ContactLogFactory(client=client, at=timezone.now() - timedelta(days=1), content="=1+1")
    browser = web(staff("branch_manager"))
    today = timezone.localdate()
    span = {"since": (today - timedelta(days=7)).isoformat(), "until": today.isoformat()}

    rows = table(ask(browser, "what=contacts", **span).content)
    assert len(rows) == 3
    assert "'=1+1" in rows[2]
    entry = AuditEntry.objects.get(action="contact.export")
    assert entry.object_ids == [client.public_id]
    assert ask(browser, "what=assets", form_token="z", **span).status_code == 200


def test_the_print_of_rows_does_not_ask_for_their_order() -> None:
    assert rows_print(["b", "a", "a"]) == rows_print(["a", "b"]) != rows_print(["a"])
    assert rows_print([]) == ""


@pytest.mark.django_db(transaction=True)
def test_whoever_takes_a_list_out_needs_no_transaction_of_his_own(branch: Branch, staff: Staff) -> None:
    """A command has none around it, and PostgreSQL locks a row inside of one alone."""
    ClientFactory(branch=branch)
    manager = staff("branch_manager")
    said = {"form": "csv", "columns": ["external_id"], "reason": "季度核对"}

    export, _body = take_out(
        actor=manager,
        clients=Client.objects.visible_to(manager),
        kind="clients",
        said=said,
        narrowed_by="",
        now=timezone.now(),
    )

    assert export.rows == 1
