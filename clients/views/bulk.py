"""Changing one field of many clients: choosing, the preview, carrying out, taking back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from clients.crumbs import to_clients
from clients.filters.narrowed import OF_THE_LIST, narrowed
from clients.forms.bulk import FORMS, BulkForm
from clients.models import BulkEdit, BulkEditRow
from clients.querysets.scope import shown_name
from clients.services.bulk import apply_bulk_edit, may_undo, plan_bulk_edit, undo_bulk_edit
from clients.services.bulk_fields import FIELDS, fields_for
from clients.services.bulk_kinds import BulkField
from clients.views.lists import in_words
from clients.views.rows import ticked_clients
from crm.core.errors import DomainError, InvalidInput
from crm.core.keyset import capped_count
from crm.core.models import User
from crm.core.views.commands import command, form_page
from crm.core.views.jobs import progress_context
from crm.core.views.lists import part
from crm.core.views.places import actor_of, by_htmx

#: Rows of a list that can be ticked and sent together.
_TICKED = 500
#: Clients that the preview names one by one; all are counted.
_NAMED = 200
#: Different changes that the preview tells apart.
_GROUPS = 20
_MAY = permission_required("clients.change_client", raise_exception=True)


@form_page
@_MAY
def bulk(request: HttpRequest) -> HttpResponse:
    """Choose what is to change, and into what; ``ids`` names ticked rows, ``back`` the list that they stood in.

    Without ids all that the list shows are meant. The preview comes next; nothing changes here.
    """
    user, asked = actor_of(request), request.POST if request.method == "POST" else request.GET
    offered = fields_for(user)
    if not offered:
        raise PermissionDenied
    chosen, back = _chosen(asked), asked.get("back", "") if request.method == "POST" else _query(request.GET)
    key = asked.get("field", "")
    sent = request.method == "POST" and "form_token" in request.POST
    form = _form(key, user, request.POST if sent else None, chosen, back) if _is_one(key, user) else None
    context = {
        "fields": offered,
        "key": key,
        "ids": " ".join(chosen),
        "back": back,
        "count_text": _count_text(chosen, back, user, request),
        "ticked": bool(chosen),
        "back_url": _list_url(back),
        "all_url": f"{reverse('clients:bulk')}?{back}",
        "past": [_past(edit) for edit in BulkEdit.objects.visible_to(user).beyond_preview().newest_first()[:5]],
        "crumbs": to_clients(_list_url(back)),
        "submit": _("Show what would change"),
    }
    if form is None or not sent:
        return render(request, "clients/bulk.html", {**context, "form": form})
    made: list[BulkEdit] = []

    def do(_form: Any) -> BulkEdit:
        made.append(_plan(request, form, key, chosen, back))
        return made[0]

    def done() -> str:
        # Sent twice, the second finds what the first has made.
        edit = made[0] if made else BulkEdit.objects.visible_to(user).newest_first()[:1].get()
        return f"{reverse('clients:bulk_edit', args=[edit.public_id])}?{_as_query(back)}"

    return command(request, form, do=do, done=done, template="clients/bulk.html", context=context)


def _is_one(key: str, user: User) -> bool:
    return key in FORMS and user.has_perm(FIELDS[key].right)


def _form(key: str, user: User, data: QueryDict | None, chosen: list[str], back: str) -> BulkForm:
    first = {"field": key, "ids": " ".join(chosen), "back": back}
    return FORMS[key](data, user=user, initial=first)


def _chosen(asked: QueryDict) -> list[str]:
    """Ticked rows: by name from the list, or as this page has kept them."""
    named = asked.getlist("ids")
    return (named[0].split() if len(named) == 1 else named)[:_TICKED]


def _query(asked: QueryDict) -> str:
    said = asked.copy()
    for name in ("field", "ids", "cursor"):
        said.pop(name, None)
    return str(said.urlencode())


def _as_query(back: str) -> str:
    said = QueryDict(mutable=True)
    said["back"] = back
    return str(said.urlencode())


def _clients(chosen: list[str], back: str, user: User, request: HttpRequest) -> Any:
    if chosen:
        return ticked_clients(user, chosen)
    return narrowed(back, user, request)


def _count_text(chosen: list[str], back: str, user: User, request: HttpRequest) -> str:
    if chosen:
        return in_words(len(chosen))
    try:
        return in_words(*capped_count(narrowed(back, user, request)))
    except InvalidInput:
        return ""


def _plan(request: HttpRequest, form: BulkForm, key: str, chosen: list[str], back: str) -> BulkEdit:
    user = actor_of(request)
    clients = _clients(chosen, back, user, request)
    made: BulkEdit = plan_bulk_edit(
        field=key,
        said=form.said,
        clients=clients,
        actor=user,
        now=timezone.now(),
        narrowed_by="" if chosen else back,
        unseen=len(chosen) - clients.count() if chosen else 0,
    )
    return made


def _list_url(back: str) -> str:
    said = QueryDict(back, mutable=True)
    for name in set(said) - OF_THE_LIST - set(_filters()):
        del said[name]
    return f"{reverse('clients:list')}?{said.urlencode()}" if said else reverse("clients:list")


def _filters() -> Any:
    from clients.filters import ClientFilter

    return ClientFilter.get_filters()


# -- the preview, and what became of it --------------------------------------------------------------------------------


@require_safe
@_MAY
def bulk_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """How many change from what to what, and who stays as he is and why; afterwards what was done."""
    edit, user = _own(request, public_id), actor_of(request)
    kind = FIELDS[edit.field]
    if edit.is_under_way:
        return _waits(request, edit, kind)
    rows = BulkEditRow.objects.visible_to(user).filter(edit=edit)
    named = rows.select_related("client").order_by("state", "client_id")[:_NAMED]
    told = list(rows.order_by().values_list("state", "before", "after").annotate(n=Count("pk")))
    hidden = kind.hidden((value for _state, *values, _n in told for value in values), user)
    context = {
        "edit": edit,
        "label": kind.label,
        "counts": _counts(rows),
        "changes": _changes(kind, told, hidden),
        "rows": [_row(kind, row, user, hidden) for row in named],
        "total": sum(count for *_kind, count in told),
        "unseen": edit.unseen,
        "may_undo": may_undo(edit, timezone.now()),
        "back": request.GET.get("back", edit.narrowed_by),
        "back_url": _list_url(request.GET.get("back", edit.narrowed_by)),
        "crumbs": to_clients(_list_url(request.GET.get("back", edit.narrowed_by))),
    }
    answer = render(request, "clients/bulk_edit.html", context)
    if by_htmx(request):
        answer["HX-Refresh"] = "true"  # the page that waited for the work shows itself anew
    return answer


def _waits(request: HttpRequest, edit: BulkEdit, kind: BulkField) -> HttpResponse:
    """How far the job is; the page asks again by itself. It can be left and found again among one's past changes."""
    back, user = request.GET.get("back", edit.narrowed_by), actor_of(request)
    context = {
        "edit": edit,
        "label": kind.label,
        "here": f"{reverse('clients:bulk_edit', args=[edit.public_id])}?{_as_query(back)}",
        "back_url": _list_url(back),
        "crumbs": to_clients(_list_url(back)),
    }
    if edit.job is not None:
        context |= progress_context(edit.job, user)
        context["cancel_url"] = context["cancel_url"] if user.has_perm("core.view_jobrun") else ""
    return render(request, part(request, "clients/bulk_waits.html", "clients/_bulk_waits.html"), context)


@require_POST
@_MAY
def bulk_apply(request: HttpRequest, public_id: str) -> HttpResponse:
    """Carry it out; the notice on the list takes it back for ten seconds, this page for longer."""
    edit = _own(request, public_id)
    try:
        done = apply_bulk_edit(edit=edit, actor=actor_of(request), now=timezone.now())
    except DomainError as refusal:
        return _refused(request, edit, refusal)
    if done.is_under_way:
        return redirect(
            f"{reverse('clients:bulk_edit', args=[done.public_id])}?{_as_query(request.POST.get('back', ''))}"
        )
    changed = done.rows.filter(state=BulkEditRow.State.DONE).count()
    undo = f"undo:{reverse('clients:bulk_undo', args=[edit.public_id])}" if changed else ""
    messages.success(request, _said(changed, done.rows.count() - changed), extra_tags=undo)
    return redirect(_list_url(request.POST.get("back", "")))


@require_POST
@_MAY
def bulk_undo(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take it back, as far as nobody has touched it since."""
    edit = _own(request, public_id)
    try:
        done = undo_bulk_edit(edit=edit, actor=actor_of(request), now=timezone.now())
    except DomainError as refusal:
        return _refused(request, edit, refusal)
    if done.is_under_way:
        return redirect("clients:bulk_edit", done.public_id)
    back = done.rows.filter(state=BulkEditRow.State.UNDONE).count()
    kept = done.rows.filter(state=BulkEditRow.State.KEPT).count()
    text = ngettext("Put back for %(count)d client.", "Put back for %(count)d clients.", back) % {"count": back}
    if kept:
        kept_text = ngettext(
            "%(count)d was changed again since and stays.", "%(count)d were changed again since and stay.", kept
        )
        text = f"{text} {kept_text % {'count': kept}}"
    messages.success(request, text)
    return redirect("clients:bulk_edit", edit.public_id)


def _refused(request: HttpRequest, edit: BulkEdit, refusal: DomainError) -> HttpResponse:
    if refusal.status == 403:
        raise refusal
    messages.error(request, str(refusal.message))
    return redirect("clients:bulk_edit", edit.public_id)


def _said(changed: int, left: int) -> str:
    text = ngettext("Changed for %(count)d client.", "Changed for %(count)d clients.", changed) % {"count": changed}
    if left:
        stays = ngettext("%(count)d stays as it was.", "%(count)d stay as they were.", left)
        text = f"{text} {stays % {'count': left}}"
    return text


def _own(request: HttpRequest, public_id: str) -> BulkEdit:
    rows = BulkEdit.objects.visible_to(actor_of(request)).select_related("actor__branch", "job")
    return get_object_or_404(rows, public_id=public_id)


def _past(edit: BulkEdit) -> dict[str, Any]:
    return {"edit": edit, "label": FIELDS[edit.field].label, "count": edit.rows.meant().count()}


def _counts(rows: Any) -> list[dict[str, Any]]:
    """How many in each state; those that stay, by the reason."""
    return [
        {
            "label": BulkEditRow.Why(why).label if why else BulkEditRow.State(state).label,
            "stays": state in (BulkEditRow.State.SKIPPED, BulkEditRow.State.KEPT),
            "count": count,
        }
        for state, why, count in rows.counts()
    ]


def _changes(kind: BulkField, told: list[Any], hidden: Collection[str]) -> list[tuple[str, str, int]]:
    """(from, to, how many) of those that change or have changed."""
    found = Counter[tuple[str, str]]()
    for state, before, after, count in told:
        if state != BulkEditRow.State.SKIPPED:
            found[kind.words(before, hidden), kind.words(after, hidden)] += count
    return [(before, after, count) for (before, after), count in found.most_common(_GROUPS)]


def _row(kind: BulkField, row: BulkEditRow, user: User, hidden: Collection[str]) -> dict[str, Any]:
    stays = row.state in (BulkEditRow.State.SKIPPED, BulkEditRow.State.KEPT)
    return {
        "client": row.client,
        "name": shown_name(row.client, user),
        "before": kind.words(row.before, hidden),
        "after": "" if stays else kind.words(row.after, hidden),
        "state": row.note or (row.get_why_display() if row.why else row.get_state_display()),
        "stays": stays,
    }
