"""Hand-overs and advisory agreements over REST."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from advisory.models import AdvisoryAgreement, HandOver
from clients.models import Client
from crm.core.clocks import local_date
from crm.core.models import Branch, User
from tests.doors import Api, Staff, send
from tests.factories.advisory import AdvisorFactory, AgreementFactory
from tests.factories.clients import ClientFactory

pytestmark = pytest.mark.django_db

HAND_OVERS, AGREEMENTS = "/api/v1/hand-overs/", "/api/v1/agreements/"


@pytest.fixture
def phone(api: Api, staff: Staff) -> APIClient:
    return api(staff("branch_manager"))


def test_a_hand_over_is_looked_at_first_and_then_done_once(branch: Branch, staff: Staff, phone: APIClient) -> None:
    giver, taker = staff("account_manager"), AdvisorFactory(user__branch=branch).user
    ClientFactory.create_batch(3, branch=branch, advisor=giver)
    who = {"giver": giver.public_id, "taker": taker.public_id}

    seen = phone.get(f"{HAND_OVERS}preview/", who)
    assert not HandOver.objects.exists()
    done = send(phone, HAND_OVERS, **who, reason="离职交接")
    again = send(phone, HAND_OVERS, **who, reason="离职交接")

    assert (seen.data["clients"], seen.data["fits"]) == (3, True)
    assert (seen.data["shares"][0]["advisor"]["id"], seen.data["shares"][0]["load_after"]) == (taker.public_id, 3)
    assert (done.status_code, again.status_code, again.data["id"]) == (201, 200, done.data["id"])
    assert (done.data["clients"], [row["taker"]["id"] for row in done.data["hand_overs"]]) == (3, [taker.public_id])
    assert Client.objects.filter(advisor=taker).count() == 3
    assert [row["id"] for row in phone.get(HAND_OVERS, {"giver": giver.public_id}).data["results"]] == [done.data["id"]]


def test_chosen_clients_go_by_matching_and_one_who_has_gone_stops_all(
    branch: Branch, staff: Staff, phone: APIClient
) -> None:
    giver = staff("advisor")
    AdvisorFactory.create_batch(2, user__branch=branch, capacity=1)
    goes, also, stays = ClientFactory.create_batch(3, branch=branch, advisor=giver)
    foreign = ClientFactory(branch=branch)
    named = [goes.public_id, also.public_id]

    refused = send(
        phone, HAND_OVERS, key="a", giver=giver.public_id, clients=[*named, foreign.public_id], reason="休假"
    )
    full = send(phone, HAND_OVERS, key="b", giver=giver.public_id, reason="休假")
    done = send(phone, HAND_OVERS, key="c", giver=giver.public_id, clients=named, reason="休假")

    assert (refused.status_code, refused.json()["code"]) == (400, "nothing_to_hand_over")
    assert (full.status_code, full.json()["code"]) == (409, "not_enough_places")
    assert (len(done.data["hand_overs"]), done.data["clients"]) == (2, 2)
    stays.refresh_from_db()
    assert stays.advisor == giver


def test_hand_overs_of_another_branch_are_not_there(
    api: Api, staff: Staff, branch: Branch, other_branch: Branch, phone: APIClient
) -> None:
    giver, taker = staff("advisor"), AdvisorFactory(user__branch=branch).user
    ClientFactory(branch=branch, advisor=giver)
    made = send(phone, HAND_OVERS, giver=giver.public_id, taker=taker.public_id, reason="调岗").data["id"]
    stranger = api(staff("branch_manager", branch=other_branch))

    assert stranger.get(f"{HAND_OVERS}{made}/").status_code == 404
    assert send(stranger, HAND_OVERS, giver=giver.public_id, reason="调岗").status_code == 400
    assert api(staff("advisor")).get(HAND_OVERS).status_code == 403


def test_an_agreement_is_signed_cancelled_in_time_or_ended(branch: Branch, phone: APIClient) -> None:
    advisor, today = AdvisorFactory(user__branch=branch).user, local_date(timezone.now()).isoformat()
    one, two = ClientFactory.create_batch(2, branch=branch, assessed=True, advisor=advisor)
    paper = {"signed_on": today, "risk_disclosure": "2026-01"}

    first = send(phone, AGREEMENTS, key="a", client=one.public_id, number="TG-1", **paper)
    again = send(phone, AGREEMENTS, key="a", client=one.public_id, number="TG-1", **paper)
    taken = send(phone, AGREEMENTS, key="b", client=two.public_id, number="TG-1", **paper)
    second = send(phone, AGREEMENTS, key="c", client=two.public_id, number="TG-2", **paper)

    assert (first.status_code, again.status_code, first.data["advisor"]["id"]) == (201, 200, advisor.public_id)
    assert (taken.status_code, list(taken.json()["fields"])) == (400, ["number"])
    url, version = f"{AGREEMENTS}{first.data['id']}/", first.data["version"]
    assert send(phone, f"{url}cancel/", key="d", received_on=today).status_code == 428
    assert send(phone, f"{url}cancel/", key="d", version=version + 1, received_on=today).status_code == 412
    cancelled = send(phone, f"{url}cancel/", key="d", version=version, received_on=today)
    assert (cancelled.status_code, cancelled.data["ended_on"]) == (201, today)
    ended = send(phone, f"{AGREEMENTS}{second.data['id']}/end/", key="e", version=1, ended_on=today, reason="客户退出")
    assert ended.data["end_reason"] == "客户退出"
    late = send(phone, f"{AGREEMENTS}{second.data['id']}/end/", key="f", version=2, ended_on=today, reason="客户退出")
    assert (late.status_code, late.json()["code"]) == (409, "agreement_ended")


def test_an_agreement_from_before_the_exchanges_opened_is_refused_beside_the_field(
    branch: Branch, phone: APIClient
) -> None:
    client = ClientFactory(branch=branch, assessed=True, advisor=AdvisorFactory(user__branch=branch).user)

    answer = send(
        phone, AGREEMENTS, client=client.public_id, number="TG-1", signed_on="1900-01-01", risk_disclosure="2026-01"
    )

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["signed_on"])


def test_agreements_are_cut_by_reach_and_filtered(api: Api, staff: Staff, branch: Branch, other_branch: Branch) -> None:
    advisor = staff("advisor")
    mine = AgreementFactory(client__branch=branch, client__advisor=advisor)
    over = AgreementFactory(client__branch=branch, ended_on=mine.signed_on)
    away = AgreementFactory(client__branch=other_branch)

    def ids(user: User, **said: Any) -> set[str]:
        return {row["id"] for row in api(user).get(AGREEMENTS, said).data["results"]}

    manager = staff("branch_manager")
    assert ids(advisor) == {mine.public_id}
    assert ids(manager) == {mine.public_id, over.public_id}
    assert ids(manager, in_force="true") == {mine.public_id}
    assert ids(manager, in_force="false") == {over.public_id}
    assert api(manager).get(f"{AGREEMENTS}{away.public_id}/").status_code == 404
    assert api(staff("front_desk")).get(AGREEMENTS).status_code == 403
    assert AdvisoryAgreement.objects.count() == 3


@pytest.mark.parametrize("url", [HAND_OVERS, AGREEMENTS])
def test_the_cost_of_a_list_does_not_grow(branch: Branch, phone: APIClient, cost_of: Any, url: str) -> None:
    def more(count: int) -> int:
        AgreementFactory.create_batch(count, client__branch=branch)
        for row in AdvisoryAgreement.objects.all()[:count]:
            HandOver.objects.create(
                branch=branch,
                giver=row.advisor,
                taker=AdvisorFactory(user__branch=branch).user,
                clients=1,
                reason="调岗",
                done_by=row.advisor,
                done_at=timezone.now(),
            )
        phone.get(url)
        return int(cost_of(lambda: phone.get(url)))

    assert more(1) == more(8)
