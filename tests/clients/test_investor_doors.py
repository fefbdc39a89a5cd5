"""Professional investors on pages and through REST."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils.translation import override

from clients.models import InvestorClassification
from clients.querysets.investors import class_conditions
from clients.services import attach_proof
from crm.core.models import Attachment, Branch
from crm.core.policies import figures as figures_on
from tests.doors import Api, Staff, Web, token
from tests.factories.clients import ClientFactory, InvestorClassificationFactory
from tests.factories.files import pdf

DAY = date(2026, 6, 2)
API = "/api/v1/investor-classifications/"


def test_the_way_of_an_application_through_the_pages(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch, name="张三丰")
    desk, manager = web(staff("front_desk")), web(staff("branch_manager"))
    url = f"/clients/{client.public_id}/class/"
    said = {
        "wanted": "C",
        "applied_on": "2026-06-01",
        "financial_assets": "3000000",
        "months": "12",
        "notice_reference": "SL-7",
        "form_token": token(desk.get(url)),
    }
    assert desk.post(url, said).status_code == 302
    row = client.classifications.get()

    page = f"/classifications/{row.public_id}/"
    assert "Assets or income" in desk.get(page).content.decode()
    assert desk.post(f"{page}proof/", {"file": pdf()}).status_code == 302
    attachment = Attachment.objects.get(owner_id=row.public_id)
    assert desk.get(f"/attachments/{attachment.public_id}/").status_code == 200
    assert desk.get(f"{page}decide/").status_code == 403
    form = manager.get(f"{page}decide/")
    assert attachment.name in form.content.decode()
    verdict = {"verdict": "approve", "note": "同意", "version": row.version, "form_token": token(form)}
    assert manager.post(f"{page}decide/", verdict).status_code == 302

    text = desk.get(f"/clients/{client.public_id}/?tab=accounts").content.decode()
    assert text.count("Professional investor C") >= 3, "header, panel and history"
    row.refresh_from_db()
    end = desk.get(f"{page}end/")
    back = {"reason": "asked", "note": "", "version": row.version, "form_token": token(end)}
    assert desk.post(f"{page}end/", back).status_code == 302
    client.refresh_from_db()
    assert client.investor_class == "ordinary"


def test_an_application_is_withdrawn_on_its_page(branch: Branch, staff: Staff, web: Web) -> None:
    row, desk = InvestorClassificationFactory(client__branch=branch), web(staff("front_desk"))
    url = f"/classifications/{row.public_id}/withdraw/"

    assert desk.post(url, {"version": 1, "form_token": token(desk.get(url))}).status_code == 302
    row.refresh_from_db()
    assert row.state == "withdrawn"


def test_a_stranger_sees_neither_application_nor_proof(
    branch: Branch, other_branch: Branch, staff: Staff, web: Web, api: Api
) -> None:
    row = InvestorClassificationFactory(client__branch=branch)
    stored = attach_proof(classification=row, upload=pdf(), actor=row.requested_by)
    stranger = staff("front_desk", branch=other_branch)

    assert web(stranger).get(f"/classifications/{row.public_id}/").status_code == 404
    assert web(stranger).get(f"/attachments/{stored.public_id}/").status_code == 404
    assert api(stranger).get(f"{API}{row.public_id}/").status_code == 404
    assert api(stranger).get(API).data["results"] == []
    assert api(staff("agent")).get(API).status_code == 403


def test_the_list_narrows_by_class(branch: Branch, staff: Staff, web: Web) -> None:
    InvestorClassificationFactory(client__branch=branch, client__name="甲专业", in_force=True)
    ClientFactory(branch=branch, name="乙普通")

    text = web(staff("front_desk")).get("/clients/?investor=C", headers={"HX-Request": "true"}).content.decode()

    assert "甲专业" in text and "乙普通" not in text


def test_classes_over_rest(branch: Branch, staff: Staff, api: Api) -> None:
    client, desk, boss = ClientFactory(branch=branch), api(staff("front_desk")), api(staff("branch_manager"))
    body = {
        "client": client.public_id,
        "wanted": "C",
        "applied_on": "2026-06-01",
        "financial_assets": "3000000.00",
        "months": 12,
        "notice_reference": "SL-9",
    }
    made = desk.post(API, body, headers={"idempotency-key": "1"})
    assert (made.status_code, made.data["state"]) == (201, "waiting")
    assert {row["outcome"] for row in made.data["conditions"]} == {"met"}
    url = f"{API}{made.data['id']}/"

    assert desk.post(f"{url}approve/", {}, headers={"idempotency-key": "2", "if-match": '"1"'}).status_code == 403
    assert boss.post(f"{url}approve/", {}, headers={"idempotency-key": "3"}).status_code == 428
    unproved = boss.post(f"{url}approve/", {}, headers={"idempotency-key": "4", "if-match": '"1"'})
    assert (unproved.status_code, unproved.data["code"]) == (409, "proof_missing")
    attach_proof(classification=InvestorClassification.objects.get(), upload=pdf(), actor=staff("front_desk"))
    done = boss.post(f"{url}approve/", {}, headers={"idempotency-key": "5", "if-match": '"1"'})
    assert done.data["state"] == "approved"
    assert desk.get("/api/v1/clients/").data["results"][0]["investor_class"] == "C"
    end = desk.post(f"{url}end/", {"reason": "asked"}, headers={"idempotency-key": "6", "if-match": done["ETag"]})
    assert (end.data["state"], end.data["end_reason"]) == ("ended", "asked")


def test_the_list_over_rest_costs_the_same_for_one_and_for_ten(
    branch: Branch, staff: Staff, api: Api, cost_of: Any
) -> None:
    phone = api(staff("front_desk"))
    InvestorClassificationFactory(client__branch=branch)
    phone.get(API)
    one = cost_of(lambda: phone.get(API))
    InvestorClassificationFactory.create_batch(9, client__branch=branch)

    assert cost_of(lambda: phone.get(API)) == one


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("wanted", ["A", "B", "C"])
@pytest.mark.parametrize("kind", ["person", "institution"])
def test_each_condition_says_why(branch: Branch, language: str, wanted: str, kind: str) -> None:
    client = ClientFactory(branch=branch, kind=kind)
    for stated in ({}, {"financial_assets": Decimal(1), "income": Decimal(1), "net_assets": Decimal(1), "months": 1}):
        with override(language):
            said = [(c.label, c.why) for c in class_conditions(client, wanted, stated, DAY, figures_on(DAY))]
        assert all(label and why and label not in ("means", "years") for label, why in said)


def test_before_anybody_applies_the_tab_says_of_each_class_what_is_met_not_met_or_not_known(
    branch: Branch, staff: Staff, web: Web
) -> None:
    advisor = staff("advisor")
    client = ClientFactory(
        branch=branch, advisor=advisor, total_assets=Decimal(3_200_000), investing_since=date(2015, 1, 1)
    )

    outlook = web(advisor).get(f"/clients/{client.public_id}/?tab=accounts").context["outlook"]

    # 3.2 million here; whether five million together with what lies elsewhere nobody has said.
    assert [(one["name"], one["word"]) for one in outlook] == [
        ("Professional investor B", "not known"),
        ("Professional investor C", "met"),
    ]


def test_a_person_applies_for_what_persons_can_be_and_an_institution_for_what_it_can(
    branch: Branch, staff: Staff, web: Web
) -> None:
    desk = web(staff("front_desk"))

    def offered(kind: str) -> tuple[list[str], list[str]]:
        client = ClientFactory(branch=branch, kind=kind)
        form = desk.get(f"/clients/{client.public_id}/class/").context["form"]
        return [value for value, _ in form.fields["wanted"].choices], [
            value for value, _ in form.fields["role"].choices
        ]

    assert offered("person") == (["B", "C"], ["", "finance_work", "senior_manager", "certified"])
    assert offered("institution") == (["A", "B", "C"], ["", "licensed", "product", "social_fund"])
