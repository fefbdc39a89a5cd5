"""Matching runs and assignments over REST."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from advisory.models import MatchingRun
from advisory.services import run_matching
from clients.models import Client
from crm.core.jobs import take_and_run
from crm.core.models import Branch, JobRun, User
from crm.core.public_ids import new_public_id
from tests.doors import Api, Staff
from tests.factories.advisory import AdvisorFactory
from tests.factories.clients import AdvisorAssignmentFactory, ClientFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/matching-runs/"


@pytest.fixture
def manager(staff: Staff) -> User:
    return staff("branch_manager")


@pytest.fixture
def run(branch: Branch, manager: User) -> MatchingRun:
    AdvisorFactory.create_batch(2, user__branch=branch)
    ClientFactory.create_batch(3, branch=branch)
    return run_matching(actor=manager, branch=branch, now=timezone.now())


def decide(phone: APIClient, run: MatchingRun, verb: str = "approve", key: str = "k", **sent: Any) -> Any:
    version = sent.pop("version", run.version)
    headers = {"Idempotency-Key": key, **({} if version is None else {"If-Match": f'"{version}"'})}
    return phone.post(f"{URL}{run.public_id}/{verb}/", sent, format="json", headers=headers)


def test_a_run_is_created_once_and_computed_by_its_job(api: Api, manager: User, branch: Branch) -> None:
    AdvisorFactory(user__branch=branch)
    ClientFactory(branch=branch)
    phone = api(manager)

    first = phone.post(URL, {"continuity_points": 300}, format="json", headers={"Idempotency-Key": "a"})
    again = phone.post(URL, {"continuity_points": 300}, format="json", headers={"Idempotency-Key": "a"})
    take_and_run(JobRun.objects.get().pk)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.data["id"] == again.data["id"]
    found = phone.get(f"{URL}{first.data['id']}/")
    assert (found.data["state"], found.data["gap"], found.data["newly_assigned"]) == ("proposed", 0, 1)
    assert found["ETag"] == f'"{found.data["version"]}"'


def test_a_run_needs_a_key_known_fields_and_a_branch_of_ones_own(api: Api, manager: User, other_branch: Branch) -> None:
    phone, key = api(manager), {"Idempotency-Key": "a"}

    assert phone.post(URL, {}, format="json").status_code == 400
    assert phone.post(URL, {"tau": 1}, format="json", headers=key).status_code == 400
    assert phone.post(URL, {"branch": other_branch.public_id}, format="json", headers=key).status_code == 400
    assert phone.post(URL, {"continuity_points": -1}, format="json", headers=key).status_code == 400


def test_proposals_tell_points_by_factor_and_who_came_next(api: Api, manager: User, run: MatchingRun) -> None:
    answer = api(manager).get(f"{URL}{run.public_id}/proposals/", {"kind": "new"})

    assert len(answer.data["results"]) == 3
    first = answer.data["results"][0]
    assert sum(first["contributions"].values()) == first["points"]
    assert first["old_advisor"] is None
    assert set(first["runners_up"][0]) == {"advisor", "points", "net"}
    assert not api(manager).get(f"{URL}{run.public_id}/proposals/", {"kind": "moved"}).data["results"]


def test_approval_needs_the_version_and_happens_once(api: Api, manager: User, run: MatchingRun) -> None:
    phone = api(manager)

    assert decide(phone, run, version=None).status_code == 428
    assert decide(phone, run, version=run.version + 5).status_code == 412
    done, replay = decide(phone, run), decide(phone, run)
    late = decide(phone, run, key="other", version=run.version + 1)

    assert (done.status_code, replay.status_code, late.status_code) == (201, 200, 409)
    assert done.data["state"] == replay.data["state"] == "approved"
    assert late.json()["code"] == "already_decided"
    assert Client.objects.exclude(advisor=None).count() == 3


def test_rejection_tells_its_reason(api: Api, manager: User, run: MatchingRun) -> None:
    phone = api(manager)

    assert decide(phone, run, "reject").status_code == 400
    assert decide(phone, run, "reject", key="b", reason="太多变动").data["reason"] == "太多变动"


def test_the_right_is_asked_before_the_row_and_a_foreign_run_is_not_there(
    api: Api, staff: Staff, other_branch: Branch, run: MatchingRun
) -> None:
    stranger, advisor = api(staff("branch_manager", branch=other_branch)), api(staff("advisor"))
    auditor = api(staff("auditor", branch=None))

    assert advisor.get(f"{URL}{run.public_id}/").status_code == 403
    foreign, unknown = stranger.get(f"{URL}{run.public_id}/"), stranger.get(f"{URL}{new_public_id()}/")
    assert (foreign.status_code, foreign.content) == (404, unknown.content)
    assert decide(stranger, run).status_code == 404
    assert stranger.get(URL).data["results"] == []
    assert auditor.get(f"{URL}{run.public_id}/").status_code == 200
    assert decide(auditor, run).status_code == 403


@pytest.mark.parametrize("path", ["", "proposals/"])
def test_the_cost_of_a_list_does_not_grow(api: Api, cost_of: Any, branch: Branch, manager: User, path: str) -> None:
    AdvisorFactory(user__branch=branch)
    phone = api(manager)

    def cost(clients: int) -> int:
        ClientFactory.create_batch(clients, branch=branch)
        for _turn in range(clients):
            run = run_matching(actor=manager, branch=branch, now=timezone.now())
        url = f"{URL}{run.public_id}/{path}" if path else URL
        phone.get(url)
        return cost_of(lambda: phone.get(url))

    assert cost(1) == cost(9)


def test_assignments_are_the_present_ones_within_reach(
    api: Api, staff: Staff, branch: Branch, other_branch: Branch
) -> None:
    advisor = staff("advisor")
    mine = AdvisorAssignmentFactory(client__branch=branch, client__advisor=advisor, advisor=advisor)
    AdvisorAssignmentFactory(client=mine.client, advisor=staff("advisor"), until=datetime(2026, 1, 3, tzinfo=UTC))
    other = AdvisorAssignmentFactory(client__branch=branch)
    AdvisorAssignmentFactory(client__branch=other_branch)

    def ids(role: User, **said: str) -> set[str]:
        return {row["id"] for row in api(role).get("/api/v1/assignments/", said).data["results"]}

    manager = staff("branch_manager")
    assert ids(advisor) == {mine.public_id}
    assert ids(manager) == {mine.public_id, other.public_id}
    assert ids(manager, advisor=advisor.public_id) == {mine.public_id}
    assert api(staff("agent")).get("/api/v1/assignments/").status_code == 403
    assert api(manager).post("/api/v1/assignments/", {}, format="json").status_code in (403, 405)
