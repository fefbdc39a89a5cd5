"""Daily assets, branch totals and holdings as sets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Max, Sum
from django.db.models.functions import TruncMonth

from clients.querysets.averages import Average, averages
from clients.querysets.scope import client_q

if TYPE_CHECKING:
    from clients.models import BranchDay, Client, DailyAsset, Holding
    from crm.core.models import Branch, User


class DailyAssetQuerySet(models.QuerySet["DailyAsset"]):
    def visible_to(self, user: User) -> DailyAssetQuerySet:
        return self.filter(client_q(user, "client__"))

    def between(self, first: date, last: date) -> DailyAssetQuerySet:
        return self.filter(day__gte=first, day__lte=last)

    def curve(self, client: Client, first: date, last: date) -> DailyAssetQuerySet:
        """One client's days on file from ``first`` to ``last``, oldest first.

        Asks for each day by name: only so does the key (day, client) serve one client (performance.md Part A §2.2).
        """
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return self.filter(client=client, day__in=days).order_by("day")

    def averages(self, *, branch: Branch, day: date, window_days: int) -> list[Average]:
        """Average assets of each client of the branch over the ``window_days`` natural days that end on ``day``.

        The sum over the days on file in the window ÷ those days; clients without such a day are left out.
        """
        return averages(branch_id=branch.pk, day=day, window_days=window_days)

    def newest_day(self, branch: Branch) -> date | None:
        """The last day for which the branch has assets on file."""
        from clients.models import BranchDay

        found: date | None = BranchDay.objects.filter(branch=branch).aggregate(day=Max("day"))["day"]
        return found


class BranchDayQuerySet(models.QuerySet["BranchDay"]):
    def visible_to(self, user: User) -> BranchDayQuerySet:
        """The branch's totals for those who see the branch; a book's owner does not see them."""
        from crm.core.access import branch_q

        return self.filter(branch_q(user))

    def by_month(self, branch_ids: list[int], last: date, months: int) -> list[dict[str, Any]]:
        """Oldest month first; a month without a day on file is not in the list."""
        start = date(last.year + (last.month - months) // 12, (last.month - months) % 12 + 1, 1)
        rows = self.filter(branch_id__in=branch_ids, day__gte=start, day__lte=last).order_by()
        flows: dict[date, Mapping[str, Any]] = {
            row["month"]: row
            for row in rows.annotate(month=TruncMonth("day"))
            .values("month")
            .annotate(**{name: Sum(name) for name in ("inflow", "outflow", "turnover", "commission")})
        }
        ends = {
            (row["branch_id"], row["month"]): row["end"]
            for row in rows.annotate(month=TruncMonth("day")).values("month", "branch_id").annotate(end=Max("day"))
        }
        held = dict.fromkeys(flows, Decimal(0))
        at_end = self.filter(branch_id__in=branch_ids, day__in=set(ends.values()))
        worth = {(b, d): a for b, d, a in at_end.values_list("branch_id", "day", "net_assets")}
        for (branch_id, month), end in ends.items():
            held[month] += worth[branch_id, end]
        return [
            {**flows[month], "net_assets": held[month], "net_inflow": flows[month]["inflow"] - flows[month]["outflow"]}
            for month in sorted(flows)
        ]


class HoldingQuerySet(models.QuerySet["Holding"]):
    def visible_to(self, user: User) -> HoldingQuerySet:
        return self.filter(client_q(user, "client__"))

    def newest_of(self, client: Client) -> HoldingQuerySet:
        """What the client held on the last day on file, the largest first."""
        return self.of_day(client, self.filter(client=client).aggregate(day=Max("day"))["day"])

    def of_day(self, client: Client, day: date | None) -> HoldingQuerySet:
        """What the client held at the close of ``day``, the largest first."""
        rows = self.filter(client=client, day=day) if day else self.none()
        return rows.order_by(F("market_value").desc(), "security_code")
