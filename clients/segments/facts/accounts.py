"""The client's accounts, what he may trade, and the lines of the business that he uses."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clients.querysets.business_lines import uses_line
from clients.segments.catalogue import Context, SegmentField
from clients.segments.compare import rows
from clients.segments.facts.fields import ACCOUNTS, of
from clients.segments.kinds import HAPPENED, HAS, Kind

_SEEN, _ALLOWED = ("clients.view_account",), ("clients.view_tradingpermission",)


def fields() -> list[SegmentField]:
    return [*_present(), *_dates()]


def _present() -> list[SegmentField]:
    from clients.models import Account, BusinessLine, PermissionCode, TradingPermission

    accounts = rows(Kind.CODES, lambda _context: Account.objects.live(), "kind", each=True)
    permissions = rows(Kind.CODES, lambda _context: TradingPermission.objects.in_force(), "code", each=True)
    collateral = rows(Kind.NUMBER, lambda _context: Account.objects.live(), "margin_ratio")
    return [
        SegmentField("account", _("Account"), ACCOUNTS, Kind.CODES, accounts, of(Account.Kind.choices), rights=_SEEN),
        SegmentField(
            "permission",
            _("Trading permission"),
            ACCOUNTS,
            Kind.CODES,
            permissions,
            of(PermissionCode.choices),
            rights=_ALLOWED,
        ),
        SegmentField(
            "line",
            _("Business line"),
            ACCOUNTS,
            Kind.CODES,
            _lines,
            of(BusinessLine.choices),
            rights=(*_SEEN, *_ALLOWED),
            only=HAS,
        ),
        SegmentField(
            "collateral", _("Collateral ratio"), ACCOUNTS, Kind.NUMBER, collateral, rights=("clients.view_marginday",)
        ),
    ]


def _dates() -> list[SegmentField]:
    from clients.models import Account, TradingPermission

    def every(_context: Context) -> Any:
        return Account.objects.all()

    def frozen(_context: Context) -> Any:
        return Account.objects.filter(status="frozen")

    def in_force(_context: Context) -> Any:
        return TradingPermission.objects.in_force()

    def waiting(_context: Context) -> Any:
        return TradingPermission.objects.waiting().order_by()

    def day(key: str, label: Any, of: Any, path: str, rights: tuple[str, ...]) -> SegmentField:
        return SegmentField(key, label, ACCOUNTS, Kind.DAY, rows(Kind.DAY, of, path), rights=rights, only=HAPPENED)

    def flag(key: str, label: Any, of: Any, rights: tuple[str, ...]) -> SegmentField:
        return SegmentField(key, label, ACCOUNTS, Kind.FLAG, rows(Kind.FLAG, of, "pk"), rights=rights)

    return [
        day("account_opened", _("Account opened on"), every, "opened_on", _SEEN),
        day("account_closed", _("Account closed on"), every, "closed_on", _SEEN),
        day("first_trade", _("First trade"), every, "first_trade_on", _SEEN),
        flag("account_frozen", _("Frozen account"), frozen, _SEEN),
        day("permission_opened", _("Trading permission opened on"), in_force, "opened_on", _ALLOWED),
        flag("permission_waiting", _("Trading permission awaits decision"), waiting, _ALLOWED),
    ]


def _lines(op: str, value: list[str], _context: Context) -> Q:
    parts = [uses_line(line) for line in value]
    found = parts[0]
    for part in parts[1:]:
        found = found & part if op == "all" else found | part
    return found
