"""Filters of contacts, of the feed of a day, and of appointments."""

from __future__ import annotations

import django_filters as filters
from django.utils.translation import gettext_lazy as _

from clients.filters.people import colleagues_near
from clients.models import Appointment, Channel, ContactLog
from crm.core.filters import DayRange


class ContactFilter(filters.FilterSet):
    """Contacts by client, channel, direction, outcome and day."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    channel = filters.ChoiceFilter(choices=Channel.choices, label=_("Channel"), empty_label=_("All channels"))
    direction = filters.ChoiceFilter(
        choices=ContactLog.Direction.choices, label=_("Direction"), empty_label=_("Both directions")
    )
    outcome = filters.ChoiceFilter(
        choices=ContactLog.Outcome.choices, label=_("Outcome"), empty_label=_("All outcomes")
    )
    at = DayRange(label=_("Day"))

    class Meta:
        model = ContactLog
        fields: list[str] = []


class ContactFeedFilter(filters.FilterSet):
    """Contacts of a day by colleague, channel, who began, and mood."""

    staff = filters.ModelChoiceFilter(
        queryset=colleagues_near, to_field_name="public_id", label=_("Colleague"), empty_label=_("Everybody")
    )
    channel = filters.ChoiceFilter(choices=Channel.choices, label=_("Channel"), empty_label=_("All channels"))
    direction = filters.ChoiceFilter(
        choices=ContactLog.Direction.choices, label=_("Direction"), empty_label=_("Both directions")
    )
    mood = filters.ChoiceFilter(choices=ContactLog.Mood.choices, label=_("Mood"), empty_label=_("Any mood"))

    class Meta:
        model = ContactLog
        fields: list[str] = []


class AppointmentFilter(filters.FilterSet):
    """Appointments by client, state and day."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    state = filters.ChoiceFilter(choices=Appointment.State.choices, label=_("State"), empty_label=_("All states"))
    starts_at = DayRange(label=_("Day"))

    class Meta:
        model = Appointment
        fields: list[str] = []
