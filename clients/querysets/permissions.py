"""Trading permissions and entry tests as sets."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q

from clients.querysets.scope import client_q

if TYPE_CHECKING:
    from clients.models import Client, EntryTest, TradingPermission
    from crm.core.models import User


class TradingPermissionQuerySet(models.QuerySet["TradingPermission"]):
    def visible_to(self, user: User) -> TradingPermissionQuerySet:
        return self.filter(client_q(user, "client__"))

    def live(self) -> TradingPermissionQuerySet:
        """Open, or asked for with an exemption and not yet decided."""
        return self.filter(state__in=["waiting", "open"])

    def in_force(self) -> TradingPermissionQuerySet:
        return self.filter(state="open")

    def open_on(self, day: date) -> TradingPermissionQuerySet:
        """Open on ``day``, whatever has become of them since."""
        return self.filter(Q(closed_on=None) | Q(closed_on__gt=day), opened_on__lte=day)

    def waiting(self) -> TradingPermissionQuerySet:
        """Exemptions that somebody has to decide, the oldest first."""
        return self.filter(state="waiting").order_by("asked_at", "pk")

    def opened_since(self, first: date, last: date) -> TradingPermissionQuerySet:
        """Permissions opened from ``first`` to ``last`` and still open: each wants a follow-up call (204号)."""
        return self.in_force().filter(opened_on__gte=first, opened_on__lte=last)

    def for_list(self) -> TradingPermissionQuerySet:
        return self.select_related("client__branch", "client__advisor", "opened_by", "decided_by", "closed_by")

    def newest_first(self) -> TradingPermissionQuerySet:
        return self.order_by("-asked_at", "-pk")


class EntryTestQuerySet(models.QuerySet["EntryTest"]):
    def visible_to(self, user: User) -> EntryTestQuerySet:
        return self.filter(client_q(user, "client__"))

    def newest_of(self, client: Client) -> dict[tuple[str, str], Any]:
        """Permission and kind → the newest test of the client."""
        rows = self.filter(client=client).order_by("done_on", "pk")
        return {(row.code, row.kind): row for row in rows}
