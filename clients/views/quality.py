"""Completing client data (资料完善): the work list, the sheet of one client's gaps, verifying, asking next time."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from clients.filters import QualityFilter
from clients.forms.quality import CompleteForm, VerifyForm
from clients.models import Client, ClientQuality, QuestionToAsk
from clients.provenance import Verification, origin
from clients.quality import COMPOSED, QualityItem, labels
from clients.querysets.quality import GOOD, POOR
from clients.querysets.scope import shown_name
from clients.services import ask_next, complete_facts, verify_facts
from clients.views.about import about_client
from clients.views.rows import today, visible_client
from crm.core.errors import DomainError
from crm.core.views.commands import form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of, by_htmx

#: Items of each kind that a line of the work list names; the sheet names all.
_NAMED = 4


@require_safe
@permission_required("clients.view_clientquality", raise_exception=True)
def work_list(request: HttpRequest) -> HttpResponse:
    """Clients with something missing, unverified or out of date; the worst and the richest first."""
    user = actor_of(request)
    rows = ClientQuality.objects.visible_to(user).served().with_work()
    found = QualityFilter(request.GET, rows, request=request)
    page = listed(request, found.qs.for_list(), ("-pressing", "-client_id"))
    for row in page:
        row.client_name = shown_name(row.client, user)
        row.tone = tone(row.score)
        row.words = [
            {"title": title, "items": labels(items[:_NAMED]), "more": max(0, len(items) - _NAMED)}
            for title, items in (
                (_("Missing"), row.missing),
                (_("Not verified"), row.unverified),
                (_("Out of date"), row.stale),
            )
            if items
        ]
        row.gaps = ",".join([*row.missing, *row.stale])
    context = {
        "filter": found,
        "page": page,
        "may_complete": user.has_perm("clients.change_client"),
        "may_ask": user.has_perm("clients.add_contactlog"),
    }
    return render(request, part(request, "clients/quality_list.html", "clients/_quality_table.html"), context)


@form_page
@permission_required("clients.change_client", raise_exception=True)
def complete(request: HttpRequest, public_id: str) -> HttpResponse:
    """The gaps of one client as one sheet: value, refused, or still true."""
    client, user = visible_client(request, public_id, "quality"), actor_of(request)
    form = CompleteForm(request.POST or None, client=client, quality=getattr(client, "quality", None))
    return about_client(
        request,
        client,
        form,
        lambda: complete_facts(client=client, actor=user, now=timezone.now(), version=form.seen, **form.said),
        title=_("Complete the facts"),
        back=client.tab_url("quality"),
        crumbs=[
            {"label": _("Completing client data"), "url": reverse("clients:quality")},
            {"label": shown_name(client, user), "url": client.get_absolute_url()},
        ],
        more={
            "note": _("An empty box says nothing. What the client will not say counts as answered."),
            "columns": 2,
        },
    )


@require_POST
@permission_required("clients.verify_client", raise_exception=True)
def verify(request: HttpRequest, public_id: str) -> HttpResponse:
    """One click: this fact was checked, and how. Only the value that was seen is: a changed one has to be looked at anew."""
    client = visible_client(request, public_id)
    form = VerifyForm({**request.POST.dict(), "items": request.POST.getlist("items"), "form_token": "-"})
    if form.is_valid():
        try:
            verify_facts(
                client=client,
                items=form.cleaned_data["items"],
                how=form.cleaned_data["how"],
                actor=actor_of(request),
                now=timezone.now(),
                version=-1 if form.seen is None else form.seen,
            )
        except DomainError as refusal:
            messages.error(request, str(refusal.message))
        else:
            messages.success(request, _("Verified."))
    else:
        messages.error(request, _("Choose a fact, and how it was verified."))
    return redirect(client.tab_url("quality"))


@require_POST
@permission_required("clients.add_contactlog", raise_exception=True)
def ask(request: HttpRequest, public_id: str) -> HttpResponse:
    """Have items asked when the client is next spoken with: they stand in my day and in the brief before the call."""
    client = visible_client(request, public_id)
    try:
        items = [item for said in request.POST.getlist("items") for item in said.split(",")]
        ask_next(client=client, items=items, actor=actor_of(request), now=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(next(iter(refusal.fields.values()), refusal.message)))
    else:
        if by_htmx(request):
            return render(request, "clients/_asked.html", {})
        messages.success(request, _("It will be asked at the next contact."))
    return redirect(client.tab_url("quality"))


def quality_context(request: HttpRequest, client: Client) -> dict[str, Any]:
    """What the tab shows: the three shares, each gap with the way to fill it, what is verified, what will be asked."""
    user, day = actor_of(request), today()
    found: Any = ClientQuality.objects.visible_to(user).filter(client=client).first()
    asked = set(QuestionToAsk.objects.visible_to(user).open().filter(client=client).values_list("item", flat=True))
    rows = []
    for item in QualityItem if found else ():
        what = next((w for w in ("missing", "stale", "unverified") if item.value in getattr(found, w)), "")
        known = origin(client.provenance, item.value)
        if what or item.value in found.refused or known.verified_on:
            rows.append(
                {
                    "item": item.value,
                    "label": item.label,
                    "what": what,
                    "is_unverified": item.value in found.unverified,
                    "refused": item.value in found.refused,
                    "origin": None if item in COMPOSED else known,
                    "is_asked": item.value in asked,
                    "url": _where(client, item),
                }
            )
    return {
        "quality": found,
        "meters": _meters(found),
        "rows": sorted(rows, key=lambda row: ("missing", "stale", "unverified", "").index(row["what"])),
        "hows": Verification.choices,
        "may_complete": user.has_perm("clients.change_client"),
        "may_verify": user.has_perm("clients.verify_client"),
        "may_ask": user.has_perm("clients.add_contactlog"),
        "today": day,
    }


def tone(score: int) -> str:
    """The colour of a score; the figure stands beside it."""
    return "danger" if score < POOR else "warning" if score < GOOD else "success"


def _meters(found: Any) -> list[dict[str, Any]]:
    if found is None:
        return []
    shares = (
        (_("Score"), found.score),
        (pgettext("quality", "Complete"), found.completeness),
        (_("Verified"), found.verification),
        (_("Fresh"), found.freshness),
    )
    return [{"label": label, "value": value, "tone": tone(value)} for label, value in shares]


def _where(client: Client, item: QualityItem) -> str:
    """Where the gap is filled."""
    if item is QualityItem.RISK:
        return reverse("clients:risk", args=[client.public_id])
    if item is QualityItem.NEEDS:
        return reverse("clients:needs_add", args=[client.public_id])
    anchor = COMPOSED.get(item, (item.value,))[0]
    return f"{reverse('clients:complete', args=[client.public_id])}#id_{anchor}"
