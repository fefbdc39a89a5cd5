"""How the client may be reached, and what he said to what his data are for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clients.querysets.consents import MARKETING_LABELS, with_marketing
from clients.segments.catalogue import Compile, Context, SegmentField
from clients.segments.compare import rows
from clients.segments.facts.fields import PROFILE, REACH, of, plain, when
from clients.segments.kinds import ALWAYS, ON_FILE, Kind

if TYPE_CHECKING:
    from crm.core.models import User


def fields() -> list[SegmentField]:
    from clients.models import Channel

    channels, quiet = of(Channel.choices[:-1]), Q(quiet_from__isnull=False)
    return [
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
        *_consents(),
        plain("do_not_contact", _("Do not contact"), REACH, Kind.FLAG),
        plain("do_not_contact_reason", _("Reason for no contact"), REACH, Kind.TEXT),
        # Sealed values: only whether there are any. Everybody sees them masked.
        plain("phone", _("Phone"), REACH, Kind.TEXT, only=ON_FILE),
        plain("email", _("E-mail"), REACH, Kind.TEXT, only=ON_FILE),
        plain("address", _("Address"), REACH, Kind.TEXT, only=ON_FILE),
    ]


def _consents() -> list[SegmentField]:
    """What stands today about every purpose, beside the one of marketing that has a field of its own."""
    from clients.models import ConsentRecord

    right = ("clients.view_consentrecord",)

    def saying(*answers: str) -> Compile:
        asked = ConsentRecord.objects.present().filter(answer__in=answers)
        return rows(Kind.CODES, lambda _context: asked.all(), "purpose__code", each=True)

    against = saying(*ConsentRecord.AGAINST)
    return [
        SegmentField("told", _("Told about"), REACH, Kind.CODES, saying("told"), _purposes, rights=right),
        SegmentField("agreed", _("Agreed to"), REACH, Kind.CODES, saying("given"), _purposes, rights=right),
        SegmentField("against", _("Refused or withdrew"), REACH, Kind.CODES, against, _purposes, rights=right),
    ]


def _purposes(user: User) -> Iterable[tuple[str, Any]]:
    from clients.models import DataPurpose

    return [(row.code, str(row)) for row in DataPurpose.objects.visible_to(user).in_use().in_order()]


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
