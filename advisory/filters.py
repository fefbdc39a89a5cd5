"""Filters of the lists of this app, for pages and REST alike."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from advisory.models import AdvisorProfile, AdvisoryAgreement, HandOver, MatchingRun, MatchProposal, PortfolioReview
from advisory.models.review import SEES_DECISIONS
from clients.models import AdvisorAssignment, Client
from crm.core.clocks import local_date
from crm.core.filters import BranchFilter, Days
from crm.core.models import Branch


def _branches(request: Any) -> QuerySet[Branch]:
    return Branch.objects.visible_to(request.user).order_by("code") if request else Branch.objects.none()


class MatchingRunFilter(filters.FilterSet):
    """Runs by branch and state."""

    state = filters.ChoiceFilter(choices=MatchingRun.State.choices, label=_("State"), empty_label=_("All states"))
    branch = filters.ModelChoiceFilter(
        queryset=_branches, to_field_name="public_id", label=_("Branch"), empty_label=_("All branches")
    )

    class Meta:
        model = MatchingRun
        fields: list[str] = []


class MatchProposalFilter(filters.FilterSet):
    """Proposals of a run: who moves, who gets his first advisor, who gets none and why; by proposed advisor."""

    kind = filters.ChoiceFilter(
        method="of_kind",
        choices=[
            ("new", _("First advisor")),
            ("moved", _("Change of advisor")),
            ("unassigned", _("Left without")),
        ],
        label=_("Kind"),
        empty_label=_("All proposals"),
    )
    advisor = filters.CharFilter(
        field_name="new_advisor__staff_number", label=_("Proposed advisor (staff number)"), max_length=20
    )

    class Meta:
        model = MatchProposal
        fields: list[str] = []

    def of_kind(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        if value == "unassigned":
            return rows.filter(new_advisor=None)
        placed = rows.filter(new_advisor__isnull=False)
        return (
            placed.filter(old_advisor=None)
            if value == "new"
            else placed.exclude(old_advisor=F("new_advisor")).filter(old_advisor__isnull=False)
        )


class AssignmentFilter(filters.FilterSet):
    """Present assignments by client, advisor and branch."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    advisor = filters.CharFilter(field_name="advisor__public_id", label=_("Advisor (public id)"), max_length=26)
    branch = filters.ModelChoiceFilter(
        field_name="client__branch",
        queryset=_branches,
        to_field_name="public_id",
        label=_("Branch"),
        empty_label=_("All branches"),
    )

    class Meta:
        model = AdvisorAssignment
        fields: list[str] = []


class HandOverFilter(filters.FilterSet):
    """Hand-overs by branch and by who gave or took."""

    branch = filters.ModelChoiceFilter(
        queryset=_branches, to_field_name="public_id", label=_("Branch"), empty_label=_("All branches")
    )
    giver = filters.CharFilter(field_name="giver__public_id", label=_("From (public id)"), max_length=26)
    taker = filters.CharFilter(field_name="taker__public_id", label=_("To (public id)"), max_length=26)

    class Meta:
        model = HandOver
        fields: list[str] = []


class AgreementFilter(filters.FilterSet):
    """Agreements by client, advisor, and whether they are in force today."""

    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    advisor = filters.CharFilter(field_name="advisor__public_id", label=_("Advisor (public id)"), max_length=26)
    in_force = filters.BooleanFilter(method="of_today", label=_("In force today"))

    class Meta:
        model = AdvisoryAgreement
        fields: list[str] = []

    def of_today(self, rows: Any, _name: str, value: bool) -> Any:
        in_force = rows.in_force(local_date(timezone.now()))
        return in_force if value else rows.exclude(pk__in=in_force.values("pk"))


class AdvisorFilter(filters.FilterSet):
    """Advisors by branch and member of staff, and up to which day their licence runs."""

    branch = filters.ModelChoiceFilter(
        field_name="user__branch",
        queryset=_branches,
        to_field_name="public_id",
        label=_("Branch"),
        empty_label=_("All branches"),
    )
    member = filters.CharFilter(field_name="user__public_id", label=_("Advisor (public id)"), max_length=26)
    licence_until = filters.DateFilter(
        field_name="licence_valid_until", lookup_expr="lte", label=_("Licence valid until")
    )

    class Meta:
        model = AdvisorProfile
        fields: list[str] = []


class ReviewFilter(filters.FilterSet):
    """Portfolio reviews by client, who serves him, state, result, answer, and the days they are due and were recorded."""

    q = filters.CharFilter(
        method="of_client", label=_("Name, pinyin, last four digits or client number"), max_length=60
    )
    state = filters.ChoiceFilter(choices=PortfolioReview.State.choices, label=_("State"), empty_label=_("All states"))
    outcome = filters.ChoiceFilter(choices=PortfolioReview.Outcome.choices, label=_("Result"))
    answer = filters.ChoiceFilter(choices=PortfolioReview.Answer.choices, label=_("Answer of the client"))
    branch = BranchFilter(field_name="client__branch")
    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    advisor = filters.CharFilter(
        field_name="client__advisor__staff_number", label=_("Served by (staff number)"), max_length=20
    )
    due = Days(field_name="due_on", label=_("Due date"))
    done = Days(field_name="done_on", label=_("Reviewed on"))

    class Meta:
        model = PortfolioReview
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.request is not None and not self.request.user.has_perm(SEES_DECISIONS):
            del self.filters["answer"]

    def of_client(self, rows: Any, _name: str, value: str) -> Any:
        return rows.filter(client__in=Client.objects.search(value, self.request.user if self.request else None))
