"""What is decided about a client over REST: risk grade, advisor, do-not-contact."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from clients.models import AdvisorAssignment, Client, RiskAssessment
from crm.core.clocks import local_date
from crm.core.models import AuditEntry, Branch
from tests.doors import Api, Staff
from tests.factories.clients import ClientFactory


def send(phone: Any, client: Client, verb: str, *, key: str = "k", version: int | None = 1, **said: Any) -> Any:
    headers = {"Idempotency-Key": key, **({} if version is None else {"If-Match": f'"{version}"'})}
    return phone.post(f"/api/v1/clients/{client.public_id}/{verb}/", said, format="json", headers=headers)


def test_a_risk_grade_is_entered_once_and_answers_the_client(branch: Branch, staff: Staff, api: Api) -> None:
    client, phone = ClientFactory(branch=branch), api(staff("front_desk"))
    today = local_date(timezone.now())
    said = {"grade": "C3", "assessed_on": today.isoformat(), "basis": "纸质问卷 2026-118"}

    first, again = send(phone, client, "risk", **said), send(phone, client, "risk", **said)

    assert (first.status_code, again.status_code) == (201, 200)
    assert (first.data["risk_grade"], first["ETag"]) == ("C3", f'"{first.data["version"]}"')
    assert RiskAssessment.objects.filter(client=client).count() == 1
    tomorrow = (today + timedelta(days=1)).isoformat()
    assert send(phone, client, "risk", key="b", **{**said, "assessed_on": tomorrow}).status_code == 400
    assert send(phone, client, "risk", key="c", **said, points=3).status_code == 400
    assert api(staff("account_manager")).post(f"/api/v1/clients/{client.public_id}/risk/").status_code == 403


def test_a_client_is_given_into_a_colleagues_book_and_out_of_it(
    branch: Branch, other_branch: Branch, staff: Staff, api: Api
) -> None:
    client, advisor, phone = ClientFactory(branch=branch), staff("advisor"), api(staff("branch_manager"))
    said = {"advisor": advisor.public_id, "reason": "客户要求"}

    assert send(phone, client, "advisor", version=None, **said).status_code == 428
    assert send(phone, client, "advisor", version=7, **said).status_code == 412
    given = send(phone, client, "advisor", **said)
    replay = send(phone, client, "advisor", **said)
    nobody = send(phone, client, "advisor", key="b", version=given.data["version"], advisor=None, reason="离职")

    assert (given.status_code, replay.status_code) == (201, 200)
    assert given.data["advisor"]["number"] == advisor.staff_number
    assert nobody.data["advisor"] is None
    assert AdvisorAssignment.objects.get(client=client).until is not None
    version = nobody.data["version"]
    stranger = staff("advisor", branch=other_branch)
    refused = send(phone, client, "advisor", key="d", version=version, advisor=stranger.public_id, reason="误选")
    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["advisor"])
    assert api(staff("front_desk")).post(f"/api/v1/clients/{client.public_id}/advisor/").status_code == 403


def test_do_not_contact_is_set_and_lifted_with_a_reason(branch: Branch, staff: Staff, api: Api) -> None:
    client, phone = ClientFactory(branch=branch), api(staff("front_desk"))

    assert send(phone, client, "do-not-contact", do_not_contact=True).status_code == 400
    marked = send(phone, client, "do-not-contact", key="a", do_not_contact=True, reason="客户要求免打扰")
    lifted = send(phone, client, "do-not-contact", key="b", version=2, do_not_contact=False, reason="客户同意联系")

    assert (marked.data["do_not_contact"], marked.data["do_not_contact_reason"]) == (True, "客户要求免打扰")
    assert (lifted.data["do_not_contact"], lifted.data["version"]) == (False, 3)
    assert AuditEntry.objects.filter(action="client.set_do_not_contact").count() == 2


def test_a_client_of_another_branch_is_not_there_for_any_command(other_branch: Branch, staff: Staff, api: Api) -> None:
    client, phone = ClientFactory(branch=other_branch), api(staff("branch_manager"))

    assert {send(phone, client, verb).status_code for verb in ("risk", "advisor", "do-not-contact")} == {404}
