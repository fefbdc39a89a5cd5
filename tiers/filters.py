"""Filters of the lists of this app, for pages and REST alike."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import Client
from clients.services.clients import BOOK_ROLES
from crm.core.clocks import local_date
from crm.core.filters import Days
from crm.core.models import Branch, User
from tiers.models import (
    AppliedRate,
    Booking,
    ClientRate,
    ContactCadence,
    Entitlement,
    EvaluationRun,
    PlanStep,
    Product,
    Programme,
    Promise,
    RateCard,
    RateLeak,
    ServiceDay,
    ServiceItem,
    ServicePlan,
    Tier,
    TierOverride,
)


def _branches(request: Any) -> QuerySet[Branch]:
    return Branch.objects.visible_to(request.user).order_by("code") if request else Branch.objects.none()


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
    day = Days(label=_("Day"))

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
    day = Days(label=_("Day"))

    class Meta:
        model = EvaluationRun
        fields: list[str] = []


class ProgrammeFilter(filters.FilterSet):
    """Programmes by code and state."""

    class Meta:
        model = Programme
        fields = ["code", "state"]


def _items(request: Any) -> QuerySet[ServiceItem]:
    return ServiceItem.objects.visible_to(request.user).order_by("code") if request else ServiceItem.objects.none()


def _day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"})


class ServiceItemFilter(filters.FilterSet):
    """Services by kind, rhythm, and the day on which they hold."""

    kind = filters.ChoiceFilter(choices=ServiceItem.Kind.choices, label=_("Kind"), empty_label=_("All kinds"))
    rhythm = filters.ChoiceFilter(choices=ServiceItem.Rhythm.choices, label=_("Rhythm"))
    on = filters.DateFilter(method="in_force", label=_("In force on"))

    class Meta:
        model = ServiceItem
        fields: list[str] = []

    def in_force(self, rows: Any, _name: str, value: Any) -> Any:
        return rows.in_force(value)


class EntitlementFilter(filters.FilterSet):
    """Entitlements by service, tier, and the day on which they hold."""

    item = filters.CharFilter(field_name="item__public_id", label=_("Service (public id)"), max_length=26)
    tier = filters.CharFilter(field_name="tier_code", label=_("Tier (code)"), max_length=30)
    on = filters.DateFilter(method="in_force", label=_("In force on"))

    class Meta:
        model = Entitlement
        fields: list[str] = []

    def in_force(self, rows: Any, _name: str, value: Any) -> Any:
        return rows.in_force(value)


class CadenceFilter(filters.FilterSet):
    """Contact cadences by tier and the day on which they hold."""

    programme = filters.CharFilter(field_name="programme_code", label=_("Programme (code)"), max_length=30)
    tier = filters.CharFilter(field_name="tier_code", label=_("Tier (code)"), max_length=30)
    on = filters.DateFilter(method="in_force", label=_("In force on"))

    class Meta:
        model = ContactCadence
        fields: list[str] = []

    def in_force(self, rows: Any, _name: str, value: Any) -> Any:
        return rows.in_force(value)


class ServiceDayFilter(filters.FilterSet):
    """Days with places by branch, service and day."""

    branch = filters.ModelChoiceFilter(
        queryset=_branches, to_field_name="public_id", label=_("Branch"), empty_label=_("All branches")
    )
    item = filters.CharFilter(field_name="item__public_id", label=_("Service (public id)"), max_length=26)
    day = Days(label=_("Day"))

    class Meta:
        model = ServiceDay
        fields: list[str] = []


def _colleagues(request: Any) -> Any:
    if not request:
        return User.objects.none()
    people = User.objects.visible_to(request.user).active().order_by("name", "pk")
    return people.only("name", "public_id")


def _serving(request: Any) -> Any:
    """Colleagues who may have clients in their book."""
    return _colleagues(request).with_role(*BOOK_ROLES)


def _tiers(request: Any) -> QuerySet[Tier]:
    """Tiers of the reader's company, each code once: that of the newest programme."""
    if not request:
        return Tier.objects.none()
    mine = Tier.objects.filter(programme__company_id=request.user.scope.company_id or 0)
    newest = mine.filter(code=OuterRef("code")).order_by("-programme").values("pk")[:1]
    return mine.filter(pk=Subquery(newest)).order_by("rank")


def _served_by() -> filters.ModelChoiceFilter:
    """Clients by the one in whose book they are."""
    return filters.ModelChoiceFilter(
        field_name="client__advisor",
        queryset=_serving,
        to_field_name="public_id",
        label=_("Served by"),
        empty_label=_("Everybody"),
    )


def _of_tier(method: str) -> filters.ModelChoiceFilter:
    """By a tier of the reader's company; ``method`` of the filter set says what it has to do with the rows."""
    return filters.ModelChoiceFilter(
        method=method, queryset=_tiers, to_field_name="code", label=_("Client tier"), empty_label=_("All tiers")
    )


class PromiseFilter(filters.FilterSet):
    """Promises by client, service, state, who serves the client, the tier to which they were made, and due day."""

    q = filters.CharFilter(
        method="of_client", label=_("Name, pinyin, last four digits or client number"), max_length=60
    )
    item = filters.ModelChoiceFilter(
        queryset=_items,
        to_field_name="public_id",
        label=pgettext_lazy("catalogue", "Service"),
        empty_label=_("All services"),
    )
    state = filters.ChoiceFilter(choices=Promise.State.choices, label=_("State"), empty_label=_("All states"))
    advisor = _served_by()
    tier = _of_tier("made_to")
    client = filters.CharFilter(
        field_name="client__public_id", label=_("Client (public id)"), max_length=26, widget=forms.HiddenInput
    )
    event = filters.CharFilter(
        field_name="event__public_id", label=_("Market event (public id)"), max_length=26, widget=forms.HiddenInput
    )
    due_from = filters.DateFilter(field_name="due_on", lookup_expr="gte", label=_("Due from"), widget=_day_input())
    due_to = filters.DateFilter(field_name="due_on", lookup_expr="lte", label=_("Due until"), widget=_day_input())

    class Meta:
        model = Promise
        fields: list[str] = []

    def of_client(self, rows: Any, _name: str, value: str) -> Any:
        return rows.filter(client__in=Client.objects.search(value, self.request.user if self.request else None))

    def made_to(self, rows: Any, _name: str, value: Tier) -> Any:
        return rows.filter(tier_code=value.code)


class BookingFilter(filters.FilterSet):
    """Bookings by client, service, state and day."""

    q = filters.CharFilter(
        method="of_client", label=_("Name, pinyin, last four digits or client number"), max_length=60
    )
    item = filters.ModelChoiceFilter(
        field_name="slot__item",
        queryset=_items,
        to_field_name="public_id",
        label=pgettext_lazy("catalogue", "Service"),
        empty_label=_("All services"),
    )
    state = filters.ChoiceFilter(choices=Booking.State.choices, label=_("State"), empty_label=_("All states"))
    day_from = filters.DateFilter(field_name="slot__day", lookup_expr="gte", label=_("From day"), widget=_day_input())
    day_to = filters.DateFilter(field_name="slot__day", lookup_expr="lte", label=_("To day"), widget=_day_input())

    class Meta:
        model = Booking
        fields: list[str] = []

    def of_client(self, rows: Any, _name: str, value: str) -> Any:
        return rows.filter(client__in=Client.objects.search(value, self.request.user if self.request else None))


class PlanFilter(filters.FilterSet):
    """Service plans by client, state, who serves the client and who sees to a step, the tier in which the client stands now, and
    what is to be done about them: an overdue step, needs that have changed since."""

    q = filters.CharFilter(
        method="of_client", label=_("Name, pinyin, last four digits or client number"), max_length=60
    )
    state = filters.ChoiceFilter(choices=ServicePlan.State.choices, label=_("State"), empty_label=_("All states"))
    overdue = filters.BooleanFilter(method="late", label=_("With overdue steps"), widget=forms.CheckboxInput)
    advisor = _served_by()
    tier = _of_tier("in_tier")
    owner = filters.ModelChoiceFilter(
        method="with_step_of",
        queryset=_colleagues,
        to_field_name="public_id",
        label=_("A step is seen to by"),
        empty_label=_("Everybody"),
    )
    to_look_at = filters.BooleanFilter(method="changed", label=_("To be looked at again"), widget=forms.CheckboxInput)
    client = filters.CharFilter(
        field_name="client__public_id", label=_("Client (public id)"), max_length=26, widget=forms.HiddenInput
    )

    class Meta:
        model = ServicePlan
        fields: list[str] = []

    def of_client(self, rows: Any, _name: str, value: str) -> Any:
        return rows.filter(client__in=Client.objects.search(value, self.request.user if self.request else None))

    def late(self, rows: Any, _name: str, value: bool) -> Any:
        return rows.with_overdue_steps(local_date(timezone.now())) if value else rows

    def changed(self, rows: Any, _name: str, value: bool) -> Any:
        return rows.to_look_at() if value else rows

    def in_tier(self, rows: Any, _name: str, value: Tier) -> Any:
        return rows.filter(client__tier_state__tier__code=value.code)

    def with_step_of(self, rows: Any, _name: str, value: Any) -> Any:
        return rows.filter(Exists(PlanStep.objects.filter(plan=OuterRef("pk"), owner=value)))


class PlanStepFilter(filters.FilterSet):
    """Steps of service plans by client, plan, who sees to them, and whether they are overdue."""

    client = filters.CharFilter(field_name="plan__client__public_id", label=_("Client (public id)"), max_length=26)
    plan = filters.CharFilter(field_name="plan__public_id", label=_("Service plan (public id)"), max_length=26)
    owner = filters.CharFilter(field_name="owner__staff_number", label=_("Seen to by (staff number)"), max_length=20)
    overdue = filters.BooleanFilter(method="late", label=_("Overdue"))

    class Meta:
        model = PlanStep
        fields: list[str] = []

    def late(self, rows: Any, _name: str, value: bool) -> Any:
        found = rows.overdue(local_date(timezone.now()))
        return found if value else rows.exclude(pk__in=found.values("pk"))
