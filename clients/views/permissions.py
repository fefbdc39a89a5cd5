"""Trading permissions: the pre-check of all and of one, tests, opening, exemptions with a second person, closing."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.crumbs import to_accounts
from clients.forms.permissions import CloseForm, DecisionForm, EntryTestForm, ExemptionForm
from clients.models import Client, EntryTest, PermissionCode, TradingPermission
from clients.querysets.precheck import precheck, prechecks
from clients.querysets.scope import shown_name
from clients.services import (
    approve_exemption,
    ask_exemption,
    close_permission,
    open_permission,
    record_test,
    refuse_exemption,
)
from clients.views.accounts import on_the_tab
from clients.views.rows import today, visible_client
from crm.core import audit
from crm.core.figure_sources import source_in_words
from crm.core.figures_on_page import CERTAINTY_WORDS
from crm.core.forms.commands import CommandForm
from crm.core.views.commands import form_page
from crm.core.views.places import actor_of

STATE_TONES = {"waiting": "warning", "open": "success", "refused": "danger", "closed": "neutral"}


@require_safe
@permission_required("clients.view_tradingpermission", raise_exception=True)
def precheck_all(request: HttpRequest, public_id: str) -> HttpResponse:
    """Every permission against one client, at a glance."""
    client = visible_client(request, public_id)
    audit.record_read(actor_of(request), "permission.view", client, client=client)
    context = {
        **_about(request, client),
        "checks": prechecks(client, today()),
        "crumbs": to_accounts(client, request.user),
        "back_url": client.tab_url("accounts"),
    }
    return render(request, "clients/prechecks.html", context)


@require_safe
@permission_required("clients.view_tradingpermission", raise_exception=True)
def precheck_one(request: HttpRequest, public_id: str, code: str) -> HttpResponse:
    """One permission against one client: each condition with what was found, and what may be done."""
    client, code = visible_client(request, public_id), _known(code)
    audit.record_read(actor_of(request), "permission.view", client, client=client)
    return render(request, "clients/precheck.html", _precheck_context(request, client, code))


@form_page
@permission_required("clients.add_tradingpermission", raise_exception=True)
def permission_open(request: HttpRequest, public_id: str, code: str) -> HttpResponse:
    """Open a permission whose every condition is met."""
    client, code = visible_client(request, public_id), _known(code)
    form = CommandForm(request.POST or None)

    def do() -> TradingPermission:
        return open_permission(client=client, code=code, actor=actor_of(request), now=timezone.now())

    context = _precheck_context(request, client, code)
    return on_the_tab(
        request,
        client,
        form,
        do,
        title=context["title"],
        submit=_("Open the permission"),
        template="clients/precheck.html",
        more={**context, "asks": True},
    )


@form_page
@permission_required("clients.add_tradingpermission", raise_exception=True)
def permission_exemption(request: HttpRequest, public_id: str, code: str) -> HttpResponse:
    """Ask for an exemption; somebody else decides."""
    client, code = visible_client(request, public_id), _known(code)
    form = ExemptionForm(request.POST or None)

    def do() -> TradingPermission:
        return ask_exemption(client=client, code=code, actor=actor_of(request), now=timezone.now(), **form.command)

    title = _("Ask for an exemption: %(name)s") % {"name": PermissionCode(code).label}
    note = _("The permission opens once somebody else has approved the exemption.")
    return on_the_tab(request, client, form, do, title=title, submit=_("Ask"), more={"note": note})


@form_page
@permission_required("clients.add_tradingpermission", raise_exception=True)
def test_record(request: HttpRequest, public_id: str, code: str) -> HttpResponse:
    """Record a test or a signed paper."""
    client, code = visible_client(request, public_id), _known(code)
    form = EntryTestForm(request.POST or None, initial={"done_on": today()})

    def do() -> EntryTest:
        return record_test(client=client, code=code, actor=actor_of(request), now=timezone.now(), **form.command)

    title = _("Record for %(name)s") % {"name": PermissionCode(code).label}
    return on_the_tab(request, client, form, do, title=title, submit=_("Record"))


@form_page
@permission_required("clients.approve_tradingpermission", raise_exception=True)
def permission_decide(request: HttpRequest, public_id: str) -> HttpResponse:
    """Decide on an exemption: the conditions as they are today stand beside the form."""
    row = _visible(request, public_id)
    form = DecisionForm(request.POST or None, row=row)

    def do() -> TradingPermission:
        decide: Any = approve_exemption if form.approves else refuse_exemption
        made: TradingPermission = decide(
            permission=row,
            actor=actor_of(request),
            now=timezone.now(),
            note=form.cleaned_data["note"],
            version=form.seen,
        )
        return made

    title = _("Decide on an exemption: %(name)s") % {"name": row.get_code_display()}
    more = {"permission": row, "check": precheck(row.client, row.code, today())}
    return on_the_tab(
        request,
        row.client,
        form,
        do,
        title=title,
        submit=_("Decide"),
        template="clients/permission_decide.html",
        more=more,
    )


@form_page
@permission_required("clients.change_tradingpermission", raise_exception=True)
def permission_close(request: HttpRequest, public_id: str) -> HttpResponse:
    """Close an open permission."""
    row = _visible(request, public_id)
    form = CloseForm(request.POST or None, permission=row)

    def do() -> TradingPermission:
        return close_permission(
            permission=row,
            reason=form.cleaned_data["reason"],
            actor=actor_of(request),
            now=timezone.now(),
            version=form.seen,
        )

    title = _("Close a permission: %(name)s") % {"name": row.get_code_display()}
    return on_the_tab(request, row.client, form, do, title=title, submit=_("Close the permission"))


def permissions_context(request: HttpRequest, client: Client) -> dict[str, Any]:
    """The permissions of a client, the newest first, for his tab."""
    user = actor_of(request)
    if not user.has_perm("clients.view_tradingpermission"):
        return {}
    own = TradingPermission.objects.visible_to(user).filter(client=client)
    rows: list[Any] = list(own.for_list().newest_first()[:50])
    for row in rows:
        row.tone = STATE_TONES[row.state]
        row.decide_url = (
            reverse("clients:permission_decide", args=[row.public_id])
            if row.state == "waiting"
            and user.has_perm("clients.approve_tradingpermission")
            and row.opened_by_id != user.pk
            else ""
        )
    return {"permissions": rows, "precheck_url": reverse("clients:prechecks", args=[client.public_id])}


def _precheck_context(request: HttpRequest, client: Client, code: str) -> dict[str, Any]:
    found = precheck(client, code, today())
    user = actor_of(request)
    may = user.has_perm("clients.add_tradingpermission") and client.status != Client.Status.CLOSED
    wanted = found.held is None and found.figure is not None
    figure = found.figure
    return {
        **_about(request, client),
        "title": found.label,
        "check": found,
        "source": source_in_words(figure.source) if figure else "",
        "certainty": CERTAINTY_WORDS.get(figure.certainty, figure.certainty) if figure else "",
        "form": CommandForm(),
        "open_url": _url("permission_open", client, code) if may and wanted and found.passes else "",
        "exemption_url": _url("permission_exemption", client, code) if may and wanted and not found.passes else "",
        "test_url": _url("test_record", client, code) if may else "",
        "tests": EntryTest.objects.visible_to(user)
        .filter(client=client, code=code)
        .select_related("entered_by")
        .order_by("-done_on", "-pk")[:20],
        "crumbs": [
            *to_accounts(client, request.user),
            {"label": _("Pre-check"), "url": reverse("clients:prechecks", args=[client.public_id])},
        ],
    }


def _url(name: str, client: Client, code: str) -> str:
    return reverse(f"clients:{name}", args=[client.public_id, code])


def _about(request: HttpRequest, client: Client) -> dict[str, Any]:
    return {"client": client, "client_name": shown_name(client, request.user), "today": today()}


def _known(code: str) -> str:
    if code not in PermissionCode.values:
        raise Http404
    return code


def _visible(request: HttpRequest, public_id: str) -> TradingPermission:
    rows = TradingPermission.objects.visible_to(actor_of(request)).for_list()
    found: TradingPermission = get_object_or_404(rows, public_id=public_id)
    return found
