"""The register of the basis of personal data: a client's facts on his page, one fact, and the notices that are shown."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.crumbs import to_client
from clients.forms.consents import ConsentForm, NoticeForm, PurposeForm
from clients.models import Client, ConsentRecord, DataPurpose, PrivacyNotice
from clients.querysets.scope import shown_name
from clients.services import change_notice, change_purpose, create_purpose, record_consent, write_notice
from clients.views.about import about_client
from clients.views.rows import today, visible_client
from crm.core import audit
from crm.core.models import Attachment, User
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed
from crm.core.views.places import actor_of

TONES = {"told": "success", "given": "success", "refused": "danger", "withdrawn": "danger"}
#: Facts of the history on the client's page.
_MOST = 50


# -- on the page of a client -------------------------------------------------------------------------------------------


def consents_of(user: User, client: Client) -> dict[str, Any]:
    """Each purpose with what stands, and every fact, the newest first; nothing for who has no right to it."""
    if not user.has_perm("clients.view_consentrecord"):
        return {}
    rows = ConsentRecord.objects.visible_to(user).filter(client=client).for_list()
    # What stands comes first, so that it is among the rows however long the history is.
    history: list[Any] = list(rows.order_by("-is_present", "-answered_on", "-pk")[:_MOST])
    present = {row.purpose_id: row for row in history if row.is_present}
    history.sort(key=lambda row: (row.answered_on, row.pk), reverse=True)
    for row in history:
        row.tone = TONES[row.answer]
    may_record = user.has_perm("clients.add_consentrecord") and client.erased_on is None
    purposes = DataPurpose.objects.visible_to(user).in_order()
    return {
        "purposes": [
            {
                "purpose": purpose,
                "row": present.get(purpose.pk),
                "url": reverse("clients:consent_record", args=[client.public_id, purpose.public_id])
                if may_record and purpose.is_active
                else "",
            }
            for purpose in purposes
            if purpose.is_active or purpose.pk in present
        ],
        "consent_history": history,
    }


@form_page
@permission_required("clients.add_consentrecord", raise_exception=True)
def consent_record(request: HttpRequest, public_id: str, purpose: str) -> HttpResponse:
    """Record what the client was told or said; the notice in force stands beside the form."""
    client, user = visible_client(request, public_id), actor_of(request)
    rows = DataPurpose.objects.visible_to(user).in_use()
    wanted: DataPurpose = get_object_or_404(rows, public_id=purpose)
    notice = _in_force(client, wanted, today())
    form = ConsentForm(
        request.POST or None,
        request.FILES or None,
        client=client,
        purpose=wanted,
        user=user,
        initial={"answered_on": today(), "notice": notice.public_id if notice else ""},
    )

    def do() -> ConsentRecord:
        said = form.command
        upload, shown = said.pop("file"), said.pop("notice")
        # A day before the notice beside the form asks for the one of that day.
        asked = said["answered_on"] >= notice.effective_from if notice else False
        return record_consent(
            client=client,
            purpose=wanted,
            actor=user,
            now=timezone.now(),
            upload=upload,
            notice=PrivacyNotice.objects.filter(public_id=shown).first() if shown and asked else None,
            **said,
        )

    return about_client(
        request,
        client,
        form,
        do,
        title=str(wanted),
        submit=_("Record"),
        said=_("Recorded."),
        back=client.tab_url("documents"),
        crumbs=to_client(client, user, "documents"),
        template="clients/consent_form.html",
        more={"purpose": wanted, "notice": notice},
    )


def _in_force(client: Client, purpose: DataPurpose, day: date) -> PrivacyNotice | None:
    return PrivacyNotice.objects.filter(purpose=purpose).in_force(day, client.branch).get(purpose.pk)


@require_safe
@permission_required("clients.view_consentrecord", raise_exception=True)
def consent(request: HttpRequest, public_id: str) -> HttpResponse:
    """One fact with the notice that was shown and what proves it."""
    user = actor_of(request)
    rows = ConsentRecord.objects.visible_to(user).for_list().select_related("client__branch")
    row: Any = get_object_or_404(rows, public_id=public_id)
    audit.record_read(user, "consent.view", row, client=row.client)
    row.tone = TONES[row.answer]
    files = Attachment.objects.of(row).order_by("pk")
    name = shown_name(row.client, user)
    context = {
        "row": row,
        "client": row.client,
        "client_name": name,
        "files": [
            {"name": file.name, "size": file.size, "url": reverse("core:attachment", args=[file.public_id])}
            | ({"seconds": file.duration_seconds} if file.is_recording else {"seconds": None})
            for file in files
        ],
        "contact_url": reverse("clients:contact", args=[row.contact.public_id])
        if row.contact and user.has_perm("clients.view_contactlog")
        else "",
        "crumbs": to_client(row.client, user, "documents"),
    }
    return render(request, "clients/consent.html", context)


# -- purposes and notices ----------------------------------------------------------------------------------------------


@require_safe
@permission_required("clients.view_privacynotice", raise_exception=True)
def notice_list(request: HttpRequest) -> HttpResponse:
    """Purposes with their basis, and every notice, the newest first."""
    user, day = actor_of(request), today()
    rows = PrivacyNotice.objects.visible_to(user).select_related("purpose", "branch", "written_by")
    page = listed(request, rows, ("-effective_from", "-id"))
    for row in page:
        row.edit_url = _edit_url(row, user, day)
    context = {
        "purposes": DataPurpose.objects.visible_to(user).in_order(),
        "page": page,
        "today": day,
        "may_purpose": user.has_perm("clients.change_datapurpose"),
        "may_write": user.has_perm("clients.add_privacynotice"),
    }
    return render(request, "clients/notices.html", context)


def _edit_url(row: PrivacyNotice, user: User, day: date) -> str:
    """Where a notice that does not hold yet is put right."""
    is_theirs = user.scope.sees_company or (row.branch_id is not None and row.branch_id in user.scope.branch_ids)
    if row.effective_from <= day or not is_theirs or not user.has_perm("clients.change_privacynotice"):
        return ""
    return reverse("clients:notice_edit", args=[row.public_id])


@require_safe
@permission_required("clients.view_privacynotice", raise_exception=True)
def notice_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """One notice, word for word."""
    user = actor_of(request)
    row = _notice(user, public_id)
    context = {"row": row, "edit_url": _edit_url(row, user, today()), "crumbs": [_notices_crumb()]}
    return render(request, "clients/notice.html", context)


@form_page
@permission_required("clients.add_privacynotice", raise_exception=True)
def notice_new(request: HttpRequest, purpose: str) -> HttpResponse:
    """Write a notice about a purpose; what holds now is the draft of it."""
    user = actor_of(request)
    wanted: DataPurpose = get_object_or_404(DataPurpose.objects.visible_to(user), public_id=purpose)
    before = PrivacyNotice.objects.visible_to(user).filter(purpose=wanted).order_by("-effective_from", "-pk").first()
    draft = {name: getattr(before, name) for name in ("text", "kinds", "retention")} if before else {}
    form = NoticeForm(request.POST or None, user=user, initial={"effective_from": today(), **draft})

    def do(_form: Any) -> PrivacyNotice:
        branch = user.branch if form.cleaned_data["scope"] == "branch" else None
        return write_notice(purpose=wanted, branch=branch, values=form.values, actor=user, now=timezone.now())

    return _about_notices(request, form, do, _("Notice: %(purpose)s") % {"purpose": wanted})


@form_page
@permission_required("clients.change_privacynotice", raise_exception=True)
def notice_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Put a notice right that does not hold yet."""
    user = actor_of(request)
    row = _notice(user, public_id)
    form = NoticeForm(request.POST or None, user=user, notice=row)

    def do(_form: Any) -> PrivacyNotice:
        return change_notice(notice=row, values=form.values, actor=user, now=timezone.now(), version=form.seen)

    return _about_notices(request, form, do, _("Notice: %(purpose)s") % {"purpose": row.purpose})


@form_page
@permission_required("clients.add_datapurpose", raise_exception=True)
def purpose_new(request: HttpRequest) -> HttpResponse:
    """Add a purpose."""
    form = PurposeForm(request.POST or None)

    def do(_form: Any) -> DataPurpose:
        return create_purpose(code=form.cleaned_data["code"], values=form.values, actor=actor_of(request))

    return _about_notices(request, form, do, _("New purpose"))


@form_page
@permission_required("clients.change_datapurpose", raise_exception=True)
def purpose_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Put a purpose right, or take it out of use."""
    user = actor_of(request)
    row: DataPurpose = get_object_or_404(DataPurpose.objects.visible_to(user), public_id=public_id)
    form = PurposeForm(request.POST or None, purpose=row)

    def do(_form: Any) -> DataPurpose:
        return change_purpose(purpose=row, values=form.values, actor=user, version=form.seen)

    return _about_notices(request, form, do, str(row))


def _notice(user: User, public_id: str) -> PrivacyNotice:
    rows = PrivacyNotice.objects.visible_to(user).select_related("purpose", "branch", "written_by")
    return get_object_or_404(rows, public_id=public_id)


def _notices_crumb() -> dict[str, str]:
    return {"label": _("Privacy notices"), "url": reverse("clients:notices")}


def _about_notices(request: HttpRequest, form: Any, do: Any, title: str) -> HttpResponse:
    back = reverse("clients:notices")
    context = {"title": title, "submit": _("Save"), "crumbs": [_notices_crumb()], "back_url": back}
    return command(
        request,
        form,
        do=do,
        done=lambda: back,
        template="clients/form.html",
        context=context,
        said=_("Saved."),
    )
