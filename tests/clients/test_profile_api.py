"""Rows of a profile, facts with their sources, households and stages over REST."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from clients import provenance
from clients.models import Client, ContactPoint, Household, IdentityDocument
from crm.core.clocks import local_date
from crm.core.models import AuditEntry, Branch
from tests.doors import Api, Staff
from tests.factories.clients import (
    ClientFactory,
    ContactPersonFactory,
    ContactPointFactory,
    FinancingNeedFactory,
    IdentityDocumentFactory,
    RelationFactory,
)

ROOT = "/api/v1/"


def once(key: str = "k1") -> dict[str, str]:
    return {"Idempotency-Key": key}


def seen(version: int, key: str = "") -> dict[str, str]:
    return {"If-Match": f'"{version}"', **(once(key) if key else {})}


def test_a_document_goes_in_in_full_and_comes_out_masked(branch: Branch, staff: Staff, api: Api) -> None:
    client, phone = ClientFactory(branch=branch), api(staff("front_desk"))
    said = {"client": client.public_id, "kind": "id_card", "number": "110101199003074514", "is_primary": True}

    missing = phone.post(f"{ROOT}documents/", said, format="json")
    made = phone.post(f"{ROOT}documents/", said, format="json", headers=once())
    again = phone.post(f"{ROOT}documents/", said, format="json", headers=once())

    assert (missing.status_code, made.status_code, again.status_code) == (400, 201, 200)
    assert made.data["id"] == again.data["id"]
    assert made.data["number"] == "110***********4514"
    assert IdentityDocument.objects.count() == 1
    client.refresh_from_db()
    assert client.id_number == "110101199003074514"


def test_a_change_says_which_version_it_has_seen(branch: Branch, staff: Staff, api: Api) -> None:
    row, phone = ContactPointFactory(client__branch=branch), api(staff("front_desk"))
    url = f"{ROOT}contact-points/{row.public_id}/"

    answers = [phone.patch(url, {"label": "家"}, format="json", headers=headers) for headers in ({}, seen(9), seen(1))]

    assert [answer.status_code for answer in answers] == [428, 412, 200]
    assert answers[-1].headers["ETag"] == '"2"'
    assert answers[-1].data["label"] == "家"


def test_a_row_is_taken_off_once(branch: Branch, staff: Staff, api: Api) -> None:
    row, phone = ContactPointFactory(client__branch=branch), api(staff("front_desk"))
    url = f"{ROOT}contact-points/{row.public_id}/remove/"

    answers = [phone.post(url, format="json", headers=seen(1, "k1")) for _time in range(2)]
    late = phone.post(url, format="json", headers=seen(2, "k2"))

    assert [answer.status_code for answer in answers] == [201, 200]
    assert late.status_code == 409
    assert phone.get(f"{ROOT}contact-points/{row.public_id}/").status_code == 404
    assert ContactPoint.objects.get().removed_at is not None


@pytest.mark.parametrize(
    ("name", "factory"),
    [
        ("documents", IdentityDocumentFactory),
        ("contact-points", ContactPointFactory),
        ("contact-persons", ContactPersonFactory),
        ("financing-needs", FinancingNeedFactory),
        ("relations", RelationFactory),
    ],
)
def test_lists_are_cut_by_scope_narrowed_by_client_and_on_record(
    branch: Branch, other_branch: Branch, staff: Staff, api: Api, cost_of: Any, name: str, factory: Any
) -> None:
    mine, foreign = factory(client__branch=branch), factory(client__branch=other_branch)
    phone, url = api(staff("front_desk")), f"{ROOT}{name}/"

    answer = phone.get(url, {"client": mine.client.public_id})
    phone.get(url)
    one = cost_of(lambda: phone.get(url))
    factory.create_batch(5, client__branch=branch)

    assert [row["id"] for row in answer.data["results"]] == [mine.public_id]
    assert cost_of(lambda: phone.get(url)) == one
    assert phone.get(f"{url}{foreign.public_id}/").status_code == 404
    assert phone.get(f"{url}{mine.public_id}/").status_code == 200
    entries = AuditEntry.objects.filter(action="profile_row.view", client_ref=mine.client.public_id)
    assert entries.count() >= 2
    assert api(staff("agent")).get(url).status_code == 403


def test_a_relation_with_a_client_whom_one_may_not_see_is_not_there(
    branch: Branch, other_branch: Branch, staff: Staff, api: Api
) -> None:
    row = RelationFactory(client__branch=branch, other=ClientFactory(branch=other_branch, name="外人甲"))

    answer = api(staff("front_desk")).get(f"{ROOT}relations/{row.public_id}/")

    assert answer.status_code == 404
    assert "外人甲" not in answer.content.decode()


def test_facts_are_said_with_source_day_and_refusal(branch: Branch, staff: Staff, api: Api) -> None:
    client, phone = ClientFactory(branch=branch), api(staff("front_desk"))
    url = f"{ROOT}clients/{client.public_id}/"

    answer = phone.patch(
        url,
        {
            "annual_income": "200000.00",
            "forbidden_channels": ["sms"],
            "refused": {"debts": True},
            "source": "client",
            "as_of": "2026-05-20",
        },
        format="json",
        headers=seen(1),
    )
    wrong = phone.patch(url, {"refused": {"name": True}}, format="json", headers=seen(2))

    assert answer.status_code == 200
    profile = answer.data["profile"]
    assert (profile["annual_income"], profile["forbidden_channels"]) == ("200000.00", ["sms"])
    assert profile["origins"]["debts"] == {"source": "client", "on": "2026-05-20", "refused": True}
    assert wrong.status_code == 400


def test_whoever_sees_no_profile_gets_none_over_rest(branch: Branch, staff: Staff, api: Api) -> None:
    agent = staff("agent")
    client = ClientFactory(branch=branch, introducer=agent, annual_income=Decimal(7_654_321))

    answer = api(agent).get(f"{ROOT}clients/{client.public_id}/")

    assert answer.data["profile"] is None
    assert "7654321" not in answer.content.decode()


def test_facts_are_confirmed_and_the_stage_is_set_and_let_go(branch: Branch, staff: Staff, api: Api) -> None:
    client, phone = ClientFactory(branch=branch, city="上海"), api(staff("branch_manager"))
    url = f"{ROOT}clients/{client.public_id}/"
    until = (local_date(timezone.now()) + timedelta(days=10)).isoformat()

    confirmed = phone.post(
        f"{url}confirm/", {"facts": ["city"], "as_of": "2026-05-20"}, format="json", headers=seen(1, "a")
    )
    staged = phone.post(
        f"{url}stage/", {"stage": "at_risk", "reason": "说要转户", "until": until}, format="json", headers=seen(2, "b")
    )
    ended = phone.post(f"{url}end-stage/", format="json", headers=seen(3, "c"))
    again = phone.post(f"{url}end-stage/", format="json", headers=seen(4, "d"))

    assert [one.status_code for one in (confirmed, staged, ended, again)] == [201, 201, 201, 409]
    assert staged.data["stage"] == "at_risk"
    stored = Client.objects.get(pk=client.pk)
    assert provenance.origin(stored.provenance, "city").on == date(2026, 5, 20)


def test_a_household_shows_only_whom_one_may_see(branch: Branch, other_branch: Branch, staff: Staff, api: Api) -> None:
    mine, foreign = ClientFactory(branch=branch), ClientFactory(branch=other_branch, name="外人甲")
    desk, office = api(staff("front_desk")), api(staff("front_desk", branch=other_branch))

    made = desk.post(f"{ROOT}households/", {"client": mine.public_id, "name": "张家"}, format="json", headers=once("a"))
    url = f"{ROOT}households/{made.data['id']}/"
    second = ClientFactory(branch=branch)

    def post(phone: Any, step: str, client: Any, key: str, version: int) -> Any:
        seen = once(key) | {"if-match": f'"{version}"'}
        return phone.post(f"{url}{step}/", {"client": client.public_id}, format="json", headers=seen)

    unseen = post(desk, "join", foreign, "b", 1)
    stranger = post(office, "join", foreign, "c", 1)
    joined = post(desk, "join", second, "d", 1)
    left = post(desk, "leave", mine, "e", 2)
    gone = post(desk, "leave", second, "f", 3)

    assert made.data["hidden"] == 0
    assert (unseen.status_code, stranger.status_code) == (400, 404)
    assert len(joined.data["members"]) == 2
    assert (left.status_code, gone.status_code) == (201, 201)
    assert not Household.objects.exists()
