"""Segments: the builder with its live count, the list of what is kept, and views of the list of clients."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from clients.columns import chosen
from clients.crumbs import to_clients
from clients.errors import InvalidRule
from clients.forms.segments import RuleSheet, SegmentForm, ViewForm
from clients.models import Client, SavedView, Segment
from clients.pinyin import to_pinyin
from clients.querysets.scope import shown_name
from clients.segments import Context, compiled, fields_for, parse
from clients.services.segments import (
    PASSING,
    change_segment,
    create_segment,
    create_view,
    delete_segment,
    delete_view,
    note_look,
    pin,
)
from crm.core.keyset import capped, capped_count, capped_text, page_of
from crm.core.models import User
from crm.core.views.commands import at_once, command, form_page
from crm.core.views.lists import part
from crm.core.views.places import actor_of, by_htmx

#: Clients shown beside the builder, so that one sees whom the rule means.
_SHOWN = 6


@require_safe
@permission_required("clients.view_client", raise_exception=True)
def segment_list(request: HttpRequest) -> HttpResponse:
    """What the reader has kept and what is shared with him; each segment is counted when it comes into view."""
    user = actor_of(request)
    context = {
        "segments": [_dress(row, user) for row in Segment.objects.visible_to(user).for_list(user)[:200]],
        "views": [_dress(row, user) for row in SavedView.objects.visible_to(user).for_list(user)[:200]],
        "crumbs": to_clients(),
    }
    return render(request, "clients/segments.html", context)


def _dress(row: Any, user: User) -> Any:
    row.is_mine = row.owner_id == user.pk
    row.url = view_url(row) if isinstance(row, SavedView) else f"{reverse('clients:list')}?segment={row.public_id}"
    return row


def view_url(view: SavedView) -> str:
    """The address of the list as it was kept."""
    said = {name: values for name, values in view.query.items() if name not in PASSING}
    said |= {"sort": [view.sort]} if view.sort else {}
    said |= {"cols": [",".join(view.columns)]} if view.columns else {}
    return f"{reverse('clients:list')}?{urlencode({**said, 'view': [view.public_id]}, doseq=True)}"


@require_safe
@permission_required("clients.view_client", raise_exception=True)
def segment_count(request: HttpRequest, public_id: str) -> HttpResponse:
    """How many clients are in a segment now, as the reader sees them."""
    user = actor_of(request)
    segment: Segment = get_object_or_404(Segment.objects.visible_to(user), public_id=public_id)
    note_look(segment.group, user)
    return HttpResponse(capped_text(*capped_count(segment.members(user, timezone.now()))))


# -- the builder -------------------------------------------------------------------------------------------------------


@form_page
@permission_required("clients.add_segment", raise_exception=True)
def segment_new(request: HttpRequest) -> HttpResponse:
    """Build a segment: each change shows at once how many clients it means, and who the first of them are."""
    return _builder(request, None)


@form_page
@permission_required("clients.add_segment", raise_exception=True)
def segment_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Change one's own segment; a colleague's shared one opens as the beginning of a copy."""
    rows = Segment.objects.visible_to(actor_of(request)).select_related("owner")
    return _builder(request, get_object_or_404(rows, public_id=public_id))


def _builder(request: HttpRequest, segment: Segment | None) -> HttpResponse:
    user = actor_of(request)
    own = segment if segment is not None and segment.owner_id == user.pk else None
    known = fields_for(user)
    act = request.POST.get("act", "look")
    form = SegmentForm(request.POST or None, user=user, segment=own)
    if segment is not None and own is None and not request.POST:
        form.initial = {**form.initial, "name": segment.name, "description": segment.description}
    sheet = RuleSheet.of_post(request.POST) if request.POST else RuleSheet()
    if not request.POST and segment is not None:
        sheet = RuleSheet.of_rule(segment.rule) or RuleSheet()
    sheet.do(act)
    context = {
        "form": form,
        "segment": segment,
        "is_own": own is not None,
        "too_deep": segment is not None and not request.POST and RuleSheet.of_rule(segment.rule) is None,
        "sheet": sheet,
        "boxes": sheet.dressed(known, user),
        # A change comes back as a fragment, which leaves the list of fields where it is.
        "groups": [] if by_htmx(request) else _groups(known),
        "title": _("Change a segment") if own else _("New segment"),
        "crumbs": [*to_clients(), {"label": _("Segments"), "url": reverse("clients:segments")}],
        **_preview(sheet, known, user),
    }
    if request.method != "POST" or act != "save":
        # A look at the rule is no command: nothing was asked for yet that could be refused.
        context["form"] = SegmentForm(initial=_typed(request, form), user=user) if request.POST else form
        return render(request, part(request, "clients/segment.html", "clients/_segment_builder.html"), context)

    def do(_form: Any) -> Segment:
        values = {**form.command, "rule": sheet.as_tree(known)}
        if own is None:
            return create_segment(values=values, actor=user)
        return change_segment(segment=own, values=values, actor=user, version=form.seen)

    return command(
        request,
        form,
        do=do,
        done=lambda: reverse("clients:segments"),
        template="clients/segment.html",
        context={name: value for name, value in context.items() if name != "form"},
        said=_("The segment is kept."),
    )


def _typed(request: HttpRequest, form: SegmentForm) -> dict[str, Any]:
    """What stands in the form, so that a look at the rule loses nothing of it."""
    names = ("name", "description", "share", "form_token", "version")
    return {name: request.POST[name] for name in names if name in request.POST}


def _groups(known: Any) -> list[tuple[str, str, list[tuple[Any, str]]]]:
    """The fields under their headings, in the order of the catalogue; headings and fields with the pinyin of their names."""
    found: dict[str, list[tuple[Any, str]]] = {}
    for field in known.values():
        found.setdefault(str(field.group), []).append((field, _pinyin(str(field.label))))
    return [(heading, _pinyin(heading), fields) for heading, fields in found.items()]


def _pinyin(words: str) -> str:
    """Whole and by its initials; nothing for what is typed as it stands."""
    return "" if words.isascii() else " ".join(to_pinyin(words, firm=True))


def _preview(sheet: RuleSheet, known: Any, user: User) -> dict[str, Any]:
    """How many clients the rule means now, and the largest of them; or why it means none yet.

    Conditions whose value is still to be given are left out, and counted.
    """
    tree, lacking = sheet.as_tree(known, finished=True), sheet.unfinished(known)
    if not any(tree.values()):
        return {"count": "", "clients": [], "refusal": "", "lacking": lacking}
    try:
        rule = parse(tree, user)
    except InvalidRule as refusal:
        return {"count": "", "clients": [], "refusal": str(refusal.message), "lacking": lacking}
    note_look(rule, user)
    everybody = Client.objects.visible_to(user)
    rows, order = everybody.filter(compiled(rule, Context(user, timezone.now()))).in_order("", user)
    page = page_of(rows, order, size=_SHOWN, among=everybody, counted=True)
    first = Client.objects.for_list([row.pk for row in page.rows])
    for client in first:
        client.shown_name = shown_name(client, user)
    count, more = capped_count(rows) if page.matching is None else capped(page.matching)
    words = ngettext("%(count)s client", "%(count)s clients", count) % {"count": capped_text(count, more)}
    return {"count": words, "clients": first, "refusal": "", "lacking": lacking}


@require_POST
@permission_required("clients.add_segment", raise_exception=True)
def segment_delete(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give one's own segment up."""
    user = actor_of(request)
    segment = get_object_or_404(Segment.objects.visible_to(user).filter(owner=user), public_id=public_id)
    return at_once(
        request,
        do=lambda seen: delete_segment(segment=segment, actor=user, version=seen),
        back=reverse("clients:segments"),
        said=_("The segment is gone."),
    )


@require_POST
@permission_required("clients.view_client", raise_exception=True)
def segment_pin(request: HttpRequest, public_id: str) -> HttpResponse:
    """Keep a segment at the top, or no longer."""
    return _pin(request, Segment.objects.visible_to(actor_of(request)), public_id)


# -- views of the list -------------------------------------------------------------------------------------------------


@form_page
@permission_required("clients.view_client", raise_exception=True)
def view_new(request: HttpRequest) -> HttpResponse:
    """Keep the list as the address describes it: filters, columns and order."""
    user = actor_of(request)
    form = ViewForm(request.POST or None, user=user)
    made: list[SavedView] = []

    def do(_form: Any) -> SavedView:
        made.append(create_view(values={"share": "mine", **form.command, **_kept(request.GET, user)}, actor=user))
        return made[0]

    context = {
        "title": _("Keep this view"),
        "submit": _("Keep"),
        "note": _("Filters, columns and order are kept; what you typed into the search box is not."),
        "back_url": f"{reverse('clients:list')}?{request.GET.urlencode()}",
        "crumbs": to_clients(),
    }
    return command(
        request,
        form,
        do=do,
        done=lambda: view_url(made[0]) if made else reverse("clients:segments"),
        template="clients/form.html",
        context=context,
        said=_("The view is kept."),
    )


def _kept(query: QueryDict, user: User) -> dict[str, Any]:
    said = {name: values for name, values in query.lists() if any(values)}
    keys = [column.key for column in chosen(user, query.get("cols", "").split(","))]
    return {"query": said, "columns": keys if query.get("cols") else [], "sort": query.get("sort", "")[:20]}


@require_POST
@permission_required("clients.view_client", raise_exception=True)
def view_delete(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give one's own view up."""
    user = actor_of(request)
    view = get_object_or_404(SavedView.objects.visible_to(user).filter(owner=user), public_id=public_id)
    return at_once(
        request,
        do=lambda seen: delete_view(view=view, actor=user, version=seen),
        back=reverse("clients:segments"),
        said=_("The view is gone."),
    )


@require_POST
@permission_required("clients.view_client", raise_exception=True)
def view_pin(request: HttpRequest, public_id: str) -> HttpResponse:
    """Keep a view at the top, or no longer."""
    return _pin(request, SavedView.objects.visible_to(actor_of(request)), public_id)


def _pin(request: HttpRequest, rows: Any, public_id: str) -> HttpResponse:
    row = get_object_or_404(rows, public_id=public_id)
    pin(row=row, is_pinned=request.POST.get("on") == "1", actor=actor_of(request))
    return redirect("clients:segments")
