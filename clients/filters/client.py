"""The one filter of clients, for pages, REST and export alike."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar

import django_filters as filters
from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from clients.filters.people import advisors_near
from clients.models import (
    BusinessLine,
    Client,
    InvestorClass,
    MarginLevel,
    PermissionCode,
    RiskGrade,
    Segment,
    Stage,
    Tag,
)
from clients.quality import QualityItem
from clients.querysets.accounts import margin_lines
from clients.querysets.business_lines import uses_line
from clients.querysets.needs import stale_before
from clients.querysets.quality import GOOD, POOR
from clients.querysets.search import Hits
from clients.segments import Context, SegmentField
from clients.segments.catalogue import field_of, fields_in_list
from clients.services.segments import note_look
from crm.core.clocks import local_date
from crm.core.filters import BranchFilter, OfferedFilter
from crm.core.policies import figures


def _segments(request: Any) -> QuerySet[Segment]:
    if not request:
        return Segment.objects.none()
    return Segment.objects.visible_to(request.user).for_list(request.user)


def _tags(request: Any) -> QuerySet[Tag]:
    if not request:
        return Tag.objects.none()
    return Tag.objects.visible_to(request.user).in_use().order_by("code", "name", "pk")


@extend_schema_field(OpenApiTypes.STR)
class FactFilter(filters.ChoiceFilter):
    """A fact of the catalogue of segments that narrows the list by itself; apps further right have theirs there."""

    def __init__(self, fact: SegmentField) -> None:
        super().__init__(label=fact.label, choices=(), empty_label=_("Any"))
        self.fact = fact

    @property
    def field(self) -> Any:
        """With the choices that the reader has, asked for only where the field is shown or in use."""
        reader = getattr(self, "parent", None)
        if reader is None:  # where REST describes itself; nothing of it may be kept for readers
            return forms.ChoiceField(label=self.label, required=False)
        if not hasattr(self, "_field"):
            yes_no = [("yes", _("Yes")), ("no", _("No"))]
            self.extra["choices"] = list(self.fact.choices(reader.request.user)) if self.fact.choices else yes_no
        return super().field

    def filter(self, rows: Any, value: str) -> Any:
        context = Context(self.parent.request.user, timezone.now()) if value else None
        return rows.filter(self.fact.narrowing_to(value, context)) if context else rows


class TagPicker(forms.SelectMultiple):
    """Several tags at once; a list that opens on its own would hide the rows."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"size": 6, **(attrs or {})})


def in_use(data: Any) -> set[str]:
    """Names in a query that say something; a form sends its empty fields as well."""
    values = data.lists() if isinstance(data, QueryDict) else ((name, [value]) for name, value in (data or {}).items())
    return {name for name, given in values if any(value not in ("", None) for value in given)}


def _day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"})


class ClientFilter(filters.FilterSet):
    """The search box, then whose book, risk, status, assets, silence and what is due."""

    q = filters.CharFilter(
        method="search", label=_("Name, pinyin, last four digits, client or account number"), max_length=60
    )
    advisor = OfferedFilter(
        queryset=advisors_near,
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
    status = filters.ChoiceFilter(
        method="with_status",
        choices=[
            ("served", _("Served")),
            ("staying", _("Served and not lost")),
            ("lost", _("Lost or closed")),
            ("open", _("Not closed")),
            *Client.Status.choices,
        ],
        label=_("Status"),
        empty_label=_("All states"),
    )
    kind = filters.ChoiceFilter(choices=Client.Kind.choices, label=_("Kind"), empty_label=_("All kinds"))
    branch = BranchFilter()
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
        field_name="opened_on", lookup_expr="gte", label=_("Client since, from"), widget=_day_input()
    )
    opened_to = filters.DateFilter(
        field_name="opened_on", lookup_expr="lte", label=_("Client since, up to"), widget=_day_input()
    )
    opened = filters.ChoiceFilter(
        method="with_opening",
        choices=[("unknown", _("Not on file"))],
        label=_("Day of opening"),
        empty_label=_("Any"),
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
    segment = OfferedFilter(
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

    #: Who may not look at a fact cannot narrow by it either: the answer would tell what stands there. Each of these filters
    #: goes with the field of segments that asks for the same.
    FACTS: ClassVar[dict[str, str]] = {
        "needs": "needs_on",
        "tags": "tag",
        "quality": "quality",
        "wanting": "quality",
        "stage": "stage",
        "document": "id_valid_until",
        "permission": "permission",
        "line": "line",
        "margin": "collateral",
    }

    @classmethod
    def get_filters(cls) -> Any:
        """Facts of other apps come behind those in the bar, before what narrows to a fact of the client's own."""
        own = list(super().get_filters().items())
        behind = [name for name, _one in own].index("status") + 1
        return dict([*own[:behind], *((fact.key, FactFilter(fact)) for fact in fields_in_list()), *own[behind:]])

    def __init__(self, data: Any = None, *args: Any, only: Iterable[str] | None = None, **kwargs: Any) -> None:
        """``only``: the filters that are shown. One that is neither shown nor in use is left out, with what it costs."""
        if only is not None:
            kept = {*only, *in_use(data)}
            # A filter set copies what stands here.
            self.base_filters = {name: one for name, one in self.get_filters().items() if name in kept}
        super().__init__(data, *args, **kwargs)
        for name, one in list(self.filters.items()):
            fact = one.fact if isinstance(one, FactFilter) else field_of(self.FACTS.get(name, ""))
            if fact is not None and (self.request is None or not fact.usable_by(self.request.user)):
                del self.filters[name]

    def search(self, rows: Any, _name: str, value: str) -> Any:
        self.hits = Hits.of(value, self.request.user if self.request else None)
        return rows.filter(self.hits.q)

    def with_risk(self, rows: Any, _name: str, value: str) -> Any:
        today = local_date(timezone.now())
        if value == "none":
            return rows.exclude(risk_valid_until__gte=today)
        return rows.filter(risk_grade=value)

    def with_status(self, rows: Any, _name: str, value: str) -> Any:
        named = {"served": rows.served, "staying": rows.staying, "lost": rows.lost, "open": rows.not_closed}
        return named[value]() if value in named else rows.filter(status=value)

    def with_opening(self, rows: Any, _name: str, _value: str) -> Any:
        return rows.filter(opened_on=None)

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
        if not self.request:
            return rows.none()
        note_look(value.group, self.request.user)
        return rows.filter(value.q(self.request.user, timezone.now()))

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
        return rows.filter(uses_line(value))

    def with_permission(self, rows: Any, _name: str, value: str) -> Any:
        return rows.who_may_trade(value)

    def with_margin(self, rows: Any, _name: str, value: str) -> Any:
        """Below this line; the worse levels lie below it as well."""
        known = figures(local_date(timezone.now()), self.request.user.branch)
        return rows.with_ratio_below(margin_lines(known)[value])
