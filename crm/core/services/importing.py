"""Files brought in by people and programs: one way for the page and for the command line."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime

from celery.exceptions import SoftTimeLimitExceeded
from django.db import IntegrityError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.core import audit
from crm.core.clocks import database_now, local_date
from crm.core.crypto import keyring
from crm.core.errors import BranchClosed, DomainError
from crm.core.importing import claims, engine, vault
from crm.core.importing.mapping import Mapping
from crm.core.importing.problems import ImportCancelled, ImportStale, ImportTouched, WrongImportState
from crm.core.importing.table import Limits
from crm.core.importing.targets import target_of
from crm.core.jobs import Cancelled, LeaseLost
from crm.core.models import Branch, ImportBatch, JobRun, User
from crm.core.models.importing import ImportMapping
from crm.core.policies import figures
from crm.core.service import service

logger = logging.getLogger(__name__)

State = ImportBatch.State
#: How long a command waits for another import of the same kind in the branch.
PATIENCE = 300.0


class RowsRejected(DomainError):
    """All or nothing was asked for, and not all rows are good."""

    code = "import_rows_rejected"
    message = gettext_lazy("Some rows are rejected. Correct the file, or apply the good rows only.")


class RuleBroken(DomainError):
    """Rows passed the check but a rule of the database refuses them."""

    code = "import_rule_broken"
    message = gettext_lazy("Some rows break a rule of the database. Nothing was written.")


def limits_for(branch: Branch | None, day: date) -> Limits:
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

    Raises ``MappingRefused`` if the mapping does not fit the kind of data, and ``BranchClosed``.
    """
    if not branch.is_open:
        raise BranchClosed
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
    if _is_under_older_key(batch):
        raise ImportStale
    engine.apply(batch, target=target_of(batch.kind), now=now)
    batch.state, batch.applied_at = State.APPLIED, now
    batch.options = {**batch.options, "partial": partial}
    batch.save(update_fields=["state", "applied_at", "options"])
    vault.forget(batch)
    audit.record(
        actor,
        "import.apply",
        batch,
        after={
            **batch.counts,
            "removed": batch.removed,
            "kind": batch.kind,
            "sha256": batch.sha256,
            "partial": partial,
        },
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
    if _is_under_older_key(batch):
        raise WrongImportState(_("The keys of private values have been changed since, so this batch cannot be undone."))
    engine.undo(batch, target=target_of(batch.kind), now=now)
    batch.state, batch.undone_at = State.UNDONE, now
    batch.save(update_fields=["state", "undone_at"])
    audit.record(actor, "import.undo", batch, before=batch.counts, reason=reason)
    return batch


def _is_under_older_key(batch: ImportBatch) -> bool:
    """Staged values are sealed, and no rotation reaches them: once written they would be lost with the older key."""
    newest = keyring()[0].name
    return bool(batch.options.get("key", newest) != newest)


@service("import.cancel")
def cancel_batch(*, actor: User, batch: ImportBatch) -> ImportBatch:
    """Give up a batch before anything is written; a check that is running stops at its next step."""
    stopped = ImportBatch.objects.filter(pk=batch.pk, state__in=[State.DRAFT, State.STAGED, State.CHECKED]).update(
        state=State.CANCELLED
    )
    if not stopped:
        raise WrongImportState
    vault.forget(batch)
    work = JobRun.objects.filter(pk=batch.job_id or 0)
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
    limits, key = limits_for(batch.branch, local_date(now)), keyring()[0].name

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
    options = {**batch.options, "mapped": tally.mapped, "layout": tally.layout, "removed": tally.removed, "key": key}
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
        settle(batch, State.CANCELLED, "", "")
        raise
    except (LeaseLost, SoftTimeLimitExceeded):
        raise  # the work has another turn, or another worker has it already: batch and file stay as it needs them
    except DomainError as refusal:
        settle(batch, State.FAILED, refusal.code, str(refusal.message))
        raise
    except Exception:
        settle(batch, State.FAILED, "fault", _("A fault on our side. Nothing was written; it has been logged."))
        raise


def settle(batch: ImportBatch, state: str, code: str, reason: str) -> None:
    """End a batch that has not been applied, in words, and let go of its file."""
    ImportBatch.objects.filter(
        pk=batch.pk, state__in=[State.DRAFT, State.STAGED, State.CHECKED, State.APPLYING]
    ).update(state=state, failure_code=code[:60], failure=reason[:400])
    vault.forget(batch)
    batch.refresh_from_db()
