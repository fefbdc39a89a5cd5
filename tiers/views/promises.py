"""What is owed: the list of one's own and of the branch, one promise, and what people do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.models import Segment
from clients.querysets.scope import said_of, shown_name
from crm.core.clocks import local_date
from crm.core.forms.commands import CommandForm
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of, place_of
from tiers.filters import PromiseFilter
from tiers.forms.services import DeliveryForm, KeepForm, PutOffForm, WaiveForm
from tiers.models import Delivery, PreferenceSegment, Promise, ServiceItem
from tiers.services.promises import deliver, keep_promise, put_off_promise, waive_promise

VIEWS: dict[str, Callable[[], str]] = {
    "mine": lambda: _("Mine, open"),
    "open": lambda: _("All open"),
    "all": lambda: _("All"),
}


@require_safe
@permission_required("tiers.view_promise", raise_exception=True)
def promise_list(request: HttpRequest) -> HttpResponse:
    """Promises of clients one may see, the most urgent first: one's own, everything open, or all."""
    user, today = actor_of(request), local_date(timezone.now())
    view = request.GET.get("view", "")
    view = view if view in VIEWS else ("mine" if user.scope.sees_book_only else "open")
    rows = Promise.objects.visible_to(user).for_list()
    if view != "all":
        rows = rows.due()
    if view == "mine":
        rows = rows.mine(user)
    found = PromiseFilter(request.GET, rows, request=request)
    page = listed(request, found.qs, ("due_on", "pk"))
    dress(page, user, today)
    context = {
        "filter": found,
        "page": page,
        "today": today,
        "view": view,
        "views": [{"key": key, "label": label()} for key, label in VIEWS.items()],
        "may_deliver": user.has_perm("tiers.keep_promise"),
    }
    return render(request, part(request, "tiers/promises.html", "tiers/_promises.html"), context)


def dress(rows: Any, user: Any, today: Any) -> None:
    """Give each row what the list shows of it."""
    for row in rows:
        row.name_shown = shown_name(row.client, user)
        row.overdue = row.is_overdue(today)


@require_safe
@permission_required("tiers.view_promise", raise_exception=True)
def promise_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One promise: the service with its standard, the days, what became of it, and what may be done."""
    user, today, row = actor_of(request), local_date(timezone.now()), visible_promise(request, public_id)
    context = {
        "promise": row,
        # The words as they were promised; the service may say something else by now.
        "words": row.item.editions.filter(number=row.edition).first() or row.item,
        "name": shown_name(row.client, user),
        "today": today,
        "overdue": row.is_overdue(today),
        "may_keep": row.is_open and user.has_perm("tiers.keep_promise"),
        "may_waive": row.is_open and user.has_perm("tiers.waive_promise"),
        "may_put_off": row.state == Promise.State.DUE and user.has_perm("tiers.waive_promise"),
        "crumbs": [_crumb()],
    }
    return render(request, "tiers/promise.html", context)


def _crumb() -> dict[str, str]:
    return {"label": _("Promises"), "url": reverse("tiers:promises")}


def visible_promise(request: HttpRequest, public_id: str) -> Promise:
    rows = Promise.objects.visible_to(actor_of(request)).for_list()
    return get_object_or_404(rows, public_id=public_id)


@form_page
@permission_required("tiers.keep_promise", raise_exception=True)
def promise_keep(request: HttpRequest, public_id: str) -> HttpResponse:
    """Note that it was given."""
    now = timezone.now()

    def do(row: Promise, form: CommandForm) -> Promise:
        return keep_promise(promise=row, actor=actor_of(request), now=now, version=form.seen, **form.command)

    return _step(
        request, public_id, KeepForm, {"kept_on": local_date(now)}, do, _("Note as given"), _("The promise is kept.")
    )


@form_page
@permission_required("tiers.waive_promise", raise_exception=True)
def promise_waive(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let it go, with a reason."""

    def do(row: Promise, form: CommandForm) -> Promise:
        actor, now = actor_of(request), timezone.now()
        return waive_promise(promise=row, actor=actor, now=now, version=form.seen, **form.command)

    return _step(request, public_id, WaiveForm, {}, do, _("Waive a promise"), _("The promise is waived."))


@form_page
@permission_required("tiers.waive_promise", raise_exception=True)
def promise_put_off(request: HttpRequest, public_id: str) -> HttpResponse:
    """Agree on another day, with a reason."""

    def do(row: Promise, form: CommandForm) -> Promise:
        actor, now = actor_of(request), timezone.now()
        return put_off_promise(promise=row, actor=actor, now=now, version=form.seen, **form.command)

    return _step(request, public_id, PutOffForm, {}, do, _("Agree on another day"), _("The promise has a new day."))


def _step(
    request: HttpRequest,
    public_id: str,
    form_class: type[CommandForm],
    initial: dict[str, Any],
    do: Callable[[Promise, CommandForm], Promise],
    title: str,
    said: str,
) -> HttpResponse:
    row = visible_promise(request, public_id)
    form = form_class(request.POST or None, initial={"version": row.version, **initial})
    # Who came from the page of the client goes back to it.
    tab = row.client.tab_url("services") if request.GET.get("from") == "client" else ""
    back = tab or row.get_absolute_url()
    name = shown_name(row.client, request.user)
    return command(
        request,
        form,
        do=lambda form: do(row, form),
        done=lambda: tab or reverse("tiers:promises"),
        template="tiers/step.html",
        context={
            "title": title,
            "sub": f"{name} · {row.item.name} · {row.due_on:%Y-%m-%d}",
            "submit": title,
            "back_url": back,
            "crumbs": [_crumb()],
        },
        said=said_of(row.client, request.user, said),
    )


@form_page
@permission_required("tiers.keep_promise", raise_exception=True)
def delivery_new(request: HttpRequest) -> HttpResponse:
    """Record an event or a sending for many clients at once; it keeps what they were owed of that service."""
    user, place, now = actor_of(request), place_of(request), timezone.now()
    today = local_date(now)
    items = ServiceItem.objects.of_branch(place.branch).in_force(today).filter(proof__in=["event", "send"])
    preferences = list(PreferenceSegment.objects.visible_to(user).active().order_by("pk"))
    form = DeliveryForm(
        request.POST or None,
        items=items.order_by("code"),
        segments=Segment.objects.for_work(user).order_by("name"),
        preferences=preferences,
        initial={"day": today},
    )

    def save(form: CommandForm) -> Delivery:
        said = form.command
        chosen = next((row for row in preferences if row.public_id == said["preference"]), None)
        return deliver(branch=place.branch, actor=user, now=now, **{**said, "preference": chosen})

    return command(
        request,
        form,
        do=save,
        done=lambda: reverse("tiers:promises"),
        template="tiers/step.html",
        context={
            "title": _("Record an event or a sending"),
            "sub": place.branch.name,
            "submit": _("Record"),
            "back_url": reverse("tiers:promises"),
            "crumbs": [_crumb()],
            "text": _(
                "It counts for every client of the segment, and keeps what each was owed of this service on that day."
            ),
            "columns": 2,
        },
        said=_("Recorded. What the clients were owed of this service is kept."),
    )
