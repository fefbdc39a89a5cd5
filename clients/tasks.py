"""Doors for the clock and the queue: behaviour tags of each branch, every night after its assets have come."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.services.behaviour import branches_to_compute, compute_behaviour
from crm.core.access import system_user
from crm.core.jobs import AlreadyRunning, Tick, due, job, start_job
from crm.core.models import Branch, JobRun

TAGS = "clients.behaviour"


@job(TAGS, label=_("Behaviour tags"))
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
