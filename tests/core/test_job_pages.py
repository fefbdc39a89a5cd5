"""The pages of jobs: who finds which run there, its progress, stopping it, and what came out of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.core import jobs
from crm.core.models import JobRun
from tests.core.job_ground import start

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kinds_of_work")]


def test_the_list_shows_own_runs_and_those_of_the_branch_to_its_manager(web, staff, branch, other_branch):
    advisor, manager = staff("advisor"), staff("branch_manager")
    own = start(advisor, branch=branch)
    foreign = start(staff("advisor", branch=other_branch), branch=other_branch)

    seen = web(manager).get(reverse("core:job_list")).content.decode()

    assert own.public_id in seen
    assert foreign.public_id not in seen
    assert own.public_id not in web(staff("advisor")).get(reverse("core:job_list")).content.decode()


def test_a_foreign_run_and_none_at_all_look_the_same(web, staff, other_branch):
    foreign = start(staff("advisor", branch=other_branch), branch=other_branch)
    browser = web(staff("advisor"))

    answers = [browser.get(reverse("core:job_detail", args=[i])) for i in (foreign.public_id, "0" * 26)]

    assert [answer.status_code for answer in answers] == [404, 404]


def test_the_card_asks_again_until_the_run_has_ended(web, staff):
    actor = staff("advisor")
    run = start(actor)
    browser, url = web(actor), reverse("core:job_detail", args=[run.public_id])

    waiting = browser.get(url, headers={"HX-Request": "true"}).content.decode()
    jobs.take_and_run(run.pk)
    ended = browser.get(url, headers={"HX-Request": "true"}).content.decode()

    assert "every 2s" in waiting
    assert "<html" not in waiting
    assert "Counting" in waiting
    assert "every 2s" not in ended


def test_the_page_stops_a_run(web, staff):
    actor = staff("advisor")
    run = start(actor)

    answer = web(actor).post(reverse("core:job_cancel", args=[run.public_id]))

    run.refresh_from_db()
    assert answer.status_code == 302
    assert run.state == "cancelled"


def test_who_sees_a_run_and_may_not_stop_it_is_told_so(web, staff, branch):
    run = start(staff("advisor"), branch=branch)

    assert web(staff("follow_up_caller")).post(reverse("core:job_cancel", args=[run.public_id])).status_code == 403


def test_the_list_costs_the_same_for_one_run_and_for_ten(web, staff, branch, cost_of):
    manager = staff("branch_manager")
    browser = web(manager)
    start(staff("advisor"), branch=branch)
    one = cost_of(lambda: browser.get(reverse("core:job_list")))
    for _turn in range(9):
        start(staff("advisor"), branch=branch)

    assert cost_of(lambda: browser.get(reverse("core:job_list"))) == one


def test_a_page_that_is_the_report_of_the_run_shows_itself_when_the_run_has_ended(web, staff):
    actor = staff("advisor")
    run = start(actor)
    JobRun.objects.filter(pk=run.pk).update(
        state="done", ended_at=timezone.now(), result={"report_url": "/matching/1/"}
    )
    browser, url = web(actor), reverse("core:job_detail", args=[run.public_id])

    here = browser.get(url, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/matching/1/"})
    elsewhere = browser.get(url, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/jobs/"})

    assert here["HX-Refresh"] == "true"
    assert "HX-Refresh" not in elsewhere


def test_what_runs_without_a_worker_seals_the_trail_as_well(staff, time_machine):
    import io

    from django.core.management import call_command

    from crm.core import audit
    from crm.core.models import AuditSeal

    person = staff("advisor")
    entry = audit.record(person, "test.note", person)
    later = entry.at + timedelta(minutes=2)

    call_command("run_due", "--now", later.isoformat(), stdout=io.StringIO())

    assert AuditSeal.objects.filter(entry_id=entry.pk).exists()


@pytest.mark.parametrize(
    ("kind", "kept_from", "shown_to"),
    [
        ("clients.erase", ["front_desk", "follow_up_caller", "branch_manager"], ["compliance", "auditor"]),
        ("tiers.leaks", ["front_desk", "follow_up_caller", "auditor"], ["branch_manager", "head_office"]),
        ("advisory.matching", ["front_desk", "follow_up_caller"], ["branch_manager", "auditor"]),
    ],
)
def test_what_came_out_of_a_run_is_told_to_those_alone_who_may_know_it(
    branch, staff, web, api, kind, kept_from, shown_to
):
    assert kind in jobs.JOBS
    readers = {role: staff(role) for role in (*kept_from, *shown_to)}
    before = {role: api(reader).get("/api/v1/jobs/").json() for role, reader in readers.items()}

    run = JobRun.objects.create(
        kind=kind,
        actor=staff("compliance"),
        branch=branch,
        state="done",
        result={"rows": 7},
        message="涉诉留存",
        ended_at=timezone.now(),
    )

    for role in kept_from:
        assert api(readers[role]).get("/api/v1/jobs/").json() == before[role]
        assert web(readers[role]).get("/jobs/").context["page"].rows == []
        for visitor, url in ((web, f"/jobs/{run.public_id}/"), (api, f"/api/v1/jobs/{run.public_id}/")):
            assert visitor(readers[role]).get(url).status_code == 404
    for role in shown_to:
        assert api(readers[role]).get(f"/api/v1/jobs/{run.public_id}/").json()["result"] == {"rows": 7}
    assert api(run.actor).get(f"/api/v1/jobs/{run.public_id}/").status_code == 200
