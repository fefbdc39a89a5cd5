"""One filter for calls, findings and surveys each, for pages and REST alike. Rows come already cut by ``visible_to``."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from care.models import CareProgramme, Finding, FollowUpCall, SurveyInvitation, SurveyRound
from clients.models import Client
from crm.core.clocks import local_date
from crm.core.filters import BranchFilter, DayRange


def _day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"})


class FollowUpCallFilter(filters.FilterSet):
    """Calls by client, programme, state, due day, and whether they are in one's own hands."""

    q = filters.CharFilter(
        method="of_client", label=_("Name, pinyin, last four digits or client number"), max_length=60
    )
    programme = filters.ChoiceFilter(
        field_name="programme__code",
        choices=CareProgramme.Code.choices,
        label=_("Care programme"),
        empty_label=_("All programmes"),
    )
    state = filters.ChoiceFilter(choices=FollowUpCall.State.choices, label=_("State"), empty_label=_("All states"))
    due_from = filters.DateFilter(field_name="due_on", lookup_expr="gte", label=_("Due from"), widget=_day_input())
    due_to = filters.DateFilter(field_name="due_on", lookup_expr="lte", label=_("Due until"), widget=_day_input())
    branch = BranchFilter(field_name="client__branch")
    mine = filters.BooleanFilter(method="in_own_hands", label=_("Mine"), widget=forms.CheckboxInput)
    overdue = filters.BooleanFilter(method="past_due", label=_("Overdue"), widget=forms.CheckboxInput)
    callable = filters.BooleanFilter(method="to_call_today", label=_("May be called today"), widget=forms.CheckboxInput)

    class Meta:
        model = FollowUpCall
        fields: list[str] = []

    def of_client(self, rows: Any, _name: str, value: str) -> Any:
        return rows.filter(client__in=Client.objects.search(value, self.request.user if self.request else None))

    def in_own_hands(self, rows: Any, _name: str, value: bool) -> Any:
        return rows.filter(caller=self.request.user) if value and self.request else rows

    def past_due(self, rows: Any, _name: str, value: bool) -> Any:
        return rows.overdue(local_date(timezone.now())) if value else rows

    def to_call_today(self, rows: Any, _name: str, value: bool) -> Any:
        return rows.callable_on(local_date(timezone.now())) if value else rows


class FindingFilter(filters.FilterSet):
    """Findings by state and by the question that was answered badly."""

    state = filters.ChoiceFilter(choices=Finding.State.choices, label=_("State"), empty_label=_("All states"))
    opened = DayRange(field_name="opened_at", label=_("Opened"))

    class Meta:
        model = Finding
        fields: list[str] = []


def _rounds(request: Any) -> Any:
    rows = SurveyRound.objects.all()
    return (rows.visible_to(request.user) if request is not None else rows.none()).order_by("-made_at", "-pk")


class SurveyFilter(filters.FilterSet):
    """Surveys by state, occasion, round, day of the invitation, and how satisfied the client was."""

    state = filters.ChoiceFilter(choices=SurveyInvitation.State.choices, label=_("State"), empty_label=_("All states"))
    occasion = filters.ChoiceFilter(
        choices=SurveyInvitation.Occasion.choices, label=_("Occasion"), empty_label=_("Every occasion")
    )
    round = filters.ModelChoiceFilter(
        queryset=_rounds, to_field_name="public_id", label=_("Survey of a segment"), empty_label=_("All of them")
    )
    created = DayRange(field_name="created_at", label=_("Invited on"))
    satisfaction = filters.ChoiceFilter(
        field_name="answer__satisfaction",
        choices=[(n, str(n)) for n in range(1, 6)],
        label=_("Satisfaction"),
        empty_label=_("Every mark"),
    )

    class Meta:
        model = SurveyInvitation
        fields: list[str] = []
