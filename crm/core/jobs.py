"""Background work without trust in the queue.

Rows say what is due. ``hint()`` only asks a worker to look sooner; a lost, doubled or late hint changes nothing, because
``run_due`` finds the row within a minute. Nothing else in the project enqueues.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.core import audit
from crm.core.clocks import database_now
from crm.core.errors import DomainError, MissingRight
from crm.core.faults import fault
from crm.core.models import Branch, Heartbeat, JobRun, User

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
#: Seconds after which a worker that is still at it extends its lease.
RENEW_EVERY = 30.0
MAX_ATTEMPTS = 5
#: Seconds for which work waits until a tick beside its transaction is written.
_TOLD_WITHIN = 5
_BREAKER_SECONDS = 30.0
#: So much of a message a run keeps; the batch or request that it worked for says the rest.
_MESSAGE_LENGTH = 300


def worker_name() -> str:
    """Who holds a lease: host, process and thread."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident() % 100000}"[:80]


# -- hints -------------------------------------------------------------------------------------------------------------


class _Breaker:
    """Stops asking a dead broker for a while, so that no request waits for it twice."""

    def __init__(self) -> None:
        self.failures = 0
        self._closed_after = 0.0

    def lets_through(self) -> bool:
        return time.monotonic() >= self._closed_after

    def trip(self) -> None:
        self.failures += 1
        self._closed_after = time.monotonic() + _BREAKER_SECONDS

    def reset(self) -> None:
        self._closed_after = 0.0


breaker = _Breaker()


def hint(task: str, *ids: int | str) -> None:
    """After commit, ask a worker to run ``task`` soon. Never raises and never waits for a dead broker."""

    def send() -> None:
        from celery import current_app

        fault("hint.unsent")
        if not breaker.lets_through():
            return
        try:
            current_app.send_task(task, args=list(ids), expires=120, ignore_result=True)
        except Exception:  # noqa: BLE001  whatever ails the broker, the row is there and the sweep finds it
            breaker.trip()
            logger.warning("hint lost; the sweep will find the row", extra={"task": task})

    transaction.on_commit(send, robust=True)


# -- what is due -------------------------------------------------------------------------------------------------------

DueRule = Callable[[datetime], int]
#: Sweeps by name in the order of registration, which is the order of the apps.
DUE: dict[str, DueRule] = {}
#: What takes the place of a sweep of the same name where there is no queue to hand the work to.
BY_HAND: dict[str, DueRule] = {}


def due(name: str, *, by_hand: bool = False) -> Callable[[DueRule], DueRule]:
    """Register a sweep: called with the database's clock, returns how many rows it moved; harmless when run twice."""

    def register(rule: DueRule) -> DueRule:
        (BY_HAND if by_hand else DUE)[name] = rule
        return rule

    return register


def run_due(now: datetime | None = None, *, by_hand: bool = False) -> dict[str, int]:
    """Run every sweep once. One failing sweep does not stop the others; its count is then -1.

    ``by_hand`` does here what a worker would hand on to other workers. Raises ``OperationalError`` when the database itself
    is away: then no sweep can do anything.
    """
    moment = now or database_now()
    counts: dict[str, int] = {}
    for name, rule in DUE.items():
        try:
            counts[name] = BY_HAND.get(name, rule)(moment) if by_hand else rule(moment)
        except Exception as failure:
            logger.exception("sweep failed", extra={"sweep": name})
            counts[name] = -1
            if isinstance(failure, OperationalError):  # a time-out is the sweep's own trouble, a lost database is not
                if not connection.is_usable():
                    connection.close()
                database_now()
    beat("run_due", moment, counts)
    return counts


#: For each queue of rows: when the oldest row that should have been taken by ``now`` fell due (None: nothing waits).
OldestDue = Callable[[datetime], datetime | None]
QUEUES: dict[str, OldestDue] = {}


def watches(name: str) -> Callable[[OldestDue], OldestDue]:
    """Register a queue that ``/health/jobs`` looks at: the age of the oldest row tells what no counter of workers tells."""

    def register(oldest: OldestDue) -> OldestDue:
        QUEUES[name] = oldest
        return oldest

    return register


def beat(name: str, at: datetime, detail: dict[str, Any] | None = None) -> None:
    """Note that a process or sweep has finished a round."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": at, "detail": detail or {}})


# -- long work that people watch ---------------------------------------------------------------------------------------


class Cancelled(Exception):
    """Somebody asked for the run to stop; raised by ``tick`` between two steps."""


class LeaseLost(Exception):
    """Another worker has taken the run over; this one must not write any more."""


class Tick(Protocol):
    """Reports progress, extends the lease, and raises ``Cancelled`` or ``LeaseLost`` when the run is no longer ours."""

    def __call__(self, done: int, total: int, message: str = "") -> None: ...


@dataclass(frozen=True)
class JobKind:
    """A kind of long work and how to do it."""

    name: str
    handler: Callable[[JobRun, Tick], dict[str, Any]]
    #: What people call it; the name where it has no other.
    label: Any = ""
    #: Without it a run is there for nobody but who has started it: its result tells what the right guards.
    right: str = ""


JOBS: dict[str, JobKind] = {}


def kind_in_words(name: str) -> str:
    """What people call this kind of work."""
    kind = JOBS.get(name)
    return str(kind.label) if kind and kind.label else name


def kinds_kept_from(user: User) -> list[str]:
    """Kinds of work of others whose results the user has no right to."""
    return [kind.name for kind in JOBS.values() if kind.right and not user.has_perm(kind.right)]


def job(
    name: str, *, label: Any = "", right: str = ""
) -> Callable[[Callable[[JobRun, Tick], dict[str, Any]]], Callable[[JobRun, Tick], dict[str, Any]]]:
    """Register the handler of a kind of run. It may run again after a kill, so it must pick up or start over harmlessly.

    ``right``: what colleagues need to see such a run.
    """

    def register(handler: Callable[[JobRun, Tick], dict[str, Any]]) -> Callable[[JobRun, Tick], dict[str, Any]]:
        JOBS[name] = JobKind(name, handler, label, right)
        return handler

    return register


class AlreadyRunning(DomainError):
    """The same work is already waiting or running."""

    code = "already_running"


class AlreadyEnded(DomainError):
    """There is nothing left to stop."""

    code = "already_ended"
    message = gettext_lazy("This work has already ended.")


def start_job(kind: str, *, actor: User, params: dict[str, Any], branch: Branch | None = None, key: str = "") -> JobRun:
    """Put a run in the queue. Raises ``AlreadyRunning`` while a run with the same key is alive."""
    if kind not in JOBS:
        raise LookupError(kind)
    try:
        with transaction.atomic():
            run: JobRun = JobRun.objects.create(kind=kind, key=key, actor=actor, branch=branch, params=params)
            audit.record(actor, "job.start", run, after={"kind": kind, "key": key})
    except IntegrityError:
        raise AlreadyRunning(_("This work is already under way.")) from None
    hint("core.run_job", run.pk)
    return run


def may_cancel(run: JobRun, actor: User) -> bool:
    """Whoever has started a run may stop it, and whoever manages the branch, the company or the staff."""
    if run.actor_id == actor.pk:
        return True
    if actor.has_perm("core.change_user") or actor.has_role("head_office"):
        return True
    return actor.has_role("branch_manager") and run.branch_id in actor.scope.branch_ids


def cancel_job(*, run: JobRun, actor: User) -> None:
    """Ask a run to stop at its next step; a waiting one never starts. Raises ``MissingRight`` and ``AlreadyEnded``."""
    if not may_cancel(run, actor):
        raise MissingRight
    with transaction.atomic():
        if not JobRun.objects.filter(pk=run.pk).alive().exists():
            raise AlreadyEnded
        now = database_now()
        JobRun.objects.filter(pk=run.pk, state=JobRun.State.QUEUED).update(state=JobRun.State.CANCELLED, ended_at=now)
        JobRun.objects.filter(pk=run.pk, state=JobRun.State.RUNNING).update(cancel_asked=True)
        audit.record(actor, "job.cancel", run)


def take_and_run(pk: int) -> bool:
    """Claim one run and do it; False when it was not to be had."""
    now = database_now()
    if not JobRun.objects.take(pk=pk, worker=worker_name(), now=now, until=now + LEASE):
        return False
    run: JobRun = JobRun.objects.select_related("actor", "branch").get(pk=pk)
    if run.attempts > MAX_ATTEMPTS:
        _end(run, JobRun.State.FAILED, message=_("Given up after several attempts."))
        return True
    fault("job.taken")
    try:
        with _kept(run):
            result = JOBS[run.kind].handler(run, _ticker(run))
    except SoftTimeLimitExceeded:
        logger.warning("run was cut short; it waits for another turn", extra={"run": run.pk, "kind": run.kind})
        _ours(run).update(state=JobRun.State.QUEUED, lease_until=None)
    except Cancelled:
        _end(run, JobRun.State.CANCELLED)
    except LeaseLost:
        logger.warning("run was taken over", extra={"run": run.pk})
    except DomainError as refusal:
        _end(run, JobRun.State.FAILED, message=str(refusal.message))
    except Exception:
        logger.exception("run failed", extra={"run": run.pk, "kind": run.kind})
        _end(run, JobRun.State.FAILED, message=_("A fault on our side. It has been logged."))
    else:
        fault("job.done")
        _end(run, JobRun.State.DONE, result=result)
    return True


def _ours(run: JobRun) -> Any:
    """The run as long as nobody else has taken it over."""
    return JobRun.objects.filter(pk=run.pk, state=JobRun.State.RUNNING, leased_by=run.leased_by)


@contextmanager
def _kept(run: JobRun) -> Iterator[None]:
    """Extend the lease while the handler is at it: some write for minutes in one transaction and cannot tick meanwhile.

    On a connection of its own, so that the new lease is seen at once. Where it fails the lease runs out, as if we had died.
    """
    over, ours = threading.Event(), _ours(run)

    def renew() -> None:
        while not over.wait(RENEW_EVERY):
            try:
                ours.update(lease_until=database_now() + LEASE)
            except DatabaseError:
                logger.warning("lease not extended", extra={"run": run.pk})
            finally:
                connection.close()

    keeper = threading.Thread(target=renew, name=f"lease-{run.pk}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join(5)


def _ticker(run: JobRun) -> Tick:
    ours = _ours(run)

    def tick(done: int, total: int, message: str = "") -> None:
        now = database_now()
        if not ours.update(done=done, total=total, message=message[:_MESSAGE_LENGTH], lease_until=now + LEASE):
            raise LeaseLost
        if JobRun.objects.filter(pk=run.pk, cancel_asked=True).exists():
            raise Cancelled

    return tick


def aside(run: JobRun) -> Tick:
    """Ticks for a step of long work that is one transaction: seen at once by whoever watches, on a connection of their own.

    Where the database has one writer at a time (SQLite) nothing can be written beside a transaction, and nothing is told.
    """
    ours = _ours(run)

    def tick(done: int, total: int, message: str = "") -> None:
        if connection.vendor == "sqlite":
            return
        ended: list[type[Exception]] = []

        def tell() -> None:
            try:
                now = database_now()
                told = ours.update(done=done, total=total, message=message[:_MESSAGE_LENGTH], lease_until=now + LEASE)
                row = JobRun.objects.filter(pk=run.pk).first()
                if row is not None and not told:
                    ended.append(LeaseLost)
                elif row is not None and row.cancel_asked:
                    ended.append(Cancelled)
            except DatabaseError:
                logger.warning("progress not told", extra={"run": run.pk})
            finally:
                connection.close()

        teller = threading.Thread(target=tell, name=f"tick-{run.pk}", daemon=True)
        teller.start()
        teller.join(_TOLD_WITHIN)
        if ended:
            raise ended[0]

    return tick


def _end(run: JobRun, state: JobRun.State, *, result: dict[str, Any] | None = None, message: str = "") -> None:
    changes: dict[str, Any] = {"state": state, "ended_at": database_now(), "lease_until": None, "result": result}
    if message:
        changes["message"] = message[:_MESSAGE_LENGTH]
    if state == JobRun.State.DONE:
        changes["done"] = F("total")
    JobRun.objects.filter(pk=run.pk, leased_by=run.leased_by).update(**changes)


@watches("jobs")
def oldest_waiting_job(now: datetime) -> datetime | None:
    """When the run that waits longest was asked for."""
    return JobRun.objects.takeable(now).values_list("created_at", flat=True).first()


def _waiting(now: datetime) -> list[int]:
    return list(JobRun.objects.takeable(now).values_list("pk", flat=True)[:20])


@due("core.run_jobs")
def hint_waiting_jobs(now: datetime) -> int:
    """The sweep behind the hints asks again: long work has a task and a time limit of its own, a sweep has not the time."""
    waiting = _waiting(now)
    for pk in waiting:
        hint("core.run_job", pk)
    return len(waiting)


@due("core.run_jobs", by_hand=True)
def run_waiting_jobs(now: datetime) -> int:
    """Does what no worker has taken yet."""
    return sum(take_and_run(pk) for pk in _waiting(now))
