"""Tiers given by hand as sets."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from clients.querysets import client_q

if TYPE_CHECKING:
    from crm.core.models import User
    from tiers.models import TierOverride


class TierOverrideQuerySet(models.QuerySet["TierOverride"]):
    def visible_to(self, user: User) -> TierOverrideQuerySet:
        return self.filter(client_q(user, "client__"))

    def waiting(self) -> TierOverrideQuerySet:
        return self.filter(state="proposed")

    def holding(self) -> TierOverrideQuerySet:
        return self.filter(state="holding")

    def holding_or_waiting(self) -> TierOverrideQuerySet:
        """The one that holds, then the request for another."""
        return self.filter(state__in=["holding", "proposed"]).order_by("state")

    def past_waiting(self) -> TierOverrideQuerySet:
        """Those about which somebody has said something, and those that ran out before."""
        return self.exclude(state="proposed")

    def run_out(self, day: date) -> TierOverrideQuerySet:
        """Requests that nobody may approve any more on ``day``."""
        return self.waiting().filter(Q(decide_by__lt=day) | Q(valid_to__lt=day))

    def expired(self, day: date) -> TierOverrideQuerySet:
        """Tiers by hand whose last day is over."""
        return self.holding().filter(valid_to__lt=day)

    def for_list(self) -> TierOverrideQuerySet:
        return self.select_related("client__branch", "tier", "before", "requested_by", "decided_by")
