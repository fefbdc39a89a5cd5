"""Files brought in by people and programs: one way for the page and for the command line."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from crm.core import audit
from crm.core.clocks import database_now, local_date
from crm.core.errors import DomainError
from crm.core.importing import bulk, claims, engine, vault
from crm.core.importing.mapping import Mapping
from crm.core.importing.problems import ImportCancelled, ImportStale, ImportTouched, WrongImportState
from crm.core.importing.table import Limits
from crm.core.importing.targets import UPDATED, target_of
from crm.core.jobs import Cancelled, Tick, due, job, start_job
from crm.core.models import Branch, ImportBatch, ImportRow, JobRun, User
from crm.core.models.importing import ImportMapping
from crm.core.policies import figures
from crm.core.service import service

logger = logging.getLogger(__name__)

State = ImportBatch.State
CHECK_JOB, APPLY_JOB, UNDO_JOB = "imports.check", "imports.apply", "imports.undo"
#: How long a command waits for another import of the same kind in the branch.
PATIENCE = 300.0
#: Staged rows and kept files of settled batches are needed no longer than this; afterwards a batch cannot be undone.
KEPT = timedelta(days=30)
KEPT_UNDECIDED = timedelta(days=7)


class RowsRejected(DomainError):
    """All or nothing was asked for, and not all rows are good."""

    code = "import_rows_rejected"
    message = gettext_lazy("Some rows are rejected. Correct the file, or apply the good rows only.")


class RuleBroken(DomainError):
    """Rows passed the check but a rule of the database refuses them."""

    code = "import_rule_broken"
    message = gettext_lazy("Some rows break a rule of the database. Nothing was written.")


def limits_for(branch: Branch, day: date) -> Limits:
    """How much of a file the house reads (figure ``imports.limits``)."""
    table = figures(day, branch).json("imports.limits")
    return Limits(
        csv_bytes=int(table["megabytes"]) << 20,
        xlsx_bytes=int(table["spreadsheet_megabytes"]) << 20,
        unpacked_bytes=int(table["unpacked_megabytes"]) << 20,
        columns=int(table["columns"]),
        rows=int(table["rows"]),
    )


# -- the three changes, and giving up ----------------------------------------------------------------------------------


@service("import.bring")
def bring_file(
    *,
    actor: User,
    kind: str,
    branch: Branch,
    file_name: str,
    raw: bytes,
    mapping: Mapping,
    day: date | None = None,
    dry_run: bool = False,
    keep: bool = False,
) -> ImportBatch:
    """Open a batch for a file. ``keep`` holds the sealed file for a check in the background.

    Raises ``MappingRefused`` if the mapping does not fit the kind of data.
    """
    target = target_of(kind)
    mapping.check(
        target.fields,
        row_key_field=target.row_key_field,
        assumed=[target.date_field] if target.date_field and day else [],
    )
    batch: ImportBatch = ImportBatch.objects.create(
        kind=kind,
        branch=branch,
        file_name=file_name[:200],
        sha256=engine.digest(raw),
        mapping=mapping.as_dict(),
        options={"date": day.isoformat() if day else None, "dry_run": dry_run},
        actor=actor,
    )
    if keep:
        vault.keep(batch, raw)
    audit.record(actor, "import.bring", batch, after={"kind": kind, "sha256": batch.sha256, "dry_run": dry_run})
    return batch


@service("import.apply")
def apply_batch(*, actor: User, batch: ImportBatch, now: datetime, partial: bool = False) -> ImportBatch:
    """Write what a checked batch would do: all of it, or with ``partial`` the good rows.

    Raises ``WrongImportState``, ``RowsRejected``, ``ImportStale``; then nothing is written.
    """
    batch = ImportBatch.objects.select_for_update(of=("self",)).select_related("branch", "actor").get(pk=batch.pk)
    if batch.state not in (State.CHECKED, State.APPLYING) or batch.is_dry_run or batch.checked_at is None:
        raise WrongImportState
    if batch.rejected and not partial:
        raise RowsRejected
    engine.apply(batch, target=target_of(batch.kind), now=now)
    batch.state, batch.applied_at = State.APPLIED, now
    batch.options = {**batch.options, "partial": partial}
    batch.save(update_fields=["state", "applied_at", "options"])
    vault.forget(batch)
    audit.record(
        actor,
        "import.apply",
        batch,
        after={**batch.counts, "kind": batch.kind, "sha256": batch.sha256, "partial": partial},
    )
    return batch


@service("import.undo")
def undo_batch(*, actor: User, batch: ImportBatch, now: datetime, reason: str = "") -> ImportBatch:
    """Take back a whole batch while nobody has touched its rows. Raises ``WrongImportState`` or ``ImportTouched``."""
    batch = ImportBatch.objects.select_for_update(of=("self",)).select_related("branch", "actor").get(pk=batch.pk)
    if not batch.can_be_undone:
        raise WrongImportState
    if not batch.options.get("undoable", True):
        raise WrongImportState(_("The rows of this batch are no longer kept, so it cannot be undone."))
    engine.undo(batch, target=target_of(batch.kind), now=now)
    batch.state, batch.undone_at = State.UNDONE, now
    batch.save(update_fields=["state", "undone_at"])
    audit.record(actor, "import.undo", batch, before=batch.counts, reason=reason)
    return batch


@service("import.cancel")
def cancel_batch(*, actor: User, batch: ImportBatch) -> ImportBatch:
    """Give up a batch before anything is written; a check that is running stops at its next step."""
    stopped = ImportBatch.objects.filter(pk=batch.pk, state__in=[State.STAGED, State.CHECKED]).update(
        state=State.CANCELLED
    )
    if not stopped:
        raise WrongImportState
    vault.forget(batch)
    work = JobRun.objects.filter(pk=batch.job_id)
    work.filter(state=JobRun.State.QUEUED).update(state=JobRun.State.CANCELLED, ended_at=database_now())
    work.filter(state=JobRun.State.RUNNING).update(cancel_asked=True)
    audit.record(actor, "import.cancel", batch)
    batch.refresh_from_db()
    return batch


@service("import.keep_mapping")
def keep_mapping(*, actor: User, branch: Branch, kind: str, name: str, mapping: Mapping) -> ImportMapping:
    """Keep a mapping under a name for the branch; the same name again replaces it."""
    kept, _made = ImportMapping.objects.update_or_create(
        branch=branch, kind=kind, name=name.strip()[:80], defaults={"body": mapping.as_dict()}
    )
    audit.record(actor, "import.keep_mapping", kept, after={"kind": kind, "name": kept.name})
    return kept


# -- check and the way through -----------------------------------------------------------------------------------------


def check_batch(batch: ImportBatch, raw: bytes, *, progress: Callable[[int, int], None] | None = None) -> ImportBatch:
    """Read the file and stage its rows. Raises ``FileRefused`` or ``MappingRefused``; the batch then says why it failed."""
    now = database_now()
    limits = limits_for(batch.branch, local_date(now))

    def step(done: int, total: int) -> None:
        if batch.claimed_by:
            claims.renew(batch)
        if not ImportBatch.objects.filter(pk=batch.pk, state=State.STAGED).exists():
            raise ImportCancelled
        if progress:
            progress(done, total)

    with _failing(batch):
        tally = engine.check(batch, raw, target=target_of(batch.kind), limits=limits, now=now, progress=step)
    found = {name: getattr(tally, name) for name in ("created", "updated", "unchanged", "rejected", "skipped")}
    options = {**batch.options, "mapped": tally.mapped, "layout": tally.layout}
    done = ImportBatch.objects.filter(pk=batch.pk, state=State.STAGED).update(
        state=State.CHECKED, checked_at=database_now(), options=options, **found
    )
    batch.refresh_from_db()
    if not done:
        raise ImportCancelled
    logger.info("import checked", extra={"batch": batch.pk, "rows": tally.total})
    return batch


def carry_out(batch: ImportBatch, *, actor: User, partial: bool, wait: float = 0.0) -> ImportBatch:
    """Apply a checked batch under the claim. Raises what ``apply_batch`` raises, and ``ImportBusy``."""
    batch.refresh_from_db()
    if batch.state == State.APPLIED:
        return batch
    with _claimed(batch, wait=wait):
        return _write(batch, actor=actor, partial=partial)


def take_back(batch: ImportBatch, *, actor: User, reason: str = "") -> ImportBatch:
    """Undo a batch under the claim. Raises what ``undo_batch`` raises, and ``ImportBusy``."""
    with _claimed(batch):
        try:
            return undo_batch(actor=actor, batch=batch, now=database_now(), reason=reason)
        except IntegrityError:
            raise ImportTouched from None


def import_file(
    *,
    actor: User,
    kind: str,
    branch: Branch,
    file_name: str,
    raw: bytes,
    mapping: Mapping,
    day: date | None = None,
    dry_run: bool = False,
    partial: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> ImportBatch:
    """A file from beginning to end, as a command does it. Rows that are rejected leave the batch checked, not applied.

    The claim is held from before the check, so of two runs over one file the second finds the work done.
    """
    batch = bring_file(
        actor=actor, kind=kind, branch=branch, file_name=file_name, raw=raw, mapping=mapping, day=day, dry_run=dry_run
    )
    if dry_run:
        return check_batch(batch, raw, progress=progress)
    with _claimed(batch, wait=PATIENCE):
        check_batch(batch, raw, progress=progress)
        if batch.rejected and not partial:
            return batch
        return _write(batch, actor=actor, partial=partial)


def _write(batch: ImportBatch, *, actor: User, partial: bool) -> ImportBatch:
    if batch.rejected and not partial:
        raise RowsRejected
    started = ImportBatch.objects.filter(pk=batch.pk, state__in=[State.CHECKED, State.APPLYING])
    if not started.update(state=State.APPLYING):
        raise WrongImportState
    with _failing(batch):
        try:
            return apply_batch(actor=actor, batch=batch, now=database_now(), partial=partial)
        except IntegrityError as refused:
            # A key that somebody else has taken since the check, or a rule that the target should have checked.
            raise (ImportStale() if "unique" in str(refused).lower() else RuleBroken()) from refused


@contextmanager
def _claimed(batch: ImportBatch, *, wait: float = 0.0) -> Iterator[None]:
    claims.claim(batch, wait=wait)
    try:
        yield
    finally:
        claims.release(batch)
        batch.claimed_by = ""


@contextmanager
def _failing(batch: ImportBatch) -> Iterator[None]:
    """Whatever goes wrong in here is written on the batch, in words where there are words."""
    try:
        yield
    except (ImportCancelled, Cancelled):
        _settle(batch, State.CANCELLED, "", "")
        raise
    except DomainError as refusal:
        _settle(batch, State.FAILED, refusal.code, str(refusal.message))
        raise
    except Exception:
        _settle(batch, State.FAILED, "fault", _("A fault on our side. Nothing was written; it has been logged."))
        raise


def _settle(batch: ImportBatch, state: str, code: str, reason: str) -> None:
    ImportBatch.objects.filter(pk=batch.pk, state__in=[State.STAGED, State.CHECKED, State.APPLYING]).update(
        state=state, failure_code=code[:60], failure=reason[:400]
    )
    vault.forget(batch)
    batch.refresh_from_db()


# -- in the background -------------------------------------------------------------------------------------------------


def start_check(*, actor: User, batch: ImportBatch) -> JobRun:
    """Let a worker check the kept file."""
    with transaction.atomic():
        run = start_job(
            CHECK_JOB, actor=actor, branch=batch.branch, params={"batch": batch.public_id}, key=batch.public_id
        )
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
            params={"batch": batch.public_id, "partial": partial},
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
        params = {"batch": batch.public_id, "reason": reason}
        run = start_job(UNDO_JOB, actor=actor, branch=batch.branch, params=params, key=batch.public_id)
        ImportBatch.objects.filter(pk=batch.pk).update(job=run)
    batch.job = run
    return run


def _batch_of(run: JobRun) -> ImportBatch:
    found: ImportBatch = ImportBatch.objects.select_related("branch", "actor").get(public_id=run.params["batch"])
    return found


def _result(batch: ImportBatch) -> dict[str, Any]:
    return {**batch.counts, "report_url": reverse("core:import_detail", args=[batch.public_id])}


@job(CHECK_JOB, label=gettext_lazy("Check of an import file"))
def _check_in_background(run: JobRun, tick: Tick) -> dict[str, Any]:
    """Starts over after a kill: staged rows of the first try are dropped."""
    batch = _batch_of(run)
    if batch.state == State.STAGED:
        with override(run.actor.language or None):
            check_batch(batch, vault.fetch(batch), progress=tick)
            tick(batch.total, batch.total)
    return _result(batch)


@job(APPLY_JOB, label=gettext_lazy("Import"))
def _apply_in_background(run: JobRun, tick: Tick) -> dict[str, Any]:
    """After a kill either everything was written or nothing: the batch itself says which."""
    batch = _batch_of(run)
    tick(0, batch.changes)
    with override(run.actor.language or None):
        batch = carry_out(batch, actor=run.actor, partial=bool(run.params.get("partial")), wait=60)
    return _result(batch)


@job(UNDO_JOB, label=gettext_lazy("Undo of an import"))
def _undo_in_background(run: JobRun, tick: Tick) -> dict[str, Any]:
    """A second try after a kill finds the batch undone and leaves it."""
    batch = _batch_of(run)
    tick(0, batch.changes)
    if batch.state != State.UNDONE:
        with override(run.actor.language or None):
            batch = take_back(batch, actor=run.actor, reason=str(run.params.get("reason", "")))
    return _result(batch)


@due("core.imports")
def tidy_imports(now: datetime) -> int:
    """Name batches whose process died as failed, and drop staged rows and files that nobody needs any more."""
    moved = sum(claims.bury(held, now) for held in ImportBatch.objects.claimed())
    old = ImportBatch.objects.filter(file__isnull=False, created_at__lt=now - KEPT_UNDECIDED)
    for batch in old.filter(state__in=[State.STAGED, State.CHECKED])[:50]:
        _settle(batch, State.CANCELLED, "expired", _("Nobody decided about this file in time."))
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
