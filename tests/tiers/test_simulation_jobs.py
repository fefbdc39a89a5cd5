"""A large book is laid out by a job: the page is there at once, shows how far it is and then the sheet, whatever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.core.access import system_user
from crm.core.jobs import cancel_job, start_job, take_and_run
from crm.core.models import Branch, JobRun, Policy, User
from tests.doors import Staff, Web
from tests.factories.clients import ClientFactory
from tests.factories.tiers import put_days
from tests.tiers.plans import plan
from tests.tiers.test_killed import database_url
from tiers.errors import NothingToTry, NotLaidOut
from tiers.models import Programme, SimulatedClient, Simulation
from tiers.services.programmes import ProgrammePlan, TierPlan, create_programme
from tiers.services.simulation import JOB, ask_simulation, bounds_of, save_as_draft, tell
from tiers.tasks import tidy_simulations

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 5, 29)


@pytest.fixture
def programme(branch: Branch) -> Programme:
    """Two bounds, and a book of three clients where two may be laid out at once."""
    Policy.objects.filter(policy_key="tier.simulation_at_once").update(value=2)
    made = create_programme(
        actor=system_user(), plan=plan("own", 1_000, 2_000), company=branch.company, branch=branch, activate=True
    )
    clients = ClientFactory.create_batch(3, branch=branch)
    put_days(branch, {client: {DAY: 90_000 + place * 60_000} for place, client in enumerate(clients)})
    return made


def ask(branch: Branch, programme: Programme, actor: User) -> Simulation:
    made: Simulation = ask_simulation(branch=branch, programme=programme, actor=actor, now=timezone.now())
    return made


def rows() -> list[tuple[Any, ...]]:
    return sorted(SimulatedClient.objects.values_list("client_id", "average", "base_rank", "turnover", "has_own_rate"))


def test_the_page_of_a_large_book_is_there_at_once_and_turns_into_the_sheet(
    programme: Programme, staff: Staff, web: Web
) -> None:
    browser = web(staff("branch_manager"))

    started = browser.post(reverse("tiers:simulation_start", args=[programme.public_id]))
    waiting = browser.get(started.url)
    laid_out_by_then = rows()
    run = JobRun.objects.get(kind=JOB)
    poll = reverse("core:job_detail", args=[run.public_id])
    htmx = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{started.url}"}
    asked = browser.get(poll, headers=htmx)
    assert take_and_run(run.pk)
    done = browser.get(poll, headers=htmx)
    sheet = browser.get(started.url)

    assert laid_out_by_then == []
    assert f'hx-get="{poll}"' in waiting.content.decode() and 'role="slider"' not in waiting.content.decode()
    assert "HX-Refresh" not in asked.headers and done.headers["HX-Refresh"] == "true"
    assert sheet.content.decode().count('role="slider"') == 2
    assert (Simulation.objects.get().clients, len(rows())) == (3, 3)


def test_a_small_book_is_laid_out_at_once(branch: Branch, programme: Programme, staff: Staff, web: Web) -> None:
    Policy.objects.filter(policy_key="tier.simulation_at_once").update(value=3)
    browser = web(staff("branch_manager"))

    started = browser.post(reverse("tiers:simulation_start", args=[programme.public_id]))

    assert browser.get(started.url).content.decode().count('role="slider"') == 2
    assert (len(rows()), JobRun.objects.filter(kind=JOB).count()) == (3, 0)


def test_who_asks_meanwhile_gets_the_same_sheet_and_no_second_job(
    branch: Branch, programme: Programme, staff: Staff
) -> None:
    first, second = ask(branch, programme, staff("branch_manager")), ask(branch, programme, staff("branch_manager"))

    assert (first.pk, first.state, second.state) == (second.pk, "computing", "computing")
    assert JobRun.objects.filter(kind=JOB).count() == 1


def test_nothing_is_told_or_kept_before_the_figures_are_there(
    branch: Branch, programme: Programme, staff: Staff, web: Web
) -> None:
    manager = staff("branch_manager")
    sheet = ask(branch, programme, manager)
    page = reverse("tiers:simulation", args=[sheet.public_id])

    with pytest.raises(NotLaidOut):
        tell(sheet, {2: 1, 3: 2}, with_commission=False)
    with pytest.raises(NotLaidOut):
        save_as_draft(
            simulation=sheet, bounds={2: 1, 3: 2}, actor=manager, now=timezone.now(), effective_from=DAY, note="x",
            for_branch=True,
        )  # fmt: skip
    for name in ("tiers:simulation_draft", "tiers:simulation_drafts"):
        assert web(manager).get(reverse(name, args=[sheet.public_id])).url == page


def test_laid_out_twice_or_after_a_cancelled_run_it_holds_the_same(
    branch: Branch, programme: Programme, staff: Staff, web: Web
) -> None:
    manager = staff("branch_manager")
    sheet = ask(branch, programme, manager)
    assert sheet.job is not None
    cancel_job(run=sheet.job, actor=manager)
    page = web(manager).get(reverse("tiers:simulation", args=[sheet.public_id]))
    assert Simulation.objects.get().state == "failed" and "alert" in page.content.decode()

    take_and_run(ask(branch, programme, manager).job.pk)  # type: ignore[union-attr]  # a large book has one
    once = rows()
    again = ask(branch, programme, manager)
    take_and_run(again.job.pk)  # type: ignore[union-attr]  # as above

    assert (again.pk, rows(), Simulation.objects.get().state) == (sheet.pk, once, "ready")


def test_figures_that_could_not_be_laid_out_anew_stay_and_the_page_says_so(
    branch: Branch, programme: Programme, staff: Staff, web: Web
) -> None:
    manager = staff("branch_manager")
    take_and_run(ask(branch, programme, manager).job.pk)  # type: ignore[union-attr]  # a large book has one
    again = ask(branch, programme, manager)
    assert again.state == "computing" and again.job is not None
    cancel_job(run=again.job, actor=manager)

    page = web(manager).get(reverse("tiers:simulation", args=[again.public_id]))

    assert page.context["sheet"].is_behind and page.content.decode().count('role="slider"') == 2
    assert tell(again, bounds_of(list(programme.tiers.all())), with_commission=False).pairs == []


def test_a_worker_killed_before_the_commit_leaves_nothing_and_the_next_one_lays_it_out(
    branch: Branch, programme: Programme
) -> None:
    sheet = ask(branch, programme, system_user())
    assert sheet.job is not None
    died = subprocess.run(
        [sys.executable, "-m", "tests.tiers.dying_simulation", str(sheet.job.pk)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "crm.settings.testing"},
        capture_output=True,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert (rows(), Simulation.objects.get().waits, JobRun.objects.get().state) == ([], True, "running")

    JobRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert take_and_run(sheet.job.pk)

    assert (len(rows()), Simulation.objects.get().state, JobRun.objects.get().state) == (3, "ready", "done")


def test_a_programme_without_a_bound_is_refused_before_anything_is_asked_of_a_worker(branch: Branch) -> None:
    rule = {"metric": "month_end", "at_least": "1.00"}
    tiers = (TierPlan("low", "Low", "低", None), TierPlan("top", "Top", "高", None, rule=rule))
    none = ProgrammePlan("none", "None", "无", date(2000, 1, 1), tiers)
    own = create_programme(actor=system_user(), plan=none, company=branch.company, branch=branch, activate=True)

    with pytest.raises(NothingToTry):
        ask(branch, own, system_user())
    assert not Simulation.objects.exists() and not JobRun.objects.exists()


def test_a_sheet_that_is_being_laid_out_is_not_taken_away(branch: Branch, programme: Programme) -> None:
    sheet = ask(branch, programme, system_user())
    Simulation.objects.update(made_at=timezone.now() - timedelta(days=9))

    assert tidy_simulations(timezone.now()) == 0
    take_and_run(sheet.job.pk)  # type: ignore[union-attr]  # a large book has one
    assert tidy_simulations(timezone.now() + timedelta(days=9)) == 1


def test_the_job_needs_no_sheet_to_be_there(branch: Branch, programme: Programme) -> None:
    run = start_job(JOB, actor=system_user(), params={"programme": programme.public_id}, branch=branch)

    assert take_and_run(run.pk)
    assert (Simulation.objects.get().clients, JobRun.objects.get().result["clients"]) == (3, 3)
