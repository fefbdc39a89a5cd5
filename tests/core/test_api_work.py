"""Imports, jobs and delegations over REST."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from crm.core.clocks import database_now, local_date
from crm.core.importing import TARGETS
from crm.core.jobs import run_waiting_jobs, start_job
from crm.core.models import Branch, Delegation, Department, ImportBatch, JobRun, User
from tests.core.importing.kinds import DepartmentTarget
from tests.doors import Api, Staff

pytestmark = pytest.mark.django_db

IMPORTS, JOBS, DELEGATIONS = "/api/v1/imports/", "/api/v1/jobs/", "/api/v1/delegations/"
GOOD = "部门代码,部门名称\nA1,研究部\nA2,客户服务部\n"
BAD = "部门代码,部门名称\nA1,研究部\nA2,\n"


@pytest.fixture(autouse=True)
def kinds() -> Iterator[None]:
    """Departments can be imported, and nothing else."""
    before = dict(TARGETS)
    TARGETS["departments"] = DepartmentTarget()
    yield
    TARGETS.clear()
    TARGETS.update(before)


@pytest.fixture
def phone(api: Api, staff: Staff) -> APIClient:
    return api(staff("front_desk"))


def bring(phone: APIClient, text: str = GOOD, *, key: str = "k", **said: Any) -> Any:
    body = {"kind": "departments", "file": SimpleUploadedFile("部门.csv", text.encode()), **said}
    return phone.post(IMPORTS, body, format="multipart", headers={"Idempotency-Key": key})


def press(phone: APIClient, row: Any, verb: str, *, key: str, tag: str | None = "", **said: Any) -> Any:
    url = f"{IMPORTS}{row}/"
    tag = phone.get(url)["ETag"] if tag == "" else tag
    headers = {"Idempotency-Key": key, **({"If-Match": tag} if tag else {})}
    return phone.post(f"{url}{verb}/", said, format="json", headers=headers)


def work() -> None:
    run_waiting_jobs(database_now())


def test_a_file_is_sent_checked_applied_and_taken_back(phone: APIClient) -> None:
    sent, again = bring(phone), bring(phone)
    work()
    batch = sent.data["id"]
    checked = phone.get(f"{IMPORTS}{batch}/")
    assert not Department.objects.exists()

    unseen, stale = press(phone, batch, "apply", key="a", tag=None), press(phone, batch, "apply", key="a", tag='"1"')
    started = press(phone, batch, "apply", key="a")
    work()
    applied = phone.get(f"{IMPORTS}{batch}/").data
    replay = press(phone, batch, "apply", key="a")
    assert sorted(Department.objects.values_list("code", flat=True)) == ["A1", "A2"]
    undo = press(phone, batch, "undo", key="b", reason="错误的文件")
    work()

    assert (sent.status_code, again.status_code, again.data["id"]) == (201, 200, batch)
    assert (checked.data["state"], checked.data["created"], checked.data["job"]["state"]) == ("checked", 2, "done")
    assert (unseen.status_code, stale.status_code, started.status_code, replay.status_code) == (428, 412, 201, 200)
    assert (applied["state"], applied["job"]["result"]["created"]) == ("applied", 2)
    assert undo.status_code == 201
    assert phone.get(f"{IMPORTS}{batch}/").data["state"] == "undone"
    assert not Department.objects.exists()


def test_the_same_key_with_another_file_of_the_same_name_and_size_is_refused(phone: APIClient) -> None:
    bring(phone, GOOD)

    assert bring(phone, GOOD.replace("研究部", "营销部")).status_code == 422
    assert ImportBatch.objects.count() == 1


def test_rejected_rows_are_told_and_only_partial_writes_the_others(phone: APIClient) -> None:
    batch = bring(phone, BAD).data["id"]
    work()

    told = phone.get(f"{IMPORTS}{batch}/rejects/").data["results"]
    whole = press(phone, batch, "apply", key="a")
    part = press(phone, batch, "apply", key="b", partial=True)
    work()

    assert [(row["row"], [problem["field"] for problem in row["problems"]]) for row in told] == [(3, ["name"])]
    assert (whole.status_code, whole.json()["code"]) == (409, "import_rows_rejected")
    assert part.status_code == 201
    assert list(Department.objects.values_list("code", flat=True)) == ["A1"]


def test_a_dry_run_is_checked_and_never_applied_and_a_batch_can_be_given_up(phone: APIClient) -> None:
    dry, other = bring(phone, key="a", dry_run="true").data["id"], bring(phone, key="b").data["id"]
    work()

    assert phone.get(f"{IMPORTS}{dry}/").data["dry_run"] is True
    assert press(phone, dry, "apply", key="c").status_code == 409
    assert press(phone, other, "cancel", key="d").data["state"] == "cancelled"


def test_a_mapping_says_what_titles_do_not(phone: APIClient) -> None:
    strange = "甲,乙\nA1,研究部\n"
    mapping = '[columns]\ncode = "甲"\nname = "乙"\n'

    unknown = bring(phone, strange, key="a")
    broken = bring(phone, strange, key="b", mapping="[columns")
    sent = bring(phone, strange, key="c", mapping=mapping)
    work()

    assert (unknown.status_code, unknown.json()["code"]) == (400, "bad_mapping")
    assert (broken.status_code, broken.json()["code"]) == (400, "not_toml")
    assert phone.get(f"{IMPORTS}{sent.data['id']}/").data["created"] == 1


@pytest.mark.parametrize("wrong", [{"kind": "nonsense"}, {"kind": "departments", "colour": "red"}, {"day": "soon"}])
def test_what_a_form_cannot_say_is_a_400_with_the_field(phone: APIClient, wrong: dict[str, str]) -> None:
    answer = bring(phone, **wrong)

    assert answer.status_code == 400
    assert set(answer.json()["fields"]) & {"kind", "colour", "day"}


def test_a_kind_with_a_right_of_its_own_asks_for_it(phone: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = bring(phone).data["id"]
    work()
    monkeypatch.setattr(TARGETS["departments"], "permission", "core.change_user")

    assert bring(phone, key="b").status_code == 403
    assert press(phone, batch, "apply", key="c").status_code == 403


def test_files_of_another_branch_are_not_there(api: Api, staff: Staff, other_branch: Branch, phone: APIClient) -> None:
    batch = bring(phone).data["id"]
    stranger = api(staff("front_desk", branch=other_branch))

    assert stranger.get(f"{IMPORTS}{batch}/").status_code == 404
    assert stranger.get(f"{IMPORTS}{batch}/rejects/").status_code == 404
    assert stranger.get(IMPORTS).data["results"] == []
    assert api(staff("advisor")).get(IMPORTS).status_code == 403


def test_work_that_waits_is_stopped_once(branch: Branch, staff: Staff, api: Api) -> None:
    user = staff("front_desk")
    run, phone = start_job("imports.check", actor=user, params={}, branch=branch), api(user)
    tag = phone.get(f"{JOBS}{run.public_id}/")["ETag"]

    def cancel(key: str, **headers: str) -> Any:
        url = f"{JOBS}{run.public_id}/cancel/"
        return phone.post(url, {}, format="json", headers={"Idempotency-Key": key, **headers})

    assert cancel("a").status_code == 428
    done, late = cancel("a", **{"If-Match": tag}), cancel("b", **{"If-Match": tag})

    assert (done.status_code, done.data["state"], late.status_code) == (201, "cancelled", 412)
    assert api(staff("advisor")).get(f"{JOBS}{run.public_id}/").status_code == 404
    assert JobRun.objects.get().state == "cancelled"


def test_a_delegation_is_granted_for_oneself_and_ended_by_the_deputy(staff: Staff, api: Api) -> None:
    me, deputy, today = staff("advisor"), staff("advisor"), local_date(timezone.now())
    days = {"first_day": today.isoformat(), "last_day": (today + timedelta(days=5)).isoformat(), "reason": "休假"}

    def grant(user: User, key: str = "k", **said: Any) -> Any:
        return api(user).post(DELEGATIONS, {**days, **said}, format="json", headers={"Idempotency-Key": key})

    made, again = grant(me, deputy=deputy.public_id), grant(me, deputy=deputy.public_id)
    foreign = grant(me, "b", absent=deputy.public_id, deputy=me.public_id)
    url = f"{DELEGATIONS}{made.data['id']}/"
    tag = api(deputy).get(url)["ETag"]
    revoke = {"Idempotency-Key": "c", "If-Match": tag}
    ended = api(deputy).post(f"{url}revoke/", {}, format="json", headers=revoke)
    late = api(deputy).post(f"{url}revoke/", {}, format="json", headers={**revoke, "Idempotency-Key": "d"})

    assert (made.status_code, again.status_code, made.data["absent"]["id"]) == (201, 200, me.public_id)
    assert foreign.status_code == 403
    assert (ended.status_code, late.status_code) == (201, 412)
    assert ended.data["revoked_at"] is not None
    assert api(staff("advisor")).get(url).status_code == 404
    assert Delegation.objects.count() == 1
