"""Promises as sets."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Case, Count, F, Q, Sum, When

from clients.querysets import client_q
from crm.core.access import branch_q

if TYPE_CHECKING:
    from crm.core.models import User
    from tiers.models import Delivery, Promise


class PromiseQuerySet(models.QuerySet["Promise"]):
    def visible_to(self, user: User) -> PromiseQuerySet:
        return self.filter(client_q(user, "client__"))

    def of_served(self) -> PromiseQuerySet:
        """Of clients whom the branch serves; the night closes what others were owed."""
        return self.filter(client__status__in=["active", "dormant"], client__restricted_on=None)

    def due(self) -> PromiseQuerySet:
        """Owed, neither kept nor missed yet."""
        return self.filter(state="due")

    def kept(self) -> PromiseQuerySet:
        return self.filter(state="done")

    def let_go(self) -> PromiseQuerySet:
        """Neither owed any more nor kept: missed, waived or closed."""
        return self.exclude(state__in=["due", "done"])

    def kept_or_missed(self) -> PromiseQuerySet:
        """What was kept, on ``kept_on``, or missed, on ``missed_on``; what was waived or closed is neither."""
        missed_on = Case(When(state="missed", then=F("last_day")))
        return self.filter(state__in=["done", "missed"]).annotate(missed_on=missed_on)

    def by_entitlement(self) -> PromiseQuerySet:
        """What follows from the tier, without what a market event asks beside it."""
        return self.filter(event=None)

    def open_on(self, day: date) -> PromiseQuerySet:
        """Owed, and may be kept on ``day``."""
        return self.due().filter(opens_on__lte=day)

    def overdue(self, today: date) -> PromiseQuerySet:
        return self.due().filter(due_on__lt=today)

    def run_out(self, today: date) -> PromiseQuerySet:
        """Owed, and the last day is over."""
        return self.due().filter(last_day__lt=today)

    def mine(self, user: User) -> PromiseQuerySet:
        """What the user himself sees to: his clients' as whoever serves them, his branch's by his role."""
        roles = {role.key for role in user.standing.roles}
        own = Q(item__owner_role="advisor", client__advisor_id__in=user.scope.acting_ids)
        return self.filter(own | Q(item__owner_role__in=sorted(roles - {"advisor"})))

    def for_list(self) -> PromiseQuerySet:
        return self.select_related(
            "client__branch", "client__advisor", "item", "kept_by", "decided_by", "delivery", "event"
        )

    # -- the report ----------------------------------------------------------------------------------------------------

    def settled_between(self, first: date, last: date, today: date) -> PromiseQuerySet:
        """Promises due between two days that count: kept, missed, or overdue. Waived and closed ones are not owed."""
        owed = Q(state__in=["done", "missed"]) | Q(state="due", due_on__lt=today)
        return self.filter(owed, due_on__gte=first, due_on__lte=last)

    def kept_by(self, *paths: str, most: int = 500) -> list[dict[str, Any]]:
        """By ``paths``: how many were owed, kept in time, kept late, missed or overdue; the share kept in time in percent.

        Those with the most missed and overdue first, at most ``most``.
        """
        rows = self.order_by().values(*paths).annotate(**COUNTED, broken=F("missed") + F("overdue"))
        return [{**row, "percent": percent(row)} for row in rows.order_by("-broken", "-owed", *paths)[:most]]

    def kept_in_all(self) -> dict[str, Any]:
        found = self.aggregate(**COUNTED)
        return {**found, "broken": found["missed"] + found["overdue"], "percent": percent(found)}

    def by_state(self) -> dict[str, int]:
        """How many there are in all, and in each state."""
        return self.aggregate(
            asked=Count("pk"),
            **{state: Count("pk", filter=Q(state=state)) for state in ("due", "done", "missed", "waived", "closed")},
        )


#: What the report counts.
COUNTED: dict[str, Any] = {
    "owed": Count("pk"),
    "in_time": Count("pk", filter=Q(state="done", kept_on__lte=F("due_on"))),
    "late": Count("pk", filter=Q(state="done", kept_on__gt=F("due_on"))),
    "missed": Count("pk", filter=Q(state="missed")),
    "overdue": Count("pk", filter=Q(state="due")),
    "spent": Sum(Case(When(state="done", then=F("cost")), default=None)),
}


def percent(row: dict[str, Any]) -> int | None:
    """The share kept in time, in whole percent; None where nothing was owed."""
    return int(row["in_time"] * 100 // row["owed"]) if row["owed"] else None


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def visible_to(self, user: User) -> DeliveryQuerySet:
        return self.filter(branch_q(user, reach_of_book=True))
