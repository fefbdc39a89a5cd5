"""Present tiers, their history and the runs that made it, as sets."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Count

from clients.querysets import client_q
from crm.core.access import branch_q
from crm.core.clocks import local_date
from crm.core.policies import figures

if TYPE_CHECKING:
    from crm.core.models import Branch, User
    from tiers.models import EvaluationRun, TierChange, TierState


class EvaluationRunQuerySet(models.QuerySet["EvaluationRun"]):
    def visible_to(self, user: User) -> EvaluationRunQuerySet:
        return self.filter(branch_q(user))

    def newest_first(self) -> EvaluationRunQuerySet:
        return self.select_related("programme", "branch", "actor").order_by("-day", "-pk")

    def covers(self, branch: Branch, day: date) -> bool:
        """Whether the branch has been evaluated for ``day`` or a later one, by whatever programme."""
        return self.filter(branch=branch, day__gte=day).exists()


class TierStateQuerySet(models.QuerySet["TierState"]):
    def visible_to(self, user: User) -> TierStateQuerySet:
        return self.filter(client_q(user, "client__"))

    def of_branch(self, branch: Branch) -> TierStateQuerySet:
        return self.filter(client__branch=branch)

    def still_clients(self) -> TierStateQuerySet:
        """Without closed accounts, which keep the tier they had."""
        return self.exclude(client__status="closed")

    def counts_by_tier(self) -> dict[int, int]:
        """How many clients stand in each tier (by its primary key)."""
        return dict(self.still_clients().order_by().values_list("tier_id").annotate(Count("pk")))


class TierChangeQuerySet(models.QuerySet["TierChange"]):
    def visible_to(self, user: User) -> TierChangeQuerySet:
        return self.filter(client_q(user, "client__"))

    def moves(self) -> TierChangeQuerySet:
        """Real moves of a client; a first tier or another programme is none."""
        return self.filter(reason__in=["up", "down"])

    def awaiting_care(self, now: datetime) -> TierChangeQuerySet:
        """Moves up and down that still deserve a call: not older than ``visit.max_lateness_days``.

        Longer than the call's own limit, so that sweeps which stood still for a week lose nobody.
        """
        today = local_date(now)
        oldest = today - timedelta(days=figures(today).days("visit.max_lateness_days"))
        return self.moves().filter(day__gte=oldest, day__lte=today).select_related("client", "old", "new")

    def awaiting_rates(self, since: date) -> TierChangeQuerySet:
        """Changes from ``since`` on that nobody has looked at for their rates; a first tier changes no rate."""
        rows = self.exclude(reason="first").filter(day__gte=since, rate_review=None)
        return rows.select_related("client__branch", "old", "new").order_by("day", "pk")

    def with_tiers(self) -> TierChangeQuerySet:
        return self.select_related("old", "new", "run__programme", "override")
