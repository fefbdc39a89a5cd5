"""Services, entitlements and cadences as sets."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q, Subquery

from tiers.querysets.house import house_q, in_force_q

if TYPE_CHECKING:
    from clients.models import Client
    from crm.core.models import Branch, User
    from tiers.models import ContactCadence, Entitlement, ServiceItem


class ServiceItemQuerySet(models.QuerySet["ServiceItem"]):
    def visible_to(self, user: User) -> ServiceItemQuerySet:
        return self.filter(house_q(user))

    def of_branch(self, branch: Branch) -> ServiceItemQuerySet:
        """What a branch offers: its own services, and the company's of which it has none of its own."""
        own = self.model._base_manager.filter(branch=branch).values("code")
        return self.filter(Q(branch=branch) | Q(branch=None, company_id=branch.company_id) & ~Q(code__in=own))

    def in_force(self, day: date) -> ServiceItemQuerySet:
        return self.filter(in_force_q(day, "starts_on", "ends_on"))

    def offered(self, branch: Branch, item: Any) -> Any:
        """This service if a branch offers it: its own, or the company's where the branch has none in its place; else None."""
        return self.of_branch(branch).filter(pk=item.pk).first()

    def offers(self, branch: Branch, item: Any, day: date) -> bool:
        """Whether a branch offers this service, and it is in force on ``day``."""
        found = self.offered(branch, item)
        return found is not None and found.holds_on(day)

    def names(self, codes: Collection[str], branch: Branch | None) -> dict[str, str]:
        """What services of these codes are called by ``branch`` if it has its own, else by the company, else by another."""
        place = models.Case(
            models.When(branch=branch, branch__isnull=False, then=2), models.When(branch=None, then=1), default=0
        )
        rows = self.filter(code__in=codes).annotate(place=place).order_by("place", "-pk")
        return {item.code: item.name for item in rows}

    def owed(self) -> ServiceItemQuerySet:
        """Services of which due rows are made."""
        return self.filter(rhythm__in=["periodic", "rolling", "birthday"])

    def booked(self) -> ServiceItemQuerySet:
        """Services that a client asks for."""
        return self.filter(rhythm="on_request")

    def in_order(self) -> ServiceItemQuerySet:
        """As the catalogue shows them: basic ones first, then what tiers differ in."""
        place = models.Case(models.When(kind="basic", then=0), models.When(kind="value_added", then=1), default=2)
        return self.annotate(place=place).order_by("place", "code", "pk")


class EntitlementQuerySet(models.QuerySet["Entitlement"]):
    def visible_to(self, user: User) -> EntitlementQuerySet:
        return self.filter(house_q(user, "item__"))

    def in_force(self, day: date) -> EntitlementQuerySet:
        """Rows that give something on ``day``."""
        return self.filter(in_force_q(day), times__isnull=False)

    def of_client(self, client: Client) -> EntitlementQuerySet:
        """What the client's present tier is entitled to; nothing before he has one."""
        from tiers.models import TierState

        state = TierState.objects.filter(client=client)
        return self.filter(
            tier_code=Subquery(state.values("tier__code")[:1]),
            programme_code=Subquery(state.values("programme__code")[:1]),
        )


class CadenceQuerySet(models.QuerySet["ContactCadence"]):
    def visible_to(self, user: User) -> CadenceQuerySet:
        known = user.is_authenticated and user.scope.reaches and user.scope.company_id
        return self.filter(company_id=known) if known else self.none()

    def in_force(self, day: date) -> CadenceQuerySet:
        return self.filter(in_force_q(day), days__isnull=False)
