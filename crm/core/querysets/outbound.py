"""Outgoing messages as sets, and the claim that lets exactly one sender have each."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q

if TYPE_CHECKING:
    from crm.core.models import User


class OutboundQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> OutboundQuerySet:
        from crm.core.access import branch_q

        return self.filter(branch_q(user))

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
