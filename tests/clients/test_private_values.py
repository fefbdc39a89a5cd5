"""A private value is shown with a reason; files of clients are masked, counted and on record."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

from python_calamine import CalamineWorkbook

from crm.core.models import AuditEntry, Branch
from tests.doors import Staff, Web
from tests.factories.clients import ClientFactory


def test_a_phone_is_shown_with_a_reason_and_on_record(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch, phone="+8613812348000")
    url = f"/clients/{client.public_id}/reveal/phone/"
    browser = web(staff("front_desk"))

    assert browser.post(url, {"reason": ""}).status_code == 400
    shown = browser.post(url, {"reason": "回拨客户"})

    assert 'data-copy="+8613812348000"' in shown.content.decode()
    assert shown["Cache-Control"] == "no-store, private"
    assert AuditEntry.objects.filter(action="field.reveal", client_ref=client.public_id).count() == 1
    assert web(staff("auditor")).post(url, {"reason": "看看"}).status_code == 403
    assert browser.post(f"/clients/{client.public_id}/reveal/phone_index/", {"reason": "看看"}).status_code == 404


def test_a_usual_reason_to_look_is_one_press(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch, phone="+8613812348000")
    browser = web(staff("front_desk"))
    page = browser.get(f"/clients/{client.public_id}/").content.decode()
    assert 'name="reason" value="Calling the client" formnovalidate' in page

    # A browser sends the empty field and after it the button that was pressed.
    shown = browser.post(f"/clients/{client.public_id}/reveal/phone/", {"reason": ["", "Calling the client"]})

    assert 'data-copy="+8613812348000"' in shown.content.decode()
    assert AuditEntry.objects.get(action="field.reveal").reason == "Calling the client"


def export(browser: Any, form: str, query: str = "") -> Any:
    url = f"/clients/export/?{query}"
    return browser.post(url, {"form": form, "reason": "季度核对", "form_token": "x"})


def test_an_export_is_masked_defused_marked_and_on_record(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch, name="=HYPERLINK(1)", phone="+8613812348000", total_assets=Decimal("12.30"))
    manager = staff("branch_manager")

    answer = export(web(manager), "csv")

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert manager.staff_number in rows[0][0]
    assert rows[2][0] == client.external_id
    assert not rows[2][1].startswith("=")
    assert rows[2][4] == "138****8000"
    entry = AuditEntry.objects.get(action="client.export")
    assert entry.object_ids == [client.public_id]
    assert entry.reason == "季度核对"


def test_an_export_as_xlsx_holds_texts_and_numbers(branch: Branch, staff: Staff, web: Web) -> None:
    ClientFactory(branch=branch, name="=1+1", total_assets=Decimal("12.30"))

    answer = export(web(staff("compliance")), "xlsx")

    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert rows[2][9] == 12.3
    assert rows[2][1].endswith("=1+1")


def test_narrowed_files_together_do_not_pass_the_limit_of_one_day(branch: Branch, staff: Staff, web: Web) -> None:
    from crm.core.models import Policy

    Policy.objects.filter(policy_key_id="export.approval_above").update(value=1)
    for number in ("900001", "900002"):
        ClientFactory(branch=branch, external_id=number)
    browser = web(staff("branch_manager"))

    codes = [export(browser, "csv", f"q={number}").status_code for number in ("900001", "900001", "900002")]

    assert codes == [200, 200, 302]  # the third waits for somebody else
    assert export(web(staff("branch_manager")), "csv", "q=900002").status_code == 200


def test_an_advisor_exports_nothing(staff: Staff, web: Web) -> None:
    assert web(staff("advisor")).get("/clients/export/").status_code == 403
