"""Simulations as sets, and the one question that each move of a bound asks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Case, Count, F, IntegerField, Q, Sum, Value, When
from django.db.models.functions import Greatest

from clients.querysets import client_q
from crm.core.access import branch_q

if TYPE_CHECKING:
    from crm.core.models import User
    from tiers.models import SimulatedClient, SimulatedTurnover, Simulation

#: Rank → bound in fen, of the tiers that are tried.
Bounds = Mapping[int, int]


class SimulationQuerySet(models.QuerySet["Simulation"]):
    def visible_to(self, user: User) -> SimulationQuerySet:
        return self.filter(branch_q(user))

    def for_page(self) -> SimulationQuerySet:
        return self.select_related("branch__company", "programme__company", "job__actor", "job__branch")

    def stale(self, now: datetime, kept: timedelta) -> SimulationQuerySet:
        """Sheets that nobody has laid out anew for so long, nor is laying out now."""
        return self.filter(made_at__lt=now - kept).exclude(job__state__in=["queued", "running"])


class SimulatedClientQuerySet(models.QuerySet["SimulatedClient"]):
    def visible_to(self, user: User) -> SimulatedClientQuerySet:
        return self.filter(client_q(user, "client__"))

    def placed(self, before: Bounds, after: Bounds) -> models.QuerySet[Any]:
        """Each client with the rank that either set of bounds gives him."""
        return self.annotate(before=_rank(before), after=_rank(after))

    def by_pair(self, before: Bounds, after: Bounds) -> list[tuple[int, int, int, int]]:
        """(rank before, rank after, clients, their turnover in fen without those who have a rate of their own)."""
        rows = self.placed(before, after).order_by().values("before", "after")
        counted = rows.annotate(count=Count("pk"), yuan=Sum("turnover", filter=Q(has_own_rate=False)))
        return [(row["before"], row["after"], row["count"], int((row["yuan"] or 0) * 100)) for row in counted]

    def movers(self, before: Bounds, after: Bounds) -> models.QuerySet[Any]:
        """Whom the step from one set of bounds to the other moves; read by range of the averages between them."""
        return self.filter(_between(before, after)).placed(before, after).exclude(before=F("after"))


class SimulatedTurnoverQuerySet(models.QuerySet["SimulatedTurnover"]):
    def by_pair(self, before: Bounds, after: Bounds) -> list[tuple[int, int, str, int]]:
        """(rank before, rank after, product, turnover in fen) of those whom the step between the bounds moves."""
        rows = self.filter(_between(before, after)).annotate(before=_rank(before), after=_rank(after))
        summed = (
            rows.exclude(before=F("after")).order_by().values("before", "after", "product").annotate(Sum("turnover"))
        )
        return [(row["before"], row["after"], row["product"], int(row["turnover__sum"] * 100)) for row in summed]


def _between(before: Bounds, after: Bounds) -> Q:
    """Averages between an old and a new bound: nobody else can move."""
    found = Q(pk__in=[])
    for rank, bound in after.items():
        low, high = sorted((bound, before[rank]))
        if low < high:
            found |= Q(average__gte=_yuan(low), average__lt=_yuan(high))
    return found


def _rank(bounds: Bounds) -> Any:
    """The highest of the tried tiers whose bound is reached, and never below what the other rules give."""
    falling = sorted(bounds.items(), reverse=True)
    cases = [When(average__gte=_yuan(bound), then=Value(rank)) for rank, bound in falling]
    reached = Case(*cases, default=Value(1), output_field=IntegerField())
    return Greatest(F("base_rank"), reached, output_field=IntegerField())


def _yuan(fen: int) -> Any:
    from crm.core.fields import from_fen

    return from_fen(fen)
