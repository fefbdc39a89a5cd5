"""What stands on the menus and reaches people: drawn up, looked at with everybody whom it reaches, sent, told, withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from clients.models import Channel
from clients.querysets.scope import shown_name
from crm.core.clocks import local_date
from crm.core.forms.commands import CommandForm
from crm.core.views.attachments import listed_files
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of, place_of
from tiers.forms.publications import PublicationForm, SendForm, WithdrawForm
from tiers.models import PreferenceSegment, Publication, Recipient, ServiceItem
from tiers.services.publications import (
    SAID,
    change_publication,
    create_publication,
    note_told,
    send_publication,
    withdraw_publication,
)

#: How long something holds unless it is said otherwise.
_USUAL_DAYS = 14


@require_safe
@permission_required("tiers.view_publication", raise_exception=True)
def publication_list(request: HttpRequest) -> HttpResponse:
    """Publications of the branches that the reader reaches, the newest first."""
    user = actor_of(request)
    rows = Publication.objects.visible_to(user).for_list().with_progress(user)
    context = {
        "page": listed(request, rows, ("-made_at", "-pk")),
        "may_add": user.has_perm("tiers.add_publication"),
        "today": local_date(timezone.now()),
    }
    return render(request, part(request, "tiers/publications.html", "tiers/_publications.html"), context)


@require_safe
@permission_required("tiers.view_publication", raise_exception=True)
def publication_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """The words, for whom, and each client whom it reaches or not, with the reason; of the clients whom the reader sees."""
    user, today, row = actor_of(request), local_date(timezone.now()), _visible(request, public_id)
    rows = Recipient.objects.visible_to(user).filter(publication=row)
    states, reasons = rows.by_state(), rows.by_reason()
    state, reason = request.GET.get("state", ""), request.GET.get("reason", "")
    found = rows.filter(state=state) if state in Recipient.State.values else rows
    found = found.filter(reason=reason) if reason in Recipient.Reason.values else found
    page = listed(request, found.for_list().select_related("client__tier_state__tier"), ("state", "pk"))
    may_tell = user.has_perm("tiers.tell_publication") and row.state == Publication.State.SENT and row.holds_on(today)
    ways = dict(Channel.choices)
    for one in page:
        one.name_shown = shown_name(one.client, user)
        one.way_said = ways.get(one.way, "")
        one.may_tell = may_tell and one.state == Recipient.State.CALL
    may_add = user.has_perm("tiers.add_publication")
    context = {
        "publication": row,
        "segments": list(
            PreferenceSegment.objects.visible_to(user).filter(pk__in=row.segments.values("pk")).order_by("pk")
        ),
        "files": listed_files(row),
        "page": page,
        "total": sum(states.values()),
        "reached": sum(count for key, count in states.items() if key != Recipient.State.LEFT_OUT),
        "states": _links(Recipient.State.choices, states, state),
        "reasons": _links(Recipient.Reason.choices, reasons, reason),
        "chosen": reason or state,
        "may_edit": may_add and row.is_open,
        "may_send": may_add and row.state != Publication.State.WITHDRAWN and row.holds_on(today),
        "may_withdraw": may_add and row.state != Publication.State.WITHDRAWN,
        "crumbs": [_crumb()],
    }
    return render(request, part(request, "tiers/publication.html", "tiers/_recipients.html"), context)


def _links(choices: Any, counts: dict[str, int], chosen: str) -> list[dict[str, Any]]:
    return [
        {"key": key, "label": label, "count": counts[key], "active": key == chosen}
        for key, label in choices
        if counts.get(key)
    ]


@form_page
@permission_required("tiers.add_publication", raise_exception=True)
def publication_new(request: HttpRequest) -> HttpResponse:
    """Draw one up; from a line of a menu (``menu``, ``line``) its words and its segment stand in the form already."""
    user, place, now = actor_of(request), place_of(request), timezone.now()
    today = local_date(now)
    initial = {"valid_from": today, "valid_until": today + timedelta(days=_USUAL_DAYS), **_from_menu(request)}
    made: list[Publication] = []

    def save(form: CommandForm) -> Publication:
        said = cast(PublicationForm, form)
        words: Any = {"values": said.values, **_segments_and_file(said)}
        made.append(create_publication(branch=place.branch, actor=user, now=now, **words))
        return made[0]

    return command(
        request,
        _form(request, place.branch, initial),
        do=save,
        done=lambda: made[0].get_absolute_url() if made else reverse("tiers:publications"),
        template="tiers/step.html",
        context=_step(_("Draw up a publication"), place.branch.name, reverse("tiers:publications"))
        | {"submit": _("Save, and see whom it reaches")},
        said=_("Saved. Look at whom it reaches; nothing is sent yet."),
    )


def _from_menu(request: HttpRequest) -> dict[str, Any]:
    rows: Any = PreferenceSegment.objects.visible_to(actor_of(request)).active()
    segment = rows.filter(public_id=request.GET.get("menu", "")).first()
    if segment is None:
        return {}
    lines = list(segment.entries.all())
    typed = request.GET.get("line", "")
    at = int(typed) if typed.isascii() and typed.isdigit() else -1
    words = {"kind": lines[at].kind, "title": lines[at].title_zh[:60]} if 0 <= at < len(lines) else {}
    return {"segments": [segment.public_id], **words}


@form_page
@permission_required("tiers.add_publication", raise_exception=True)
def publication_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Say it otherwise while it has not left; whom it reaches is drawn anew."""
    row, now = _visible(request, public_id), timezone.now()
    initial = {name: getattr(row, name) for name in SAID if name != "item"}
    initial |= {"item": row.item.public_id if row.item else "", "version": row.version}
    initial["segments"] = [one.public_id for one in row.segments.all()]

    def save(form: CommandForm) -> Publication:
        said = cast(PublicationForm, form)
        words: Any = {"values": said.values, **_segments_and_file(said)}
        return change_publication(publication=row, actor=actor_of(request), now=now, version=form.seen, **words)

    return command(
        request,
        _form(request, row.branch, initial),
        do=save,
        done=row.get_absolute_url,
        template="tiers/step.html",
        context=_step(_("Change a publication"), row.title, row.get_absolute_url())
        | {"submit": _("Save, and see whom it reaches")},
        said=_("Saved. Look at whom it reaches; nothing is sent yet."),
    )


def _form(request: HttpRequest, branch: Any, initial: dict[str, Any]) -> PublicationForm:
    user, today = actor_of(request), local_date(timezone.now())
    return PublicationForm(
        request.POST or None,
        request.FILES or None,
        segments=PreferenceSegment.objects.visible_to(user).active().of_branch(branch).order_by("pk"),
        items=ServiceItem.objects.of_branch(branch).in_force(today).order_by("code"),
        initial=initial,
    )


def _segments_and_file(form: PublicationForm) -> dict[str, Any]:
    return {"segments": list(form.cleaned_data["segments"]), "upload": form.cleaned_data["upload"]}


@form_page
@permission_required("tiers.add_publication", raise_exception=True)
def publication_send(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let it go, or send it to those who came in since; nobody gets it twice."""
    row = _visible(request, public_id)
    waiting = Recipient.objects.visible_to(actor_of(request)).filter(publication=row)
    counts = waiting.by_state()
    writes, calls = counts.get("chosen", 0), counts.get("call", 0)
    is_first = row.state == Publication.State.DRAFT
    text = _("Who came into these segments since gets it as well; nobody gets it twice.")
    if is_first:
        text = " ".join(
            (
                ngettext("%(count)s client is written to.", "%(count)s clients are written to.", writes)
                % {"count": writes},
                ngettext(
                    "%(count)s client is to be called by whoever serves him.",
                    "%(count)s clients are to be called by whoever serves them.",
                    calls,
                )
                % {"count": calls},
                _("It is looked at once more at this moment. What has been sent cannot be called back."),
            )
        )
    return _do(
        request,
        row,
        SendForm,
        lambda form: send_publication(
            publication=row, actor=actor_of(request), now=timezone.now(), version=form.seen, **form.command
        ),
        _("Send out") if is_first else _("Send to newcomers"),
        text,
        _("It is on its way. Messages leave one after the other, none in quiet hours."),
    )


@form_page
@permission_required("tiers.add_publication", raise_exception=True)
def publication_withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take it back, with a reason."""
    row = _visible(request, public_id)
    return _do(
        request,
        row,
        WithdrawForm,
        lambda form: withdraw_publication(
            publication=row, actor=actor_of(request), now=timezone.now(), version=form.seen, **form.command
        ),
        _("Withdraw"),
        _("Messages that have not left stay here, and nobody is called any more. What was sent cannot be called back."),
        _("Withdrawn."),
        {"danger": True},
    )


@form_page
@permission_required("tiers.tell_publication", raise_exception=True)
def publication_told(request: HttpRequest, public_id: str, row: str) -> HttpResponse:
    """Note that a client who takes only calls was told of it."""
    publication = _visible(request, public_id)
    rows = Recipient.objects.visible_to(actor_of(request)).for_list().filter(publication=publication)
    recipient: Recipient = get_object_or_404(rows, public_id=row)
    name = shown_name(recipient.client, actor_of(request))
    return command(
        request,
        SendForm(request.POST or None),
        do=lambda _form: note_told(recipient=recipient, actor=actor_of(request), now=timezone.now()),
        done=publication.get_absolute_url,
        template="tiers/step.html",
        context=_step(_("Note as told by phone"), f"{name} · {publication.title}", publication.get_absolute_url())
        | {"text": publication.text},
        said=_("Noted."),
    )


def _do(
    request: HttpRequest,
    row: Publication,
    form_class: type[CommandForm],
    do: Callable[[CommandForm], Any],
    title: str,
    text: str,
    said: str,
    more: dict[str, Any] | None = None,
) -> HttpResponse:
    return command(
        request,
        form_class(request.POST or None, initial={"version": row.version}),
        do=do,
        done=row.get_absolute_url,
        template="tiers/step.html",
        context=_step(title, row.title, row.get_absolute_url()) | {"text": text, "columns": 1, **(more or {})},
        said=said,
    )


def _step(title: str, sub: str, back: str) -> dict[str, Any]:
    return {"title": title, "sub": sub, "submit": title, "back_url": back, "crumbs": [_crumb()], "columns": 2}


def _crumb() -> dict[str, str]:
    return {"label": _("Publications"), "url": reverse("tiers:publications")}


def _visible(request: HttpRequest, public_id: str) -> Publication:
    rows = Publication.objects.visible_to(actor_of(request)).for_list()
    return get_object_or_404(rows, public_id=public_id)
