"""Market events as sets, and whom one reaches."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from clients.segments import Context, compiled
from clients.segments.rules import stored
from crm.core.access import branch_q
from crm.core.clocks import local_date
from tiers.gates import offering_q

if TYPE_CHECKING:
    from crm.core.models import Branch, User
    from tiers.models import MarketEvent, ServiceItem


class MarketEventQuerySet(models.QuerySet["MarketEvent"]):
    def visible_to(self, user: User) -> MarketEventQuerySet:
        return self.filter(branch_q(user, reach_of_book=True))

    def for_list(self) -> MarketEventQuerySet:
        return self.select_related("branch", "item", "called_by")

    def with_progress(self, user: User) -> MarketEventQuerySet:
        """Each with ``asked`` and ``kept``: promises to clients whom the reader sees, and how many of them are kept."""
        from tiers.models import Promise

        owed = Promise.objects.visible_to(user).filter(event=OuterRef("pk")).order_by()

        def counted(rows: Any) -> Any:
            return Coalesce(Subquery(rows.values("event").annotate(n=Count("pk")).values("n")), 0)

        return self.annotate(asked=counted(owed), kept=counted(owed.filter(state="done")))


def audience(
    *, item: ServiceItem, branch: Branch, rule: Any, tier_codes: Collection[str], user: User, now: datetime
) -> Any:
    """The clients whom a round for a market event reaches: served, contactable, fit for the service, within the user's sight."""
    from clients.models import Client

    rows = Client.objects.visible_to(user).served().contactable()
    rows = rows.filter(offering_q(item, local_date(now)), branch=branch, merged_into=None)
    if rule is not None:
        rows = rows.filter(compiled(stored(rule), Context(user, now)))
    if tier_codes:
        rows = rows.filter(tier_state__tier__code__in=tier_codes)
    return rows.order_by()
