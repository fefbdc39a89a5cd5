"""The catalogue of services, what tiers are entitled to, and preference segments over REST."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import Channel, ContactLog, RiskGrade
from crm.core.api.permissions import may
from crm.core.api.serializers import PublicIdField, Strict, YuanField
from crm.core.api.writes import Commands, seen_version
from crm.core.clocks import local_date
from tiers.filters import EntitlementFilter, ServiceItemFilter
from tiers.gates import gate_choices
from tiers.models import Entitlement, MenuEntry, OwnerRole, Period, PreferenceSegment, ServiceItem, Tier
from tiers.services.catalogue import TERMS, adapt_item, change_item, create_item, end_item
from tiers.services.entitlements import set_entitlement
from tiers.services.menus import SAID, Line, change_preference, create_preference

_ID = "[0-9A-Z]{26}"


class ServiceRead(serializers.ModelSerializer[ServiceItem]):
    """A service: process, standard, time limit in working days, who sees to it; ``branch`` is null for the company's."""

    id = serializers.CharField(source="public_id", read_only=True)
    branch = serializers.CharField(source="branch.code", read_only=True, allow_null=True, default=None)
    cost = serializers.SerializerMethodField()

    class Meta:
        model = ServiceItem
        fields = ["id", "code", "branch", *TERMS, "ends_on", "version"]

    def get_cost(self, row: ServiceItem) -> str | None:
        """Null for who may not see costs."""
        may_see = self.context["request"].user.has_perm("tiers.cost_promise")
        return str(row.cost) if may_see else None


class ServiceTerms(Strict):
    """What is said about a service."""

    name_en = serializers.CharField(max_length=60)
    name_zh = serializers.CharField(max_length=60)
    kind = serializers.ChoiceField(choices=ServiceItem.Kind.choices)
    process_en = serializers.CharField(max_length=400, allow_blank=True, required=False)
    process_zh = serializers.CharField(max_length=400, allow_blank=True, required=False)
    standard_en = serializers.CharField(max_length=400, allow_blank=True, required=False)
    standard_zh = serializers.CharField(max_length=400, allow_blank=True, required=False)
    limit_days = serializers.IntegerField(min_value=0, max_value=250, required=False)
    channel = serializers.ChoiceField(choices=Channel.choices, required=False)
    owner_role = serializers.ChoiceField(choices=OwnerRole.choices, required=False)
    cost = YuanField(required=False)
    rhythm = serializers.ChoiceField(choices=ServiceItem.Rhythm.choices)
    proof = serializers.ChoiceField(choices=ServiceItem.Proof.choices)
    purposes = serializers.ListField(
        child=serializers.ChoiceField(choices=ContactLog.Purpose.choices), max_length=20, required=False
    )
    channels = serializers.ListField(
        child=serializers.ChoiceField(choices=Channel.choices), max_length=20, required=False
    )
    least_grade = serializers.ChoiceField(choices=RiskGrade.choices, allow_blank=True, required=False)
    gate = serializers.CharField(max_length=30, allow_blank=True, required=False)
    places = serializers.IntegerField(min_value=0, max_value=1000, required=False)
    starts_on = serializers.DateField()


class CreateService(ServiceTerms):
    code = serializers.SlugField(max_length=30)


class ChangeService(ServiceTerms):
    """What is to be different; what is left out stays."""

    reason = serializers.CharField(max_length=200)
    name_en = serializers.CharField(max_length=60, required=False)
    name_zh = serializers.CharField(max_length=60, required=False)
    kind = serializers.ChoiceField(choices=ServiceItem.Kind.choices, required=False)
    rhythm = serializers.ChoiceField(choices=ServiceItem.Rhythm.choices, required=False)
    proof = serializers.ChoiceField(choices=ServiceItem.Proof.choices, required=False)
    starts_on = serializers.DateField(required=False)


class EndService(Strict):
    last_day = serializers.DateField()
    reason = serializers.CharField(max_length=200)


class Nothing(Strict):
    """Nothing to say."""


class GateRead(serializers.Serializer[Any]):
    """A condition that a service may name."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # DRF takes declared fields off the class


_CHANGES = [may("tiers.view_serviceitem", "tiers.change_serviceitem")]


class ServiceViewSet(Commands, mixins.ListModelMixin, viewsets.GenericViewSet[ServiceItem]):
    """The catalogue: the company's services and the branch's own, which take the place of the company's of the same code."""

    queryset = ServiceItem.objects.none()
    serializer_class = ServiceRead
    filterset_class = ServiceItemFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = _ID
    writes = {"create": "once", "partial_update": "versioned", "end": "once+versioned", "adapt": "once"}

    def get_queryset(self) -> QuerySet[ServiceItem]:
        return ServiceItem.objects.visible_to(self._actor).select_related("company", "branch")

    def get_permissions(self) -> list[Any]:
        if self.action == "partial_update":
            return [one() for one in _CHANGES]
        return list(super().get_permissions())

    @extend_schema(responses={200: ServiceRead}, filters=False)
    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """One service with its version as ETag."""
        return self._shown(id)

    @extend_schema(request=CreateService, responses={201: ServiceRead})
    def create(self, request: Request) -> Response:
        """Add a service: of the company for callers who see the company, else of their own branch."""
        said, actor = self._said(CreateService), self._actor
        company, branch = actor.company, None if actor.scope.sees_company else actor.branch
        if company is None:
            raise Http404
        code = said.pop("code")
        return self.once(
            lambda: create_item(code=code, values=said, company=company, branch=branch, actor=actor), self._shown
        )

    @extend_schema(request=ChangeService, responses={200: ServiceRead}, filters=False)
    def partial_update(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Change what a service says; the words before stay as an edition."""
        row, version, said = self._row(), seen_version(request), self._said(ChangeService)
        change_item(item=row, reason=said.pop("reason"), values=said, actor=self._actor, version=version)
        return self._shown(id)

    @extend_schema(request=EndService, responses={200: ServiceRead, 201: ServiceRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_CHANGES)
    def end(self, request: Request, **_path: str) -> Response:
        """Let a service end; what is still owed then is closed with that reason."""
        row, version, said = self._row(), seen_version(request), self._said(EndService)
        today = local_date(timezone.now())
        return self.once(
            lambda: end_item(item=row, actor=self._actor, today=today, version=version, **said), self._shown
        )

    @extend_schema(request=Nothing, responses={201: ServiceRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_CHANGES)
    def adapt(self, request: Request, **_path: str) -> Response:
        """Make a copy of the company's service for the caller's branch."""
        row, branch = self._row(), self._actor.branch
        self._said(Nothing)
        if branch is None:
            raise Http404
        return self.once(lambda: adapt_item(item=row, branch=branch, actor=self._actor), self._shown)

    @extend_schema(responses={200: GateRead(many=True)}, filters=False)
    @action(
        detail=False, pagination_class=None, filterset_class=None, permission_classes=[may("tiers.view_serviceitem")]
    )
    def gates(self, request: Request) -> Response:
        """The conditions that a service may name."""
        return Response(GateRead([{"key": key, "label": label} for key, label in gate_choices()], many=True).data)


class EntitlementRead(serializers.ModelSerializer[Entitlement]):
    """What a tier may have of a service from a day on; ``times`` is null where the entitlement ends."""

    id = serializers.CharField(source="public_id", read_only=True)
    service = serializers.CharField(source="item.public_id", read_only=True)
    service_code = serializers.CharField(source="item.code", read_only=True)

    class Meta:
        model = Entitlement
        fields = [
            "id", "service", "service_code", "programme_code", "tier_code", "times", "period", "valid_from", "valid_to",
            "reason", "created_at",
        ]  # fmt: skip


class SetEntitlement(Strict):
    service = PublicIdField(model=ServiceItem)
    tier = PublicIdField(model=Tier)
    times = serializers.IntegerField(min_value=1, max_value=30, allow_null=True)
    period = serializers.ChoiceField(choices=Period.choices)
    valid_from = serializers.DateField()
    reason = serializers.CharField(max_length=200, allow_blank=True, default="")


class EntitlementViewSet(
    Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Entitlement]
):
    """What tiers may have, the newest first; a row is never edited, a newer one ends it."""

    queryset = Entitlement.objects.none()
    serializer_class = EntitlementRead
    filterset_class = EntitlementFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = _ID
    writes = {"create": "once"}

    def get_queryset(self) -> QuerySet[Entitlement]:
        return Entitlement.objects.visible_to(self._actor).select_related("item")

    @extend_schema(request=SetEntitlement, responses={201: EntitlementRead})
    def create(self, request: Request) -> Response:
        """Set what a tier may have of a service from a day on, today at the earliest."""
        said = self._said(SetEntitlement)
        item, today = said.pop("service"), local_date(timezone.now())
        return self.once(lambda: set_entitlement(item=item, today=today, actor=self._actor, **said), self._shown)


_RULE_HELP = "As of a segment: {“all” or “any”: [conditions and further groups]}; see segments/fields/."


class MenuLine(Strict):
    """One line of a menu."""

    kind = serializers.ChoiceField(choices=MenuEntry.Kind.choices)
    title_en = serializers.CharField(max_length=80, allow_blank=True, default="")
    title_zh = serializers.CharField(max_length=80, allow_blank=True, default="")


class MenuLineRead(serializers.ModelSerializer[MenuEntry]):
    class Meta:
        model = MenuEntry
        fields = ["kind", "title_en", "title_zh"]


class PreferenceRead(serializers.ModelSerializer[PreferenceSegment]):
    """Clients of some tiers with alike needs and behaviour, and the menu that they are offered."""

    id = serializers.CharField(source="public_id", read_only=True)
    branch = serializers.CharField(source="branch.code", read_only=True, allow_null=True, default=None)
    tier_codes = serializers.ListField(child=serializers.CharField(), read_only=True)
    rule = serializers.JSONField(read_only=True, help_text=_RULE_HELP)
    menu = MenuLineRead(source="entries", many=True, read_only=True)

    class Meta:
        model = PreferenceSegment
        fields = ["id", "branch", *SAID, "menu", "version"]


class PreferenceWords(Strict):
    name_en = serializers.CharField(max_length=40)
    name_zh = serializers.CharField(max_length=40)
    tier_codes = serializers.ListField(child=serializers.SlugField(max_length=30), max_length=8, required=False)
    rule = serializers.JSONField(help_text=_RULE_HELP)
    is_active = serializers.BooleanField(required=False)
    menu = MenuLine(many=True)


class PreferenceChange(PreferenceWords):
    """What is to be different; a menu is replaced as a whole."""

    name_en = serializers.CharField(max_length=40, required=False)
    name_zh = serializers.CharField(max_length=40, required=False)
    rule = serializers.JSONField(required=False, help_text=_RULE_HELP)
    menu = MenuLine(many=True, required=False)


class PreferenceViewSet(Commands, mixins.ListModelMixin, viewsets.GenericViewSet[PreferenceSegment]):
    """Preference segments inside the tiers; who belongs to them is asked, never stored."""

    queryset = PreferenceSegment.objects.none()
    serializer_class = PreferenceRead
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = _ID
    writes = {"create": "once", "partial_update": "versioned"}

    def get_queryset(self) -> QuerySet[PreferenceSegment]:
        return PreferenceSegment.objects.visible_to(self._actor).select_related("branch").prefetch_related("entries")

    def get_permissions(self) -> list[Any]:
        if self.action == "partial_update":
            return [may("tiers.view_preferencesegment", "tiers.change_preferencesegment")()]
        return list(super().get_permissions())

    @extend_schema(responses={200: PreferenceRead}, filters=False)
    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """One preference segment with its version as ETag."""
        return self._shown(id)

    @extend_schema(request=PreferenceWords, responses={201: PreferenceRead})
    def create(self, request: Request) -> Response:
        """Draw one up: of the company for callers who see the company, else of their own branch."""
        said, actor = self._said(PreferenceWords), self._actor
        company, branch = actor.company, None if actor.scope.sees_company else actor.branch
        if company is None:
            raise Http404
        menu = [Line(**line) for line in said.pop("menu")]
        return self.once(
            lambda: create_preference(values=said, menu=menu, company=company, branch=branch, actor=actor), self._shown
        )

    @extend_schema(request=PreferenceChange, responses={200: PreferenceRead}, filters=False)
    def partial_update(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Change a preference segment or its menu."""
        row, version, said = self._row(), seen_version(request), self._said(PreferenceChange)
        lines = said.pop("menu", None)
        menu = None if lines is None else [Line(**line) for line in lines]
        change_preference(segment=row, values=said, menu=menu, actor=self._actor, version=version)
        return self._shown(id)
