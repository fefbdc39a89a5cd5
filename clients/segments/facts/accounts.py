"""The client's accounts, what he may trade, and the lines of the business that he uses."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clients.querysets.business_lines import uses_line
from clients.segments.catalogue import Context, SegmentField
from clients.segments.compare import rows
from clients.segments.facts.fields import ACCOUNTS, HAS, of
from clients.segments.kinds import Kind


def fields() -> list[SegmentField]:
    from clients.models import Account, BusinessLine, PermissionCode, TradingPermission

    accounts = rows(Kind.CODES, lambda _context: Account.objects.live(), "kind", each=True)
    permissions = rows(Kind.CODES, lambda _context: TradingPermission.objects.in_force(), "code", each=True)
    collateral = rows(Kind.NUMBER, lambda _context: Account.objects.live(), "margin_ratio")
    seen, allowed = ("clients.view_account",), ("clients.view_tradingpermission",)
    return [
        SegmentField("account", _("Account"), ACCOUNTS, Kind.CODES, accounts, of(Account.Kind.choices), rights=seen),
        SegmentField(
            "permission",
            _("Trading permission"),
            ACCOUNTS,
            Kind.CODES,
            permissions,
            of(PermissionCode.choices),
            rights=allowed,
        ),
        SegmentField(
            "line",
            _("Business line"),
            ACCOUNTS,
            Kind.CODES,
            _lines,
            of(BusinessLine.choices),
            rights=(*seen, *allowed),
            only=HAS,
        ),
        SegmentField(
            "collateral", _("Collateral ratio"), ACCOUNTS, Kind.NUMBER, collateral, rights=("clients.view_marginday",)
        ),
    ]


def _lines(op: str, value: list[str], _context: Context) -> Q:
    parts = [uses_line(line) for line in value]
    found = parts[0]
    for part in parts[1:]:
        found = found & part if op == "all" else found | part
    return found
