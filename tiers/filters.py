"""Filters of the lists of this app, for pages and REST alike."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from tiers.models import ClientRate, Product, Programme


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


class ProgrammeFilter(filters.FilterSet):
    """Programmes by code and state."""

    class Meta:
        model = Programme
        fields = ["code", "state"]
