"""Rate cards and clients' rates as sets, and the rate that holds for a client on a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q

from clients.querysets import client_q, in_use_q
from crm.core.access import NOTHING
from tiers.querysets.house import house_q, in_force_q

if TYPE_CHECKING:
    from clients.models import Client
    from crm.core.models import User
    from tiers.models import ClientRate, RateCard, RateReview

_DAY = timedelta(days=1)

#: Roles that see what every client within their reach pays. The client's own advisor sees it, too; nobody else does.
_DESK = ("branch_manager", "compliance", "head_office")


def commission_q(user: User, prefix: str = "client__") -> Q:
    """Rows whose client's commission the member of staff may see (contracts: who sees what)."""
    if not user.is_authenticated:
        return NOTHING
    if user.has_role(*_DESK):
        return client_q(user, prefix)
    return Q(**{f"{prefix}advisor_id__in": user.scope.acting_ids}) & in_use_q(user, prefix)


class RateCardQuerySet(models.QuerySet["RateCard"]):
    def visible_to(self, user: User) -> RateCardQuerySet:
        return self.filter(house_q(user, "tier__programme__"))

    def in_force(self, day: date) -> RateCardQuerySet:
        return self.filter(in_force_q(day))


class ClientRateQuerySet(models.QuerySet["ClientRate"]):
    def visible_to(self, user: User) -> ClientRateQuerySet:
        return self.filter(commission_q(user))

    def unseen_by(self, user: User) -> ClientRateQuerySet:
        """Rates kept from the member of staff; the trail keeps their terms from him as well."""
        return self.exclude(pk__in=self.visible_to(user).values("pk"))

    def waiting(self) -> ClientRateQuerySet:
        return self.filter(state="proposed")

    def offered(self) -> ClientRateQuerySet:
        """Approved, told to the client, and waiting for his word."""
        return self.filter(state="offered")

    def open(self) -> ClientRateQuerySet:
        """Neither decided to the end nor over: one for a client and product at a time."""
        return self.filter(state__in=["proposed", "offered"])

    def run_out(self, day: date) -> ClientRateQuerySet:
        """Proposals and offers whose time for an answer is over on ``day``."""
        return self.filter(Q(state="proposed", decide_by__lt=day) | Q(state="offered", accept_by__lt=day))

    def expired(self, day: date) -> ClientRateQuerySet:
        """Approved rates whose last day is over."""
        return self.filter(state="approved", valid_to__lt=day)

    def ending(self, first: date, last: date) -> ClientRateQuerySet:
        """Concessions whose last day lies between the two days."""
        return self.filter(origin="concession", state__in=["approved", "ended"], valid_to__range=(first, last))

    def agreed(self) -> ClientRateQuerySet:
        """Rates that were approved, whether they still hold or have ended."""
        return self.filter(state__in=["approved", "ended"])

    def with_end(self) -> ClientRateQuerySet:
        """With ``ended_on``: the last day of those that have ended."""
        return self.annotate(ended_on=models.Case(models.When(state="ended", then=models.F("valid_to"))))

    def in_force(self, day: date) -> ClientRateQuerySet:
        return self.agreed().filter(in_force_q(day))

    def by_run(self) -> Any:
        """Proposals from changes of tier, counted by the evaluation that found them; the newest evaluation first."""
        rows = self.filter(tier_change__isnull=False).order_by()
        names = ("tier_change__run__public_id", "tier_change__run__day", "tier_change__run__branch__name")
        return rows.values(*names).annotate(count=models.Count("pk")).order_by("-tier_change__run__day", names[2])

    def for_list(self) -> ClientRateQuerySet:
        return self.select_related("client__branch", "proposed_by", "decided_by", "endorsed_by", "tier_change")


class RateReviewQuerySet(models.QuerySet["RateReview"]):
    def of_clients(self, clients: Sequence[int], day: date) -> Any:
        """(client, day of the change, products that cost the same) for changes up to ``day``."""
        rows = self.filter(tier_change__client__in=clients, tier_change__day__lte=day)
        return rows.values_list("tier_change__client_id", "tier_change__day", "unchanged")


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

    An approved rate of his own goes before the card. Ask ``may_see_commission`` before showing them.
    """
    from tiers.models import Product

    found = rates_held([client.pk], day)
    return [
        EffectiveRate(
            product=product.value,
            label=str(product.label),
            rate=row.rate,
            basis=row.basis,
            basis_label=str(row.get_basis_display()),
            min_fee=Decimal(row.min_fee),
            is_own=isinstance(row, _client_rate()),
            row=row,
        )
        for product in Product
        if (row := found.get((client.pk, product.value))) is not None
    ]


def _client_rate() -> type[ClientRate]:
    from tiers.models import ClientRate

    return ClientRate


def rates_held(clients: Sequence[int], day: date) -> dict[tuple[int, str], ClientRate | RateCard]:
    """What holds on ``day`` for each client and product: his own rate, else the card; five statements, however many clients.

    Nothing reprices by itself (regulation §3.1, PIPL Art. 24): the card that holds is the card of the tier in which he stood
    when a card began to hold for him – his first tier, or his tier on the day after his last own rate ended, or the tier of
    a later change that left the product's rate as it was. A change that would alter it holds once the client has accepted.
    """
    from tiers.models import ClientRate, RateCard, RateReview, TierChange, TierState

    held: dict[tuple[int, str], ClientRate | RateCard] = {}
    since: dict[tuple[int, str], date] = {}
    for rate in (
        ClientRate.objects.filter(client__in=clients, valid_from__lte=day).agreed().order_by("valid_from", "pk")
    ):
        key = (rate.client_id, rate.product)
        if rate.valid_to is None or rate.valid_to >= day:
            held[key] = rate
        else:
            since[key] = max(since.get(key, date.min), rate.valid_to + _DAY)
    for client, moved, names in RateReview.objects.of_clients(clients, day):
        for product in names:
            since[client, product] = max(since.get((client, product), date.min), moved)
    steps: dict[int, list[tuple[date, int]]] = {}
    changes = TierChange.objects.filter(client__in=clients).order_by("day", "pk")
    for client, moved, tier in changes.values_list("client_id", "day", "new_id"):
        steps.setdefault(client, []).append((moved, tier))
    states = TierState.objects.filter(client__in=clients).values_list("client_id", "tier_id")
    present = {client: steps.get(client) or [(date.min, tier)] for client, tier in states}
    tiers = {tier for told in present.values() for _moved, tier in told}
    card: dict[int, list[RateCard]] = {}
    for row in RateCard.objects.filter(tier_id__in=tiers).in_force(day):
        card.setdefault(row.tier_id, []).append(row)
    products = {row.product for rows in card.values() for row in rows}
    by_tier = {(tier, row.product): row for tier, rows in card.items() for row in rows}
    for client, told in present.items():
        for product in products:
            key = (client, product)
            if key in held:
                continue
            tier = _standing(told, since.get(key))
            if (tier, product) in by_tier:
                held[key] = by_tier[tier, product]
    return held


def _standing(steps: list[tuple[date, int]], day: date | None) -> int:
    """The tier of the last step up to ``day``; the first one without a day, or before any step."""
    found = steps[0][1]
    for moved, tier in steps[1:]:
        if day is not None and moved <= day:
            found = tier
    return found


def may_see_commission(user: User, client: Client) -> bool:
    """Whether ``user`` may see what ``client`` pays."""
    if not user.has_perm("tiers.view_clientrate"):
        return False
    return type(client)._default_manager.filter(commission_q(user, ""), pk=client.pk).exists()
