"""The contact form with the timeline under it, and correcting a contact."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clients.filters import ContactFilter
from clients.forms import ContactForm, CorrectionForm
from clients.models import Client, ContactLog, NeedsInterview
from clients.querysets.scope import shown_name
from clients.services import correct_contact, link_needs, log_contact
from clients.views.rows import actor, visible_client
from crm.core.keyset import page_of
from crm.core.views.commands import command

#: Icons of the channels, and the tone of an outcome.
_ICONS = {
    "phone": "phone",
    "wechat": "message-circle",
    "visit": "building",
    "counter": "building-bank",
    "sms": "message",
    "email": "mail",
    "video": "video",
}
TIMELINE_SIZE = 20


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("clients.add_contactlog", raise_exception=True)
def contact_add(request: HttpRequest, public_id: str) -> HttpResponse:
    """Log a contact: channel, what was said, next date. With htmx the same fragment comes back, empty and newer."""
    client = visible_client(request, public_id)
    form = ContactForm(request.POST or None, client=client)
    htmx = bool(getattr(request, "htmx", False))

    def done() -> str | HttpResponse:
        if not htmx:
            return client.get_absolute_url()
        client.refresh_from_db()
        answer = render(request, "clients/_contacts.html", contacts_context(request, client))
        answer["HX-Trigger"] = json.dumps(
            {
                "toast": {"level": "success", "text": _("Contact logged.")},
                "contact-logged": {"client": client.public_id},
            }
        )
        return answer

    context = {
        **contacts_context(request, client, form=form),
        "client_name": shown_name(client, request.user),
        "title": _("Log a contact"),
        "submit": _("Log"),
        "back_url": client.get_absolute_url(),
        "crumbs": [{"label": shown_name(client, request.user), "url": client.get_absolute_url()}],
    }
    return command(
        request,
        form,
        do=lambda _form: _log(request, client, form),
        done=done,
        template="clients/_contacts.html" if htmx else "clients/form.html",
        context=context,
        said="" if htmx else _("Contact logged."),
    )


def _log(request: HttpRequest, client: Client, form: ContactForm) -> ContactLog:
    """The contact; an interview that was taken beside it names it from now on."""
    user = actor(request)
    entry = log_contact(client=client, actor=user, now=timezone.now(), **form.command)
    if (taken := request.POST.get("needs", "")) and user.has_perm("clients.add_needsinterview"):
        found = NeedsInterview.objects.visible_to(user).filter(client=client, public_id=taken, taken_by=user).first()
        if found is not None:
            link_needs(interview=found, contact=entry, actor=user)
    return entry


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("clients.correct_contactlog", raise_exception=True)
def contact_correct(request: HttpRequest, public_id: str) -> HttpResponse:
    """Write a contact anew; the first wording stays on file."""
    rows = ContactLog.objects.visible_to(actor(request)).select_related("client", "staff")
    contact: ContactLog = get_object_or_404(rows, public_id=public_id)
    client: Client = contact.client
    form = CorrectionForm(request.POST or None, contact=contact)
    name = shown_name(client, request.user)
    context = {
        "client": client,
        "client_name": name,
        "title": _("Correct a contact"),
        "submit": _("Correct"),
        "note": _("The first wording stays on file beside the correction."),
        "back_url": client.get_absolute_url(),
        "crumbs": [
            {"label": _("Clients"), "url": reverse("clients:list")},
            {"label": name, "url": client.get_absolute_url()},
        ],
    }
    return command(
        request,
        form,
        do=lambda _form: correct_contact(
            contact=contact,
            values=form.wording,
            reason=form.cleaned_data["reason"],
            actor=actor(request),
            now=timezone.now(),
        ),
        done=client.get_absolute_url,
        template="clients/form.html",
        context=context,
        said=_("Corrected."),
    )


def contacts_context(request: HttpRequest, client: Client, *, form: ContactForm | None = None) -> dict[str, Any]:
    """What ``clients/_contacts.html`` shows: the form for those who may log, and the newest contacts."""
    user = actor(request)
    rows = ContactLog.objects.visible_to(user).filter(client=client).standing()
    may_log = user.has_perm("clients.add_contactlog")
    return {
        "client": client,
        "form": form or (ContactForm(client=client) if may_log else None),
        "may_log": may_log,
        "entries": timeline(
            rows.for_timeline()[:TIMELINE_SIZE], may_correct=user.has_perm("clients.correct_contactlog")
        ),
    }


def timeline_context(request: HttpRequest, client: Client) -> dict[str, Any]:
    """The whole history of contacts, narrowed by channel, outcome and day, a page at a time."""
    user = actor(request)
    rows = ContactLog.objects.visible_to(user).filter(client=client)
    found = ContactFilter(request.GET, rows, request=request)
    page = page_of(found.qs.for_timeline(), ("-at", "-id"), cursor=request.GET.get("cursor", ""), size=TIMELINE_SIZE)
    return {
        "client": client,
        "filter": found,
        "page": page,
        "entries": timeline(page.rows, may_correct=user.has_perm("clients.correct_contactlog")),
    }


def timeline(rows: Any, *, may_correct: bool) -> list[dict[str, Any]]:
    """Contacts as entries of ``components/_timeline.html``."""
    return [_entry(row, may_correct) for row in rows]


def _entry(row: ContactLog, may_correct: bool) -> dict[str, Any]:
    corrected = bool(row.is_corrected)  # type: ignore[attr-defined]  # annotated by for_timeline
    words = [row.get_channel_display()]
    if row.outcome not in (ContactLog.Outcome.REACHED, ContactLog.Outcome.UNKNOWN):
        words.append(row.get_outcome_display())
    kinds = []
    if corrected:
        kinds.append(_("corrected"))
    if row.corrects_id:
        kinds.append(_("correction: %(reason)s") % {"reason": row.correction_reason})
    if row.next_on:
        kinds.append(_("next on %(day)s") % {"day": row.next_on})
    return {
        "at": row.at,
        "title": " · ".join(map(str, words)),
        "text": row.content,
        "actor": row.staff.name,
        "icon": _ICONS.get(row.channel, "circle-dot"),
        "tone": "neutral" if corrected or row.outcome == ContactLog.Outcome.NO_ANSWER else "accent",
        "kind": " · ".join(kinds),
        "url": reverse("clients:contact_correct", args=[row.public_id]) if may_correct and not corrected else "",
    }
