"""Bookings: the calendar of places, the list, a booking and its steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.models import Client
from clients.querysets.scope import said_of, shown_name
from crm.core.clocks import local_date
from crm.core.errors import StaleEdit
from crm.core.forms.commands import CommandForm
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of, place_of
from tiers.errors import DayKnown
from tiers.filters import BookingFilter
from tiers.forms.services import BookingForm, ClientChoiceForm, ConcludeForm, PlacesForm, WaiveForm
from tiers.models import Booking, ServiceDay, ServiceItem
from tiers.querysets.received import Allowance, allowances_of
from tiers.services.bookings import (
    ask_booking,
    cancel_booking,
    conclude_booking,
    confirm_booking,
    open_day,
    set_places,
)

_WEEK = 7


@require_safe
@permission_required("tiers.view_booking", raise_exception=True)
def booking_list(request: HttpRequest) -> HttpResponse:
    """The places of the next week, and the bookings, the next one first."""
    user, place, today = actor_of(request), place_of(request), local_date(timezone.now())
    rows = Booking.objects.visible_to(user).for_list()
    if not request.GET.get("state") and "all" not in request.GET:
        rows = rows.open()
    found = BookingFilter(request.GET, rows, request=request)
    page = listed(request, found.qs, ("slot__day", "pk"))
    for row in page:
        row.name_shown = shown_name(row.client, user)
        row.late = row.state == Booking.State.ASKED and row.confirm_by < today
    template = part(request, "tiers/bookings.html", "tiers/_bookings.html")
    context: dict[str, Any] = {"filter": found, "page": page, "today": today, "shows_all": "all" in request.GET}
    if template == "tiers/bookings.html":
        context |= {"place": place, **_week(place.branch, today)}
    return render(request, template, context)


def _week(branch: Any, today: date) -> dict[str, Any]:
    """Each booked service with the places of seven days."""
    days = [today + timedelta(days=n) for n in range(_WEEK)]
    items = list(ServiceItem.objects.of_branch(branch).booked().in_force(today).order_by("code"))
    rows = ServiceDay.objects.filter(branch=branch, day__gte=today, day__lt=today + timedelta(days=_WEEK))
    known = {(row.item_id, row.day): row for row in rows}
    lines = []
    for item in items:
        cells = []
        for day in days:
            row = known.get((item.pk, day))
            taken, places = (row.taken, row.places) if row else (0, item.places)
            cells.append({"day": day, "taken": taken, "places": places, "full": taken >= places})
        lines.append({"item": item, "cells": cells})
    return {"days": days, "lines": lines}


@require_safe
@permission_required("tiers.add_booking", raise_exception=True)
def booking_choose(request: HttpRequest) -> HttpResponse:
    """Whom the booking is for."""
    user = actor_of(request)
    form = ClientChoiceForm(request.GET or None)
    found = [{"client": row, "name": shown_name(row, user)} for row in form.found(user)] if request.GET else None
    context = {"form": form, "found": found, "crumbs": [_crumb()]}
    return render(request, "tiers/booking_choose.html", context)


@form_page
@permission_required("tiers.add_booking", raise_exception=True)
def booking_new(request: HttpRequest, public_id: str) -> HttpResponse:
    """A place for one client; what his tier still may have stands beside the form."""
    user, now = actor_of(request), timezone.now()
    today = local_date(now)
    rows = Client.objects.visible_to(user).select_related("branch__company")
    client: Client = get_object_or_404(rows, public_id=public_id)
    items = ServiceItem.objects.of_branch(client.branch).booked().in_force(today).order_by("code")
    form = BookingForm(
        request.POST or None, items=items, may_exceed=user.has_perm("tiers.exceed_booking"), initial={"day": today}
    )

    def save(form: CommandForm) -> Booking:
        return ask_booking(client=client, actor=user, now=now, **form.command)

    offered = list(items)
    allowed = allowances_of(client, offered, today)
    facts = [{"label": item.name, "value": _left(allowed.get(item.pk))} for item in offered]
    return command(
        request,
        form,
        do=save,
        done=lambda: reverse("tiers:bookings"),
        template="tiers/step.html",
        context={
            "title": _("Book a service"),
            "sub": shown_name(client, user),
            "submit": _("Book"),
            "back_url": reverse("tiers:bookings"),
            "crumbs": [_crumb()],
            "facts": facts,
            "columns": 2,
        },
        said=said_of(client, user, _("The place is taken. Confirm it to the client in time.")),
    )


def _left(allowance: Allowance | None) -> str:
    if allowance is None:
        return _("not entitled")
    return _("%(left)s of %(times)s left in this period") % {"left": allowance.left, "times": allowance.times}


def _crumb() -> dict[str, str]:
    return {"label": _("Bookings"), "url": reverse("tiers:bookings")}


def visible_booking(request: HttpRequest, public_id: str) -> Booking:
    rows = Booking.objects.visible_to(actor_of(request)).for_list()
    return get_object_or_404(rows, public_id=public_id)


@require_safe
@permission_required("tiers.view_booking", raise_exception=True)
def booking_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One booking and its next steps."""
    user, row = actor_of(request), visible_booking(request, public_id)
    today, may = local_date(timezone.now()), user.has_perm("tiers.change_booking")
    context = {
        "booking": row,
        "name": shown_name(row.client, user),
        "today": today,
        "may_confirm": may and row.state == Booking.State.ASKED,
        "may_cancel": may and row.state in (Booking.State.ASKED, Booking.State.CONFIRMED),
        "may_conclude": may and row.state == Booking.State.CONFIRMED and row.slot.day <= today,
        "crumbs": [_crumb()],
    }
    return render(request, "tiers/booking.html", context)


@form_page
@permission_required("tiers.change_booking", raise_exception=True)
def booking_step(request: HttpRequest, public_id: str, verb: str) -> HttpResponse:
    """Confirm, cancel, or say how it went."""
    user, now, row = actor_of(request), timezone.now(), visible_booking(request, public_id)
    forms: dict[str, type[CommandForm]] = {"confirm": CommandForm, "cancel": WaiveForm}
    form = forms.get(verb, ConcludeForm)(request.POST or None, initial={"version": row.version})

    def do(form: CommandForm) -> Booking:
        if verb == "confirm":
            return confirm_booking(booking=row, actor=user, now=now, version=form.seen)
        if verb == "cancel":
            return cancel_booking(booking=row, actor=user, now=now, version=form.seen, **form.command)
        return conclude_booking(
            booking=row, came=verb == "came", actor=user, now=now, version=form.seen, **form.command
        )

    title = _TITLES[verb]()
    return command(
        request,
        form,
        do=do,
        done=lambda: reverse("tiers:bookings"),
        template="tiers/step.html",
        context={
            "title": title,
            "sub": f"{shown_name(row.client, user)} · {row.slot.item.name} · {row.slot.day:%Y-%m-%d} {row.at:%H:%M}",
            "submit": title,
            "danger": verb in ("cancel", "no_show"),
            "back_url": row.get_absolute_url(),
            "crumbs": [_crumb()],
        },
        said=_("Saved."),
    )


_TITLES: dict[str, Callable[[], str]] = {
    "confirm": lambda: _("Confirm"),
    "cancel": lambda: _("Cancel the booking"),
    "came": lambda: _("It took place"),
    "no_show": lambda: _("The client did not come"),
}


@form_page
@permission_required("tiers.change_serviceday", raise_exception=True)
def places_set(request: HttpRequest) -> HttpResponse:
    """How many places a day has; what it has and how many are taken stands above, as of when the form was shown."""
    user, place, today = actor_of(request), place_of(request), local_date(timezone.now())
    items = ServiceItem.objects.of_branch(place.branch).booked().in_force(today).order_by("code")
    facts: list[dict[str, str]] = []

    def look(item: ServiceItem, day: date) -> ServiceDay | None:
        row = ServiceDay.objects.filter(item=item, branch=place.branch, day=day).first()
        taken, places = (row.taken, row.places) if row else (0, item.places)
        words = _("%(taken)s of %(places)s taken") % {"taken": taken, "places": places}
        facts[:] = [{"label": f"{item.name} · {day:%Y-%m-%d}", "value": words}]
        return row

    day = _day(request.GET.get("day", "")) or today
    item = items.filter(public_id=request.GET.get("item", "")[:26]).first()
    initial: dict[str, Any] = {"day": day}
    if item is not None:
        row = look(item, day)
        initial |= {"item": item.public_id, "shown": PlacesForm.mark(item, day)}
        initial |= {"places": row.places, "version": row.version} if row else {"places": item.places}
    form = PlacesForm(request.POST or None, items=items, initial=initial)

    def save(_form: CommandForm) -> ServiceDay:
        said = form.command
        try:
            if form.seen is None:
                return open_day(branch=place.branch, actor=user, **said)
            return set_places(branch=place.branch, actor=user, version=form.seen, **said)
        except (StaleEdit, DayKnown):
            found = look(said["item"], said["day"])
            form.show(said["item"], said["day"], found.version if found else None)
            raise

    return command(
        request,
        form,
        do=save,
        done=lambda: reverse("tiers:bookings"),
        template="tiers/step.html",
        context={
            "title": _("Set the places of a day"),
            "sub": place.branch.name,
            "submit": _("Save"),
            "back_url": reverse("tiers:bookings"),
            "crumbs": [_crumb()],
            "facts": facts,
            "text": _("None for a day on which the service is not given."),
        },
        said=_("Saved."),
    )


def _day(said: str) -> date | None:
    try:
        return parse_date(said)
    except ValueError:  # well written, and no day of the calendar
        return None
