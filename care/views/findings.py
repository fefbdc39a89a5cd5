"""Bad answers and what compliance made of them."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from care import services
from care.filters import FindingFilter
from care.forms.calls import AskNeedsForm, ConclusionForm
from care.models import Finding
from care.views.rows import now, sections
from clients.querysets.scope import sees_names, shown_name
from crm.core.forms.commands import CommandForm
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of


@require_safe
@permission_required("care.view_finding", raise_exception=True)
def finding_list(request: HttpRequest) -> HttpResponse:
    """Findings, the newest first."""
    user = actor_of(request)
    found = FindingFilter(request.GET, Finding.objects.visible_to(user).for_list().with_needs(), request=request)
    context = {
        "filter": found,
        "page": listed(request, found.qs, ("-opened_at", "-pk")),
        "names_shown": sees_names(user),
        "tabs": sections(request, "findings"),
    }
    return render(request, part(request, "care/findings.html", "care/_findings.html"), context)


@form_page
@permission_required("care.change_finding", raise_exception=True)
def close(request: HttpRequest, public_id: str) -> HttpResponse:
    """Say what came of it."""
    finding = get_object_or_404(Finding.objects.visible_to(actor_of(request)).for_list(), public_id=public_id)
    form = ConclusionForm(request.POST or None, initial={"version": finding.version})

    def do(form: CommandForm) -> Finding:
        return services.close_finding(
            actor=actor_of(request), finding=finding, now=now(), version=form.seen, **form.command
        )

    return _decide(request, finding, form, do, _("Conclude finding"), _("Conclude"), _("The finding is concluded."))


@form_page
@permission_required("care.ask_needs", raise_exception=True)
def ask_needs(request: HttpRequest, public_id: str) -> HttpResponse:
    """Have the client's needs asked again because of it."""
    finding = get_object_or_404(Finding.objects.visible_to(actor_of(request)).for_list(), public_id=public_id)
    form = AskNeedsForm(request.POST or None, initial={"version": finding.version})

    def do(form: CommandForm) -> Finding:
        return services.ask_needs(
            actor=actor_of(request), finding=finding, now=now(), version=form.seen, **form.command
        )

    said = _("Whoever serves the client is asked to take the needs again.")
    return _decide(request, finding, form, do, _("Have the needs asked again"), _("Have them asked"), said)


def _decide(
    request: HttpRequest,
    finding: Finding,
    form: CommandForm,
    do: Callable[[CommandForm], Finding],
    title: str,
    submit: str,
    said: str,
) -> HttpResponse:
    context = {
        "finding": finding,
        "call": finding.call,
        "client_name": shown_name(finding.call.client, actor_of(request)),
        "title": title,
        "submit": submit,
        "back_url": reverse("care:findings"),
        "crumbs": [{"label": _("Findings"), "url": reverse("care:findings")}],
    }
    return command(
        request,
        form,
        do=do,
        done=lambda: reverse("care:findings"),
        template="care/decide.html",
        context=context,
        said=said,
    )
