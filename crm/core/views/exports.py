"""Exports on the screen: what was asked for, who decides, the file while it is kept, and whose file it is."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from crm.core.clocks import local_date
from crm.core.errors import DomainError, MissingRight
from crm.core.exporting import KINDS
from crm.core.exporting.files import TYPES
from crm.core.exporting.known_again import rows_print_of
from crm.core.forms.exports import DecisionForm, TraceForm
from crm.core.models import ExportRequest
from crm.core.services.exporting import decide_export, fetch_export, trace_file
from crm.core.services.importing import limits_for
from crm.core.step_up import again_url, is_fresh
from crm.core.views.commands import form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of


@require_safe
@permission_required("core.view_exportrequest", raise_exception=True)
def export_list(request: HttpRequest) -> HttpResponse:
    """One's own, and those one decides about, the newest first."""
    rows = ExportRequest.objects.visible_to(actor_of(request)).select_related("actor", "branch", "decided_by")
    page = listed(request, rows, ("-id",))
    for export in page:
        export.kind_label = _kind_label(export.kind)
    return render(request, part(request, "core/exports/list.html", "core/exports/_table.html"), {"page": page})


@require_safe
@permission_required("core.view_exportrequest", raise_exception=True)
def export_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One export: what is asked, what was decided, and the file for whoever asked."""
    export = _export(request, public_id)
    actor = actor_of(request)
    working = export.job is not None and not export.job.ended
    context = {
        "export": export,
        "columns": _column_labels(export),
        "working": working,
        "is_own": export.actor_id == actor.pk,
        "may_decide": export.state == ExportRequest.State.REQUESTED
        and export.actor_id != actor.pk
        and actor.has_perm("core.approve_exportrequest"),
        "may_fetch": export.state == ExportRequest.State.READY and export.actor_id == actor.pk,
        "decision_form": DecisionForm(),
    }
    return render(request, part(request, "core/exports/detail.html", "core/exports/_export.html"), context)


@require_POST
@permission_required("core.approve_exportrequest", raise_exception=True)
def export_decide(request: HttpRequest, public_id: str) -> HttpResponse:
    """Agree or refuse."""
    export = _export(request, public_id)
    try:
        decide_export(
            actor=actor_of(request),
            export=export,
            approved=request.POST.get("do") == "approve",
            reason=request.POST.get("decision", ""),
            now=timezone.now(),
        )
    except DomainError as refusal:
        messages.error(request, str(next(iter(refusal.fields.values()), refusal.message)))
    return redirect("core:export_detail", export.public_id)


@require_POST
@permission_required("core.view_exportrequest", raise_exception=True)
def export_fetch(request: HttpRequest, public_id: str) -> HttpResponse:
    """The file of an approved export."""
    export = _export(request, public_id)
    if not is_fresh(request, actor_of(request), timezone.now()):
        return redirect(again_url(reverse("core:export_detail", args=[export.public_id])))
    try:
        body = fetch_export(actor=actor_of(request), export=export, now=timezone.now())
    except MissingRight:
        raise
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("core:export_detail", export.public_id)
    return file_answer(f"{export.kind}-{local_date(export.created_at):%Y%m%d}", export.form, body)


@form_page
@permission_required("core.trace_exportrequest", raise_exception=True)
def export_trace(request: HttpRequest) -> HttpResponse:
    """Whose file is this? By the file itself or its SHA-256; a file that was changed is known by the rows in it."""
    form = TraceForm(request.POST or None, request.FILES or None)
    found: list[ExportRequest] | None = None
    status = 200
    prints = ("", "")
    if request.method == "POST":
        if form.is_valid():
            prints = _prints(request, form.cleaned_data)
            found = trace_file(actor=actor_of(request), sha256=prints[0], rows_sha256=prints[1])
            for export in found:
                export.kind_label = _kind_label(export.kind)  # type: ignore[attr-defined]  # for the template
                export.is_the_file = export.sha256 == prints[0]  # type: ignore[attr-defined]  # for the template
        else:
            status = 400
    context = {"form": form, "found": found, "sha256": prints[0]}
    return render(request, "core/exports/trace.html", context, status=status)


def _prints(request: HttpRequest, said: dict[str, Any]) -> tuple[str, str]:
    file = said.get("file")
    if file is None:
        return str(said["sha256"]).strip().lower(), ""
    raw = file.read()
    limits = limits_for(actor_of(request).branch, local_date(timezone.now()))
    return hashlib.sha256(raw).hexdigest(), rows_print_of(raw, limits)


def file_answer(name: str, form: str, body: bytes) -> HttpResponse:
    """A file as a download that no cache keeps."""
    answer = HttpResponse(body, content_type=TYPES[form])
    answer["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    answer["Cache-Control"] = "no-store, private"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _export(request: HttpRequest, public_id: str) -> ExportRequest:
    rows = ExportRequest.objects.visible_to(actor_of(request)).select_related("actor", "branch", "decided_by", "job")
    export: ExportRequest = get_object_or_404(rows, public_id=public_id)
    export.kind_label = _kind_label(export.kind)  # type: ignore[attr-defined]  # for the template
    return export


def _kind_label(kind: str) -> str:
    return str(KINDS[kind].label) if kind in KINDS else kind


def _column_labels(export: ExportRequest) -> list[str]:
    kind = KINDS.get(export.kind)
    return [str(column.label) for column in kind.chosen(export.columns)] if kind else list(export.columns)
