"""Lists that leave the house: handed out at once up to a number of rows, above it after somebody else has agreed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from crm.core import audit
from crm.core.clocks import SHANGHAI, database_now, local_date
from crm.core.errors import DomainError, InvalidInput, MissingRight
from crm.core.exporting import ExportColumn, ExportKind, Made, kind_of, make, vault
from crm.core.exporting.narrowing import without_words
from crm.core.jobs import Tick, due, job, start_job
from crm.core.models import ExportRequest, JobRun, User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.versions import lock

BUILD_JOB = "exports.build"
SHORTEST_REASON = 4
State = ExportRequest.State


class ExportTooLarge(DomainError):
    """More rows than anybody takes out in one file."""

    code = "export_too_large"
    message = gettext_lazy("These are more rows than one file may hold. Narrow the list.")


class WrongExportState(DomainError):
    """The export is not in a state in which this can be done."""

    code = "export_wrong_state"
    message = gettext_lazy("This export is no longer in a state in which this is possible.")


class OwnExport(DomainError):
    """Nobody approves what he has asked for himself."""

    code = "export_own_request"
    message = gettext_lazy("Somebody else has to decide about your export.")


class FileGone(DomainError):
    """The file is kept for some hours only."""

    code = "export_gone"
    status = 410
    message = gettext_lazy("The file is no longer kept. Ask for it again.")


def checked_reason(reason: str) -> str:
    """Raises ``InvalidInput`` where nobody says what the file is for."""
    reason = reason.strip()[:200]
    if len(reason) < SHORTEST_REASON:
        raise InvalidInput(fields={"reason": _("Say what the export is for.")})
    return reason


def watermark(actor: User, reason: str, now: datetime, batch: str = "") -> str:
    """The first line of every file: who took it out, when, what for, and the number by which it is found again."""
    text = _("Confidential. Exported by %(name)s (%(number)s) on %(at)s: %(reason)s") % {
        "name": actor.name,
        "number": actor.staff_number,
        "at": f"{now.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        "reason": reason.strip(),
    }
    return f"{text} [{batch}]" if batch else text


def columns_of(kind: ExportKind, names: Iterable[str], *, actor: User, is_unmasked: bool) -> list[ExportColumn]:
    """The chosen columns as they leave for this member of staff."""
    allowed = kind.columns_for(actor)
    return list(kind.prepared(actor, [column for column in kind.chosen(names) if column in allowed]))


def built(export: ExportRequest, rows: Iterable[Any], now: datetime) -> tuple[Made, list[str]]:
    """The file of an export from rows, and the ids of what is in it."""
    kind = kind_of(export.kind)
    columns = columns_of(kind, export.columns, actor=export.actor, is_unmasked=export.is_unmasked)
    refs: dict[str, None] = {}
    keys: list[str] = []

    def lines() -> Iterable[Sequence[Any]]:
        for row in rows:
            refs[kind.ref(row)] = None
            keys.append(kind.key_of(row))
            yield [_cell(column, row, is_unmasked=export.is_unmasked) for column in columns]

    whole = list(lines())
    facts = {
        "title": str(kind.label),
        "author": f"{export.actor.name} ({export.actor.staff_number})",
        "subject": export.reason,
        "comments": watermark(export.actor, export.reason, now, export.public_id),
        "export": export.public_id,
    }
    made = make(export.form, facts["comments"], facts, columns, whole, keys)
    return made, list(refs)


def _cell(column: ExportColumn, row: Any, *, is_unmasked: bool) -> Any:
    value = column.value(row)
    return value if column.mask is None or is_unmasked else column.mask(str(value or ""))


def put_on_record(export: ExportRequest, made: Made, refs: list[str]) -> None:
    """The trail knows the rows, the prints of the file and of its rows, and by whose word it left."""
    kind = kind_of(export.kind)
    after = {
        "export": export.public_id,
        "rows": made.rows,
        "columns": export.columns,
        "in_full": export.is_unmasked,
        "filter": export.narrowed_by,
        "sha256": made.sha256,
        "rows_sha256": made.rows_sha256,
        "approved_by": export.decided_by.staff_number if export.decided_by else "",
    }
    audit.record(export.actor, kind.action, kind.object_type, after=after, reason=export.reason, ids=refs, is_read=True)


@service("export.hand_out")
def hand_out(
    *, actor: User, kind: str, rows: QuerySet[Any], form: str, columns: Sequence[str], narrowed_by: str, reason: str,
    now: datetime, keep: bool = False,
) -> tuple[ExportRequest, bytes]:  # fmt: skip
    """A file that needs nobody's word, at once: masked, and no more rows than the caller has found to be allowed.

    ``keep``: it is fetched by a request of its own, as an approved one is, and kept for ``export.kept_hours``.
    """
    export = ExportRequest(
        kind=kind, branch=actor.branch, actor=actor, state=State.DONE, form=form, columns=list(columns),
        narrowed_by=without_words(narrowed_by)[:300], reason=checked_reason(reason), fetched_at=now,
    )  # fmt: skip
    made, refs = built(export, rows, now)
    export.rows, export.sha256, export.rows_sha256 = made.rows, made.sha256, made.rows_sha256
    if keep:
        hours = figures(local_date(now), actor.branch).integer("export.kept_hours")
        export.state, export.fetched_at, export.ready_until = State.READY, None, now + timedelta(hours=hours)
    export.save()
    if keep:
        vault.keep(export, made.body)
    put_on_record(export, made, refs)
    return export, made.body


@service("export.request")
def request_export(
    *, actor: User, kind: str, asked: dict[str, Any], count: int, form: str, columns: Sequence[str], is_unmasked: bool,
    narrowed_by: str, reason: str, now: datetime,
) -> ExportRequest:  # fmt: skip
    """Ask for a file that somebody else has to agree to. Raises ``ExportTooLarge``, ``MissingRight``, ``InvalidInput``."""
    reason = checked_reason(reason)
    if is_unmasked and not actor.has_perm("core.unmask_exportrequest"):
        raise MissingRight
    if count > figures(local_date(now), actor.branch).integer("export.most_rows"):
        raise ExportTooLarge
    export: ExportRequest = ExportRequest.objects.create(
        kind=kind, branch=actor.branch, actor=actor, form=form, columns=list(columns), is_unmasked=is_unmasked,
        asked=asked, rows=count, narrowed_by=without_words(narrowed_by)[:300], reason=reason,
    )  # fmt: skip
    after = {
        "kind": kind,
        "rows": count,
        "in_full": is_unmasked,
        "columns": list(columns),
        "filter": export.narrowed_by,
    }
    audit.record(actor, "export.request", export, after=after, reason=reason)
    return export


@service("export.decide")
def decide_export(*, actor: User, export: ExportRequest, approved: bool, reason: str, now: datetime) -> ExportRequest:
    """Agree or refuse. Raises ``OwnExport``, ``WrongExportState``, ``InvalidInput``."""
    held = lock(ExportRequest.objects.select_related("actor", "branch"), pk=export.pk)
    if held.actor_id == actor.pk:
        raise OwnExport
    if held.state != State.REQUESTED:
        raise WrongExportState
    reason = reason.strip()[:200]
    if not approved and len(reason) < SHORTEST_REASON:
        raise InvalidInput(fields={"decision": _("Say why it is refused.")})
    held.state = State.BUILDING if approved else State.REFUSED
    held.decided_by, held.decided_at, held.decision = actor, now, reason
    if approved:
        held.job = start_job(
            BUILD_JOB,
            actor=held.actor,
            branch=held.branch,
            params={"export": held.public_id, "language": get_language() or ""},
            key=held.public_id,
        )
    held.save()
    audit.record(actor, "export.decide", held, after={"approved": approved}, reason=reason)
    return held


@service("export.build")
def build_export(*, export: ExportRequest, now: datetime, actor: User) -> ExportRequest:
    """Make the file of an approved export and keep it for some hours. Raises ``MissingRight``, ``WrongExportState``."""
    held = lock(ExportRequest.objects.select_related("actor", "branch", "decided_by"), pk=export.pk)
    if held.state != State.BUILDING:
        raise WrongExportState
    refuse_without_right(held)
    made, refs = built(held, kind_of(held.kind).rows(held.actor, held.asked), now)
    refuse_without_right(held)  # a right that was taken away meanwhile
    hours = figures(local_date(now), held.branch).integer("export.kept_hours")
    held.rows, held.sha256, held.rows_sha256 = made.rows, made.sha256, made.rows_sha256
    held.state, held.ready_until, held.asked = State.READY, now + timedelta(hours=hours), {}
    held.save()
    vault.keep(held, made.body)
    put_on_record(held, made, refs)
    return held


def refuse_without_right(export: ExportRequest) -> None:
    """Whoever asked must still be here, may still see such rows, and may still have them in full. Raises ``MissingRight``."""
    actor = User.objects.get(pk=export.actor_id)  # fresh: rights are remembered on the object
    wanted = [kind_of(export.kind).permission, *(["core.unmask_exportrequest"] if export.is_unmasked else [])]
    if not actor.is_active or not all(actor.has_perm(right) for right in wanted):
        raise MissingRight


@service("export.fetch")
def fetch_export(*, actor: User, export: ExportRequest, now: datetime) -> bytes:
    """The file, for whoever asked and while it is kept. Raises ``MissingRight``, ``FileGone``."""
    held = lock(ExportRequest.objects.select_related("actor"), pk=export.pk)
    if held.actor_id != actor.pk:
        raise MissingRight
    refuse_without_right(held)
    body = vault.fetch(held) if held.state == State.READY and held.ready_until and held.ready_until > now else None
    if body is None:
        raise FileGone
    if held.fetched_at is None:
        held.fetched_at = now
        held.save(update_fields=["fetched_at"])
    audit.record(actor, "export.fetch", held, after={"sha256": held.sha256}, is_read=True)
    return body


@service("export.trace")
def trace_file(*, actor: User, sha256: str, rows_sha256: str = "") -> list[ExportRequest]:
    """The exports from which a file may come, the newest first; the question itself stands in the trail."""
    found = ExportRequest.objects.visible_to(actor).of_file(sha256.strip().lower(), rows_sha256)
    exports = list(found.select_related("actor", "branch", "decided_by")[:50])
    after = {"sha256": sha256[:64], "rows_sha256": rows_sha256, "found": len(exports)}
    audit.record(
        actor, "export.trace", "core.exportrequest", after=after, ids=[one.public_id for one in exports], is_read=True
    )
    return exports


@job(BUILD_JOB, label=gettext_lazy("Export"), right="core.view_exportrequest")
def _build_in_background(run: JobRun, tick: Tick) -> dict[str, Any]:
    """A second try after a kill finds the file made and leaves it."""
    export = ExportRequest.objects.select_related("actor").get(public_id=run.params["export"])
    tick(0, export.rows)
    if export.state == State.BUILDING:
        with override(run.params.get("language") or None):
            try:
                export = build_export(export=export, now=database_now(), actor=run.actor)
            except DomainError as refusal:
                ExportRequest.objects.filter(pk=export.pk, state=State.BUILDING).update(
                    state=State.FAILED, failure=str(refusal.message)[:300], asked={}
                )
                raise
    tick(export.rows, export.rows)
    return {"rows": export.rows}


@due("core.exports")
def tidy_exports(now: datetime) -> int:
    """Files that nobody may fetch any more go, what nobody has decided about in a week lapses, and a file whose making was
    stopped or has failed is waited for no longer."""
    lost = 0
    for export in ExportRequest.objects.given_up().select_related("job")[:100]:
        why = (export.job.message or str(export.job.get_state_display())) if export.job else ""
        waiting = ExportRequest.objects.filter(pk=export.pk, state=State.BUILDING)
        lost += waiting.update(state=State.FAILED, failure=why[:300], asked={})
    old = list(ExportRequest.objects.outlived(now)[:100])
    for export in old:
        vault.forget(export)
    gone = ExportRequest.objects.filter(pk__in=[export.pk for export in old]).update(state=State.EXPIRED)
    undecided = ExportRequest.objects.waiting().filter(created_at__lt=now - timedelta(days=7))
    return lost + gone + undecided.update(state=State.EXPIRED, asked={})
