"""Advisors over REST: licence, places and leave; the first profile of a colleague, and corrections of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from advisory.errors import ProfileThere
from advisory.filters import AdvisorFilter
from advisory.models import AdvisorProfile
from advisory.services import change_profile
from clients.models.client import Channel, RiskGrade
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.writes import Commands, seen_version
from crm.core.clocks import local_date
from crm.core.models import User
from crm.core.policies import figures


def _words() -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(max_length=20), max_length=20, required=False)


class AdvisorRead(serializers.ModelSerializer[AdvisorProfile]):
    """An advisor; ``places`` is his own capacity or the house's figure, ``load`` how many clients he serves now."""

    id = serializers.CharField(source="public_id", read_only=True)
    member = Person(source="user", read_only=True)
    branch = serializers.CharField(source="user.branch.code", read_only=True, allow_null=True)
    places = serializers.SerializerMethodField()
    load = serializers.IntegerField(read_only=True)
    may_advise = serializers.SerializerMethodField(help_text="Registered, with a licence that has not run out.")
    on_leave = serializers.SerializerMethodField()

    class Meta:
        model = AdvisorProfile
        fields = [
            "id", "member", "branch", "licence_kind", "licence_number", "licence_valid_until", "may_advise", "capacity",
            "places", "load", "accepts_clients", "leave_from", "leave_until", "on_leave", "languages", "sectors", "channels",
            "risk_grades", "tier_ranks", "experience_since", "version",
        ]  # fmt: skip

    def get_places(self, row: AdvisorProfile) -> int:
        if row.capacity is not None:
            return row.capacity
        context: Any = self.context
        known: dict[int | None, int] = context.setdefault("capacities", {})
        place = row.user.branch
        key = place.pk if place else None
        if key not in known:
            known[key] = figures(self._today, place).integer("matching.default_capacity")
        return known[key]

    def get_may_advise(self, row: AdvisorProfile) -> bool:
        return row.may_advise(self._today)

    def get_on_leave(self, row: AdvisorProfile) -> bool:
        return row.is_on_leave(self._today)

    @property
    def _today(self) -> date:
        return local_date(timezone.now())


class AdvisorFacts(Strict):
    """What may be said of an advisor; a name left out stays as it is."""

    licence_kind = serializers.ChoiceField(choices=AdvisorProfile.LicenceKind.choices, required=False)
    licence_number = serializers.CharField(max_length=20, required=False)
    licence_valid_until = serializers.DateField(required=False)
    capacity = serializers.IntegerField(min_value=0, max_value=5000, allow_null=True, required=False)
    accepts_clients = serializers.BooleanField(required=False)
    leave_from = serializers.DateField(allow_null=True, required=False)
    leave_until = serializers.DateField(allow_null=True, required=False)
    languages = _words()
    sectors = _words()
    channels = serializers.ListField(child=serializers.ChoiceField(choices=Channel.choices), required=False)
    risk_grades = serializers.ListField(child=serializers.ChoiceField(choices=RiskGrade.choices), required=False)
    tier_ranks = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=8), required=False)
    experience_since = serializers.DateField(allow_null=True, required=False)


class AdvisorCreate(AdvisorFacts):
    """The first profile of a colleague; it needs the licence."""

    member = PublicIdField(model=User)
    licence_kind = serializers.ChoiceField(choices=AdvisorProfile.LicenceKind.choices)
    licence_number = serializers.CharField(max_length=20)
    licence_valid_until = serializers.DateField()


class AdvisorViewSet(
    Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[AdvisorProfile]
):
    """Advisors of the caller's branches, whose licence runs out first at the top; an advisor finds himself."""

    queryset = AdvisorProfile.objects.none()
    serializer_class = AdvisorRead
    filterset_class = AdvisorFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("licence_valid_until", "pk")
    writes = {"create": "once", "partial_update": "versioned"}

    def get_permissions(self) -> list[Any]:
        reads = self.request.method in ("GET", "HEAD", "OPTIONS")
        return [may("advisory.view_advisorprofile" if reads else "advisory.change_advisorprofile")()]

    def get_queryset(self) -> QuerySet[AdvisorProfile]:
        rows: Any = AdvisorProfile.objects.visible_to(self._actor)
        return rows.with_load().select_related("user__branch")

    @extend_schema(responses={200: AdvisorRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One advisor."""
        return self._shown(kwargs["id"])

    @extend_schema(request=AdvisorCreate, responses={201: AdvisorRead})
    def create(self, request: Request) -> Response:
        """Enter the profile of a colleague who has none."""
        said = self._said(AdvisorCreate)
        member = said.pop("member")

        def make() -> AdvisorProfile:
            if AdvisorProfile.objects.filter(user=member).exists():
                raise ProfileThere
            return change_profile(user=member, values=said, actor=self._actor)

        return self.once(make, self._shown)

    @extend_schema(request=AdvisorFacts, responses={200: AdvisorRead}, filters=False)
    def partial_update(self, request: Request, **_path: str) -> Response:
        """Correct the licence, the places, the leave, or what he is best for."""
        row, version = self._row(), seen_version(request)
        change_profile(user=row.user, values=self._said(AdvisorFacts), actor=self._actor, version=version)
        return self._shown(row.public_id)
