"""Retention for compliance: legal holds, clients restricted to storage, whose retention is over, erasures."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.forms.privacy import WhyForm
from clients.models import Client, Erasure, LegalHold
from clients.months import add_months
from clients.querysets.scope import shown_name
from clients.retention import obstacles, retention_of, shortest_years
from clients.services.erasure import approve_erasure, propose_erasure, reject_erasure
from clients.services.standing import end_restriction, lift_hold, restrict_client, set_hold
from clients.views.about import about_client
from clients.views.rows import today, visible_client
from crm.core.views.commands import form_page
from crm.core.views.lists import listed
from crm.core.views.places import actor_of

_MOST = 100


@require_safe
@permission_required("clients.view_legalhold", raise_exception=True)
def retention_page(request: HttpRequest) -> HttpResponse:
    """Holds that stand (all of them by pages), restricted clients, clients whose retention is over, erasures under way."""
    user, day = actor_of(request), today()
    holds = listed(
        request, LegalHold.objects.visible_to(user).standing().select_related("client", "set_by"), ("-set_at", "-id")
    )
    clients = Client.objects.visible_to(user).select_related("branch")
    restricted = list(
        clients.filter(restricted_on__isnull=False, erased_on=None).order_by("-restricted_on", "-pk")[:_MOST]
    )
    sees_erasures = user.has_perm("clients.view_erasure")
    for hold in holds:
        hold.client_name = shown_name(hold.client, user)
    context = {
        "holds": holds,
        "restricted": _named(restricted, user),
        "over": _over(clients, user, day) if sees_erasures else [],
        "erasures": _erasures(user) if sees_erasures else [],
        "today": day,
    }
    return render(request, "clients/retention.html", context)


def _erasures(user: Any) -> list[Any]:
    rows = Erasure.objects.visible_to(user).select_related("client", "proposed_by").order_by("-proposed_at", "-pk")
    found: list[Any] = list(rows[:_MOST])
    for row in found:
        row.client_name = shown_name(row.client, user)
    return found


def _over(clients: Any, user: Any, day: Any) -> list[Any]:
    """Closed so long ago that no line of the matrix asks for their data any more, unless something else stands in the way."""
    left = clients.filter(closed_on__lt=add_months(day, -12 * shortest_years(day)), erased_on=None)
    found = []
    for client in left.order_by("closed_on", "pk")[:_MOST]:
        client.kept_until = retention_of(client, day).until
        client.against = obstacles(client, day, user)
        found.append(client)
    return _named(found, user)


def _named(rows: list[Any], user: Any) -> list[Any]:
    for row in rows:
        row.client_name = shown_name(row, user)
    return rows


@form_page
@permission_required("clients.add_legalhold", raise_exception=True)
def hold_set(request: HttpRequest, public_id: str) -> HttpResponse:
    """Put a client under a legal hold."""
    client = visible_client(request, public_id)
    return _about(
        request,
        client,
        lambda said: set_hold(client=client, actor=actor_of(request), now=timezone.now(), **said),
        title=_("Legal hold"),
        note=_("Nothing about this client is erased while the hold stands."),
    )


@form_page
@permission_required("clients.change_legalhold", raise_exception=True)
def hold_lift(request: HttpRequest, public_id: str) -> HttpResponse:
    """Lift a hold."""
    rows = LegalHold.objects.visible_to(actor_of(request)).select_related("client__branch")
    hold: LegalHold = get_object_or_404(rows, public_id=public_id)
    return _about(
        request,
        hold.client,
        lambda said: lift_hold(hold=hold, actor=actor_of(request), now=timezone.now(), **said),
        title=_("Lift the legal hold"),
        note=hold.reason,
        changes=hold,
    )


@form_page
@permission_required("clients.restrict_client", raise_exception=True)
def restriction(request: HttpRequest, public_id: str) -> HttpResponse:
    """Restrict a client's data to storage, or end that."""
    client, user = visible_client(request, public_id), actor_of(request)
    if client.restricted_on is None:
        return _about(
            request,
            client,
            lambda said: restrict_client(client=client, actor=user, now=timezone.now(), **said),
            title=_("Restrict to storage"),
            note=_("No contact, no change, and nobody finds the client in daily work; compliance still sees him."),
            changes=client,
        )
    return _about(
        request,
        client,
        lambda said: end_restriction(client=client, actor=user, **said),
        title=_("End the restriction"),
        note=client.restriction_reason,
        changes=client,
    )


@form_page
@permission_required("clients.add_erasure", raise_exception=True)
def erasure_new(request: HttpRequest, public_id: str) -> HttpResponse:
    """Propose the erasure of a client's data; what stands against it is said."""
    client = visible_client(request, public_id)
    return _about(
        request,
        client,
        lambda said: propose_erasure(client=client, actor=actor_of(request), now=timezone.now(), **said),
        title=_("Propose erasure"),
        note=" ".join(obstacles(client, today(), actor_of(request))),
    )


@require_safe
@permission_required("clients.view_erasure", raise_exception=True)
def erasure_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """One erasure with its approvals and, once done, its certificate."""
    row, user = _erasure(request, public_id), actor_of(request)
    decided_by = (row.proposed_by_id, row.first_approver_id)
    may = row.state == Erasure.State.PROPOSED and user.has_perm("clients.approve_erasure")
    context = {
        "row": row,
        "client_name": shown_name(row.client, user),
        "against": obstacles(row.client, today(), user) if row.state != Erasure.State.DONE else [],
        "may_decide": may and user.pk not in decided_by,
        "counts": (row.certificate or {}).get("rows", {}),
        "crumbs": [{"label": _("Retention and holds"), "url": reverse("clients:retention")}],
    }
    return render(request, "clients/erasure.html", context)


@form_page
@permission_required("clients.approve_erasure", raise_exception=True)
def erasure_decide(request: HttpRequest, public_id: str) -> HttpResponse:
    """One of the two approvals, or the end of it (``?reject=1``)."""
    row, user = _erasure(request, public_id), actor_of(request)
    rejects = request.GET.get("reject") == "1"

    def do(said: dict[str, Any]) -> Erasure:
        return (
            reject_erasure(erasure=row, actor=user, **said)
            if rejects
            else approve_erasure(erasure=row, actor=user, now=timezone.now(), version=said["version"])
        )

    return _about(
        request,
        row.client,
        do,
        title=_("Reject the erasure") if rejects else _("Approve the erasure"),
        note="" if rejects else _("After the second approval the data are gone for good; only the certificate stays."),
        back=reverse("clients:erasure", args=[row.public_id]),
        changes=row,
    )


def _erasure(request: HttpRequest, public_id: str) -> Erasure:
    rows = Erasure.objects.visible_to(actor_of(request)).select_related(
        "client__branch", "proposed_by", "first_approver", "second_approver"
    )
    return get_object_or_404(rows, public_id=public_id)


def _about(
    request: HttpRequest, client: Client, do: Any, *, title: str, note: str = "", back: str = "", changes: Any = None
) -> HttpResponse:
    """A command with a reason about one client; ``changes`` is the row that it changes, if it does more than add one."""
    form = WhyForm(request.POST or None, initial={} if changes is None else {"version": changes.version})
    return about_client(
        request,
        client,
        form,
        lambda: do(form.command if changes is None else {**form.command, "version": form.seen}),
        title=title,
        submit=title,
        back=back,
        crumbs=[
            {"label": _("Retention and holds"), "url": reverse("clients:retention")},
            {"label": shown_name(client, request.user), "url": client.get_absolute_url()},
        ],
        more={"note": note},
    )
