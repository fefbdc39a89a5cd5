"""Over REST as on the pages: the check at entry, proof, sealed values, the sheet of one talk, pins, a client's file."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from clients.models import Client, DataRequest, Segment
from clients.provenance import refused_facts
from crm.core.models import AuditEntry, Branch, Policy
from tests.doors import Api, Staff
from tests.factories.clients import (
    AccountFactory,
    ClientFactory,
    ContactPersonFactory,
    ContactPointFactory,
    IdentityDocumentFactory,
    InvestorClassificationFactory,
    RelationFactory,
)

ROOT = "/api/v1/"


@pytest.fixture
def client_(branch: Branch) -> Client:
    return ClientFactory(branch=branch, name="张三", birth_date=date(1990, 3, 7))


def send(phone: Any, url: str, said: dict[str, Any] | None = None, *, key: str = "k", version: Any = None) -> Any:
    headers = {"idempotency-key": key, **({} if version is None else {"if-match": f'"{version}"'})}
    return phone.post(f"{ROOT}{url}", said or {}, format="json", headers=headers)


def test_who_takes_a_client_in_asks_whether_he_is_on_file(
    branch: Branch, other_branch: Branch, client_: Client, staff: Staff, api: Api
) -> None:
    ClientFactory(branch=other_branch, name="李四", birth_date=date(1980, 1, 1))
    manager, phone = staff("branch_manager"), api(staff("front_desk"))

    near = send(phone, "clients/check/", {"name": "张三", "birth_date": "1990-03-07"})
    far = send(phone, "clients/check/", {"name": "李四", "birth_date": "1980-01-01"}, key="b")
    vague = send(phone, "clients/check/", {"name": "张三"}, key="c")
    again = send(phone, "clients/check/", {"name": "张三", "birth_date": "1990-03-07"})

    assert near.status_code == 201 and near["Cache-Control"] == "no-store, private"
    assert near.data["seen"] == [{"client": client_.public_id, "name": "张三", "reasons": ["name_birthday"]}]
    assert (far.data["seen"], far.data["elsewhere"]) == ([], True)
    assert [person["name"] for person in far.data["ask"]] == [manager.name]
    assert (vague.data["seen"], vague.data["elsewhere"]) == ([], False)
    assert again.data == near.data
    assert AuditEntry.objects.filter(action="client.ask_duplicates").count() == 3
    assert send(api(staff("agent")), "clients/check/", {}).status_code == 403


def test_the_check_has_its_budget_over_rest_too(client_: Client, staff: Staff, api: Api) -> None:
    Policy.objects.filter(policy_key_id="duplicates.daily_budget").update(value=1)
    phone, said = api(staff("front_desk")), {"name": "张三", "birth_date": "1990-03-07"}

    first, second = send(phone, "clients/check/", said), send(phone, "clients/check/", said, key="b")

    assert (first.status_code, second.status_code) == (201, 429)


def test_proof_of_a_class_is_attached_once_and_handed_out_on_record(
    branch: Branch, other_branch: Branch, staff: Staff, api: Api
) -> None:
    row = InvestorClassificationFactory(client__branch=branch)
    phone, url = api(staff("front_desk")), f"{ROOT}investor-classifications/{row.public_id}/proof/"

    def attach(key: str) -> Any:
        sent = SimpleUploadedFile("proof.txt", "资产证明".encode(), "text/plain")
        return phone.post(url, {"file": sent}, format="multipart", headers={"idempotency-key": key})

    made, again = attach("a"), attach("a")
    listed = phone.get(url)
    taken = phone.get(f"{url}{made.data['id']}/")

    assert (made.status_code, again.status_code) == (201, 200)
    assert [one["id"] for one in listed.data] == [made.data["id"]]
    assert "资产证明".encode() == b"".join(taken.streaming_content)
    assert AuditEntry.objects.filter(action="investor.attach_proof").count() == 1
    stranger = api(staff("front_desk", branch=other_branch))
    assert stranger.get(url).status_code == 404
    row.state = "withdrawn"
    row.save(update_fields=["state"])
    assert attach("b").status_code == 409


def test_sealed_values_of_rows_are_looked_at_with_a_reason_within_the_allowance(
    branch: Branch, staff: Staff, api: Api
) -> None:
    firm = ClientFactory(branch=branch, kind="institution")
    rows = {
        "documents": (IdentityDocumentFactory(client=firm, number="E73519264"), "number", "E73519264"),
        "contact-points": (ContactPointFactory(client=firm, value="+8613826471935"), "value", "+8613826471935"),
        "contact-persons": (ContactPersonFactory(client=firm, phone="+8613735192648"), "phone", "+8613735192648"),
        "accounts": (AccountFactory(client=firm, number="880073519264"), "number", "880073519264"),
    }
    Policy.objects.filter(policy_key_id="reveal.daily_budget").update(value=4)
    phone, why = api(staff("front_desk")), "回访核实"

    for at, (row, field, value) in rows.items():
        url = f"{at}/{row.public_id}/reveal/"
        assert send(phone, url, {"field": "client_id", "reason": why}, key=f"{at}1").status_code == 400
        assert send(phone, url, {"field": field, "reason": "x"}, key=f"{at}2").status_code == 400
        told = send(phone, url, {"field": field, "reason": why}, key=f"{at}3")
        assert (told.status_code, told.data["value"], told["Cache-Control"]) == (201, value, "no-store, private")
    spent = send(
        phone, f"accounts/{rows['accounts'][0].public_id}/reveal/", {"field": "number", "reason": why}, key="z"
    )

    assert spent.status_code == 429
    looked = AuditEntry.objects.filter(action="field.reveal", is_read=True)
    assert looked.count() == 4 and set(looked.values_list("reason", flat=True)) == {why}
    relation = RelationFactory(client=firm)
    assert send(phone, f"relations/{relation.public_id}/reveal/").status_code == 404, "nothing sealed there"


def test_the_sheet_of_one_talk_is_written_at_once_on_the_version_that_was_seen(
    client_: Client, staff: Staff, api: Api
) -> None:
    phone, url = api(staff("front_desk")), f"clients/{client_.public_id}/complete/"
    said = {
        "values": {"occupation": "教师"},
        "refused": ["annual_income"],
        "confirmed": ["birth_date"],
        "source": "client",
    }

    stale, done = send(phone, url, said, version=9), send(phone, url, said, key="b", version=1)
    empty = send(phone, url, {}, key="c", version=3)
    wrong = send(phone, url, {"refused": ["name"]}, key="d", version=3)

    client_.refresh_from_db()
    assert (stale.status_code, done.status_code, empty.status_code, wrong.status_code) == (412, 201, 400, 400)
    assert client_.occupation == "教师" and "annual_income" in refused_facts(client_.provenance)


def test_a_segment_is_pinned_for_oneself(branch: Branch, staff: Staff, api: Api) -> None:
    owner = staff("branch_manager")
    own = {"owner": owner, "branch": branch, "company": branch.company}
    segment = Segment.objects.create(name="甲", rule={"all": []}, share="branch", **own)
    phone = api(staff("advisor"))

    on = send(phone, f"segments/{segment.public_id}/pin/", {"on": True})
    off = send(phone, f"segments/{segment.public_id}/pin/", {"on": False}, key="b")

    assert (on.data["pinned"], off.data["pinned"]) == (True, False)
    assert not segment.pinned_by.exists()


@pytest.mark.parametrize("form", ["html", "json", "xlsx"])
def test_the_file_for_a_client_leaves_after_the_identity_was_checked(
    client_: Client, staff: Staff, api: Api, form: str
) -> None:
    row = DataRequest.objects.create(
        client=client_,
        kind="access",
        channel="counter",
        received_on=date(2026, 6, 1),
        due_on=date(2026, 6, 20),
        registered_by=staff("compliance"),
    )
    phone, url, said = (
        api(staff("compliance")),
        f"data-requests/{row.public_id}/file/",
        {"form": form, "reason": "交付客户"},
    )

    early = send(phone, url, said)
    DataRequest.objects.filter(pk=row.pk).update(state="checked", identity="document")
    handed, again = send(phone, url, said, key="b"), send(phone, url, said, key="b")

    assert early.status_code == 409
    assert (handed.status_code, handed["Cache-Control"]) == (201, "no-store, private")
    assert handed["Content-Disposition"].endswith(f'.{form}"') and handed.content and again.content
    assert AuditEntry.objects.filter(action="data_request.file").count() == 2
