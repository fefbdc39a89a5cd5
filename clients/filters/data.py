"""Filters of what is done about the data themselves: requests of clients, holds, and the work list of quality."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.filters.people import advisors_near
from clients.models import AmlGrade, ClientQuality, ConsentRecord, DataRequest, Erasure, LegalHold, PrivacyNotice
from clients.quality import QualityItem
from crm.core.clocks import local_date
from crm.core.filters import Days


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


class AmlFilter(filters.FilterSet):
    """Gradings for money laundering by client, grade, and whether they stand."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    grade = filters.ChoiceFilter(
        choices=AmlGrade.Grade.choices, label=_("Money-laundering grade"), empty_label=_("Any")
    )
    present = filters.BooleanFilter(field_name="is_present", label=_("Only what stands"))

    class Meta:
        model = AmlGrade
        fields: list[str] = []


class ConsentFilter(filters.FilterSet):
    """The register of the basis of personal data by client, purpose, answer, and whether it is what stands."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    purpose = filters.CharFilter(field_name="purpose__code", label=_("Purpose (code)"), max_length=30)
    answer = filters.ChoiceFilter(choices=ConsentRecord.Answer.choices, label=_("Answer"), empty_label=_("Any"))
    present = filters.BooleanFilter(field_name="is_present", label=_("Only what stands"))
    answered_on = Days(label=_("Answered on"))

    class Meta:
        model = ConsentRecord
        fields: list[str] = []


class NoticeFilter(filters.FilterSet):
    """Privacy notices by purpose."""

    purpose = filters.CharFilter(field_name="purpose__code", label=_("Purpose (code)"), max_length=30)

    class Meta:
        model = PrivacyNotice
        fields: list[str] = []


class LegalHoldFilter(filters.FilterSet):
    """Holds by client and whether they still stand."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    standing = filters.BooleanFilter(field_name="lifted_at", lookup_expr="isnull", label=_("Still stands"))

    class Meta:
        model = LegalHold
        fields: list[str] = []


class ErasureFilter(filters.FilterSet):
    """Erasures by client and state."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    state = filters.ChoiceFilter(choices=Erasure.State.choices, label=_("State"), empty_label=_("All states"))

    class Meta:
        model = Erasure
        fields: list[str] = []


class QualityFilter(filters.FilterSet):
    """The work list by advisor, item and what is the matter with it."""

    advisor = filters.ModelChoiceFilter(
        field_name="client__advisor",
        queryset=advisors_near,
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
