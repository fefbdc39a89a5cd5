"""Long work that can be watched, left and found again, and stopped."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.core.errors import DomainError
from crm.core.filters import JobRunFilter
from crm.core.jobs import cancel_job, kind_in_words, may_cancel
from crm.core.models import JobRun, User
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of


@require_safe
@permission_required("core.view_jobrun", raise_exception=True)
def job_list(request: HttpRequest) -> HttpResponse:
    """Own runs, and those of the branch or company for whoever sees it; the newest first."""
    rows = JobRun.objects.visible_to(actor_of(request)).select_related("actor", "branch")
    found = JobRunFilter(request.GET, rows, request=request)
    page = listed(request, found.qs, ("-id",))
    for run in page:
        run.label = kind_in_words(run.kind)
    context = {"filter": found, "page": page}
    return render(request, part(request, "core/job_list.html", "core/_job_table.html"), context)


@require_safe
@permission_required("core.view_jobrun", raise_exception=True)
def job_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One run; asked by htmx it answers the progress card alone, which asks again until the run has ended."""
    run = _run(request, public_id)
    template = part(request, "core/job_detail.html", "components/_progress.html")
    answer = render(request, template, {**progress_context(run, actor_of(request)), "result": _result(run)})
    if run.state == JobRun.State.DONE and run.report_url and _watches_from(request) == run.report_url:  # type: ignore[attr-defined]  # set for the template
        answer["HX-Refresh"] = "true"  # the page that waited for this run is its report: it shows itself
    return answer


@require_POST
@permission_required("core.view_jobrun", raise_exception=True)
def job_cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask a run to stop at its next step."""
    run = _run(request, public_id)
    try:
        cancel_job(run=run, actor=actor_of(request))
    except DomainError as refusal:
        if refusal.status == 403:
            raise
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The work stops at its next step."))
    return redirect("core:job_detail", run.public_id)


def progress_context(run: JobRun, actor: User) -> dict[str, Any]:
    """What ``components/_progress.html`` needs to show a run and follow it, on any page."""
    run.label = kind_in_words(run.kind)  # type: ignore[attr-defined]  # for the template
    url = reverse("core:job_detail", args=[run.public_id])
    cancel = reverse("core:job_cancel", args=[run.public_id]) if may_cancel(run, actor) else ""
    report = (run.result or {}).get("report_url", "") if isinstance(run.result, dict) else ""
    run.report_url = report if str(report).startswith("/") else ""  # type: ignore[attr-defined]  # for the template
    return {"run": run, "poll_url": url, "cancel_url": cancel}


def _watches_from(request: HttpRequest) -> str:
    """Path of the page that asks for the progress by htmx."""
    details = getattr(request, "htmx", None)
    return (details.current_url_abs_path or "") if details else ""


def _result(run: JobRun) -> list[dict[str, Any]]:
    found = run.result if isinstance(run.result, dict) else {}
    return [{"label": name, "value": value} for name, value in found.items() if isinstance(value, int | str)]


def _run(request: HttpRequest, public_id: str) -> JobRun:
    rows = JobRun.objects.visible_to(actor_of(request)).select_related("actor", "branch")
    return get_object_or_404(rows, public_id=public_id)
