"""Booking a contact for a set time, moving it and taking it off; putting the next date off from my day."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import get_script_prefix, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clients.forms import AppointmentForm, CancelForm, MoveForm
from clients.models import Appointment, Client, NextDateMove
from clients.querysets.scope import shown_name
from clients.services import (
    book_appointment,
    cancel_appointment,
    move_appointment,
    put_off_next_date,
    take_back_put_off,
)
from clients.views.about import about_client
from clients.views.rows import today, visible_client
from crm.core.errors import DomainError
from crm.core.views.commands import form_page
from crm.core.views.places import actor_of, by_htmx
from crm.core.writing import whole_number

#: By how many days my day puts a promise off.
PUT_OFF = (1, 3, 7)


@form_page
@permission_required("clients.add_appointment", raise_exception=True)
def appointment_book(request: HttpRequest, public_id: str) -> HttpResponse:
    """Book a contact with the client; whoever books it holds it."""
    client = visible_client(request, public_id)
    form = AppointmentForm(request.POST or None)
    return about_client(
        request,
        client,
        form,
        lambda: book_appointment(
            client=client,
            staff=actor_of(request),
            starts_at=form.cleaned_data["starts_at"],
            values=form.values,
            actor=actor_of(request),
            now=timezone.now(),
        ),
        title=_("Book an appointment"),
        submit=_("Book"),
        back=client.tab_url("timeline"),
        said=_("Booked."),
    )


@form_page
@permission_required("clients.change_appointment", raise_exception=True)
def appointment_move(request: HttpRequest, public_id: str) -> HttpResponse:
    """Agree on another time."""
    row = _visible(request, public_id)
    form = MoveForm(request.POST or None, initial={"starts_at": row.starts_at, "version": row.version})
    return about_client(
        request,
        row.client,
        form,
        lambda: move_appointment(
            appointment=row, starts_at=form.moment, actor=actor_of(request), now=timezone.now(), version=form.seen
        ),
        title=_("Move an appointment"),
        submit=_("Another time"),
        back=row.client.tab_url("timeline"),
        said=_("Moved."),
    )


@form_page
@permission_required("clients.change_appointment", raise_exception=True)
def appointment_cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take an appointment off, with a reason."""
    row = _visible(request, public_id)
    form = CancelForm(request.POST or None, initial={"version": row.version})
    return about_client(
        request,
        row.client,
        form,
        lambda: cancel_appointment(
            appointment=row, reason=form.cleaned_data["reason"], actor=actor_of(request), version=form.seen
        ),
        title=_("Cancel an appointment"),
        submit=_("Cancel the appointment"),
        back=row.client.tab_url("timeline"),
        said=_("Cancelled."),
    )


def _visible(request: HttpRequest, public_id: str) -> Appointment:
    rows = Appointment.objects.visible_to(actor_of(request)).for_list()
    return get_object_or_404(rows, public_id=public_id)


# -- the next date, from my day ----------------------------------------------------------------------------------------


@require_POST
@permission_required("clients.add_contactlog", raise_exception=True)
def next_date_put_off(request: HttpRequest, public_id: str) -> HttpResponse:
    """Put the next contact off by some days; the answer is a notice that takes it back for ten seconds."""
    client = visible_client(request, public_id)
    days = whole_number(request.POST.get("days", ""))
    wanted = days if days in PUT_OFF else PUT_OFF[0]
    day = today() + timedelta(days=wanted)
    try:
        move = put_off_next_date(client=client, to=day, actor=actor_of(request), now=timezone.now())
    except DomainError as refusal:
        return _refused(request, client, refusal)
    text = _("%(name)s: put off to %(day)s.") % {"name": shown_name(client, request.user), "day": day}
    undo = reverse("clients:next_date_back", args=[move.public_id])
    if not by_htmx(request):
        messages.success(request, text)
        return redirect(client)
    return _told({"queue-changed": {}, "toast": {"level": "success", "text": text, "undo": undo}})


@require_POST
@permission_required("clients.add_contactlog", raise_exception=True)
def next_date_back(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a putting-off back."""
    rows = NextDateMove.objects.visible_to(actor_of(request)).filter(moved_by=actor_of(request))
    move: NextDateMove = get_object_or_404(rows, public_id=public_id)
    take_back_put_off(move=move, actor=actor_of(request), now=timezone.now())
    text = _("The next contact stands where it stood.")
    if not by_htmx(request):  # the button of the notice is a plain form
        messages.success(request, text)
        return redirect(get_script_prefix())
    return _told({"queue-changed": {}, "toast": {"level": "success", "text": text}})


def _refused(request: HttpRequest, client: Client, refusal: DomainError) -> HttpResponse:
    text = str(next(iter(refusal.fields.values()), refusal.message))
    if not by_htmx(request):
        messages.warning(request, text)
        return redirect(client)
    return _told({"queue-changed": {}, "toast": {"level": "warning", "text": text}})


def _told(events: dict[str, Any]) -> HttpResponse:
    """Nothing to show, but something to say: the page hears the events."""
    answer = HttpResponse(status=204)
    answer["HX-Trigger"] = json.dumps(events)
    return answer
