"""Filters of what is known of clients: needs, tags, accounts, permissions, investor classes, rows of the profile."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import Model
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import (
    Account,
    ClientTag,
    InvestorClass,
    InvestorClassification,
    NeedsInterview,
    PermissionCode,
    Tag,
    TradingPermission,
)
from crm.core.filters import Days


class NeedsFilter(filters.FilterSet):
    """Needs interviews by client, day, and whether they are what the client wants now."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    present = filters.BooleanFilter(field_name="is_present", label=_("Only present needs"))
    taken_on = Days(label=pgettext_lazy("needs", "As of"))

    class Meta:
        model = NeedsInterview
        fields: list[str] = []


class TagFilter(filters.FilterSet):
    """Tags by whether they are computed and in use."""

    computed = filters.BooleanFilter(method="by_kind", label=_("Computed"))
    is_active = filters.BooleanFilter(label=_("In use"))

    class Meta:
        model = Tag
        fields: list[str] = []

    def by_kind(self, rows: Any, _name: str, value: bool) -> Any:
        return rows.computed() if value else rows.manual()


class ClientTagFilter(filters.FilterSet):
    """Tags on clients by client, tag and family."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    tag = filters.CharFilter(field_name="tag__public_id", label=_("Tag (public id)"), max_length=26)
    family = filters.CharFilter(label=_("Family"), max_length=20)

    class Meta:
        model = ClientTag
        fields: list[str] = []


class AccountFilter(filters.FilterSet):
    """Accounts by client, kind and status."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    kind = filters.ChoiceFilter(choices=Account.Kind.choices, label=_("Kind"), empty_label=_("All kinds"))
    status = filters.ChoiceFilter(choices=Account.Status.choices, label=_("Status"), empty_label=_("All states"))

    class Meta:
        model = Account
        fields: list[str] = []


class PermissionFilter(filters.FilterSet):
    """Trading permissions by client, kind and state."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    code = filters.ChoiceFilter(choices=PermissionCode.choices, label=_("Permission"), empty_label=_("All kinds"))
    state = filters.ChoiceFilter(choices=TradingPermission.State.choices, label=_("State"), empty_label=_("All states"))

    class Meta:
        model = TradingPermission
        fields: list[str] = []


class ClassificationFilter(filters.FilterSet):
    """Applications for an investor class by client, class and state."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    wanted = filters.ChoiceFilter(choices=InvestorClass.choices[1:], label=_("Class"), empty_label=_("All classes"))
    state = filters.ChoiceFilter(
        choices=InvestorClassification.State.choices, label=_("State"), empty_label=_("All states")
    )

    class Meta:
        model = InvestorClassification
        fields: list[str] = []


def rows_of_client(rows_model: type[Model]) -> type[filters.FilterSet]:
    """A filter by client for rows of a profile."""

    class RowsFilter(filters.FilterSet):
        client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)

        class Meta:
            model = rows_model
            fields: list[str] = []

    return RowsFilter
