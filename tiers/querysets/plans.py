"""Service plans as sets."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import DecimalField, Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from clients.querysets import client_q
from crm.core.fields import MoneyField

if TYPE_CHECKING:
    from crm.core.models import User
    from tiers.models import ServicePlan

#: Questions of the needs interview on which services rest: words, and amounts that may be missing.
WORDS = ("goals", "horizon", "products", "sectors", "style", "channel", "hours", "services", "restrictions")
AMOUNTS: dict[str, Any] = {
    "capital": MoneyField(),
    "expected_return": DecimalField(max_digits=4, decimal_places=1),
    "loss_tolerance": DecimalField(max_digits=4, decimal_places=1),
}
_NONE = Decimal(-1)


class ServicePlanQuerySet(models.QuerySet["ServicePlan"]):
    def visible_to(self, user: User) -> ServicePlanQuerySet:
        return self.filter(client_q(user, "client__"))

    def agreed(self) -> ServicePlanQuerySet:
        """In force: agreed with the client, neither replaced nor ended."""
        return self.filter(state="agreed")

    def open(self) -> ServicePlanQuerySet:
        """Drawn up or agreed."""
        return self.filter(state__in=["draft", "agreed"])

    def to_begin_with(self) -> ServicePlanQuerySet:
        """The open ones, what is drawn up before what is agreed: a revision begins with the first."""
        return self.open().order_by("-state", "-pk")

    def mine(self, user: User) -> ServicePlanQuerySet:
        """Of the clients whom the user serves, or for whose advisor he stands in."""
        return self.filter(client__advisor_id__in=user.scope.acting_ids)

    def to_look_at(self) -> ServicePlanQuerySet:
        """Agreed plans whose client has since said something else than the interview on which they rest."""
        from clients.models import NeedsInterview

        present = NeedsInterview.objects.present().filter(client=OuterRef("client"))
        other = present.exclude(pk=OuterRef("basis")).filter(_says_otherwise())
        return self.agreed().filter(Q(basis=None) & Exists(present) | Exists(other))

    def with_overdue_steps(self, today: date) -> ServicePlanQuerySet:
        """In force, with a step that is overdue."""
        from tiers.models import PlanStep

        return self.agreed().filter(Exists(PlanStep.objects.filter(plan=OuterRef("pk")).overdue(today)))

    def in_rows(self) -> ServicePlanQuerySet:
        """With what a list shows of a plan and its client."""
        return self.select_related("client__branch", "client__advisor", "client__tier_state__tier")

    def for_list(self) -> ServicePlanQuerySet:
        return self.select_related(
            "client__branch", "client__advisor", "basis", "made_by", "confirmed_by", "replaces"
        ).prefetch_related("steps__item", "steps__owner", "steps__marks__by")


def _says_otherwise() -> Q:
    """Interviews of which an answer differs from that of the outer plan's basis."""
    found = Q()
    for name in WORDS:
        found |= ~Q(**{name: OuterRef(f"basis__{name}")})
    for name, kind in AMOUNTS.items():
        none = Value(_NONE, output_field=kind)
        then = Coalesce(OuterRef(f"basis__{name}"), none, output_field=kind)
        is_missing = Q(**{f"{name}__isnull": True})
        found |= (is_missing & ~Q(Exact(then, none))) | (~is_missing & ~Q(**{name: then}))
    return found
