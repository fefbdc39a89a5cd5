"""Advisors over REST: who is one, how many places he has, and entering his licence."""

from __future__ import annotations

from typing import Any

import pytest

from advisory.models import AdvisorProfile
from crm.core.models import Branch
from tests.doors import Api, Staff
from tests.factories.advisory import AdvisorFactory
from tests.factories.clients import ClientFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/advisors/"
LICENCE = {
    "licence_kind": "investment_advisor",
    "licence_number": "S9990621000001",
    "licence_valid_until": "2030-01-01",
}


def test_a_manager_sees_the_advisors_of_his_branch_with_load_and_places(
    branch: Branch, other_branch: Branch, staff: Staff, api: Api
) -> None:
    row = AdvisorFactory(user__branch=branch, capacity=7)
    AdvisorFactory(user__branch=other_branch)
    ClientFactory.create_batch(2, branch=branch, advisor=row.user)

    listed = api(staff("branch_manager")).get(URL).json()["results"]

    assert [(one["id"], one["load"], one["places"], one["may_advise"]) for one in listed] == [
        (row.public_id, 2, 7, True)
    ]


def test_an_advisor_finds_himself_alone(branch: Branch, api: Api) -> None:
    row = AdvisorFactory(user__branch=branch)
    other = AdvisorFactory(user__branch=branch)
    phone = api(row.user)

    assert [one["id"] for one in phone.get(URL).json()["results"]] == [row.public_id]
    assert phone.get(f"{URL}{other.public_id}/").status_code == 404
    assert phone.patch(f"{URL}{row.public_id}/", {"capacity": 900}, format="json").status_code == 403


def test_a_list_of_ten_costs_what_a_list_of_one_costs(branch: Branch, staff: Staff, api: Api, cost_of: Any) -> None:
    AdvisorFactory(user__branch=branch)
    phone = api(staff("branch_manager"))
    phone.get(URL)

    one = cost_of(lambda: phone.get(URL))
    AdvisorFactory.create_batch(9, user__branch=branch)

    assert cost_of(lambda: phone.get(URL)) == one


def test_the_first_profile_is_entered_once_and_needs_the_licence(staff: Staff, api: Api) -> None:
    member, phone = staff("advisor"), api(staff("branch_manager"))
    said = {"member": member.public_id, **LICENCE}

    def post(key: str, **more: Any) -> Any:
        return phone.post(URL, {**said, **more}, format="json", headers={"idempotency-key": key})

    made, again, second = post("a"), post("a"), post("b")
    wrong = phone.post(URL, {"member": member.public_id}, format="json", headers={"idempotency-key": "c"})

    assert [r.status_code for r in (made, again, second, wrong)] == [201, 200, 409, 400]
    assert second.json()["code"] == "profile_there"
    assert AdvisorProfile.objects.get().user == member


def test_a_correction_says_what_it_has_seen(branch: Branch, staff: Staff, api: Api) -> None:
    row, phone = AdvisorFactory(user__branch=branch), api(staff("branch_manager"))
    url, said = f"{URL}{row.public_id}/", {"capacity": 55, "channels": ["wechat"], "leave_from": None}

    def patch(**headers: str) -> Any:
        return phone.patch(url, said, format="json", headers=headers)

    missing, stale, done = patch(), patch(**{"if-match": '"9"'}), patch(**{"if-match": phone.get(url)["ETag"]})

    assert [missing.status_code, stale.status_code, done.status_code] == [428, 412, 200]
    assert (done.json()["capacity"], done["ETag"]) == (55, '"2"')
