"""One filter of clients and one of contacts, for pages and REST alike. Rows come already cut by ``visible_to``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import (
    Account,
    Appointment,
    BusinessLine,
    Channel,
    Client,
    ClientQuality,
    ClientTag,
    ContactLog,
    DataRequest,
    InvestorClass,
    InvestorClassification,
    LegalHold,
    MarginLevel,
    NeedsInterview,
    PermissionCode,
    RiskGrade,
    Segment,
    Stage,
    Tag,
    TradingPermission,
)
from clients.quality import QualityItem
from clients.querysets.accounts import margin_lines
from clients.querysets.business_lines import uses_line
from clients.querysets.needs import stale_before
from clients.querysets.quality import GOOD, POOR
from clients.querysets.search import Hits
from clients.services.clients import BOOK_ROLES
from crm.core.clocks import local_date
from crm.core.filters import DayRange
from crm.core.models import User
from crm.core.policies import figures


def _advisors(request: Any) -> QuerySet[User]:
    if not request:
        return User.objects.none()
    people = User.objects.visible_to(request.user).active().with_role(*BOOK_ROLES).order_by("name", "pk")
    named: QuerySet[User] = people.only("name", "public_id")
    return named


def _segments(request: Any) -> QuerySet[Segment]:
    if not request:
        return Segment.objects.none()
    found: QuerySet[Segment] = Segment.objects.visible_to(request.user).for_list(request.user)
    return found


def _tags(request: Any) -> QuerySet[Tag]:
    if not request:
        return Tag.objects.none()
    found: QuerySet[Tag] = Tag.objects.visible_to(request.user).in_use().order_by("code", "name", "pk")
    return found


class TagPicker(forms.SelectMultiple):
    """Several tags at once; a list that opens on its own would hide the rows."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"size": 6, **(attrs or {})})


def _day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"})


class ClientFilter(filters.FilterSet):
    """The search box, then whose book, risk, status, assets, silence and what is due."""

    q = filters.CharFilter(
        method="search", label=_("Name, pinyin, last four digits, client or account number"), max_length=60
    )
    advisor = filters.ModelChoiceFilter(
        queryset=_advisors,
        to_field_name="public_id",
        label=_("Served by"),
        empty_label=_("Everybody"),
        null_label=_("Nobody"),
    )
    risk = filters.ChoiceFilter(
        method="with_risk",
        choices=[*RiskGrade.choices, ("none", _("No valid risk grade"))],
        label=_("Risk grade"),
        empty_label=_("All grades"),
    )
    status = filters.ChoiceFilter(choices=Client.Status.choices, label=_("Status"), empty_label=_("All states"))
    assets_from = filters.NumberFilter(
        field_name="total_assets", lookup_expr="gte", label=_("Assets from (yuan)"), max_digits=16, decimal_places=2
    )
    assets_to = filters.NumberFilter(
        field_name="total_assets", lookup_expr="lte", label=_("Assets up to (yuan)"), max_digits=16, decimal_places=2
    )
    silent = filters.NumberFilter(
        method="silent_for", label=_("No contact for (days)"), min_value=1, max_value=3650, decimal_places=0
    )
    opened_from = filters.DateFilter(
        field_name="opened_on", lookup_expr="gte", label=_("Client since"), widget=_day_input()
    )
    permission = filters.ChoiceFilter(
        method="with_permission", choices=PermissionCode.choices, label=_("Permission"), empty_label=_("Any permission")
    )
    investor = filters.ChoiceFilter(
        field_name="investor_class",
        choices=InvestorClass.choices,
        label=_("Investor class"),
        empty_label=_("All classes"),
    )
    line = filters.ChoiceFilter(
        method="with_line", choices=BusinessLine.choices, label=_("Business line"), empty_label=_("All lines")
    )
    margin = filters.ChoiceFilter(
        method="with_margin", choices=MarginLevel.choices, label=_("Collateral"), empty_label=_("Any collateral")
    )
    needs = filters.ChoiceFilter(
        method="with_needs",
        choices=[
            ("fresh", _("Asked lately")),
            ("stale", _("Not asked lately")),
            ("unknown", _("Never asked")),
        ],
        label=_("Needs"),
        empty_label=_("Any"),
    )
    segment = filters.ModelChoiceFilter(
        queryset=_segments,
        to_field_name="public_id",
        method="in_segment",
        label=_("Segment"),
        empty_label=_("Everybody"),
    )
    tags = filters.ModelMultipleChoiceFilter(
        queryset=_tags, to_field_name="public_id", method="with_tags", label=_("Tags"), widget=TagPicker
    )
    quality = filters.ChoiceFilter(
        method="with_quality",
        choices=[("poor", _("Poor")), ("fair", _("Fair")), ("good", pgettext_lazy("quality", "Good"))],
        label=_("Data quality"),
        empty_label=_("Any quality"),
    )
    wanting = filters.ChoiceFilter(
        method="with_gap", choices=QualityItem.choices, label=_("Wanting fact"), empty_label=_("Any fact")
    )
    stage = filters.ChoiceFilter(choices=Stage.choices, label=_("Stage"), empty_label=_("All stages"))
    document = filters.ChoiceFilter(
        method="with_document",
        choices=[("soon", _("Runs out soon")), ("expired", _("Expired")), ("limit", _("To be limited"))],
        label=_("Identity document"),
        empty_label=_("All documents"),
    )
    due = filters.BooleanFilter(method="contact_due", label=_("Contact is due"), widget=forms.CheckboxInput)

    #: What the search box found; None until the rows were asked for, and without a search.
    hits: Hits | None = None

    class Meta:
        model = Client
        fields: list[str] = []

    #: Who may not look at these rows cannot narrow by them either: the answer would tell what stands there.
    RIGHTS = {"needs": "clients.view_needsinterview", "tags": "clients.view_tag"}

    def __init__(self, data: Any = None, *args: Any, only: Iterable[str] | None = None, **kwargs: Any) -> None:
        """``only``: the filters that are shown. One that is neither shown nor in use is left out, with what it costs."""
        if only is not None:
            kept = {*only, *(data or {})}
            # A filter set copies what stands here.
            self.base_filters = {name: one for name, one in self.get_filters().items() if name in kept}
        super().__init__(data, *args, **kwargs)
        for name, right in self.RIGHTS.items():
            if self.request is not None and not self.request.user.has_perm(right):
                self.filters.pop(name, None)

    def search(self, rows: Any, _name: str, value: str) -> Any:
        self.hits = Hits.of(value, self.request.user if self.request else None)
        return rows.filter(self.hits.q)

    def with_risk(self, rows: Any, _name: str, value: str) -> Any:
        today = local_date(timezone.now())
        if value == "none":
            return rows.exclude(risk_valid_until__gte=today)
        return rows.filter(risk_grade=value)

    def with_document(self, rows: Any, _name: str, value: str) -> Any:
        today = local_date(timezone.now())
        known = figures(today, self.request.user.branch if self.request else None)
        ahead = max(known.integers("id.expiry_reminders"))
        return rows.document_state(value, today, known.days("id.limit_after_days"), ahead)

    def silent_for(self, rows: Any, _name: str, value: Any) -> Any:
        return rows.silent_since(timezone.now() - timedelta(days=int(value)))

    def with_needs(self, rows: Any, _name: str, value: str) -> Any:
        if value == "unknown":
            return rows.needs_unknown()
        today = local_date(timezone.now())
        since = stale_before(today, self.request.user.branch if self.request else None)
        return rows.needs_asked_since(since) if value == "fresh" else rows.needs_stale(since)

    def in_segment(self, rows: Any, _name: str, value: Segment) -> Any:
        """Clients of the segment as it stands now, for whoever asks."""
        return rows.filter(value.q(self.request.user, timezone.now())) if self.request else rows.none()

    def filter_queryset(self, queryset: Any) -> Any:
        """A segment that is gone, or was never one's to use, shows nobody: an old link must not widen to everybody."""
        found = super().filter_queryset(queryset)
        return found.none() if "segment" in self.form.errors else found

    def with_tags(self, rows: Any, _name: str, value: Any) -> Any:
        """Clients who carry every one of the tags."""
        return rows.carrying([tag.pk for tag in value])

    def contact_due(self, rows: Any, _name: str, value: bool) -> Any:
        return rows.contact_due(local_date(timezone.now())) if value else rows

    def with_quality(self, rows: Any, _name: str, value: str) -> Any:
        bounds = {"poor": (0, POOR - 1), "fair": (POOR, GOOD - 1), "good": (GOOD, 100)}
        return rows.scored_between(*bounds[value])

    def with_gap(self, rows: Any, _name: str, value: str) -> Any:
        return rows.wanting(value)

    def with_line(self, rows: Any, _name: str, value: str) -> Any:
        if self.request is None or not self.request.user.has_perm("clients.view_account"):
            return rows.none()
        return rows.filter(uses_line(value))

    def with_permission(self, rows: Any, _name: str, value: str) -> Any:
        if self.request is None or not self.request.user.has_perm("clients.view_tradingpermission"):
            return rows.none()
        return rows.who_may_trade(value)

    def with_margin(self, rows: Any, _name: str, value: str) -> Any:
        """Below this line; the worse levels lie below it as well."""
        if self.request is None or not self.request.user.has_perm("clients.view_marginday"):
            return rows.none()
        known = figures(local_date(timezone.now()), self.request.user.branch)
        return rows.with_ratio_below(margin_lines(known)[value])


class ContactFilter(filters.FilterSet):
    """Contacts by client, channel, direction, outcome and day."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    channel = filters.ChoiceFilter(choices=Channel.choices, label=_("Channel"), empty_label=_("All channels"))
    direction = filters.ChoiceFilter(
        choices=ContactLog.Direction.choices, label=_("Direction"), empty_label=_("Both directions")
    )
    outcome = filters.ChoiceFilter(
        choices=ContactLog.Outcome.choices, label=_("Outcome"), empty_label=_("All outcomes")
    )
    at = DayRange(label=_("Day"))

    class Meta:
        model = ContactLog
        fields: list[str] = []


class DataRequestFilter(filters.FilterSet):
    """Requests of clients about their data, by kind, state and whether they are late."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    kind = filters.ChoiceFilter(choices=DataRequest.Kind.choices, label=_("Kind"), empty_label=_("All kinds"))
    state = filters.ChoiceFilter(
        method="with_state",
        choices=[("open", _("Open")), ("overdue", _("Overdue")), *DataRequest.State.choices],
        label=_("State"),
        empty_label=_("All states"),
    )

    class Meta:
        model = DataRequest
        fields: list[str] = []

    def with_state(self, rows: Any, _name: str, value: str) -> Any:
        if value == "overdue":
            return rows.overdue(local_date(timezone.now()))
        return rows.open() if value == "open" else rows.filter(state=value)


class LegalHoldFilter(filters.FilterSet):
    """Holds by client and whether they still stand."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    standing = filters.BooleanFilter(field_name="lifted_at", lookup_expr="isnull", label=_("Still stands"))

    class Meta:
        model = LegalHold
        fields: list[str] = []


class QualityFilter(filters.FilterSet):
    """The work list by advisor, item and what is the matter with it."""

    advisor = filters.ModelChoiceFilter(
        field_name="client__advisor",
        queryset=_advisors,
        to_field_name="public_id",
        label=_("Served by"),
        empty_label=_("Everybody"),
        null_label=_("Nobody"),
    )
    item = filters.ChoiceFilter(
        method="with_item", choices=QualityItem.choices, label=_("Fact"), empty_label=_("Any fact")
    )
    what = filters.ChoiceFilter(
        method="with_state",
        choices=[("missing", _("Missing")), ("unverified", _("Not verified")), ("stale", _("Out of date"))],
        label=_("What is the matter"),
        empty_label=_("Anything"),
    )
    score_to = filters.NumberFilter(
        field_name="score", lookup_expr="lte", label=_("Score up to"), min_value=0, max_value=100, decimal_places=0
    )

    class Meta:
        model = ClientQuality
        fields: list[str] = []

    def with_item(self, rows: Any, _name: str, value: str) -> Any:
        what = self.form.cleaned_data.get("what")
        return rows.filter(**{f"{what}__has": value}) if what else rows.wanting(value)

    def with_state(self, rows: Any, _name: str, value: str) -> Any:
        return rows.exclude(**{value: ""})


def _colleagues(request: Any) -> QuerySet[User]:
    if not request:
        return User.objects.none()
    people = User.objects.visible_to(request.user).active().order_by("name", "pk")
    named: QuerySet[User] = people.only("name", "public_id")
    return named


class ContactFeedFilter(filters.FilterSet):
    """Contacts of a day by colleague, channel, who began, and mood."""

    staff = filters.ModelChoiceFilter(
        queryset=_colleagues, to_field_name="public_id", label=_("Colleague"), empty_label=_("Everybody")
    )
    channel = filters.ChoiceFilter(choices=Channel.choices, label=_("Channel"), empty_label=_("All channels"))
    direction = filters.ChoiceFilter(
        choices=ContactLog.Direction.choices, label=_("Direction"), empty_label=_("Both directions")
    )
    mood = filters.ChoiceFilter(choices=ContactLog.Mood.choices, label=_("Mood"), empty_label=_("Any mood"))

    class Meta:
        model = ContactLog
        fields: list[str] = []


class NeedsFilter(filters.FilterSet):
    """Needs interviews by client, day, and whether they are what the client wants now."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    present = filters.BooleanFilter(field_name="is_present", label=_("Only present needs"))
    taken_on = filters.DateFromToRangeFilter(label=pgettext_lazy("needs", "As of"))

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


class AppointmentFilter(filters.FilterSet):
    """Appointments by client, state and day."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    state = filters.ChoiceFilter(choices=Appointment.State.choices, label=_("State"), empty_label=_("All states"))
    starts_at = DayRange(label=_("Day"))

    class Meta:
        model = Appointment
        fields: list[str] = []
