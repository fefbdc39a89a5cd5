"""The contact form with the timeline under it, and correcting a contact."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clients.crumbs import to_client
from clients.forms import ContactForm, CorrectionForm, FilesForm
from clients.models import Appointment, Channel, Client, ContactLog, ContactPoint, NeedsInterview
from clients.owed import owed_to
from clients.querysets.scope import said_of, shown_name
from clients.reach import hindrances, warnings
from clients.services import attach_to_contact, correct_contact, link_needs, log_contact
from clients.views.rows import visible_client
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.models import Attachment, User
from crm.core.policies import figures
from crm.core.views.attachments import listed_file
from crm.core.views.commands import command, form_page
from crm.core.views.places import actor_of, by_htmx

#: Icons of the channels.
_ICONS = {
    "phone": "phone",
    "wechat": "message-circle",
    "visit": "building",
    "counter": "building-bank",
    "sms": "message",
    "email": "mail",
    "video": "presentation",
}
TIMELINE_SIZE = 20


@form_page
@permission_required("clients.add_contactlog", raise_exception=True)
def contact_add(request: HttpRequest, public_id: str) -> HttpResponse:
    """Log a contact: channel, what was said, next date. With htmx the same fragment comes back, empty and newer."""
    client = visible_client(request, public_id)
    htmx = by_htmx(request)
    booked = _booked(request, client)
    form = ContactForm(
        request.POST or None, request.FILES or None, client=client, user=actor_of(request), appointment=booked
    )
    if htmx and request.method == "GET":
        return render(request, "clients/_contact_more.html", {"form": form, "client": client})

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
        "crumbs": to_client(client, request.user),
        "whole": not htmx,
        "hindrances": _hindrances(client),
        "owed": owed_to(actor_of(request), client, local_date(timezone.now())) if not htmx else [],
    }
    return command(
        request,
        form,
        do=lambda _form: _log(request, client, form),
        done=done,
        template="clients/_contacts.html" if htmx else "clients/contact_form.html",
        context=context,
        said="" if htmx else said_of(client, request.user, _("Contact logged.")),
    )


def _booked(request: HttpRequest, client: Client) -> Appointment | None:
    """The appointment that this contact holds, if the address or the form names one."""
    ref = request.POST.get("appointment") or request.GET.get("appointment")
    if not ref:
        return None
    return Appointment.objects.visible_to(actor_of(request)).filter(client=client, public_id=ref).first()


def _hindrances(client: Client) -> list[Any]:
    """What speaks against the client's own channel now; other channels are asked when the contact is made."""
    now = timezone.now()
    channel = client.preferred_channel or Channel.PHONE
    points = ContactPoint.objects.present().filter(client=client)
    return hindrances(client, channel, now, figures(local_date(now), client.branch), points)


def _log(request: HttpRequest, client: Client, form: ContactForm) -> ContactLog:
    """The contact with its files; an interview that was taken beside it names it from now on."""
    user, said = actor_of(request), form.cleaned_data
    with transaction.atomic():  # a file that is refused leaves no half contact
        entry = log_contact(
            client=client,
            channel=said["channel"],
            content=said["content"],
            next_on=said["next_on"],
            at=said["at"],
            details=form.details,
            appointment=_booked(request, client),
            actor=user,
            now=timezone.now(),
        )
        if said["files"]:
            attach_to_contact(contact=entry, uploads=said["files"], actor=user)
    if (taken := request.POST.get("needs", "")) and user.has_perm("clients.add_needsinterview"):
        found = NeedsInterview.objects.visible_to(user).filter(client=client, public_id=taken, taken_by=user).first()
        if found is not None:
            link_needs(interview=found, contact=entry, actor=user)
    return entry


@require_safe
@permission_required("clients.view_contactlog", raise_exception=True)
def contact_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One contact with every wording and its files; the look is on the client's trail."""
    user = actor_of(request)
    contact = _visible(request, public_id)
    audit.record_read(user, "contact.view", contact, client=contact.client)
    return render(request, "clients/contact.html", _detail(request, contact, FilesForm()))


@require_POST
@permission_required("clients.add_contactlog", raise_exception=True)
def contact_attach(request: HttpRequest, public_id: str) -> HttpResponse:
    """Add files to a contact."""
    contact = _visible(request, public_id)
    form = FilesForm(request.POST, request.FILES)
    return command(
        request,
        form,
        do=lambda _form: attach_to_contact(
            contact=contact, uploads=form.cleaned_data["files"], actor=actor_of(request)
        )[0],
        done=contact.get_absolute_url,
        template="clients/contact.html",
        context=_detail(request, contact, form),
        said=said_of(contact.client, request.user, _("The files are with the contact.")),
    )


def _visible(request: HttpRequest, public_id: str) -> ContactLog:
    rows = ContactLog.objects.visible_to(actor_of(request)).for_timeline().select_related("client")
    return get_object_or_404(rows, public_id=public_id)


def _detail(request: HttpRequest, contact: ContactLog, form: FilesForm) -> dict[str, Any]:
    user, client = actor_of(request), contact.client
    wordings = ContactLog.objects.visible_to(user).wordings_of(contact).for_timeline()
    may_correct = user.has_perm("clients.correct_contactlog") and not contact.is_corrected  # type: ignore[attr-defined]  # annotated
    name = shown_name(client, user)
    return {
        "contact": contact,
        "client": client,
        "client_name": name,
        "person": contact.named_person(),
        "wordings": timeline(list(wordings), files={}),
        "files": files_of([contact]).get(contact.files_ref, []),
        "form": form if user.has_perm("clients.add_contactlog") else None,
        "correct_url": reverse("clients:contact_correct", args=[contact.public_id]) if may_correct else "",
        "crumbs": to_client(client, request.user),
    }


@form_page
@permission_required("clients.correct_contactlog", raise_exception=True)
def contact_correct(request: HttpRequest, public_id: str) -> HttpResponse:
    """Write a contact anew; the first wording stays on file."""
    contact = _visible(request, public_id)
    client: Client = contact.client
    form = CorrectionForm(request.POST or None, contact=contact, user=actor_of(request))
    name = shown_name(client, request.user)
    context = {
        "client": client,
        "client_name": name,
        "title": _("Correct a contact"),
        "submit": _("Correct"),
        "note": _("The first wording stays on file beside the correction."),
        "back_url": client.get_absolute_url(),
        "crumbs": to_client(client, request.user),
    }
    return command(
        request,
        form,
        do=lambda _form: correct_contact(
            contact=contact,
            values=form.wording,
            reason=form.cleaned_data["reason"],
            actor=actor_of(request),
            now=timezone.now(),
        ),
        done=client.get_absolute_url,
        template="clients/form.html",
        context=context,
        said=said_of(client, request.user, _("Corrected.")),
    )


def contacts_context(request: HttpRequest, client: Client, *, form: ContactForm | None = None) -> dict[str, Any]:
    """What ``clients/_contacts.html`` shows: the form for those who may log, and the newest contacts."""
    user = actor_of(request)
    rows = ContactLog.objects.visible_to(user).filter(client=client).standing().in_brief()
    may_log = user.has_perm("clients.add_contactlog")
    return {
        "client": client,
        "form": form or (ContactForm(client=client, user=user, people=False) if may_log else None),
        "may_log": may_log,
        "warnings": warnings(client, timezone.now()) if may_log else [],
        "entries": timeline(list(rows[:TIMELINE_SIZE])),
    }


def booked_for(user: User, client: Client) -> list[Appointment]:
    """What is booked with the client, the next one first."""
    if not user.has_perm("clients.view_appointment"):
        return []
    rows = Appointment.objects.visible_to(user).booked().filter(client=client).select_related("staff")
    return list(rows.order_by("starts_at")[:20])


def files_of(rows: Sequence[ContactLog]) -> dict[str, list[dict[str, Any]]]:
    """Files by the first wording to which they belong, as ``components/_attachments.html`` shows them; one statement."""
    found: dict[str, list[dict[str, Any]]] = {}
    refs = {row.files_ref for row in rows if row.has_files}  # type: ignore[attr-defined]  # annotated by for_timeline
    files = Attachment.objects.filter(owner_type=ContactLog._meta.label_lower, owner_id__in=refs)
    for file in files.select_related("uploaded_by").order_by("pk") if refs else ():
        found.setdefault(file.owner_id, []).append({**listed_file(file), "seconds": file.duration_seconds})
    return found


def timeline(rows: Sequence[ContactLog], *, files: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Contacts as entries of ``components/_timeline.html``; ``files`` as from ``files_of``, asked here if not given."""
    known = files_of(rows) if files is None else files
    return [_entry(row, known.get(row.files_ref, [])) for row in rows]


def _entry(row: ContactLog, files: list[dict[str, Any]]) -> dict[str, Any]:
    corrected = bool(row.is_corrected)  # type: ignore[attr-defined]  # annotated by for_timeline
    words = [row.get_channel_display()]
    if row.outcome not in (ContactLog.Outcome.REACHED, ContactLog.Outcome.UNKNOWN):
        words.append(row.get_outcome_display())
    if row.spoke_with != ContactLog.SpokeWith.CLIENT:
        words.append(_("with %(name)s") % {"name": row.named_person()})
    return {
        "at": row.at,
        "title": " · ".join(map(str, words)),
        "text": row.content,
        "actor": row.staff.name,
        "icon": _ICONS.get(row.channel, "circle-dot"),
        "tone": "neutral" if corrected or row.outcome == ContactLog.Outcome.NO_ANSWER else "accent",
        "kind": " · ".join(_kinds(row, corrected)),
        "url": row.get_absolute_url(),
        "files": files,
    }


def _kinds(row: ContactLog, corrected: bool) -> list[str]:
    """What stands in grey behind the channel."""
    kinds = []
    if row.direction == ContactLog.Direction.IN:
        kinds.append(_("client began"))
    if row.mood:
        kinds.append(str(row.get_mood_display()))
    if row.clock != ContactLog.Clock.OURS:
        kinds.append(str(row.get_clock_display()))
    if corrected:
        kinds.append(_("corrected"))
    if row.corrects_id:
        kinds.append(_("correction: %(reason)s") % {"reason": row.correction_reason})
    if row.next_on:
        kinds.append(_("next on %(day)s") % {"day": row.next_on})
    return kinds
