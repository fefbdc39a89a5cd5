"""Programmes and clients' tiers over REST."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from crm.core.access import system_user
from crm.core.models import AuditEntry
from crm.core.public_ids import new_public_id
from tests.factories.clients import ClientFactory
from tests.factories.core import BranchFactory, CompanyFactory
from tests.factories.tiers import ClientRateFactory, RateCardFactory, put_days
from tests.tiers.plans import plan
from tiers.models import Programme
from tiers.services.commission import approve_client_rate
from tiers.services.evaluation import evaluate
from tiers.services.programmes import create_programme, seed_default_programme

pytestmark = pytest.mark.django_db

DAY = date(2026, 5, 29)


@pytest.fixture
def programme(branch) -> Programme:
    return seed_default_programme(company=branch.company, actor=system_user())


def test_programmes_come_with_their_tiers_and_money_as_text(branch, programme, staff, api):
    create_programme(actor=system_user(), plan=plan("strange", 5), company=CompanyFactory(code="XX"))
    phone = api(staff("advisor"))

    answer = phone.get("/api/v1/tiers/")

    assert answer.status_code == 200 and set(answer.data) == {"next", "previous", "results"}
    (found,) = answer.data["results"]
    assert (found["id"], found["code"], found["branch"]) == (programme.public_id, "default", None)
    assert [tier["lower_bound"] for tier in found["tiers"]][:2] == [None, "100000.00"]
    assert phone.get(f"/api/v1/tiers/{programme.public_id}/").data == found
    assert phone.get("/api/v1/tiers/?code=none").data["results"] == []


def test_a_clients_tier_comes_with_proof_and_history(branch, programme, staff, api):
    client = ClientFactory(branch=branch)
    put_days(branch, {client: {DAY: 60_000_000}})
    evaluate(branch=branch, day=DAY, actor=system_user())

    answer = api(staff("front_desk")).get(f"/api/v1/tiers/clients/{client.public_id}/")

    told = answer.data
    assert (told["id"], told["programme"], told["tier"]["code"]) == (client.public_id, "default", "gold")
    assert (told["proof"]["average"], told["proof"]["missing"]) == ("600000.00", "400000.00")
    assert told["proof"]["next"]["code"] == "platinum"
    (step,) = told["history"]
    assert (step["reason"], step["old"], step["total"], step["days"]) == ("first", None, "600000.00", 1)


def test_rates_of_today_stand_beside_the_proof_for_those_who_may_see_what_the_client_pays(
    branch, programme, staff, api
):
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor)
    put_days(branch, {client: {DAY: 60_000_000}})
    evaluate(branch=branch, day=DAY, actor=system_user())
    gold = programme.tiers.get(code="gold")
    RateCardFactory(tier=gold, rate=Decimal("0.00025"), valid_from=DAY)
    own = ClientRateFactory(client=client, product="FUND", rate=Decimal("0.0001"), valid_from=DAY)
    approve_client_rate(rate=own, actor=staff("branch_manager"), now=timezone.now())

    told = {
        role: api(user).get(f"/api/v1/tiers/clients/{client.public_id}/").data["rates"]
        for role, user in (
            ("own", advisor),
            ("other", staff("branch_manager")),
            ("desk", staff("front_desk")),
            ("auditor", staff("auditor")),
        )
    }

    assert (
        told["own"]
        == told["other"]
        == [
            {"product": "A_SHARE", "rate": "0.000250", "basis": "all_in", "min_fee": "5.00", "own": None},
            {"product": "FUND", "rate": "0.000100", "basis": "all_in", "min_fee": "5.00", "own": own.public_id},
        ]
    )
    assert told["desk"] is told["auditor"] is None


def test_whoever_reads_a_proof_over_rest_is_on_record_as_on_the_page(branch, programme, staff, api):
    client, desk = ClientFactory(branch=branch), staff("front_desk")

    api(desk).get(f"/api/v1/tiers/clients/{client.public_id}/")

    assert AuditEntry.objects.get(actor=desk, action="tier.proof").client_ref == client.public_id


def test_a_client_not_graded_yet_has_no_tier(branch, programme, staff, api):
    client = ClientFactory(branch=branch)

    told = api(staff("front_desk")).get(f"/api/v1/tiers/clients/{client.public_id}/").data

    assert (told["tier"], told["programme"], told["since"], told["history"]) == (None, None, None, [])
    assert told["proof"]["average"] is None


@pytest.mark.parametrize("path", ["", "clients/{client}/"])
def test_the_right_is_asked_before_the_row_and_a_login_before_the_right(branch, staff, api, client, path):
    row = ClientFactory(branch=branch)
    url = "/api/v1/tiers/" + path.format(client=row.public_id)

    assert client.get(url).status_code == 401
    assert api(staff("administrator")).get(url).status_code == 403
    assert api(staff("administrator")).get(url.replace(row.public_id, new_public_id())).status_code == 403


def test_foreign_and_unknown_clients_get_the_same_answer(branch, other_branch, staff, api):
    foreign = ClientFactory(branch=other_branch)
    phone = api(staff("branch_manager"))

    answers = [phone.get(f"/api/v1/tiers/clients/{key}/") for key in (foreign.public_id, new_public_id())]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_a_programme_of_another_branch_is_not_found(branch, other_branch, staff, api):
    strange = create_programme(
        actor=system_user(), plan=plan("own", 5), company=branch.company, branch=other_branch, activate=True
    )

    assert api(staff("advisor")).get(f"/api/v1/tiers/{strange.public_id}/").status_code == 404
    assert api(staff("head_office")).get(f"/api/v1/tiers/{strange.public_id}/").status_code == 200


def test_the_list_costs_the_same_for_one_row_and_for_ten(branch, programme, staff, api, cost_of):
    phone = api(staff("advisor"))
    phone.get("/api/v1/tiers/")
    one = cost_of(lambda: phone.get("/api/v1/tiers/"))
    for number in range(9):
        place = BranchFactory(company=branch.company) if number % 2 else branch
        create_programme(actor=system_user(), plan=plan(f"p{number}", 5), company=branch.company, branch=place)

    assert cost_of(lambda: phone.get("/api/v1/tiers/")) == one


def test_the_schema_of_this_app_has_no_warnings(db, capsys):
    from drf_spectacular.drainage import GENERATOR_STATS
    from drf_spectacular.generators import SchemaGenerator

    GENERATOR_STATS.reset()
    schema = SchemaGenerator().get_schema(request=None, public=True)

    assert {"/api/v1/tiers/", "/api/v1/tiers/{id}/", "/api/v1/tiers/clients/{client}/"} <= set(schema["paths"])
    assert "tiers" not in capsys.readouterr().err.lower()
