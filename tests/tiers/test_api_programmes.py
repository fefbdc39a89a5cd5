"""Programmes over REST: drafted, shaped, handed in, put in force by somebody else, read with their rules."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.core.access import system_user
from crm.core.clocks import local_date
from tiers.models import Programme
from tiers.services.programmes import seed_default_programme

pytestmark = pytest.mark.django_db

RULE = {"any": [{"metric": "commission", "span": 12, "at_least": "20000"}, {"metric": "average", "at_least": "500000"}]}


def begin(phone, **more):
    said = {"code": "own", "name_en": "Own", "name_zh": "自有", "effective_from": str(local_date(timezone.now()))}
    return phone.post("/api/v1/tiers/", {**said, **more}, format="json", headers={"Idempotency-Key": f"begin{more}"})


class Desk:
    """Commands on one programme with the version seen last."""

    def __init__(self, phone, public_id: str) -> None:
        self.phone, self.url, self.count = phone, f"/api/v1/tiers/{public_id}/", 0

    def __call__(self, verb: str, said=None, tag: str | None = None):
        self.count += 1
        tag = tag or self.phone.get(self.url).headers["ETag"]
        headers = {"If-Match": tag, "Idempotency-Key": f"{verb}{self.count}"}
        return self.phone.post(f"{self.url}{verb}/", said or {}, format="json", headers=headers)


def test_a_programme_is_drafted_and_put_in_force_by_somebody_else(branch, staff, api):
    author, officer = api(staff("branch_manager")), api(staff("compliance"))
    made = begin(author)
    assert (made.status_code, made.data["state"], made.data["branch"]) == (201, "draft", branch.code)
    desk = Desk(author, made.data["id"])
    tier = {"code": "t1", "name_en": "T1", "name_zh": "一级", "palette": 1}

    assert desk("put-tier", tier).status_code == 201
    assert desk("put-tier", {**tier, "code": "t2", "rule": RULE, "emblem": "star"}).status_code == 201
    assert desk("put-tier", {**tier, "code": "t3", "rule": {"metric": "profit"}}).status_code == 400
    shown = desk("put-tier", {**tier, "code": "t3", "bound": "9000000.00", "rule_institution": RULE}).data
    assert [row["lower_bound"] for row in shown["tiers"]] == [None, None, "9000000.00"]
    assert shown["tiers"][1]["rule"]["any"][0] == {"metric": "commission", "span": 12, "at_least": "20000.00"}
    assert (
        desk("put-tier", {**tier, "tier": shown["tiers"][1]["id"], "code": "t2", "bound": "1"}, '"1"').status_code
        == 412
    )
    assert desk("order-tier", {"tier": shown["tiers"][2]["id"], "verb": "down"}).status_code == 201
    assert desk("order-tier", {"tier": "0" * 26, "verb": "out"}).status_code == 404
    terms = {"grace_months": 3, "age_floors": [{"months": 60, "tier": "t3"}], "window_days": None}
    tag = author.get(desk.url).headers["ETag"]
    assert author.patch(desk.url, terms, format="json").status_code == 428
    changed = author.patch(desk.url, terms, format="json", headers={"If-Match": tag})
    assert (changed.data["grace_months"], changed.data["age_floors"]) == (3, [{"months": 60, "tier": "t3"}])
    assert desk("submit").data["state"] == "submitted"
    assert desk("activate").status_code == 403

    judge = Desk(officer, made.data["id"])
    assert judge("send-back", {"note": "再议"}).data["state"] == "draft"
    assert desk("submit").status_code == 201
    day = local_date(timezone.now()) + timedelta(days=1)
    assert judge("activate", {"effective_from": "2020-01-01"}).status_code == 400
    done = judge("activate", {"effective_from": str(day)})

    assert (done.data["state"], done.data["effective_from"], done.data["drafted_by"]["name"]) == (
        "active", str(day), Programme.objects.get().drafted_by.name,
    )  # fmt: skip
    assert desk("put-tier", tier).status_code == 409
    assert desk("retire").status_code == 403


def test_a_copy_a_company_draft_and_giving_up(branch, staff, api):
    house = seed_default_programme(company=branch.company, actor=system_user())
    manager, head = api(staff("branch_manager")), api(staff("head_office"))

    copy = begin(manager, copy_of=house.public_id)
    refused = begin(manager, code="other", for_company=True)
    company = begin(head, code="other", for_company=True)

    assert len(copy.data["tiers"]) == 6
    assert (refused.status_code, company.status_code, company.data["branch"]) == (403, 201, None)
    assert Desk(manager, copy.data["id"])("retire").data["state"] == "retired"
    assert Desk(head, house.public_id)("retire").data["state"] == "retired"


def test_drafting_over_rest_needs_its_right(branch, staff, api):
    assert begin(api(staff("advisor"))).status_code == 403
    assert begin(api(staff("compliance"))).status_code == 403
