"""Outgoing messages as sets, and the claim that lets exactly one sender have each."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Count, F, Q

if TYPE_CHECKING:
    from crm.core.models import Outbound, User


class OutboundQuerySet(models.QuerySet["Outbound"]):
    def visible_to(self, user: User) -> OutboundQuerySet:
        from crm.core.access import branch_q

        return self.filter(branch_q(user))

    def counts_of(self, client_refs: list[str], since: datetime) -> dict[str, int]:
        """How many messages each of the clients was written since then; those that never left do not count."""
        there = self.filter(client_ref__in=client_refs, created_at__gte=since)
        rows = there.exclude(state__in=["failed", "dead", "missed"]).order_by().values("client_ref")
        return dict(rows.annotate(number=Count("pk")).values_list("client_ref", "number"))

    def due(self, now: datetime) -> OutboundQuerySet:
        return self.filter(state="queued", due_at__lte=now).order_by("due_at", "pk")

    def abandoned(self, now: datetime) -> OutboundQuerySet:
        """Claimed by a sender that has died: nobody knows whether the gateway got it."""
        return self.filter(state="sending", lease_until__lt=now)

    def claim(self, *, pk: int, now: datetime, until: datetime) -> bool:
        """One conditional UPDATE: of two senders exactly one gets the message."""
        return bool(
            self.filter(Q(state="queued"), pk=pk, due_at__lte=now).update(
                state="sending", lease_until=until, attempts=F("attempts") + 1
            )
        )
