"""Pages of matching, advisors, hand-over and agreements, asked as people ask them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from advisory.models import AdvisorProfile, AdvisoryAgreement, HandOver, MatchingRun
from advisory.services import run_matching
from clients.models import Client
from crm.core.clocks import local_date
from crm.core.models import Branch, JobRun, User
from crm.core.public_ids import new_public_id
from tests.doors import Staff, Web
from tests.factories.advisory import AdvisorFactory, AgreementFactory
from tests.factories.clients import ClientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(staff: Staff) -> User:
    return staff("branch_manager")


@pytest.fixture
def run(branch: Branch, manager: User) -> MatchingRun:
    AdvisorFactory(user__branch=branch, risk_grades=["C3"])
    AdvisorFactory(user__branch=branch, capacity=1)
    ClientFactory.create_batch(3, branch=branch, assessed=True)
    return run_matching(actor=manager, branch=branch, now=timezone.now())


def decision(run: MatchingRun, **said: Any) -> dict[str, Any]:
    return {"form_token": new_public_id(), "version": run.version, **said}


def test_the_console_shows_the_pool_the_places_and_the_runs(web: Web, manager: User, run: MatchingRun) -> None:
    AdvisorFactory(user__branch=run.branch, expired=True)
    AdvisorFactory(user__branch=run.branch, on_leave=True, leave_until=date(2099, 1, 1))

    page = web(manager).get("/matching/").content.decode()

    assert "Clients without an advisor" in page
    assert "No valid licence" in page
    assert "On leave" in page
    assert run.get_absolute_url() in page


def test_starting_a_run_leads_to_its_page_where_it_is_being_computed(web: Web, manager: User) -> None:
    browser = web(manager)

    answer = browser.post("/matching/start/", {"form_token": "t", "continuity_points": 500}, follow=True)
    again = browser.post("/matching/start/", {"form_token": "t", "continuity_points": 500})

    run = MatchingRun.objects.get()
    assert answer.redirect_chain[-1][0] == run.get_absolute_url()
    assert "hx-get" in answer.content.decode()
    assert (run.state, run.continuity_points, JobRun.objects.count()) == ("computing", 500, 1)
    assert again.status_code == 302


def test_a_second_run_of_the_branch_waits_for_the_first(web: Web, manager: User) -> None:
    browser = web(manager)
    browser.post("/matching/start/", {"form_token": "a", "continuity_points": 500})

    answer = browser.post("/matching/start/", {"form_token": "b", "continuity_points": 500})

    assert answer.status_code == 409
    assert MatchingRun.objects.count() == 1


def test_a_proposal_is_shown_with_proof_reasons_and_consequence(web: Web, manager: User, run: MatchingRun) -> None:
    page = web(manager).get(run.get_absolute_url()).content.decode()

    assert "Proven: no better matching exists" in page
    assert "3 clients get a first advisor" in page
    assert "<svg" in page
    assert "Next best" in page


def test_the_table_alone_answers_htmx_and_filters_by_kind(web: Web, manager: User, run: MatchingRun) -> None:
    browser = web(manager)

    moved = browser.get(run.get_absolute_url(), {"kind": "moved"}, headers={"hx-request": "true"}).content.decode()
    new = browser.get(run.get_absolute_url(), {"kind": "new"}, headers={"hx-request": "true"}).content.decode()

    assert "<html" not in moved
    assert "Nothing to show" in moved
    assert new.count("<svg") >= 3


def test_approval_moves_the_clients_and_a_second_one_is_told(web: Web, manager: User, run: MatchingRun) -> None:
    browser = web(manager)

    first = browser.post(f"{run.get_absolute_url()}approve/", decision(run))
    second = browser.post(
        f"{run.get_absolute_url()}approve/", {"form_token": new_public_id(), "version": run.version + 1}
    )

    assert (first.status_code, second.status_code) == (302, 409)
    assert Client.objects.exclude(advisor=None).count() == 3


def test_approving_an_older_version_is_answered_412(web: Web, manager: User, run: MatchingRun) -> None:
    answer = web(manager).post(f"{run.get_absolute_url()}approve/", decision(run, version=run.version + 1))

    assert answer.status_code == 412
    assert not Client.objects.exclude(advisor=None).exists()


def test_rejection_asks_for_a_reason(web: Web, manager: User, run: MatchingRun) -> None:
    browser = web(manager)

    empty = browser.post(f"{run.get_absolute_url()}reject/", decision(run))
    said = browser.post(f"{run.get_absolute_url()}reject/", decision(run, reason="太多变动"))

    assert (empty.status_code, said.status_code) == (400, 302)
    assert "太多变动" in browser.get(run.get_absolute_url()).content.decode()


def test_who_only_looks_finds_no_buttons_and_may_not_decide(web: Web, staff: Staff, run: MatchingRun) -> None:
    browser = web(staff("auditor", branch=None))

    page = browser.get(run.get_absolute_url())

    assert page.status_code == 200
    assert "Approve" not in page.content.decode()
    assert browser.post(f"{run.get_absolute_url()}approve/", decision(run)).status_code == 403
    assert browser.post("/matching/start/", {"form_token": "t", "continuity_points": 1}).status_code == 403


def test_a_foreign_run_is_not_there_and_the_right_is_asked_first(
    web: Web, staff: Staff, other_branch: Branch, run: MatchingRun
) -> None:
    stranger, advisor = web(staff("branch_manager", branch=other_branch)), web(staff("advisor"))

    assert stranger.get(run.get_absolute_url()).status_code == 404
    assert stranger.post(f"{run.get_absolute_url()}approve/", decision(run)).status_code == 404
    assert advisor.get(run.get_absolute_url()).status_code == 403
    assert advisor.get(f"/matching/{new_public_id()}/").status_code == 403


def test_the_cost_of_a_proposal_does_not_grow(web: Web, cost_of: Any, branch: Branch, manager: User) -> None:
    AdvisorFactory.create_batch(2, user__branch=branch)
    browser = web(manager)

    def cost(clients: int) -> int:
        ClientFactory.create_batch(clients, branch=branch)
        run = run_matching(actor=manager, branch=branch, now=timezone.now())
        browser.get(run.get_absolute_url())
        return cost_of(lambda: browser.get(run.get_absolute_url()))

    assert cost(1) == cost(9)


def test_the_cost_of_the_console_does_not_grow(web: Web, cost_of: Any, branch: Branch, manager: User) -> None:
    browser = web(manager)

    def cost(more: int) -> int:
        for profile in AdvisorFactory.create_batch(more, user__branch=branch):
            ClientFactory(branch=branch, advisor=profile.user)
            run_matching(actor=manager, branch=branch, now=timezone.now())
        browser.get("/matching/")
        return cost_of(lambda: browser.get("/matching/"))

    assert cost(1) == cost(9)


# -- advisors ----------------------------------------------------------------------------------------------------------

PROFILE = {
    "licence_kind": "investment_advisor",
    "licence_number": "S9990621000001",
    "licence_valid_until": "2030-01-01",
    "capacity": "80",
    "accepts_clients": "on",
    "languages": "普通话、上海话,粤语",
    "channels": ["phone", "wechat"],
    "risk_grades": ["C1", "C2"],
    "tier_ranks": ["1", "2"],
}


def test_the_list_warns_of_licences_that_end(web: Web, manager: User, branch: Branch) -> None:
    today = local_date(timezone.now())
    AdvisorFactory(user__branch=branch, licence_valid_until=today + timedelta(days=20))
    AdvisorFactory(user__branch=branch, licence_valid_until=today - timedelta(days=20), licence_number="X1")

    page = web(manager).get("/advisors/").content.decode()

    assert "Expires in 20 days" in page
    assert "Expired" in page
    assert page.count("No valid licence") == 1
    assert "Unusual number" in page


def test_an_advisor_finds_himself_alone_and_may_not_edit(web: Web, branch: Branch) -> None:
    mine, other = AdvisorFactory.create_batch(2, user__branch=branch)
    browser = web(mine.user)

    page = browser.get("/advisors/").content.decode()

    assert mine.licence_number in page
    assert other.licence_number not in page
    assert browser.get(f"/advisors/{mine.user.public_id}/").status_code == 403


def test_the_manager_enters_a_profile(web: Web, manager: User, staff: Staff) -> None:
    user, browser = staff("advisor"), web(manager)
    url = f"/advisors/{user.public_id}/"
    assert user.name in browser.get("/advisors/").content.decode()

    answer = browser.post(url, {"form_token": "t", **PROFILE})

    assert answer.status_code == 302
    profile = AdvisorProfile.objects.get(user=user)
    assert (profile.languages, profile.tier_ranks) == (["普通话", "上海话", "粤语"], [1, 2])
    assert "普通话、上海话、粤语" in browser.get(url).content.decode()


def test_an_older_profile_is_not_written_over(web: Web, manager: User, branch: Branch) -> None:
    profile, browser = AdvisorFactory(user__branch=branch), web(manager)
    url = f"/advisors/{profile.user.public_id}/"

    assert browser.post(url, {"form_token": "a", "version": 1, **PROFILE}).status_code == 302
    assert browser.post(url, {"form_token": "b", "version": 1, **PROFILE, "capacity": 7}).status_code == 412


def test_an_advisor_of_another_branch_is_not_there(web: Web, manager: User, other_branch: Branch) -> None:
    profile = AdvisorFactory(user__branch=other_branch)

    assert web(manager).get(f"/advisors/{profile.user.public_id}/").status_code == 404


# -- hand-over ---------------------------------------------------------------------------------------------------------


def test_the_wizard_previews_and_hands_over(web: Web, manager: User, branch: Branch, staff: Staff) -> None:
    giver, taker = staff("advisor"), AdvisorFactory(user__branch=branch, licence_valid_until=date(2099, 1, 1)).user
    ClientFactory.create_batch(2, branch=branch, advisor=giver)
    browser, said = web(manager), {"giver": giver.public_id, "taker": taker.public_id}

    preview = browser.get("/handover/new/", said)
    done = browser.post("/handover/new/", {"form_token": "t", "reason": "离职", **said}, follow=True)

    assert f"2 clients of {giver.name} change hands." in preview.content.decode()
    assert "离职" in done.content.decode()
    assert Client.objects.filter(advisor=taker).count() == 2


def test_a_hand_over_without_reason_or_places_is_refused(web: Web, manager: User, branch: Branch, staff: Staff) -> None:
    giver, taker = staff("advisor"), AdvisorFactory(user__branch=branch, capacity=1).user
    ClientFactory.create_batch(2, branch=branch, advisor=giver)
    browser, said = web(manager), {"giver": giver.public_id, "taker": taker.public_id, "form_token": "t"}

    assert "not possible" in browser.get("/handover/new/", said).content.decode()
    assert browser.post("/handover/new/", said).status_code == 400
    assert browser.post("/handover/new/", {**said, "reason": "离职"}).status_code == 409
    assert not HandOver.objects.exists()


def test_only_the_ticked_clients_go(web: Web, manager: User, branch: Branch, staff: Staff) -> None:
    giver, taker = staff("advisor"), AdvisorFactory(user__branch=branch).user
    goes, stays = ClientFactory.create_batch(2, branch=branch, advisor=giver)
    said = {"giver": giver.public_id, "taker": taker.public_id, "clients": [goes.public_id]}
    browser = web(manager)

    preview = browser.get("/handover/new/", said).content.decode()
    browser.post("/handover/new/", {"form_token": "t", "reason": "调整", **said})

    assert f"1 client of {giver.name} changes hands." in preview
    assert Client.objects.get(pk=goes.pk).advisor == taker
    assert Client.objects.get(pk=stays.pk).advisor == giver


def test_ticking_a_client_of_somebody_else_moves_nobody(web: Web, manager: User, branch: Branch, staff: Staff) -> None:
    giver, taker = staff("advisor"), AdvisorFactory(user__branch=branch).user
    ClientFactory(branch=branch, advisor=giver)
    foreign = ClientFactory(branch=branch, advisor=staff("advisor"))
    said = {"giver": giver.public_id, "taker": taker.public_id, "clients": [foreign.public_id], "reason": "调整"}

    answer = web(manager).post("/handover/new/", {"form_token": "t", **said})

    assert answer.status_code == 400
    assert not HandOver.objects.exists()


def test_hand_overs_are_the_managers(web: Web, staff: Staff) -> None:
    assert web(staff("advisor")).get("/handover/new/").status_code == 403
    assert web(staff("auditor", branch=None)).get("/handover/new/").status_code == 403


def test_spreading_by_matching_is_previewed(web: Web, manager: User, branch: Branch, staff: Staff) -> None:
    giver = staff("account_manager")
    AdvisorFactory.create_batch(2, user__branch=branch, capacity=1)
    ClientFactory.create_batch(2, branch=branch, advisor=giver)

    page = web(manager).get("/handover/new/", {"giver": giver.public_id, "taker": "matching"}).content.decode()

    assert "3. Confirm" in page


# -- agreements --------------------------------------------------------------------------------------------------------


def test_an_advisor_signs_with_his_own_client_and_with_no_other(web: Web, branch: Branch) -> None:
    advisor, colleague = (row.user for row in AdvisorFactory.create_batch(2, user__branch=branch))
    mine = ClientFactory(branch=branch, assessed=True, advisor=advisor, risk_valid_until=date(2099, 1, 1))
    theirs = ClientFactory(branch=branch, assessed=True, advisor=colleague)
    browser = web(advisor)
    said = {"form_token": "t", "number": "TG-1", "signed_on": local_date(timezone.now()), "risk_disclosure": "2026-01"}

    assert browser.get(f"/agreements/client/{mine.public_id}/sign/").status_code == 200
    assert browser.post(f"/agreements/client/{mine.public_id}/sign/", said).status_code == 302
    assert "TG-1" in browser.get(f"/agreements/client/{mine.public_id}/").content.decode()
    assert browser.get(f"/agreements/client/{theirs.public_id}/").status_code == 404
    assert browser.post(f"/agreements/client/{theirs.public_id}/sign/", said).status_code == 404


def test_an_agreement_without_risk_grade_is_refused(web: Web, branch: Branch) -> None:
    advisor = AdvisorFactory(user__branch=branch).user
    client = ClientFactory(branch=branch, advisor=advisor)
    said = {"form_token": "t", "number": "TG-1", "signed_on": local_date(timezone.now()), "risk_disclosure": "2026-01"}

    answer = web(advisor).post(f"/agreements/client/{client.public_id}/sign/", said)

    assert answer.status_code == 409
    assert "no valid risk grade" in answer.content.decode()


def test_an_agreement_is_ended_once_and_not_cancelled_late(web: Web, manager: User, branch: Branch) -> None:
    row = AgreementFactory(client__branch=branch)
    browser, today = web(manager), local_date(timezone.now())

    late = browser.post(f"/agreements/{row.public_id}/cancel/", {"form_token": "a", "version": 1, "received_on": today})
    stale = browser.post(
        f"/agreements/{row.public_id}/end/", {"form_token": "b", "version": 9, "ended_on": today, "reason": "期满"}
    )
    said = {"ended_on": today, "reason": "期满"}
    ended = browser.post(f"/agreements/{row.public_id}/end/", {"form_token": "c", "version": 1, **said})
    again = browser.post(f"/agreements/{row.public_id}/end/", {"form_token": "d", "version": 2, **said})

    assert [late.status_code, stale.status_code, ended.status_code, again.status_code] == [409, 412, 302, 409]
    assert AdvisoryAgreement.objects.get().end_reason == "期满"


def test_the_front_desk_signs_nothing(web: Web, staff: Staff, branch: Branch) -> None:
    client = ClientFactory(branch=branch)

    assert web(staff("front_desk")).get(f"/agreements/client/{client.public_id}/").status_code == 403
