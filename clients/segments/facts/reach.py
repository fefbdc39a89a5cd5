"""How the client may be reached, and what he said to marketing."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clients.querysets.consents import MARKETING_LABELS, with_marketing
from clients.segments.catalogue import Context, SegmentField
from clients.segments.facts.fields import ALWAYS, CONTACT, ON_FILE, PROFILE, REACH, of, plain, when
from clients.segments.kinds import Kind


def fields() -> list[SegmentField]:
    from clients.models import Channel

    channels, quiet = of(Channel.choices[:-1]), Q(quiet_from__isnull=False)
    return [
        plain("last_contact", _("Last contact"), CONTACT, Kind.DAY, "last_contact_at", instant=True),
        plain("next_contact", _("Next contact"), CONTACT, Kind.DAY, "next_contact_on"),
        plain("preferred_channel", _("Preferred channel"), REACH, Kind.CHOICE, choices=of(Channel.choices)),
        SegmentField(
            "forbidden_channels",
            _("Forbidden channels"),
            REACH,
            Kind.CODES,
            _forbidden,
            channels,
            rights=(PROFILE,),
        ),
        SegmentField("quiet_hours", _("Has quiet hours"), REACH, Kind.FLAG, when(quiet), rights=(PROFILE,)),
        plain("avoid_topics", _("Topics to avoid"), REACH, Kind.TEXT, rights=(PROFILE,)),
        SegmentField(
            "marketing",
            _("Marketing consent"),
            REACH,
            Kind.CHOICE,
            _marketing,
            of(MARKETING_LABELS.items()),
            rights=("clients.view_consentrecord",),
            only=ALWAYS,
            in_list=True,
        ),
        plain("do_not_contact", _("Do not contact"), REACH, Kind.FLAG),
        plain("do_not_contact_reason", _("Reason for no contact"), REACH, Kind.TEXT),
        # Sealed values: only whether there are any. Everybody sees them masked.
        plain("phone", _("Phone"), REACH, Kind.TEXT, only=ON_FILE),
        plain("email", _("E-mail"), REACH, Kind.TEXT, only=ON_FILE),
        plain("address", _("Address"), REACH, Kind.TEXT, only=ON_FILE),
    ]


def _forbidden(op: str, value: list[str] | None, _context: Context) -> Q:
    """Channels stand in one column with blanks between them, and none is a part of another's name."""
    if value is None:
        return ~Q(forbidden_channels="")
    found = Q(forbidden_channels__contains=value[0])
    for channel in value[1:]:
        one = Q(forbidden_channels__contains=channel)
        found = found & one if op == "all" else found | one
    return found


def _marketing(_op: str, value: list[str], _context: Context) -> Q:
    found = Q(pk__in=[])
    for state in value:
        found |= with_marketing(state)
    return found
