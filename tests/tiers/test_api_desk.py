"""Evaluations, rate cards and clients' rates over REST."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.jobs import take_and_run
from crm.core.models import Branch, JobRun
from tests.doors import Api, Staff, send
from tests.factories.clients import ClientFactory
from tests.factories.tiers import ClientRateFactory, put_days
from tiers.models import ClientRate, EvaluationRun, Programme, RateCard, TierState
from tiers.services.programmes import seed_default_programme

pytestmark = pytest.mark.django_db

RUNS, CARDS, RATES = "/api/v1/evaluations/", "/api/v1/rate-cards/", "/api/v1/client-rates/"
DAY = date(2026, 5, 29)


@pytest.fixture
def programme(branch: Branch) -> Programme:
    return seed_default_programme(company=branch.company, actor=system_user())


def test_an_evaluation_is_previewed_asked_for_once_and_done_by_its_job(
    branch: Branch, staff: Staff, api: Api, programme: Programme
) -> None:
    rich = ClientFactory(branch=branch)
    put_days(branch, {rich: {DAY: 60_000_000_00}})
    phone = api(staff("branch_manager"))

    seen = phone.get(f"{RUNS}preview/", {"day": DAY.isoformat()})
    assert not TierState.objects.exists()
    asked, again = send(phone, RUNS, day=DAY.isoformat()), send(phone, RUNS, day=DAY.isoformat())
    take_and_run(JobRun.objects.get().pk)
    done = phone.get(f"/api/v1/jobs/{asked.data['id']}/")

    assert seen.data["steps"] == {"first": 1}
    assert sum(row["after"] for row in seen.data["tiers"]) == 1
    assert (asked.status_code, again.status_code, again.data["id"]) == (201, 200, asked.data["id"])
    assert (done.data["state"], done.data["result"]["first"]) == ("done", 1)
    found = phone.get(f"{RUNS}{done.data['result']['run']}/")
    assert (found.data["day"], found.data["first"]) == (DAY.isoformat(), 1)
    assert EvaluationRun.objects.count() == 1


def test_an_evaluation_of_tomorrow_elsewhere_or_by_a_stranger_is_refused(
    branch: Branch, other_branch: Branch, staff: Staff, api: Api, programme: Programme
) -> None:
    phone, tomorrow = api(staff("branch_manager")), local_date(timezone.now()) + timedelta(days=1)

    late = send(phone, RUNS, key="a", day=tomorrow.isoformat())
    away = send(phone, RUNS, key="b", day=DAY.isoformat(), branch=other_branch.public_id)

    assert (late.status_code, list(late.json()["fields"])) == (400, ["day"])
    assert (away.status_code, list(away.json()["fields"])) == (400, ["branch"])
    assert phone.get(f"{RUNS}preview/").status_code == 400
    assert api(staff("advisor")).get(RUNS).status_code == 403
    assert not JobRun.objects.exists()


def test_the_card_of_a_tier_is_set_within_the_rules(
    branch: Branch, staff: Staff, api: Api, programme: Programme
) -> None:
    tier, phone = programme.tiers.get(code="gold"), api(staff("head_office", branch=None))
    said = {"tier": tier.public_id, "product": "A_SHARE", "min_fee": "5.00", "valid_from": "2027-01-01"}

    over = send(phone, CARDS, key="a", rate="0.004", **said)
    done, again = send(phone, CARDS, rate="0.00025", **said), send(phone, CARDS, rate="0.00025", **said)

    assert (over.status_code, list(over.json()["fields"])) == (400, ["rate"])
    assert (done.status_code, again.status_code) == (201, 200)
    assert (done.data["rate"], done.data["min_fee"], done.data["tier_code"]) == ("0.000250", "5.00", "gold")
    assert RateCard.objects.filter(valid_from="2027-01-01").count() == 1
    shown = phone.get(CARDS, {"on": "2027-02-01", "tier": tier.public_id, "product": "A_SHARE"}).data["results"]
    assert [row["id"] for row in shown] == [done.data["id"]]
    assert send(api(staff("branch_manager")), CARDS, rate="0.00025", **said).status_code == 403


def test_a_rate_is_proposed_approved_by_somebody_else_and_ended(
    branch: Branch, staff: Staff, api: Api, programme: Programme
) -> None:
    advisor, today = staff("advisor"), local_date(timezone.now()).isoformat()
    client = ClientFactory(branch=branch, advisor=advisor)
    terms = {"product": "A_SHARE", "rate": "0.0002", "min_fee": "5.00", "valid_from": today, "reason": "大客户"}
    manager = staff("branch_manager")

    own = send(api(manager), RATES, key="m", client=client.public_id, **{**terms, "product": "BOND"})
    itself = send(api(manager), f"{RATES}{own.data['id']}/approve/", key="n", version=1)
    asked = send(api(advisor), RATES, client=client.public_id, **terms)
    url = f"{RATES}{asked.data['id']}/"
    unseen = send(api(manager), f"{url}approve/", key="o")
    done = send(api(manager), f"{url}approve/", key="p", version=1, note="同意")
    over = send(api(manager), f"{url}end/", key="q", version=done.data["version"], last_day=today, reason="取消优惠")

    assert (itself.status_code, itself.json()["code"]) == (403, "four_eyes")
    assert (asked.status_code, asked.data["state"]) == (201, "proposed")
    assert unseen.status_code == 428
    assert (done.status_code, done.data["state"], done.data["decided_by"]["id"]) == (201, "approved", manager.public_id)
    assert (over.data["state"], over.data["valid_to"]) == ("ended", today)
    assert send(api(advisor), f"{url}approve/", key="r", version=1).status_code == 403


def test_a_rate_is_turned_down_with_a_word(branch: Branch, staff: Staff, api: Api) -> None:
    rate, phone = ClientRateFactory(client__branch=branch), api(staff("branch_manager"))

    assert send(phone, f"{RATES}{rate.public_id}/reject/", version=1).status_code == 400
    done = send(phone, f"{RATES}{rate.public_id}/reject/", key="b", version=1, note="低于成本线")

    assert (done.data["state"], done.data["decision_note"]) == ("rejected", "低于成本线")


def test_what_a_client_pays_is_the_desks_and_his_advisors_business(
    branch: Branch, other_branch: Branch, staff: Staff, api: Api
) -> None:
    advisor = staff("advisor")
    mine = ClientRateFactory(client__branch=branch, client__advisor=advisor)
    other = ClientRateFactory(client__branch=branch)
    away = ClientRateFactory(client__branch=other_branch)
    today = local_date(timezone.now()).isoformat()
    terms = {"product": "BOND", "rate": "0.0002", "min_fee": "5.00", "valid_from": today, "reason": "大客户"}

    phone = api(advisor)
    assert [row["id"] for row in phone.get(RATES).data["results"]] == [mine.public_id]
    assert {phone.get(f"{RATES}{row.public_id}/").status_code for row in (other, away)} == {404}
    assert send(phone, RATES, client=other.client.public_id, **terms).status_code == 400, "not in his book"
    assert api(staff("front_desk")).get(RATES).status_code == 403
    assert ClientRate.objects.count() == 3


@pytest.mark.parametrize("url", [CARDS, RATES])
def test_the_cost_of_a_list_does_not_grow(
    branch: Branch, staff: Staff, api: Api, cost_of: Any, programme: Programme, url: str
) -> None:
    phone = api(staff("branch_manager"))

    def more(count: int) -> int:
        ClientRateFactory.create_batch(count, client__branch=branch)
        phone.get(url)
        return int(cost_of(lambda: phone.get(url)))

    assert more(1) == more(9)
