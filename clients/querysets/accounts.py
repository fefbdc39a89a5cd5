"""Accounts and their collateral as sets."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Case, IntegerField, Min, Value, When

from clients.querysets.scope import client_q

if TYPE_CHECKING:
    from clients.models import Account, BusinessLineMark, Client, MarginDay
    from crm.core.models import User
    from crm.core.policies import Figures

#: Levels from the mildest to the worst; each begins below its line of figure ``margin.lines``.
LEVELS = ("attention", "warning", "close_out")
#: Money first, then the numbers at the exchanges.
_ORDER = ("cash", "credit", "option", "fund", "one_code", "sh_a", "sz_a", "bse")


class AccountQuerySet(models.QuerySet["Account"]):
    def visible_to(self, user: User) -> AccountQuerySet:
        return self.filter(client_q(user, "client__"))

    def live(self) -> AccountQuerySet:
        """Open and frozen accounts."""
        return self.exclude(status="closed")

    def in_order(self) -> AccountQuerySet:
        """Open ones first, money before securities, then by age."""
        closed = Case(When(status="closed", then=Value(1)), default=Value(0), output_field=IntegerField())
        place = Case(
            *(When(kind=kind, then=Value(n)) for n, kind in enumerate(_ORDER)),
            default=Value(len(_ORDER)),
            output_field=IntegerField(),
        )
        return self.annotate(_closed=closed, _place=place).order_by("_closed", "_place", "opened_on", "pk")

    def below_line(self, line: Decimal) -> AccountQuerySet:
        """Live credit accounts whose newest collateral ratio lies below ``line``."""
        return self.live().filter(margin_ratio__lt=line)

    def first_trade_of(self, client: Client) -> date | None:
        """The first trade on any of the client's accounts, closed ones too; None when none is on file."""
        found: date | None = self.filter(client=client).aggregate(first=Min("first_trade_on"))["first"]
        return found


class MarginDayQuerySet(models.QuerySet["MarginDay"]):
    def visible_to(self, user: User) -> MarginDayQuerySet:
        return self.filter(client_q(user, "account__client__"))

    def newest_first(self) -> MarginDayQuerySet:
        return self.order_by("-day", "-pk")


class BusinessLineMarkQuerySet(models.QuerySet["BusinessLineMark"]):
    def visible_to(self, user: User) -> BusinessLineMarkQuerySet:
        return self.filter(client_q(user, "client__"))


def margin_lines(known: Figures) -> dict[str, Decimal]:
    """Level → the ratio below which it begins, the mildest first (figure ``margin.lines``)."""
    lines = known.json("margin.lines")
    return {level: Decimal(str(lines[level])) for level in LEVELS}


def level_of(ratio: Decimal | None, lines: dict[str, Decimal]) -> str:
    """The worst level whose line the ratio lies below; "" for none."""
    if ratio is None:
        return ""
    found = ""
    for level, line in lines.items():
        if ratio < line:
            found = level
    return found
