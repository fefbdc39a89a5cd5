"""What accounts, permissions and investor classes bring into my day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import cast

from django.urls import reverse
from django.utils.translation import gettext as _

from clients.models import Account, Client, InvestorClassification, MarginLevel, TradingPermission
from clients.querysets.accounts import level_of, margin_lines
from clients.querysets.scope import shown_name
from crm.core.models import User
from crm.core.policies import figures
from crm.workbench.item import AHEAD, PER_SOURCE, Item

#: A call on the client before the close-out comes before everything else of the day.
_RANKS = {MarginLevel.CLOSE_OUT: 0, MarginLevel.WARNING: 2, MarginLevel.ATTENTION: 6}


def collateral(user: User, today: date) -> Iterator[Item]:
    """Credit accounts of one's own clients that have fallen below a line, the worst first."""
    if not user.has_perm("clients.view_marginday"):
        return
    own = Account.objects.visible_to(user).filter(client__advisor_id__in=user.scope.acting_ids)
    accounts = list(
        own.live().filter(margin_ratio__isnull=False).select_related("client").order_by("margin_ratio")[:PER_SOURCE]
    )
    if not accounts:
        return
    lines = margin_lines(figures(today, user.branch))
    for account in accounts:
        level = level_of(account.margin_ratio, lines)
        if not level:
            return
        said = {"level": MarginLevel(level).label, "ratio": f"{account.margin_ratio:.2%}"}
        yield Item(
            "collateral",
            _("Collateral"),
            "alert-triangle",
            today,
            shown_name(account.client, user),
            _("%(level)s: %(ratio)s") % said,
            account.get_absolute_url(),
            brief_url=reverse("overview:brief", args=[account.client.public_id]),
            rank=_RANKS[MarginLevel(level)],
        )


def expiring_classes(user: User, today: date) -> Iterator[Item]:
    """Professional investors of one's own book whose class runs out soon: afterwards they are ordinary again."""
    if not user.has_perm("clients.view_investorclassification"):
        return
    own = InvestorClassification.objects.visible_to(user).filter(client__advisor_id__in=user.scope.acting_ids)
    soon = own.expiring(today, today + timedelta(days=AHEAD)).select_related("client")
    for row in soon.order_by("valid_until", "pk")[:PER_SOURCE]:
        yield Item(
            "investor_class",
            _("Investor class"),
            "user-star",
            cast(date, row.valid_until),  # the set asks for one
            shown_name(row.client, user),
            _("%(name)s runs out") % {"name": row.get_wanted_display()},
            reverse("clients:classification", args=[row.public_id]),
            rank=6,
        )


def account_decisions(user: User, today: date) -> Iterator[Item]:
    """Exemptions from conditions and applications for a class that wait for a second person."""
    if user.has_perm("clients.approve_tradingpermission"):
        asked = TradingPermission.objects.visible_to(user).waiting().exclude(opened_by=user)
        for row in asked.select_related("client")[:PER_SOURCE]:
            yield _decision(
                row.client,
                user,
                today,
                _("Exemption: %(name)s") % {"name": row.get_code_display()},
                reverse("clients:permission_decide", args=[row.public_id]),
            )
    if user.has_perm("clients.approve_investorclassification"):
        waiting = InvestorClassification.objects.visible_to(user).waiting().exclude(requested_by=user)
        for wish in waiting.select_related("client")[:PER_SOURCE]:
            url = reverse("clients:classification_decide", args=[wish.public_id])
            yield _decision(wish.client, user, today, str(wish.get_wanted_display()), url)


def _decision(client: Client, user: User, today: date, reason: str, url: str) -> Item:
    name = shown_name(client, user)
    return Item("decision", _("Approval"), "checks", today, name, reason, url, rank=2)
