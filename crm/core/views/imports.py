"""Imports: the list of batches, a new file, a batch on its way from check to apply or undo."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.core.clocks import local_date
from crm.core.errors import DomainError
from crm.core.filters import ImportBatchFilter
from crm.core.forms.imports import NewImportForm, UndoForm
from crm.core.importing import TARGETS, ImportField, engine, rejects
from crm.core.importing.fields import by_name
from crm.core.importing.mapping import ROW_NUMBER, Mapping
from crm.core.importing.targets import kinds_for, may_bring
from crm.core.models import AuditEntry, ImportBatch
from crm.core.services.import_drafts import open_draft
from crm.core.services.import_work import start_apply, start_check, start_undo
from crm.core.services.importing import bring_file, cancel_batch, keep_mapping, limits_for
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of

#: Rejected rows shown on the page; the file has all of them.
SHOWN = 200


@require_safe
@permission_required("core.view_importbatch", raise_exception=True)
def import_list(request: HttpRequest) -> HttpResponse:
    """The branch's files, the newest first."""
    rows = ImportBatch.objects.visible_to(actor_of(request)).select_related("branch", "actor")
    found = ImportBatchFilter(request.GET, rows, request=request)
    page = listed(request, found.qs, ("-id",))
    for batch in page:
        batch.kind_label = _kind_label(batch.kind)
    context = {"filter": found, "page": page}
    return render(request, part(request, "core/imports/list.html", "core/imports/_table.html"), context)


@form_page
@permission_required("core.add_importbatch", raise_exception=True)
def import_new(request: HttpRequest) -> HttpResponse:
    """A new file: it is taken in, a worker checks it, and the page of the batch shows how far that is."""
    actor = actor_of(request)
    limits = limits_for(actor.branch, local_date(timezone.now()))
    form = NewImportForm(
        request.POST or None,
        request.FILES or None,
        user=actor,
        limits=limits,
        initial={"kind": request.GET.get("kind")},
    )
    made: list[ImportBatch] = []

    def take_in(form: Any) -> ImportBatch:
        said = form.command
        file = {
            "actor": actor,
            "kind": said["kind"],
            "branch": said["branch"],
            "file_name": said["file"].name,
            "raw": form.raw,
            "mapping": said["mapping"],
            "day": said["day"],
            "dry_run": said["dry_run"],
        }
        if form.looks_first:
            made.append(open_draft(**file))
            return made[0]
        batch = bring_file(**file, keep=True)
        if said["keep_as"].strip():
            keep_mapping(
                actor=actor, branch=batch.branch, kind=batch.kind, name=said["keep_as"], mapping=said["mapping"]
            )
        start_check(actor=actor, batch=batch)
        made.append(batch)
        return batch

    return command(
        request,
        form,
        do=take_in,
        done=lambda: _next_step(made[0]) if made else reverse("core:imports"),
        template="core/imports/new.html",
        context={"back_url": reverse("core:imports"), "kinds": kinds_for(actor)},
    )


def _next_step(batch: ImportBatch) -> str:
    """Where the work on a batch goes on: its columns, or what came out."""
    is_draft = batch.state == ImportBatch.State.DRAFT
    return reverse("core:import_mapping" if is_draft else "core:import_detail", args=[batch.public_id])


@require_safe
@permission_required("core.view_importbatch", raise_exception=True)
def import_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One batch: counts, rejected rows, mapping, and what can be done now. While a worker is at it, htmx asks again."""
    batch = _batch(request, public_id)
    may_change = request.user.has_perm("core.change_importbatch") and may_bring(actor_of(request), batch.kind)
    if batch.state == ImportBatch.State.DRAFT and may_change:
        return redirect(_next_step(batch))
    context = {
        "batch": batch,
        "working": _is_working(batch),
        "run": _run_of(batch),
        "problems": _problems(batch),
        "warned": engine.warned_count(batch),
        "mapping": _mapping_lines(batch),
        "row_key": _row_key(batch),
        "may_change": may_change,
        "undo_form": UndoForm(),
        "undone": AuditEntry.objects.undoing(batch).first() if batch.state == ImportBatch.State.UNDONE else None,
    }
    return render(request, part(request, "core/imports/detail.html", "core/imports/_batch.html"), context)


@require_safe
@permission_required("core.view_importbatch", raise_exception=True)
def import_errors(request: HttpRequest, public_id: str) -> StreamingHttpResponse:
    """All rejected rows as a file that a spreadsheet opens without harm."""
    batch = _batch(request, public_id)
    answer = StreamingHttpResponse(
        rejects.streamed(engine.rejected_lines(batch)), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="import-{batch.public_id}-rejected.csv"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@require_safe
@permission_required("core.view_importbatch", raise_exception=True)
def import_warnings(request: HttpRequest, public_id: str) -> StreamingHttpResponse:
    """All warnings about rows that are written all the same, as a file."""
    batch = _batch(request, public_id)
    answer = StreamingHttpResponse(rejects.streamed(engine.warned_lines(batch)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="import-{batch.public_id}-warnings.csv"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@require_POST
@permission_required("core.change_importbatch", raise_exception=True)
def import_apply(request: HttpRequest, public_id: str) -> HttpResponse:
    """Write a checked batch: all of it, or with ``partial`` its good rows."""
    batch = _touchable(request, public_id)
    partial = request.POST.get("partial") == "1"
    return _do(request, batch, lambda: start_apply(actor=actor_of(request), batch=batch, partial=partial))


@require_POST
@permission_required("core.change_importbatch", raise_exception=True)
def import_undo(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take an applied batch back."""
    batch = _touchable(request, public_id)
    form = UndoForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why the import is taken back."))
        return redirect("core:import_detail", batch.public_id)
    reason = form.cleaned_data["reason"]
    return _do(request, batch, lambda: start_undo(actor=actor_of(request), batch=batch, reason=reason))


@require_POST
@permission_required("core.change_importbatch", raise_exception=True)
def import_cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give a batch up before anything is written."""
    batch = _touchable(request, public_id)
    return _do(request, batch, lambda: cancel_batch(actor=actor_of(request), batch=batch))


def _do(request: HttpRequest, batch: ImportBatch, change: Any) -> HttpResponse:
    try:
        change()
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    return redirect("core:import_detail", batch.public_id)


def _batch(request: HttpRequest, public_id: str) -> ImportBatch:
    rows = ImportBatch.objects.visible_to(actor_of(request)).select_related("branch", "actor", "job")
    batch: ImportBatch = get_object_or_404(rows, public_id=public_id)
    batch.kind_label = _kind_label(batch.kind)  # type: ignore[attr-defined]  # for the template
    return batch


def _touchable(request: HttpRequest, public_id: str) -> ImportBatch:
    """The right before the row: a kind with a right of its own asks for it too."""
    batch = _batch(request, public_id)
    if not may_bring(actor_of(request), batch.kind):
        raise PermissionDenied
    return batch


def _kind_label(kind: str) -> str:
    return str(TARGETS[kind].label) if kind in TARGETS else kind


def _is_working(batch: ImportBatch) -> bool:
    return batch.job is not None and not batch.job.ended


def _run_of(batch: ImportBatch) -> Any:
    from crm.core.jobs import kind_in_words

    run = batch.job
    if run is not None:
        run.label = kind_in_words(run.kind)  # type: ignore[attr-defined]  # for the template
    return run


def _problems(batch: ImportBatch) -> list[dict[str, Any]]:
    fields = _fields(batch)
    shown = []
    for row in batch.rows.filter(outcome="rejected").order_by("number")[:SHOWN]:
        for problem in row.problems or []:
            known = fields.get(problem["field"])
            label = str(known.label or known.name) if known else problem["field"]
            shown.append({"row": row.number, **problem, "label": label})
    return shown


def _fields(batch: ImportBatch) -> dict[str, ImportField]:
    return by_name(TARGETS[batch.kind].fields) if batch.kind in TARGETS else {}


def _mapping_lines(batch: ImportBatch) -> list[dict[str, Any]]:
    """Field by field where its values come from, in words."""
    mapping, fields = Mapping.from_dict(batch.mapping), _fields(batch)
    lines: list[dict[str, Any]] = []
    for section, words in (
        ("columns", mapping.columns),
        ("constants", mapping.constants),
        ("compose", mapping.compose),
    ):
        for name, source in words.items():
            known = fields.get(name)
            lines.append(
                {
                    "field": str(known.label or name) if known else name,
                    "source": source,
                    "section": section,
                    "translated": name in mapping.values,
                }
            )
    return lines


def _row_key(batch: ImportBatch) -> str:
    key = Mapping.from_dict(batch.mapping).key
    if key == ROW_NUMBER:
        return _("The number of the row")
    return ", ".join(key)
