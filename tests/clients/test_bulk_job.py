"""A change of more clients than a request carries: a job does it in pieces, and whatever kills it loses or doubles nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from clients.errors import AlreadyUndone, NotCarriedOutYet
from clients.models import BulkEdit, Client
from clients.services import apply_bulk_edit, change_client, plan_bulk_edit, undo_bulk_edit
from clients.services.bulk import JOB, may_undo
from clients.services.bulk_work import carry_on_bulk_edit
from clients.tasks import run_bulk_edit, take_up_bulk_edits
from crm.core.clocks import database_now
from crm.core.jobs import Cancelled, cancel_job, run_waiting_jobs, take_and_run
from crm.core.models import AuditEntry, Branch, JobRun, Policy, User
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.racing import Meeting, on_postgresql, race

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
WECHAT = {"channel": "wechat"}


class Killed(BaseException):
    """As a SIGKILL: nobody catches it, and what was not committed never was."""


@pytest.fixture(autouse=True)
def _small(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two clients are what a request carries, and a piece of a job."""
    Policy.objects.filter(policy_key_id="bulk.in_request").update(value=2)
    monkeypatch.setattr("clients.services.bulk_work.CHUNK", 2)
    monkeypatch.setattr("clients.services.bulk_work._PAUSE", 0)


def plan(actor: User, branch: Branch, **more: Any) -> BulkEdit:
    terms = {"field": "preferred_channel", "said": WECHAT, "clients": Client.objects.filter(branch=branch), "now": NOW}
    edit: BulkEdit = plan_bulk_edit(actor=actor, **{**terms, **more})
    return edit


def start(actor: User, branch: Branch, **more: Any) -> BulkEdit:
    return apply_bulk_edit(edit=plan(actor, branch, **more), actor=actor, now=NOW)


def job_of(edit: BulkEdit) -> JobRun:
    found: JobRun = JobRun.objects.get(pk=BulkEdit.objects.get(pk=edit.pk).job_id)
    return found


def work(edit: BulkEdit) -> BulkEdit:
    assert take_and_run(job_of(edit).pk)
    return BulkEdit.objects.get(pk=edit.pk)


def states(edit: BulkEdit) -> dict[tuple[str, str], int]:
    return {(state, why): count for state, why, count in edit.rows.counts()}


def channels(branch: Branch) -> list[str]:
    return list(Client.objects.filter(branch=branch).order_by("pk").values_list("preferred_channel", flat=True))


def changes() -> int:
    return AuditEntry.objects.filter(action="client.change").count()


def no_tick(done: int, total: int, message: str = "") -> None:
    """A job that nobody watches."""


# -- carrying out ------------------------------------------------------------------------------------------------------


def test_up_to_the_figure_the_request_does_it_and_above_it_only_asks_for_a_job(branch: Branch, staff: Staff) -> None:
    ClientFactory.create_batch(3, branch=branch)
    manager = staff("branch_manager")
    two = Client.objects.filter(pk__in=list(Client.objects.order_by("pk").values_list("pk", flat=True)[:2]))

    small = start(manager, branch, clients=two, said={"channel": "sms"})
    large = start(manager, branch)

    assert (small.state, small.job, large.state) == ("done", None, "running")
    assert (channels(branch), large.done_at) == (["sms", "sms", ""], None)
    assert (job_of(large).kind, job_of(large).state) == (JOB, "queued")


def test_the_job_does_all_of_it_each_client_with_his_own_line_and_only_once(branch: Branch, staff: Staff) -> None:
    ClientFactory.create_batch(5, branch=branch)
    manager = staff("branch_manager")
    edit = start(manager, branch)
    before = database_now()

    done = work(edit)
    run_bulk_edit(job_of(edit), no_tick)

    assert (done.state, states(done), channels(branch)) == ("done", {("done", ""): 5}, ["wechat"] * 5)
    assert done.done_at is not None and done.done_at >= before, "the hours of the undo count from the end"
    assert (changes(), AuditEntry.objects.filter(action="client.bulk_edit").count()) == (5, 1)
    assert AuditEntry.objects.get(action="client.bulk_edit").after == {
        "field": "preferred_channel",
        "changed": 5,
        "left": 0,
    }
    run = job_of(edit)
    assert (run.state, run.done, run.total) == ("done", 5, 5)
    assert run.result == {"changed": 5, "left": 0, "report_url": f"/clients/bulk/{edit.public_id}/"}


def test_pressed_twice_it_is_one_job(branch: Branch, staff: Staff) -> None:
    ClientFactory.create_batch(3, branch=branch)
    manager = staff("branch_manager")
    edit = plan(manager, branch)

    first, second = (apply_bulk_edit(edit=edit, actor=manager, now=NOW) for _press in range(2))

    assert (first.job_id, JobRun.objects.count()) == (second.job_id, 1)


def test_killed_between_or_within_pieces_it_loses_and_doubles_nothing(
    branch: Branch, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    ClientFactory.create_batch(5, branch=branch)
    edit = start(staff("branch_manager"), branch)

    def between(done: int, total: int, message: str = "") -> None:
        if done:
            raise Killed

    with pytest.raises(Killed):
        run_bulk_edit(job_of(edit), between)
    assert (changes(), states(edit)) == (2, {("done", ""): 2, ("planned", ""): 3})

    with monkeypatch.context() as broken:
        seen: list[int] = []

        def within(*given: Any, **named: Any) -> Client:
            seen.append(1)
            if len(seen) == 2:
                raise Killed
            return change_client(*given, **named)

        broken.setattr("clients.services.bulk_fields.change_client", within)
        with pytest.raises(Killed):
            run_bulk_edit(job_of(edit), no_tick)
    assert (changes(), states(edit)) == (2, {("done", ""): 2, ("planned", ""): 3})
    assert BulkEdit.objects.get().state == "running"

    done = work(edit)

    assert (done.state, states(edit), changes()) == ("done", {("done", ""): 5}, 5)
    assert set(AuditEntry.objects.filter(action="client.change").values_list("client_ref", flat=True)) == set(
        Client.objects.values_list("public_id", flat=True)
    )


def test_who_was_changed_between_preview_and_job_stays_as_he_is(branch: Branch, staff: Staff) -> None:
    first, *_others = ClientFactory.create_batch(3, branch=branch)
    edit = start(staff("branch_manager"), branch)
    change_client(client=first, values={"preferred_channel": "sms"}, actor=staff("front_desk"), now=NOW)

    work(edit)

    assert channels(branch) == ["sms", "wechat", "wechat"]
    assert states(edit) == {("done", ""): 2, ("skipped", "changed"): 1}


def test_who_left_the_reach_meanwhile_stays_as_he_is(branch: Branch, other_branch: Branch, staff: Staff) -> None:
    gone, *_others = ClientFactory.create_batch(3, branch=branch)
    edit = start(staff("branch_manager"), branch)
    Client.objects.filter(pk=gone.pk).update(branch=other_branch)

    work(edit)

    assert states(edit) == {("done", ""): 2, ("skipped", "unseen"): 1}


@pytest.mark.parametrize("lost", ["the role", "the account"])
def test_who_lost_the_right_meanwhile_changes_nobody_and_the_rows_say_why(
    branch: Branch, staff: Staff, lost: str
) -> None:
    ClientFactory.create_batch(3, branch=branch)
    manager = staff("branch_manager")
    edit = start(manager, branch)
    if lost == "the role":
        manager.groups.clear()
    else:
        User.objects.filter(pk=manager.pk).update(is_active=False)

    done = work(edit)

    assert (done.state, states(edit), channels(branch)) == ("done", {("skipped", "no_right"): 3}, [""] * 3)
    assert changes() == 0


# -- taking back -------------------------------------------------------------------------------------------------------


def test_a_job_takes_back_what_a_job_has_done_as_far_as_it_stands(branch: Branch, staff: Staff) -> None:
    first, *_others = ClientFactory.create_batch(4, branch=branch)
    manager = staff("branch_manager")
    edit = work(start(manager, branch))
    change_client(client=first, values={"preferred_channel": "sms"}, actor=staff("front_desk"), now=NOW)

    asked = undo_bulk_edit(edit=edit, actor=manager, now=timezone.now())
    assert (asked.state, channels(branch)) == ("undoing", ["sms", "wechat", "wechat", "wechat"])
    undone = work(edit)

    assert (undone.state, channels(branch)) == ("undone", ["sms", "", "", ""])
    assert undone.undone_at is not None
    assert states(edit) == {("undone", ""): 3, ("kept", ""): 1}
    assert AuditEntry.objects.filter(action="client.undo_bulk_edit").count() == 1
    with pytest.raises(AlreadyUndone):
        undo_bulk_edit(edit=edit, actor=manager, now=timezone.now())


def test_what_is_under_way_is_neither_taken_back_nor_carried_out_again(branch: Branch, staff: Staff) -> None:
    ClientFactory.create_batch(3, branch=branch)
    manager = staff("branch_manager")
    edit = start(manager, branch)
    with pytest.raises(NotCarriedOutYet):
        undo_bulk_edit(edit=edit, actor=manager, now=NOW)
    work(edit)
    undo_bulk_edit(edit=edit, actor=manager, now=timezone.now())

    assert undo_bulk_edit(edit=edit, actor=manager, now=timezone.now()).state == "undoing"
    with pytest.raises(AlreadyUndone):
        apply_bulk_edit(edit=edit, actor=manager, now=NOW)
    assert JobRun.objects.filter(kind=JOB).count() == 2


def test_who_lost_the_right_meanwhile_puts_nothing_back(branch: Branch, staff: Staff) -> None:
    ClientFactory.create_batch(3, branch=branch)
    manager = staff("branch_manager")
    edit = work(start(manager, branch))
    undo_bulk_edit(edit=edit, actor=manager, now=timezone.now())
    manager.groups.clear()

    work(edit)

    assert (states(edit), channels(branch)) == ({("kept", "no_right"): 3}, ["wechat"] * 3)


# -- stopped, and left behind ------------------------------------------------------------------------------------------


def test_stopped_half_way_the_rest_stays_and_what_was_done_can_be_taken_back(branch: Branch, staff: Staff) -> None:
    ClientFactory.create_batch(5, branch=branch)
    manager = staff("branch_manager")
    edit = start(manager, branch)

    def stop(done: int, total: int, message: str = "") -> None:
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        run_bulk_edit(job_of(edit), stop)

    stopped = BulkEdit.objects.get()
    assert (stopped.state, states(stopped)) == ("done", {("done", ""): 2, ("skipped", "stopped"): 3})
    assert may_undo(stopped, timezone.now())
    undo_bulk_edit(edit=stopped, actor=manager, now=timezone.now())
    assert channels(branch) == [""] * 5


def test_an_undo_that_is_stopped_can_be_asked_for_again(branch: Branch, staff: Staff) -> None:
    ClientFactory.create_batch(3, branch=branch)
    manager = staff("branch_manager")
    edit = work(start(manager, branch))
    undo_bulk_edit(edit=edit, actor=manager, now=timezone.now())
    cancel_job(run=job_of(edit), actor=manager)

    assert take_up_bulk_edits(timezone.now()) == 1
    stopped = BulkEdit.objects.get()
    assert (stopped.state, states(edit)) == ("done", {("done", ""): 3})
    undo_bulk_edit(edit=stopped, actor=manager, now=timezone.now())
    assert (work(edit).state, channels(branch)) == ("undone", [""] * 3)


def test_the_sweep_starts_again_what_a_fault_has_left_and_gives_up_after_the_third(
    branch: Branch, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    ClientFactory.create_batch(3, branch=branch)
    edit = start(staff("branch_manager"), branch)
    later = timezone.now() + timedelta(hours=1)

    def broken(**_given: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("clients.services.bulk_fields.change_client", broken)

    assert take_up_bulk_edits(timezone.now()) == 0, "its job waits"
    work(edit)
    assert (job_of(edit).state, BulkEdit.objects.get().state) == ("failed", "running")
    assert take_up_bulk_edits(timezone.now()) == 0, "not at once: what ails it may pass"
    for _again in range(2):
        assert take_up_bulk_edits(later) == 1
        work(edit)
    assert take_up_bulk_edits(later) == 1

    assert (BulkEdit.objects.get().state, states(edit)) == ("done", {("skipped", "stopped"): 3})
    assert take_up_bulk_edits(later) == 0


# -- page and REST -----------------------------------------------------------------------------------------------------


def test_the_page_shows_how_far_it_is_and_then_what_came_out(branch: Branch, staff: Staff, web: Any) -> None:
    ClientFactory.create_batch(3, branch=branch)
    manager = staff("branch_manager")
    browser, edit = web(manager), plan(manager, branch, now=timezone.now())
    url = f"/clients/bulk/{edit.public_id}/"

    to_page = browser.post(f"{url}apply/", {"back": "risk=none"})
    waits = browser.get(to_page["location"]).content.decode()
    asked = browser.get(to_page["location"], headers={"HX-Request": "true"})
    past = browser.get("/clients/bulk/").content.decode()
    run_waiting_jobs(timezone.now())
    told = browser.get(to_page["location"], headers={"HX-Request": "true"})
    done = browser.get(url).content.decode()

    assert to_page["location"].startswith(url) and "risk" in to_page["location"]
    assert "Being carried out" in waits and 'hx-trigger="every 2s"' in waits and "Waiting" in waits
    assert "<html" not in asked.content.decode() and 'hx-trigger="every 2s"' in asked.content.decode()
    assert url in past and "Being carried out" in past
    assert told["HX-Refresh"] == "true"
    assert "Take back" in done and "every 2s" not in done
    undo = browser.post(f"{url}undo/")
    assert undo["location"] == url and "Being taken back" in browser.get(url).content.decode()


def test_over_rest_long_work_answers_202_with_the_address_to_ask_at(branch: Branch, staff: Staff, api: Any) -> None:
    ClientFactory.create_batch(3, branch=branch)
    manager = staff("branch_manager")
    phone, edit = api(manager), plan(manager, branch, now=timezone.now())
    url = f"/api/v1/bulk-edits/{edit.public_id}/"

    def post(what: str, key: str) -> Any:
        return phone.post(f"{url}{what}/", {}, format="json", headers={"Idempotency-Key": key})

    asked, again = post("apply", "a"), post("apply", "a")
    early = post("undo", "b")
    run_waiting_jobs(timezone.now())
    late, told = post("apply", "a"), phone.get(url)
    back = post("undo", "c")

    assert [one.status_code for one in (asked, again, late, back)] == [202, 202, 200, 202]
    assert (asked.data["state"], asked["Location"], asked.data["job"]) == (
        "running",
        url,
        again.data["job"],
    )
    assert phone.get(f"/api/v1/jobs/{asked.data['job']}/").data["state"] == "done"
    assert (early.status_code, early.json()["code"]) == (409, "not_carried_out_yet")
    assert (told.data["state"], told.data["counts"]) == ("done", [{"state": "done", "why": "", "count": 3}])
    assert back.data["state"] == "undoing"


# -- races and cost ----------------------------------------------------------------------------------------------------


def _two_workers(edit: BulkEdit, actor: User) -> list[Any]:
    return race(2, lambda _n: carry_on_bulk_edit(edit=edit, actor=actor, now=NOW))


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_take_each_client_once(branch: Branch, staff: Staff) -> None:
    ClientFactory.create_batch(4, branch=branch)
    manager = staff("branch_manager")
    edit = start(manager, branch)

    left = _two_workers(edit, manager)

    assert sorted(left) == [0, 2]
    assert (states(edit), changes()) == ({("done", ""): 4}, 4)
    assert AuditEntry.objects.filter(action="client.bulk_edit").count() == 1


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_on_the_edit_both_take_the_same_piece(
    branch: Branch, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: both read the same planned rows, and who comes second to a client says that somebody else has changed him."""
    ClientFactory.create_batch(4, branch=branch)
    manager = staff("branch_manager")
    edit = start(manager, branch)
    meeting = Meeting(2)

    def unlocked(rows: Any, *, version: int | None = None, **lookup: Any) -> Any:
        return rows.get(**lookup)

    def read_together(*given: Any) -> set[int]:
        meeting.wait()
        return in_reach(*given)

    from clients.services.bulk import in_reach

    monkeypatch.setattr("clients.services.bulk_work.lock", unlocked)
    monkeypatch.setattr("clients.services.bulk.in_reach", read_together)

    _two_workers(edit, manager)

    assert states(edit) == {("skipped", "changed"): 2, ("planned", ""): 2}, "two clients were changed, and nobody knows"
    assert changes() == 2


def test_a_piece_costs_the_same_whatever_is_left(branch: Branch, staff: Staff, cost_of: Any) -> None:
    ClientFactory.create_batch(8, branch=branch)
    manager = staff("branch_manager")
    edit = start(manager, branch)

    first = cost_of(lambda: carry_on_bulk_edit(edit=edit, actor=manager, now=NOW))
    second = cost_of(lambda: carry_on_bulk_edit(edit=edit, actor=manager, now=NOW))

    assert first == second
