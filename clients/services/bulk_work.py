"""Changes of more clients than a request carries: piece by piece, by rows that say what is left to do."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import connection

from clients.models import BulkEdit, BulkEditRow
from clients.services.bulk import JOB, change_rows, moment_of, put_back_rows, settle, start_work
from clients.services.bulk_fields import field_of
from crm.core import audit
from crm.core.models import JobRun, User
from crm.core.service import service
from crm.core.versions import lock

#: So many clients are one transaction: so long others wait for them, and so much is done again after a kill.
CHUNK = 25
#: Seconds between two pieces where one writes at a time (SQLite): whoever waits looks again every tenth of a second.
_PAUSE = 0.15
#: Work that failed is started again after a while, and given up after so many runs.
_AGAIN = timedelta(minutes=10)
_RUNS = 3
State, Why = BulkEditRow.State, BulkEditRow.Why


@service("client.carry_on_bulk_edit")
def carry_on_bulk_edit(*, edit: BulkEdit, actor: User, now: datetime) -> int:
    """Change, or put back, the next ``CHUNK`` clients; how many are left. With the last one the change is done.

    Rights and reach are those that ``actor`` has now: where he lost the right nobody changes any more, and the rows say so.
    """
    row = _held(edit)
    if not row.is_under_way:
        return 0
    kind, is_undo = field_of(row.field), row.state == BulkEdit.State.UNDOING
    doer = User.objects.select_related("branch").get(pk=actor.pk)  # fresh: rights are remembered on the object
    to_do = row.rows.to_do(row.state)
    if not doer.is_active or not doer.has_perm(kind.right):
        to_do.update(state=State.KEPT if is_undo else State.SKIPPED, why=Why.NO_RIGHT)
    do = put_back_rows if is_undo else change_rows
    do(kind, row, list(to_do[:CHUNK]), moment_of(doer, now))
    left: int = to_do.count()
    if not left:
        settle(row, now, left=_stayed(row))
    return left


@service("client.stop_bulk_edit")
def stop_bulk_edit(*, edit: BulkEdit, actor: User, now: datetime) -> BulkEdit:
    """End work that somebody stopped, or that failed too often. What was done stays done and can be taken back; of an undo the
    rest stands as it did, and can be taken back later."""
    row = _held(edit)
    if not row.is_under_way:
        return row
    left = row.rows.to_do(row.state).count()
    audit.record(actor, "client.stop_bulk_edit", row, after={"field": row.field, "state": row.state, "left": left})
    if row.state == BulkEdit.State.UNDOING:
        row.state = BulkEdit.State.DONE
        row.save(update_fields=["state"])
        return row
    row.rows.to_do(row.state).update(state=State.SKIPPED, why=Why.STOPPED)
    settle(row, now, left=_stayed(row))
    return row


@service("client.take_up_bulk_edit")
def take_up_bulk_edit(*, edit: BulkEdit, actor: User, now: datetime) -> bool:
    """Start the work again that a fault has ended, or close it where somebody stopped it; whether there was anything to do."""
    row = _held(edit)
    job: JobRun | None = row.job
    if not row.is_under_way or (job is not None and not job.ended):
        return False
    failed = JobRun.objects.filter(kind=JOB, key=f"{row.public_id}:{row.state}", state=JobRun.State.FAILED)
    if job is not None and (job.state == JobRun.State.CANCELLED or failed.count() >= _RUNS):
        stop_bulk_edit(edit=row, actor=actor, now=now)
        return True
    if job is not None and job.ended_at is not None and job.ended_at > now - _AGAIN:
        return False
    known = job.params if job is not None else {"clients": row.rows.to_do(row.state).count()}
    start_work(row, row.actor, known)
    return True


def let_others_in() -> None:
    """Between two pieces: piece upon piece would keep everybody else from writing until the last one is done."""
    if connection.vendor == "sqlite":
        time.sleep(_PAUSE)


def left_to_do(edit: BulkEdit) -> int:
    """How many clients the work has still before it."""
    row = BulkEdit.objects.get(pk=edit.pk)
    return row.rows.to_do(row.state).count() if row.is_under_way else 0


def _held(edit: BulkEdit) -> BulkEdit:
    """The change, locked: two workers at once take one piece after the other."""
    row: BulkEdit = lock(BulkEdit.objects.select_related("actor__branch", "job"), pk=edit.pk)
    return row


def _stayed(edit: BulkEdit) -> int:
    """How many of those that were meant stayed as they were."""
    if edit.state == BulkEdit.State.UNDOING:
        return edit.rows.filter(state=State.KEPT).count()
    meant = edit.job.params.get("clients", 0) if edit.job else 0
    return max(meant - edit.rows.filter(state=State.DONE).count(), 0)
