"""Doors for the clock and the queue. Each calls one function that may run twice, late or in parallel."""

from __future__ import annotations

import logging

from celery import shared_task

from crm.core import jobs, outbound, sealing
from crm.core.clocks import database_now

logger = logging.getLogger(__name__)


@shared_task(name="core.run_due", ignore_result=True)
def run_due() -> None:
    counts = jobs.run_due()
    logger.info("sweeps done", extra={"moved": sum(n for n in counts.values() if n > 0)})


@shared_task(name="core.run_job", ignore_result=True, soft_time_limit=500, time_limit=540)
def run_job(pk: int) -> None:
    """Long work has longer than other tasks; a second delivery of the message finds the run taken."""
    jobs.take_and_run(pk)


@shared_task(name="core.send_outbound", ignore_result=True)
def send_outbound() -> None:
    outbound.send_due(database_now())


@shared_task(name="core.seal_audit", ignore_result=True)
def seal_audit() -> None:
    sealing.seal_audit(database_now())


@shared_task(name="core.beat_heartbeat", ignore_result=True)
def beat_heartbeat() -> None:
    """Proof that beat ticks and a worker consumes."""
    jobs.beat("worker", database_now())
