"""Imports in the background: check, apply and undo as jobs that people watch, and the sweep that tidies up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from crm.core.importing import bulk, claims, vault
from crm.core.importing.problems import WrongImportState
from crm.core.importing.targets import UPDATED
from crm.core.jobs import Tick, due, job, start_job
from crm.core.models import ImportBatch, ImportRow, JobRun, User
from crm.core.services.importing import RowsRejected, State, carry_out, check_batch, settle, take_back

CHECK_JOB, APPLY_JOB, UNDO_JOB = "imports.check", "imports.apply", "imports.undo"
#: Staged rows and kept files of settled batches are needed no longer than this; afterwards a batch cannot be undone.
KEPT = timedelta(days=30)
KEPT_UNDECIDED = timedelta(days=7)


def start_check(*, actor: User, batch: ImportBatch) -> JobRun:
    """Let a worker check the kept file."""
    with transaction.atomic():
        run = start_job(CHECK_JOB, actor=actor, branch=batch.branch, params=_params(batch), key=batch.public_id)
        ImportBatch.objects.filter(pk=batch.pk).update(job=run)
    batch.job = run
    return run


def start_apply(*, actor: User, batch: ImportBatch, partial: bool) -> JobRun:
    """Let a worker apply a checked batch. Raises ``WrongImportState`` or ``RowsRejected`` before anything is queued."""
    batch.refresh_from_db()
    if not batch.can_be_applied:
        raise WrongImportState
    if batch.rejected and not partial:
        raise RowsRejected
    with transaction.atomic():
        run = start_job(
            APPLY_JOB,
            actor=actor,
            branch=batch.branch,
            params=_params(batch, partial=partial),
            key=batch.public_id,
        )
        ImportBatch.objects.filter(pk=batch.pk).update(job=run)
    batch.job = run
    return run


def start_undo(*, actor: User, batch: ImportBatch, reason: str = "") -> JobRun:
    """Let a worker take a batch back. Raises ``WrongImportState`` before anything is queued."""
    batch.refresh_from_db()
    if not batch.can_be_undone or not batch.options.get("undoable", True):
        raise WrongImportState
    with transaction.atomic():
        params = _params(batch, reason=reason)
        run = start_job(UNDO_JOB, actor=actor, branch=batch.branch, params=params, key=batch.public_id)
        ImportBatch.objects.filter(pk=batch.pk).update(job=run)
    batch.job = run
    return run


def _params(batch: ImportBatch, **more: Any) -> dict[str, Any]:
    """What the worker needs, with the language in which whoever asks will read the answer."""
    return {"batch": batch.public_id, "language": get_language() or "", **more}


def _language_of(run: JobRun) -> override:
    return override(run.params.get("language") or run.actor.language or settings.LANGUAGE_CODE)


def _batch_of(run: JobRun) -> ImportBatch:
    return ImportBatch.objects.select_related("branch", "actor").get(public_id=run.params["batch"])


def _result(batch: ImportBatch) -> dict[str, Any]:
    return {**batch.counts, "report_url": reverse("core:import_detail", args=[batch.public_id])}


@job(CHECK_JOB, label=gettext_lazy("Check of an import file"), right="core.view_importbatch")
def _check_in_background(run: JobRun, tick: Tick) -> dict[str, Any]:
    """Starts over after a kill: staged rows of the first try are dropped."""
    batch = _batch_of(run)
    if batch.state == State.STAGED:
        with _language_of(run):
            check_batch(batch, vault.fetch(batch), progress=tick)
            tick(batch.total, batch.total)
    return _result(batch)


@job(APPLY_JOB, label=gettext_lazy("Import"), right="core.view_importbatch")
def _apply_in_background(run: JobRun, tick: Tick) -> dict[str, Any]:
    """After a kill either everything was written or nothing: the batch itself says which."""
    batch = _batch_of(run)
    tick(0, batch.changes)
    with _language_of(run):
        batch = carry_out(batch, actor=run.actor, partial=bool(run.params.get("partial")), wait=60)
    return _result(batch)


@job(UNDO_JOB, label=gettext_lazy("Undo of an import"), right="core.view_importbatch")
def _undo_in_background(run: JobRun, tick: Tick) -> dict[str, Any]:
    """A second try after a kill finds the batch undone and leaves it."""
    batch = _batch_of(run)
    tick(0, batch.changes)
    if batch.state != State.UNDONE:
        with _language_of(run):
            batch = take_back(batch, actor=run.actor, reason=str(run.params.get("reason", "")))
    return _result(batch)


@due("core.imports")
def tidy_imports(now: datetime) -> int:
    """Name batches whose process died or whose work was given up, and drop staged rows and files that nobody needs any more."""
    moved = sum(claims.bury(held, now) for held in ImportBatch.objects.claimed())
    for batch in ImportBatch.objects.given_up().select_related("job"):
        stopped = batch.job is not None and batch.job.state == JobRun.State.CANCELLED
        state, reason = (State.CANCELLED, "") if stopped else (State.FAILED, batch.job.message if batch.job else "")
        settle(batch, state, "" if stopped else "given_up", reason)
        moved += 1
    old = ImportBatch.objects.filter(file__isnull=False, created_at__lt=now - KEPT_UNDECIDED)
    for batch in old.filter(state__in=[State.DRAFT, State.STAGED, State.CHECKED])[:50]:
        settle(batch, State.CANCELLED, "expired", _("Nobody decided about this file in time."))
        moved += 1
    return moved + _drop_old_rows(now)


def _drop_old_rows(now: datetime) -> int:
    """Changed rows stay as the record of what an import changed; all others go, a slice at a time."""
    settled = ImportBatch.objects.settled_before(now - KEPT)
    slice_ = ImportRow.objects.filter(batch__in=settled).exclude(outcome=UPDATED, batch__state=State.APPLIED)
    rows = list(slice_.values_list("pk", "batch_id")[:20_000])
    for batch in ImportBatch.objects.filter(pk__in={batch for _pk, batch in rows}):
        batch.options = {**batch.options, "undoable": False}
        batch.save(update_fields=["options"])
    return bulk.delete(ImportRow, "id", [pk for pk, _batch in rows])
