"""Identity documents that run out or have run out, step by step, and those whose client's services are to be limited."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.crumbs import to_clients
from clients.forms.reminders import ReminderForm
from clients.models import DocumentReminder
from clients.querysets.scope import shown_name
from clients.services import settle_reminder
from clients.views.about import about_client
from clients.views.rows import today
from crm.core.keyset import page_of
from crm.core.policies import figures
from crm.core.views.commands import form_page
from crm.core.views.lists import PAGE_SIZE, Listed, part
from crm.core.views.places import actor_of


@require_safe
@permission_required("clients.view_identitydocument", raise_exception=True)
def document_expiry(request: HttpRequest) -> HttpResponse:
    """``?state=limit`` (services to be limited), ``expired`` or ``soon``; without it all of them, the longest overdue first."""
    user, day = actor_of(request), today()
    known = figures(day, user.branch)
    states = {
        "limit": _("To be limited"),
        "expired": _("Expired"),
        "soon": _("Runs out soon"),
    }
    state = request.GET.get("state", "")
    state = state if state in states else ""
    rows: Any = DocumentReminder.objects.visible_to(user).standing().in_state(state, day)
    page = page_of(
        rows.select_related("client__advisor", "settled_by"),
        ("valid_until", "id"),
        cursor=request.GET.get("cursor", ""),
        size=PAGE_SIZE,
    )
    reminders = list(page.rows)
    may_settle = user.has_perm("clients.change_identitydocument")
    for row in reminders:
        row.shown_name = shown_name(row.client, user)
        row.left = row.days_left(day)
        row.settle_url = (
            reverse("clients:document_reminder", args=[row.public_id]) if row.is_open and may_settle else ""
        )
    context = {
        "page": Listed(reminders, page.next, page.previous, ""),
        "today": day,
        "state": state,
        "states": [{"key": key, "label": label} for key, label in states.items()],
        "limit_after": known.days("id.limit_after_days"),
        "steps": _(", ").join(str(days) for days in sorted(known.integers("id.expiry_reminders"), reverse=True)),
    }
    return render(request, part(request, "clients/documents.html", "clients/_documents_due.html"), context)


@form_page
@permission_required("clients.change_identitydocument", raise_exception=True)
def reminder_settle(request: HttpRequest, public_id: str) -> HttpResponse:
    """Say that the client was told, or what became of his services."""
    user, day = actor_of(request), today()
    rows = DocumentReminder.objects.visible_to(user).select_related("client")
    row: DocumentReminder = get_object_or_404(rows, public_id=public_id)
    client = row.client
    form = ReminderForm(request.POST or None, reminder=row)
    back = reverse("clients:document_expiry")

    def do() -> DocumentReminder:
        return settle_reminder(reminder=row, **form.command, actor=user, now=timezone.now(), version=form.seen)

    said = {"kind": row.get_kind_display(), "day": row.valid_until.isoformat(), "days": abs(row.days_left(day))}
    note = _("%(kind)s: ran out on %(day)s, %(days)s days ago.") if row.days_left(day) < 0 else ""
    note = note or _("%(kind)s: valid until %(day)s, %(days)s days left.")
    return about_client(
        request,
        client,
        form,
        do,
        title=_("Services to be limited") if row.is_limit else _("Tell the client that his document runs out"),
        back=back,
        crumbs=[
            *to_clients(),
            {"label": _("Documents that run out"), "url": back},
            {"label": shown_name(client, user), "url": client.tab_url("profile")},
        ],
        more={"note": note % said},
    )
