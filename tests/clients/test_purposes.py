"""Purposes of personal data: they come with the product, and the house adds to them and puts them right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from clients.models import DataPurpose
from clients.services.consents import change_purpose, create_purpose, seed_purposes
from crm.core.errors import InvalidInput
from crm.core.models import AuditEntry, User
from crm.core.public_ids import new_public_id
from tests.doors import Staff

pytestmark = pytest.mark.django_db


def purpose(code: str = "marketing") -> DataPurpose:
    return DataPurpose.objects.get(code=code)


def test_purposes_come_with_the_product_and_stay_as_the_house_has_put_them() -> None:
    DataPurpose.objects.filter(code="recording").update(basis="consent")
    DataPurpose.objects.filter(code="sharing").delete()

    assert [seed_purposes(), seed_purposes()] == [1, 0]
    assert purpose("recording").basis == "consent"


def test_a_code_of_a_purpose_is_there_once_and_marketing_is_never_only_told(staff: Staff) -> None:
    clerk = staff("compliance", branch=None)
    words = {"name_en": "Prizes", "name_zh": "抽奖", "basis": "consent"}
    create_purpose(code="prizes", values=words, actor=clerk)

    with pytest.raises(InvalidInput) as twice:
        create_purpose(code="prizes", values=words, actor=clerk)
    with pytest.raises(InvalidInput) as told:
        change_purpose(purpose=DataPurpose.objects.get(code="marketing"), values={"basis": "contract"}, actor=clerk)

    assert twice.value.fields.keys() == {"code"}
    assert DataPurpose.objects.filter(code="prizes").count() == 1
    assert told.value.fields and DataPurpose.objects.get(code="marketing").basis == "consent"


def test_a_purpose_is_put_right_on_the_page_and_the_trail_says_what_was_changed(
    staff: Staff, web: Callable[[User], Any]
) -> None:
    browser, row = web(staff("compliance")), purpose("sharing")
    url = reverse("clients:purpose_edit", args=[row.public_id])
    opened = browser.get(url).context["form"].initial
    words = {name: opened[name] for name in ("name_zh", "basis", "version")} | {"is_active": "on"}

    answer = browser.post(
        url, words | {"form_token": new_public_id(), "name_en": "Handing on to partners"}, follow=True
    )
    late = browser.post(url, words | {"form_token": new_public_id(), "name_en": "Handing on"})

    assert "Handing on to partners" in answer.content.decode()
    assert (late.status_code, purpose("sharing").name_en) == (412, "Handing on to partners")
    entry = AuditEntry.objects.get(action="purpose.change", object_id=row.public_id)
    assert (entry.before["name_en"], entry.after["name_en"]) == (row.name_en, "Handing on to partners")


def test_over_rest_a_purpose_is_taken_out_of_use_by_who_has_seen_it(staff: Staff, api: Callable[[User], Any]) -> None:
    phone, row = api(staff("compliance")), purpose("sharing")
    url = f"/api/v1/data-purposes/{row.public_id}/"
    seen = phone.get(url)["ETag"]

    unseen = phone.patch(url, {"is_active": False}, format="json")
    done = phone.patch(url, {"is_active": False}, format="json", headers={"if-match": seen})
    stale = phone.patch(url, {"is_active": True}, format="json", headers={"if-match": seen})

    assert [unseen.status_code, done.status_code, stale.status_code] == [428, 200, 412]
    assert (done.json()["is_active"], purpose("sharing").is_active) == (False, False)


def test_the_front_desk_puts_no_purpose_right(staff: Staff, web: Callable[[User], Any]) -> None:
    url = reverse("clients:purpose_edit", args=[purpose().public_id])

    assert web(staff("front_desk")).get(url).status_code == 403
