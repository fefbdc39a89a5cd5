"""Tags: the catalogue with its definitions, and putting manual tags on one client or many, with undo."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from clients.behaviour import FAMILIES, edition, tag_label
from clients.crumbs import to_clients
from clients.forms.tags import TagForm
from clients.models import Client, ClientTag, Tag, TagChange
from clients.services.tags import change_tag, create_tag, set_tag, undo_tags
from clients.views.rows import ticked_clients, today, visible_client
from crm.core.errors import DomainError
from crm.core.models import User
from crm.core.policies import Figures, figures
from crm.core.views.commands import command, form_page
from crm.core.views.places import actor_of, by_htmx


@require_safe
@permission_required("clients.view_tag", raise_exception=True)
def tag_list(request: HttpRequest) -> HttpResponse:
    """What each tag means: computed ones by their definition with the figures in force, manual ones by their owner's words."""
    user = actor_of(request)
    rows = Tag.objects.visible_to(user)
    carried = dict(ClientTag.objects.visible_to(user).order_by().values_list("tag_id").annotate(Count("pk")))
    known = figures(today(), user.branch)
    ids = dict(rows.computed().values_list("code", "pk"))
    context = {
        "families": [_family(key, known, ids, carried) for key in FAMILIES],
        "manual": [
            {"tag": tag, "count": carried.get(tag.pk, 0), "may_change": _may_change(tag, user)}
            for tag in rows.manual().select_related("owner", "branch").order_by("-is_active", "name", "pk")
        ],
        "crumbs": to_clients(),
    }
    return render(request, "clients/tags.html", context)


def _family(key: str, known: Figures, ids: dict[str, int], carried: dict[int, int]) -> dict[str, Any]:
    family = FAMILIES[key]
    return {
        "label": family.label,
        "text": family.text(known),
        "version": edition(family.version(known)),
        "palette": family.palette,
        "tags": [
            {"label": label, "count": carried.get(ids.get(code, 0), 0), "code": code}
            for code, label in family.tags.items()
        ],
    }


def _may_change(tag: Tag, user: User) -> bool:
    """The owner, and whoever sees the whole company."""
    return user.has_perm("clients.change_tag") and (tag.owner_id == user.pk or user.scope.sees_company)


@form_page
@permission_required("clients.add_tag", raise_exception=True)
def tag_create(request: HttpRequest) -> HttpResponse:
    """A new word for the clients of the branch or of the company."""
    user = actor_of(request)
    form = TagForm(request.POST or None, user=user)

    def do(_form: Any) -> Tag:
        branch = None if form.cleaned_data["scope"] == "company" else user.branch
        return create_tag(values=form.values, branch=branch, actor=user)

    return _form_page(request, form, do, _("New tag"), _("Add"))


@form_page
@permission_required("clients.change_tag", raise_exception=True)
def tag_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Rename, recolour or retire a tag of one's own."""
    user = actor_of(request)
    rows = Tag.objects.visible_to(user).manual()
    tag: Tag = get_object_or_404(rows if user.scope.sees_company else rows.filter(owner=user), public_id=public_id)
    form = TagForm(request.POST or None, user=user, tag=tag)

    def do(_form: Any) -> Tag:
        return change_tag(tag=tag, values=form.values, actor=user, version=form.seen)

    return _form_page(request, form, do, _("Change a tag"), _("Save"))


def _form_page(request: HttpRequest, form: TagForm, do: Any, title: str, submit: str) -> HttpResponse:
    context = {
        "title": title,
        "submit": submit,
        "back_url": reverse("clients:tags"),
        "crumbs": [*to_clients(), {"label": _("Tags"), "url": reverse("clients:tags")}],
    }
    return command(
        request,
        form,
        do=do,
        done=lambda: reverse("clients:tags"),
        template="clients/form.html",
        context=context,
        said=_("Saved."),
    )


# -- on clients --------------------------------------------------------------------------------------------------------


@require_POST
@permission_required("clients.set_tag", raise_exception=True)
def client_tags(request: HttpRequest, public_id: str) -> HttpResponse:
    """Put one tag on one client or take it away; with htmx the box of tags comes back, with an undo."""
    client, user = visible_client(request, public_id), actor_of(request)
    change = _change(request, user, [client])
    if by_htmx(request):
        context = {**tags_context(request, client), "change": change, "said": _said(change) if change else ""}
        return render(request, "clients/_tags.html", context, status=200 if change else 400)
    return redirect(client.tab_url("needs"))


@require_POST
@permission_required("clients.set_tag", raise_exception=True)
def tag_many(request: HttpRequest) -> HttpResponse:
    """One tag on the clients that were ticked in the list, or off them; the notice takes it back."""
    user = actor_of(request)
    rows = ticked_clients(user, request.POST.getlist("ids")[:500])
    _change(request, user, list(rows.only("pk", "public_id", "branch_id")), tell=True)
    back = request.POST.get("back", "")
    return redirect(f"{reverse('clients:list')}?{back}" if back else reverse("clients:list"))


@require_safe
@permission_required("clients.set_tag", raise_exception=True)
def tag_choices(request: HttpRequest) -> HttpResponse:
    """The tags that may be put on clients, for the bar under the list: fetched when somebody has ticked one."""
    settable = Tag.objects.settable_by(actor_of(request))
    return render(request, "clients/_tag_choices.html", {"settable": settable})


@require_POST
@permission_required("clients.set_tag", raise_exception=True)
def tag_undo(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a change of tags back."""
    change = get_object_or_404(TagChange.objects.visible_to(actor_of(request)), public_id=public_id)
    try:
        undo_tags(change=change, actor=actor_of(request), now=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Taken back."))
    if len(change.clients) == 1:
        client = Client.objects.visible_to(actor_of(request)).filter(public_id=next(iter(change.clients))).first()
        if client is not None:
            return redirect(client.tab_url("needs"))
    return redirect("clients:list")


def _change(request: HttpRequest, user: User, clients: list[Client], *, tell: bool = False) -> TagChange | None:
    """What the form asked for: ``tag`` (public id) and ``on``; None when it was refused."""
    tag = Tag.objects.visible_to(user).filter(public_id=request.POST.get("tag", "")).first()
    if tag is None:
        messages.error(request, _("Choose a tag."))
        return None
    try:
        change: TagChange = set_tag(
            tag=tag, clients=clients, is_set=request.POST.get("on") == "1", actor=user, now=timezone.now()
        )
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return None
    if tell or not by_htmx(request):
        undo = f"undo:{reverse('clients:tag_undo', args=[change.public_id])}" if change.clients else ""
        messages.success(request, _said(change), extra_tags=undo)
    return change


def _said(change: TagChange) -> str:
    number, tag = len(change.clients), str(change.tag)
    if change.is_set:
        text = ngettext("“%(tag)s” set on %(count)d client.", "“%(tag)s” set on %(count)d clients.", number)
    else:
        text = ngettext("“%(tag)s” taken from %(count)d client.", "“%(tag)s” taken from %(count)d clients.", number)
    return text % {"tag": tag, "count": number}


def tags_context(request: HttpRequest, client: Client) -> dict[str, Any]:
    """What ``clients/_tags.html`` shows: computed tags with value and definition, manual ones, and what may be set."""
    user = actor_of(request)
    carried = list(ClientTag.objects.visible_to(user).filter(client=client).shown())
    known = figures(today(), client.branch)
    held = {row.tag_id for row in carried}
    settable = [tag for tag in Tag.objects.settable_by(user) if tag.branch_id in (None, client.branch_id)]
    return {
        "client": client,
        "computed": [
            {
                "row": row,
                "label": tag_label(row.tag.code),
                "family": FAMILIES[row.family].label,
                "palette": row.tag.palette,
                "definition": FAMILIES[row.family].text(known),
                "edition": edition(row.definition),
            }
            for row in carried
            if row.family in FAMILIES
        ],
        "manual": [
            {"row": row, "may_take": any(tag.pk == row.tag_id for tag in settable)} for row in carried if not row.family
        ],
        "settable": [tag for tag in settable if tag.pk not in held],
    }
