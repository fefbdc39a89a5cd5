"""Applied rates and leaks as sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Sum

from crm.core.clocks import YEAR
from tiers.querysets.commission import commission_q

if TYPE_CHECKING:
    from crm.core.models import Branch, User
    from tiers.models import AppliedRate, RateLeak


class AppliedRateQuerySet(models.QuerySet["AppliedRate"]):
    def visible_to(self, user: User) -> AppliedRateQuerySet:
        return self.filter(commission_q(user))

    def newest(self, day: date, fresh_days: int) -> AppliedRateQuerySet:
        """The newest row of each client and product up to ``day``, not older than ``fresh_days``."""
        known = self.filter(day__lte=day, day__gt=day - timedelta(days=fresh_days))
        newer = self.model._default_manager.filter(
            client=OuterRef("client"), product=OuterRef("product"), day__gt=OuterRef("day"), day__lte=day
        )
        return known.filter(~Exists(newer))

    def for_list(self) -> AppliedRateQuerySet:
        return self.select_related("client__branch")


class RateLeakQuerySet(models.QuerySet["RateLeak"]):
    def visible_to(self, user: User) -> RateLeakQuerySet:
        return self.filter(commission_q(user))

    def of_branch(self, branch: Branch) -> RateLeakQuerySet:
        return self.filter(client__branch=branch)

    def by_kind(self) -> Sequence[Mapping[str, Any]]:
        """(kind, leaks, yuan a year) for each kind that occurs."""
        rows = self.order_by().values("kind").annotate(count=Count("pk"), effect=Sum("effect"))
        return list(rows)

    def for_list(self) -> RateLeakQuerySet:
        return self.select_related("client__branch", "client__advisor", "client_rate")

    def largest_first(self) -> RateLeakQuerySet:
        return self.order_by(F("effect").desc(), "-pk")


def turnover_up_to(clients: Sequence[int], branch: Branch, day: date) -> dict[int, Any]:
    """Running turnover of each client at his last day on file up to ``day``; clients without one are left out.

    Read by key from the few newest days of the branch's file, and from a client's own last day where that is earlier.
    """
    from clients.models import BranchDay, Client, DailyAsset

    near = list(
        BranchDay.objects.filter(branch=branch, day__lte=day).order_by("-day").values_list("day", flat=True)[:_NEAR]
    )
    last = Client.objects.filter(pk__in=clients, assets_on__lte=day).values_list("assets_on", flat=True).distinct()
    rows = DailyAsset.objects.filter(client__in=clients, day__in={*near, *last}, day__lte=day).order_by("day")
    return dict(rows.values_list("client_id", "sum_turnover"))


def turnover_of_year(clients: Sequence[int], branch: Branch, day: date) -> dict[int, Any]:
    """Turnover of each client in the twelve months up to ``day``, as far as it is on file."""
    before = turnover_up_to(clients, branch, day - timedelta(days=YEAR))
    return {client: total - before.get(client, 0) for client, total in turnover_up_to(clients, branch, day).items()}


#: Days of the branch's file that are looked at for a client who lacks a row on the last of them.
_NEAR = 5
