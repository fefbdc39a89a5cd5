"""Taking a complaint down in a real browser: a chosen file stays chosen when something else in the form is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from complaints.models import Complaint
from crm.core.models import Attachment

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_chosen_file_survives_an_error_elsewhere_in_the_form(at_work: Any, staff: Any, tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("情况说明", encoding="utf-8")
    page = at_work(staff("front_desk"), refusals=True)
    page.goto("/complaints/new/?stranger=1")
    page.fill("#id_complainant_name", "欧阳女士")
    page.fill("#id_complainant_phone", "abc")
    page.select_option("#id_subject", "other")
    page.fill("#id_description", "宣传短信扰民")
    page.set_input_files("#id_evidence", str(letter))

    page.get_by_role("button", name="登记").click()
    page.locator("#id_complainant_phone_error").wait_for()
    assert page.evaluate("document.getElementById('id_evidence').files[0].name") == "letter.txt"
    assert page.input_value("#id_description") == "宣传短信扰民"
    page.fill("#id_complainant_phone", "138 1234 5678")
    page.get_by_role("button", name="登记").click()
    page.wait_for_url("**/complaints/*/")

    assert Complaint.objects.get().complainant_phone == "+8613812345678"
    assert Attachment.objects.get().name == "letter.txt"
