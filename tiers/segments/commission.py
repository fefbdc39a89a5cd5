"""What a client pays: for the desk and his own advisor, who find nobody else by it either."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clients.segments import Context, Kind, SegmentField
from clients.segments.compare import rows
from clients.segments.daily import window
from tiers.models import ClientRate, Product, RateLeak
from tiers.querysets.commission import commission_q

_RATES, _LEAKS = ("tiers.view_clientrate",), ("tiers.view_rateleak",)
_GROUP = _("Commission")


def fields() -> list[SegmentField]:
    def field(key: str, label: Any, kind: Kind, asked: Any, **more: Any) -> SegmentField:
        return SegmentField(key, label, _GROUP, kind, asked, rights=more.pop("rights", _RATES), **more)

    def products(of: Any) -> Any:
        return rows(Kind.CODES, of, "product", each=True)

    def choices(of: Any) -> Any:
        return lambda _user: list(of.choices)

    kinds = rows(Kind.CODES, _leaks, "kind", each=True)
    return [
        field("commission_30", _("Commission in 30 days"), Kind.MONEY, _paid(30), unit=_("yuan")),
        field("commission_365", _("Commission in 365 days"), Kind.MONEY, _paid(365), unit=_("yuan")),
        field("rate", _("Own rate in force"), Kind.CODES, products(_in_force), choices=choices(Product)),
        field("rate_until", _("Own rate valid until"), Kind.DAY, rows(Kind.DAY, _in_force, "valid_to")),
        field("rate_open", _("Rate proposed or offered"), Kind.CODES, products(_open), choices=choices(Product)),
        field("leak", _("Commission leak"), Kind.CODES, kinds, choices=choices(RateLeak.Kind), rights=_LEAKS),
    ]


def _paid(days: int) -> Any:
    paid = window("commission", days)
    return lambda op, value, context: paid(op, value, context) & Q(commission_q(context.user, ""))


def _in_force(context: Context) -> Any:
    return ClientRate.objects.visible_to(context.user).in_force(context.today)


def _open(context: Context) -> Any:
    return ClientRate.objects.visible_to(context.user).open()


def _leaks(context: Context) -> Any:
    return RateLeak.objects.visible_to(context.user)
