"""The audit trail on the screen: who did, saw and took out what, and whether the chain is whole."""

from __future__ import annotations

from django.apps import apps
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm.core import audit
from crm.core.audit_changes import changes_in_words, fields_of
from crm.core.audit_words import action_in_words, object_in_words
from crm.core.clocks import local_date
from crm.core.errors import DomainError
from crm.core.filters import AuditEntryFilter
from crm.core.forms.staff import ReasonForm
from crm.core.models import AuditEntry, Heartbeat, LookCount, User
from crm.core.services.audit_export import export_audit
from crm.core.step_up import again_url, is_fresh
from crm.core.subjects import subjects_called
from crm.core.views.commands import form_page
from crm.core.views.exports import file_answer
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of


@require_safe
@permission_required("core.view_auditentry", raise_exception=True)
def audit_list(request: HttpRequest) -> HttpResponse:
    """The newest entries first; with ``client`` everything about one client, looks included."""
    found = _found(request)
    ref = found.form.cleaned_data.get("client", "") if found.form.is_valid() else ""
    page = listed(request, found.qs.select_related("actor", "branch"), ("-id",))
    called = subjects_called(actor_of(request), (entry.client_ref for entry in page))
    for entry in page:
        entry.words, entry.object_words = action_in_words(entry.action), object_in_words(entry.object_type)
        entry.subject = called.get(entry.client_ref)
    position, _digest = audit.head()
    context = {
        "filter": found,
        "page": page,
        "client": str(found.form.subject or ref),
        "choices": [(subject, _asked_for(request, subject.ref)) for subject in found.form.candidates],
        "position": position,
        "verified": Heartbeat.objects.filter(pk="audit_verify").first(),
        "export_url": f"{reverse('core:audit_export')}?{request.GET.urlencode()}",
        "busy": _busy(actor_of(request)),
    }
    return render(request, part(request, "core/audit_list.html", "core/_audit_table.html"), context)


def _asked_for(request: HttpRequest, ref: str) -> str:
    """The same question about this one client."""
    query = request.GET.copy()
    query["client"] = ref
    query.pop("cursor", None)
    return f"?{query.urlencode()}"


def _busy(user: User) -> list[LookCount]:
    """Who has nearly used up today what he may look at."""
    rows = LookCount.objects.visible_to(user).near_budget(local_date(timezone.now()))
    return list(rows.select_related("user").order_by("-looks", "pk")[:10])


@require_safe
@permission_required("core.view_auditentry", raise_exception=True)
def audit_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One entry with what was before and after, and its place in the chain."""
    entry = get_object_or_404(
        AuditEntry.objects.visible_to(actor_of(request)).select_related("actor", "branch", "seal"), public_id=public_id
    )
    context = {
        "entry": entry,
        "crumbs": [{"label": _("Audit trail"), "url": reverse("core:audit_list")}],
        "words": action_in_words(entry.action),
        "object_words": object_in_words(entry.object_type),
        "changes": changes_in_words(entry),
        "seal": getattr(entry, "seal", None),
        "subject": subjects_called(actor_of(request), [entry.client_ref]).get(entry.client_ref),
        "object_url": _address(actor_of(request), entry),
    }
    return render(request, "core/audit_detail.html", context)


@form_page
@permission_required("core.view_auditentry", raise_exception=True)
def audit_export(request: HttpRequest) -> HttpResponse:
    """The entries that the list shows as CSV: asked with a reason, and on the trail before the first byte leaves."""
    found, form = _found(request), ReasonForm(request.POST or None)
    if not is_fresh(request, actor_of(request), timezone.now()):
        return redirect(again_url(request.get_full_path()))
    status = 200
    if request.method == "POST":
        if not found.form.is_valid():
            status = 400
        elif form.is_valid():
            try:
                export, body = export_audit(
                    actor=actor_of(request),
                    rows=found.qs,
                    narrowed_by=request.GET.urlencode(),
                    reason=form.cleaned_data["reason"],
                    now=timezone.now(),
                )
            except DomainError as refusal:
                form.add_error(None, str(refusal.message))
                status = refusal.status
            else:
                return file_answer(f"audit-{local_date(timezone.now()):%Y%m%d}", export.form, body)
        else:
            status = 400
    context = {
        "form": form,
        "filter": found,
        "crumbs": [{"label": _("Audit trail"), "url": reverse("core:audit_list")}],
        "back_url": f"{reverse('core:audit_list')}?{request.GET.urlencode()}",
        "kept": [
            (name, value) for name, value in request.GET.items() if name not in ("at_after", "at_before", "cursor")
        ],
    }
    return render(request, "core/audit_export.html", context, status=status)


def _address(user: User, entry: AuditEntry) -> str:
    """The page of the object, for whoever may see it."""
    label, _dot, name = entry.object_type.partition(".")
    try:
        model = apps.get_model(label, name)
    except (LookupError, ValueError):
        return ""
    rows = getattr(model._default_manager, "visible_to", None)
    has_page = hasattr(model, "get_absolute_url") and "public_id" in fields_of(entry.object_type)
    if rows is None or not has_page or not user.has_perm(f"{label}.view_{name}"):
        return ""
    row = rows(user).filter(public_id=entry.object_id).first()
    return str(row.get_absolute_url()) if row is not None else ""


def _found(request: HttpRequest) -> AuditEntryFilter:
    return AuditEntryFilter(request.GET, AuditEntry.objects.visible_to(actor_of(request)), request=request)
