"""Doors for the clock and the queue: behaviour tags of each branch every night, and changes of many clients."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from clients.models import BulkEdit, BulkEditRow
from clients.services.behaviour import branches_to_compute, compute_behaviour
from clients.services.bulk import JOB as BULK_EDIT
from clients.services.bulk_work import carry_on_bulk_edit, left_to_do, let_others_in, stop_bulk_edit, take_up_bulk_edit
from crm.core.access import system_user
from crm.core.clocks import database_now
from crm.core.jobs import AlreadyRunning, Cancelled, Tick, due, job, start_job
from crm.core.models import Branch, JobRun

TAGS = "clients.behaviour"


@job(TAGS, label=_("Behaviour tags"), right="clients.view_tag")
def run_behaviour(run: JobRun, tick: Tick) -> dict[str, Any]:
    """The tags of the run's branch; params: day (ISO). Killed half-way it has written nothing and starts over."""
    tick(0, 1)
    done = compute_behaviour(
        branch=Branch.objects.get(pk=run.branch_id),  # type: ignore[misc]  # the stub knows the parent field's types
        day=date.fromisoformat(run.params["day"]),
        actor=run.actor,
        now=timezone.now(),
    )
    tick(1, 1)
    return {"day": done.day.isoformat(), "clients": done.clients, "written": done.written}


@due("clients.behaviour")
def start_behaviour(now: datetime) -> int:
    """Start a run for each branch whose newest asset day has no tags yet; one that failed waits for the next day."""
    started = 0
    for branch, day in branches_to_compute():
        key = f"behaviour:{branch.pk}:{day.isoformat()}"
        if JobRun.objects.filter(kind=TAGS, key=key).exists():
            continue
        try:
            start_job(TAGS, actor=system_user(), params={"day": day.isoformat()}, branch=branch, key=key)
        except AlreadyRunning:
            continue
        started += 1
    return started


@job(BULK_EDIT, label=_("Change of many clients"))
def run_bulk_edit(run: JobRun, tick: Tick) -> dict[str, Any]:
    """Params: edit (public id), clients (how many there were to do), language. After a kill the next run does what is left."""
    edit = BulkEdit.objects.get(public_id=run.params["edit"])
    total, left = run.params["clients"], left_to_do(edit)
    with override(run.params.get("language") or run.actor.language or settings.LANGUAGE_CODE):
        try:
            tick(max(total - left, 0), total)
            while True:
                left = carry_on_bulk_edit(edit=edit, actor=run.actor, now=database_now())
                tick(max(total - left, 0), total)
                if not left:
                    break
                let_others_in()
        except Cancelled:
            stop_bulk_edit(edit=edit, actor=system_user(), now=database_now())
            raise
    is_undo = BulkEdit.objects.get(pk=edit.pk).state == BulkEdit.State.UNDONE
    changed = edit.rows.filter(state=BulkEditRow.State.UNDONE if is_undo else BulkEditRow.State.DONE).count()
    url = reverse("clients:bulk_edit", args=[edit.public_id])
    return {"changed": changed, "left": max(total - changed, 0), "report_url": url}


@due("clients.bulk_edits")
def take_up_bulk_edits(now: datetime) -> int:
    """Start again what a fault has ended half-way, and close what somebody stopped before a worker had it."""
    house, rows = system_user(), BulkEdit.objects.left_behind().order_by("pk")[:50]
    return sum(take_up_bulk_edit(edit=edit, actor=house, now=now) for edit in rows)
