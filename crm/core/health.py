"""How the house is: can it answer, and does the work behind it get done? Ages of rows, never a ping."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from crm.core.clocks import calendar_gap, local_date
from crm.core.jobs import QUEUES, breaker
from crm.core.models import Heartbeat, JobRun, Outbound

logger = logging.getLogger(__name__)

#: A process that has not finished a round for this long is taken for dead (it ought to every 30 s).
STALE = timedelta(minutes=3)
#: A row that has been due for this long tells that nobody works.
OVERDUE = timedelta(minutes=5)
PROCESSES = ("run_due", "worker")
BROKER_SECONDS = 1.0

_migrated = False


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone())
    except DatabaseError:
        return False


def migrations_applied() -> bool:
    """Whether the schema is the one this code wants; once it is, it stays so for the life of the process."""
    global _migrated
    if _migrated:
        return True
    try:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return False
    return _migrated


def broker_answers(seconds: float = BROKER_SECONDS) -> bool:
    """Whether the broker takes a connection within ``seconds``; a frozen one is not waited for."""
    answered = threading.Event()

    def ask() -> None:
        from celery import current_app

        try:
            with current_app.connection_for_write(connect_timeout=seconds) as link:
                link.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=seconds)
                answered.set()
        except Exception:  # noqa: BLE001  whatever ails it, the answer is no
            logger.info("broker does not answer")

    threading.Thread(target=ask, daemon=True, name="ask-broker").start()
    return answered.wait(seconds)


@dataclass(frozen=True)
class Pulse:
    """What ``/health/jobs`` says: figures, and the reasons for which somebody should look."""

    figures: dict[str, Any]
    red: list[str] = field(default_factory=list)
    #: Worth a look, but nothing stands still for it.
    warnings: list[str] = field(default_factory=list)


def pulse(now: datetime) -> Pulse:
    """The state of the work behind the pages at ``now``. All ages are in whole seconds."""
    red, warnings = [], []
    beats = {beat.name: beat.at for beat in Heartbeat.objects.filter(pk__in=PROCESSES)}
    ages = {name: _age(beats.get(name), now) for name in PROCESSES}
    red += [f"{name}_stale" for name, age in ages.items() if age is None or age > STALE.total_seconds()]
    waits = {name: _age(oldest(now), now) for name, oldest in QUEUES.items()}
    red += [f"{name}_waiting" for name, age in waits.items() if age is not None and age > OVERDUE.total_seconds()]
    states = Outbound.State
    counts = {
        "outbound_dead": Outbound.objects.filter(state=states.DEAD).count(),
        "outbound_unknown": Outbound.objects.filter(state=states.UNKNOWN).count(),
        "jobs_failed_today": JobRun.objects.filter(
            state=JobRun.State.FAILED, ended_at__gte=now - timedelta(days=1)
        ).count(),
    }
    warnings += [name for name, count in counts.items() if count]
    gap = calendar_gap(local_date(now))
    if gap:
        warnings.append("calendar_missing")
    verified = Heartbeat.objects.filter(pk="audit_verify").first()
    if verified and verified.detail.get("flaws"):
        red.append("audit_flaws")
    figures = {
        "heartbeat_age": ages,
        "oldest_due_age": waits,
        **counts,
        "calendar_missing_year": gap,
        "hints_lost": breaker.failures,
    }
    return Pulse(figures, red, warnings)


def _age(moment: datetime | None, now: datetime) -> int | None:
    return None if moment is None else max(0, int((now - moment).total_seconds()))
