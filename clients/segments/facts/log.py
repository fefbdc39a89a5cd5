"""What was spoken, by whom, how often, and what is booked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from clients.segments.catalogue import Context, SegmentField
from clients.segments.compare import counted, rows
from clients.segments.facts.fields import CONTACT, plain
from clients.segments.kinds import COUNTED, HAPPENED, Kind
from clients.segments.people import by_somebody, staff
from crm.core.clocks import day_bounds

_RIGHT = ("clients.view_contactlog",)
#: Spans in which contacts are counted.
_SPANS = ((30, _("Contacts in 30 days")), (90, _("Contacts in 90 days")))
_QUARTER = 90


def fields() -> list[SegmentField]:
    from clients.models import Appointment, Channel, ContactLog

    def booked(_context: Context) -> Any:
        return Appointment.objects.booked()

    def field(key: str, label: Any, kind: Kind, asked: Any, **more: Any) -> SegmentField:
        return SegmentField(key, label, CONTACT, kind, asked, rights=_RIGHT, **more)

    # A condition has one value: what a contact was and when it was are two. So each is a field whose value is when.
    parts = (
        ("channel", Channel, _("Contact by channel: {what}")),
        ("direction", ContactLog.Direction, _("Direction of a contact: {what}")),
        ("purpose", ContactLog.Purpose, _("Purpose of a contact: {what}")),
        ("outcome", ContactLog.Outcome, _("Outcome of a contact: {what}")),
        ("mood", ContactLog.Mood, _("Mood in a contact: {what}")),
    )
    return [
        plain("last_contact", _("Last contact"), CONTACT, Kind.DAY, "last_contact_at", instant=True),
        plain("next_contact", _("Next contact"), CONTACT, Kind.DAY, "next_contact_on"),
        *(field(f"contacts_{days}", label, Kind.NUMBER, counted(_within(days)), only=COUNTED) for days, label in _SPANS),
        field("contacted_by", _("Contacted by"), Kind.ROWS, by_somebody(_standing, "staff"), choices=staff),
        field(
            "contacted_by_90", _("Contacted in 90 days by"), Kind.ROWS, by_somebody(_within(_QUARTER), "staff"),
            choices=staff,
        ),
        *(
            field(f"contact_{name}_{code}", format_lazy(words, what=label), Kind.DAY, _being(name, code), only=HAPPENED)
            for name, choices, words in parts
            for code, label in choices.choices
            if code != "unknown"
        ),
        SegmentField(
            "appointment", _("Appointment"), CONTACT, Kind.DAY, rows(Kind.DAY, booked, "starts_at", instant=True),
            rights=("clients.view_appointment",),
        ),
    ]  # fmt: skip


def _standing(_context: Context) -> Any:
    from clients.models import ContactLog

    return ContactLog.objects.standing_of_all()


def _being(name: str, code: str) -> Any:
    return rows(Kind.DAY, lambda context: _standing(context).filter(**{name: code}), "at", instant=True)


def _within(days: int) -> Any:
    def found(context: Context) -> Any:
        first, last = day_bounds(context.today - timedelta(days=days))[0], day_bounds(context.today)[1]
        return _standing(context).filter(at__gte=first, at__lt=last)

    return found
