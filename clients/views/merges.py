"""Suspected duplicates, the preview of a merge, and deciding and undoing it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from clients.crumbs import to_clients
from clients.errors import NotOneClient
from clients.forms.merge import DifferentForm, MergeForm, NoteForm, OtherClientForm, RejectForm
from clients.models import Client, DuplicatePair, MergeRecord
from clients.querysets.scope import shown_name
from clients.registry import bound
from clients.services.duplicates import dismiss_pair
from clients.services.merge_rows import told_counts
from clients.services.merges import approve_merge, ask_merge, preview_merge, reject_merge, undo_merge
from clients.views.rows import visible_client
from crm.core.errors import DomainError
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of

_LISTS = ("open", "dismissed", "waiting", "merged")


@require_safe
@permission_required("clients.view_duplicatepair", raise_exception=True)
def duplicates(request: HttpRequest) -> HttpResponse:
    """The work list of suspected pairs, those dismissed, merges that wait and merges done."""
    show = request.GET.get("show", "")
    show = show if show in _LISTS else "open"
    user = actor_of(request)
    words = {
        "open": _("To be looked at"),
        "waiting": _("Waiting for approval"),
        "merged": pgettext("merges", "Merged"),
        "dismissed": _("Two different clients"),
    }
    context: dict[str, Any] = {
        "show": show,
        "tabs": [{"label": label, "url": f"?show={key}", "active": key == show} for key, label in words.items()],
        "crumbs": to_clients(),
    }
    if show in ("waiting", "merged"):
        states = ["proposed"] if show == "waiting" else ["done", "undone"]
        rows = MergeRecord.objects.visible_to(user).filter(state__in=states).for_list()
        page = listed(request, rows, ("-id",))
        for record in page:
            record.staying_name, record.leaving_name = (
                shown_name(record.staying, user),
                shown_name(record.leaving, user),
            )
    else:
        pairs = DuplicatePair.objects.visible_to(user).standing().filter(state=show)
        page = listed(request, pairs.with_clients(), ("-score", "id"))
        for pair in page:
            pair.first_name, pair.second_name = shown_name(pair.first, user), shown_name(pair.second, user)
    return render(
        request, part(request, "clients/duplicates.html", "clients/_duplicates.html"), {**context, "page": page}
    )


@form_page
@permission_required("clients.change_duplicatepair", raise_exception=True)
def duplicate_dismiss(request: HttpRequest, public_id: str) -> HttpResponse:
    """Two who look alike are two different clients."""
    pairs = DuplicatePair.objects.visible_to(actor_of(request)).with_clients()
    pair: DuplicatePair = get_object_or_404(pairs, public_id=public_id)
    names = {"one": shown_name(pair.first, request.user), "other": shown_name(pair.second, request.user)}
    form = DifferentForm(request.POST or None, initial={"version": pair.version})
    return _decide(
        request,
        form,
        lambda: dismiss_pair(
            pair=pair,
            actor=actor_of(request),
            now=timezone.now(),
            reason=form.cleaned_data["reason"],
            version=form.seen,
        ),
        title=_("%(one)s and %(other)s are two clients") % names,
        submit=_("Two different clients"),
        note=_("The pair will not be suggested again."),
        back=reverse("clients:duplicates"),
    )


@form_page
@permission_required("clients.add_mergerecord", raise_exception=True)
def merge_ask(request: HttpRequest, public_id: str) -> HttpResponse:
    """Which of two clients stays, fact by fact, and what goes over; asked for or done, as the house says."""
    staying = visible_client(request, public_id)
    other = request.GET.get("with", "")
    if not other:
        return _choose(request, staying)
    leaving = visible_client(request, other)
    try:
        preview = preview_merge(staying=staying, leaving=leaving, reader=actor_of(request), now=timezone.now())
    except NotOneClient as refusal:
        return _choose(request, staying, str(refusal.message))
    form = MergeForm(request.POST or None, preview=preview)
    made: list[MergeRecord] = []

    def do(_form: Any) -> MergeRecord:
        said = {"staying": staying, "leaving": leaving, "actor": actor_of(request), "now": timezone.now(), **form.said}
        made.append(ask_merge(**said))
        return made[0]

    context = {
        "form": form,
        "preview": preview,
        "staying_name": shown_name(staying, request.user),
        "leaving_name": shown_name(leaving, request.user),
        "swap_url": f"{reverse('clients:merge', args=[leaving.public_id])}?with={staying.public_id}",
        "back_url": reverse("clients:duplicates"),
        "crumbs": [*to_clients(), _duplicates_crumb()],
    }
    return command(
        request,
        form,
        do=do,
        done=lambda: made[0].get_absolute_url() if made else reverse("clients:duplicates"),
        template="clients/merge.html",
        context=context,
        said=_("Asked for; somebody else decides.") if preview.needs_approval else _("The two are one client now."),
    )


def _choose(request: HttpRequest, staying: Client, refused: str = "") -> HttpResponse:
    """Find the other one by his number."""
    form = OtherClientForm(request.GET if "number" in request.GET else None)
    status = 409 if refused else 200
    if refused:
        form = OtherClientForm({"number": ""})
        form.errors.clear()
        form.add_error(None, refused)
    elif form.is_bound and form.is_valid():
        rows = Client.objects.visible_to(actor_of(request)).filter(branch=staying.branch)
        found = rows.filter(external_id=form.cleaned_data["number"].strip()).exclude(pk=staying.pk).first()
        if found is not None:
            url = reverse("clients:merge", args=[staying.public_id])
            return redirect(f"{url}?with={found.public_id}")
        form.add_error("number", _("You see no other client of the branch with this number."))
        status = 400
    context = {
        "form": form,
        "client": staying,
        "client_name": shown_name(staying, request.user),
        "crumbs": [*to_clients(), _duplicates_crumb()],
        "back_url": staying.get_absolute_url(),
    }
    return render(request, "clients/merge_choose.html", context, status=status)


@require_safe
@permission_required("clients.view_mergerecord", raise_exception=True)
def merge_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One merge: who asked and why, what stays, what went over; while it waits, what it would do."""
    record, user = _record(request, public_id), actor_of(request)
    labels = {kind.key: kind.label for kind in bound()}
    waits = record.state == MergeRecord.State.PROPOSED
    preview = None
    if waits:
        try:
            preview = preview_merge(staying=record.staying, leaving=record.leaving, reader=user, now=timezone.now())
        except DomainError:
            preview = None  # one of the two was merged elsewhere meanwhile; the page says so by having nothing to show
    context = {
        "record": record,
        "preview": preview
        and {
            "facts": [{**vars(fact), "chosen": record.choices.get(fact.key, fact.default)} for fact in preview.facts],
            "counts": preview.counts,
        },
        "staying_name": shown_name(record.staying, user),
        "leaving_name": shown_name(record.leaving, user),
        "counts": [(labels[key], count) for key, count in told_counts(record.counts, user).items()],
        "may_decide": waits and record.requested_by_id != user.pk and user.has_perm("clients.approve_mergerecord"),
        "may_reject": waits and user.has_perm("clients.approve_mergerecord"),
        "may_undo": record.state == MergeRecord.State.DONE and user.has_perm("clients.undo_mergerecord"),
        "crumbs": [*to_clients(), _duplicates_crumb()],
    }
    return render(request, "clients/merge_detail.html", context)


@form_page
@permission_required("clients.approve_mergerecord", raise_exception=True)
def merge_approve(request: HttpRequest, public_id: str) -> HttpResponse:
    """Do what was asked for."""
    record = _record(request, public_id)
    form = NoteForm(request.POST or None, initial={"version": record.version})
    return _decide(
        request,
        form,
        lambda: approve_merge(record=record, version=form.seen, **_decided(request, form)),
        title=_("Approve the merge"),
        submit=_("Merge"),
        note=_(
            "Everything of the one client goes over to the other. A merge can be undone as long as nothing contradicts it."
        ),
        back=record.get_absolute_url(),
    )


@form_page
@permission_required("clients.approve_mergerecord", raise_exception=True)
def merge_reject(request: HttpRequest, public_id: str) -> HttpResponse:
    """They stay two clients."""
    record = _record(request, public_id)
    form = RejectForm(request.POST or None, initial={"version": record.version})
    return _decide(
        request,
        form,
        lambda: reject_merge(record=record, version=form.seen, **_decided(request, form)),
        title=_("Reject the merge"),
        submit=_("Reject"),
        note="",
        back=record.get_absolute_url(),
    )


@form_page
@permission_required("clients.undo_mergerecord", raise_exception=True)
def merge_undo(request: HttpRequest, public_id: str) -> HttpResponse:
    """Make them two clients again."""
    record = _record(request, public_id)
    form = DifferentForm(request.POST or None, initial={"version": record.version})
    return _decide(
        request,
        form,
        lambda: undo_merge(
            record=record,
            actor=actor_of(request),
            now=timezone.now(),
            reason=form.cleaned_data["reason"],
            version=form.seen,
        ),
        title=_("Undo the merge"),
        submit=_("Undo the merge"),
        note=_("Both get back what was theirs. What was entered since the merge stays with the client who stayed."),
        back=record.get_absolute_url(),
    )


def _decide(request: HttpRequest, form: Any, do: Any, *, title: str, submit: str, note: str, back: str) -> HttpResponse:
    context = {
        "title": title,
        "submit": submit,
        "note": note,
        "crumbs": [*to_clients(), _duplicates_crumb()],
        "back_url": back,
    }
    return command(
        request,
        form,
        do=lambda _form: do(),
        done=lambda: back,
        template="clients/form.html",
        context=context,
        said=_("Saved."),
    )


def _decided(request: HttpRequest, form: Any) -> dict[str, Any]:
    return {"actor": actor_of(request), "now": timezone.now(), "note": form.cleaned_data["note"]}


def _record(request: HttpRequest, public_id: str) -> MergeRecord:
    rows = MergeRecord.objects.visible_to(actor_of(request)).for_list()
    return get_object_or_404(rows, public_id=public_id)


def _duplicates_crumb() -> dict[str, str]:
    return {"label": _("Duplicates"), "url": reverse("clients:duplicates")}
