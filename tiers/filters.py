"""Filters of the lists of this app, for pages and REST alike."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from crm.core.models import Branch
from tiers.models import AppliedRate, ClientRate, EvaluationRun, Product, Programme, RateCard, RateLeak, TierOverride


def _branches(request: Any) -> QuerySet[Branch]:
    found: QuerySet[Branch] = (
        Branch.objects.visible_to(request.user).order_by("code") if request else Branch.objects.none()
    )
    return found


class ClientRateFilter(filters.FilterSet):
    """Agreed rates by client, product and state."""

    q = filters.CharFilter(method="search", label=_("Client's name or number"))
    state = filters.ChoiceFilter(choices=ClientRate.State.choices, label=_("State"), empty_label=_("All states"))
    product = filters.ChoiceFilter(choices=Product.choices, label=_("Product"), empty_label=_("All products"))

    class Meta:
        model = ClientRate
        fields: list[str] = []

    def search(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return rows.filter(Q(client__name__startswith=value) | Q(client__external_id=value))


class RateLeakFilter(filters.FilterSet):
    """Leaks by client, kind and product."""

    q = filters.CharFilter(method="search", label=_("Client's name or number"))
    kind = filters.ChoiceFilter(choices=RateLeak.Kind.choices, label=_("Kind of leak"), empty_label=_("All kinds"))
    product = filters.ChoiceFilter(choices=Product.choices, label=_("Product"), empty_label=_("All products"))

    class Meta:
        model = RateLeak
        fields: list[str] = []

    def search(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return rows.filter(Q(client__name__startswith=value) | Q(client__external_id=value))


class AppliedRateFilter(filters.FilterSet):
    """Applied rates by client, product and day."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    product = filters.ChoiceFilter(choices=Product.choices, label=_("Product"), empty_label=_("All products"))
    day = filters.DateFromToRangeFilter(label=_("Day"))

    class Meta:
        model = AppliedRate
        fields: list[str] = []


class TierOverrideFilter(filters.FilterSet):
    """Tiers given by hand by client and state."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    state = filters.ChoiceFilter(choices=TierOverride.State.choices, label=_("State"), empty_label=_("All states"))

    class Meta:
        model = TierOverride
        fields: list[str] = []


class RateCardFilter(filters.FilterSet):
    """Rows of the card by tier, product, and the day on which they hold."""

    tier = filters.CharFilter(field_name="tier__public_id", label=_("Tier (public id)"), max_length=26)
    product = filters.ChoiceFilter(choices=Product.choices, label=_("Product"), empty_label=_("All products"))
    on = filters.DateFilter(method="in_force", label=_("In force on"))

    class Meta:
        model = RateCard
        fields: list[str] = []

    def in_force(self, rows: Any, _name: str, value: Any) -> Any:
        return rows.in_force(value)


class EvaluationFilter(filters.FilterSet):
    """Evaluations by branch and day."""

    branch = filters.ModelChoiceFilter(
        queryset=_branches, to_field_name="public_id", label=_("Branch"), empty_label=_("All branches")
    )
    day = filters.DateFromToRangeFilter(label=_("Day"))

    class Meta:
        model = EvaluationRun
        fields: list[str] = []


class ProgrammeFilter(filters.FilterSet):
    """Programmes by code and state."""

    class Meta:
        model = Programme
        fields = ["code", "state"]
