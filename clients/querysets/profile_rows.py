"""Rows of a client's profile as sets."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import models
from django.db.models import Q

from clients.querysets.scope import client_q

if TYPE_CHECKING:
    from clients.models import Household, HouseholdMember
    from crm.core.models import User

Rows = TypeVar("Rows", bound="ClientRowQuerySet")


class ClientRowQuerySet(models.QuerySet[Any]):
    def visible_to(self: Rows, user: User) -> Rows:
        return self.filter(client_q(user, "client__"))

    def present(self: Rows) -> Rows:
        """What still holds, without what was taken off."""
        return self.filter(removed_at=None)


class IdentityDocumentQuerySet(ClientRowQuerySet):
    def expiring(self, until: date) -> IdentityDocumentQuerySet:
        """Documents valid no longer than ``until``, those that have expired among them."""
        return self.present().filter(valid_until__lte=until)


class RelationQuerySet(ClientRowQuerySet):
    def visible_to(self, user: User) -> RelationQuerySet:
        """With somebody outside, or with a client whom the user sees as well: pages say of others only that there are some."""
        return super().visible_to(user).filter(Q(other=None) | client_q(user, "other__"))

    def of(self, client: Any) -> RelationQuerySet:
        """Relations of a client, told from either side."""
        return self.present().filter(Q(client=client) | Q(other=client)).select_related("client", "other")


class HouseholdQuerySet(models.QuerySet["Household"]):
    def visible_to(self, user: User) -> HouseholdQuerySet:
        """Households with at least one member whom the user may see."""
        from clients.models import HouseholdMember

        return self.filter(pk__in=HouseholdMember.objects.visible_to(user).values("household_id"))


class HouseholdMemberQuerySet(models.QuerySet["HouseholdMember"]):
    def visible_to(self, user: User) -> HouseholdMemberQuerySet:
        return self.filter(client_q(user, "client__"))
