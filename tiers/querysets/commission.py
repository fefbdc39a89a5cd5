"""Rate cards and clients' rates as sets, and the rate that holds for a client on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q

from clients.querysets import client_q
from crm.core.access import NOTHING
from tiers.querysets.programme import _of_the_house

if TYPE_CHECKING:
    from clients.models import Client
    from crm.core.models import User
    from tiers.models import ClientRate, RateCard

#: Roles that see what every client within their reach pays. The client's own advisor sees it, too; nobody else does.
_DESK = ("branch_manager", "compliance", "head_office")


def commission_q(user: User, prefix: str = "client__") -> Q:
    """Rows whose client's commission the member of staff may see (contracts: who sees what)."""
    if not user.is_authenticated:
        return NOTHING
    if user.has_role(*_DESK):
        return client_q(user, prefix)
    return Q(**{f"{prefix}advisor_id__in": user.scope.acting_ids})


def _in_force(day: date) -> Q:
    return Q(valid_from__lte=day) & (Q(valid_to=None) | Q(valid_to__gte=day))


class RateCardQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> RateCardQuerySet:
        return self.filter(_of_the_house(user, "tier__programme__"))

    def in_force(self, day: date) -> RateCardQuerySet:
        return self.filter(_in_force(day))


class ClientRateQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> ClientRateQuerySet:
        return self.filter(commission_q(user))

    def unseen_by(self, user: User) -> ClientRateQuerySet:
        """Rates kept from the member of staff; the trail keeps their terms from him as well."""
        return self.exclude(pk__in=self.visible_to(user).values("pk"))

    def waiting(self) -> ClientRateQuerySet:
        return self.filter(state="proposed")

    def agreed(self) -> ClientRateQuerySet:
        """Rates that were approved, whether they still hold or have ended."""
        return self.filter(state__in=["approved", "ended"])

    def in_force(self, day: date) -> ClientRateQuerySet:
        return self.agreed().filter(_in_force(day))

    def for_list(self) -> ClientRateQuerySet:
        return self.select_related("client__branch", "proposed_by", "decided_by")


@dataclass(frozen=True)
class EffectiveRate:
    """What one product costs a client on a day, and where that comes from: his own rate or the card of his tier."""

    product: str
    label: str
    rate: Decimal
    basis: str
    basis_label: str
    min_fee: Decimal
    is_own: bool
    row: ClientRate | RateCard


def effective_rates(client: Client, day: date) -> list[EffectiveRate]:
    """The rates that hold for ``client`` on ``day``, in the order of the products; those without any are left out.

    An approved rate of his own goes before the card of his tier; nothing reprices itself when the tier moves. Ask
    ``may_see_commission`` before showing them.
    """
    from tiers.models import ClientRate, Product, RateCard, TierState

    own = {rate.product: rate for rate in ClientRate.objects.filter(client=client).in_force(day).order_by("valid_from")}
    tier = TierState.objects.filter(client=client).values_list("tier_id", flat=True)
    card = {row.product: row for row in RateCard.objects.filter(tier_id__in=tier).in_force(day)}
    return [
        EffectiveRate(
            product=product.value,
            label=str(product.label),
            rate=row.rate,
            basis=row.basis,
            basis_label=str(row.get_basis_display()),
            min_fee=row.min_fee,
            is_own=product in own,
            row=row,
        )
        for product in Product
        if (row := own.get(product) or card.get(product)) is not None
    ]


def may_see_commission(user: User, client: Client) -> bool:
    """Whether ``user`` may see what ``client`` pays."""
    if not user.has_perm("tiers.view_clientrate"):
        return False
    return type(client)._default_manager.filter(commission_q(user, ""), pk=client.pk).exists()
