"""Service plans over REST: drawn up, agreed, confirmed after changed needs, ended."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import Client, NeedsInterview
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.writes import Commands
from crm.core.clocks import local_date
from crm.core.models import User
from tiers.api.plan_steps import PlanStepRead
from tiers.filters import PlanFilter
from tiers.models import Period, ServiceItem, ServicePlan
from tiers.querysets.plan_steps import dress_plans
from tiers.services.plans import Step, agree_plan, changed_needs, confirm_plan, end_plan, make_plan

_CHANGES = [may("tiers.view_serviceplan", "tiers.change_serviceplan")]


class PlanRead(serializers.ModelSerializer[ServicePlan]):
    """A plan; ``needs`` is the interview on which it rests."""

    id = serializers.CharField(source="public_id", read_only=True)
    client = serializers.CharField(source="client.public_id", read_only=True)
    needs = serializers.CharField(source="basis.public_id", read_only=True, allow_null=True, default=None)
    replaces = serializers.CharField(source="replaces.public_id", read_only=True, allow_null=True, default=None)
    made_by = Person(read_only=True)
    confirmed_by = Person(read_only=True, allow_null=True)
    steps = PlanStepRead(many=True, read_only=True)

    def to_representation(self, instance: Any) -> Any:
        if not hasattr(instance, "overdue_steps"):
            dress_plans([instance], local_date(timezone.now()))
        return super().to_representation(instance)

    class Meta:
        model = ServicePlan
        fields = [
            "id", "client", "state", "aim", "needs", "tier_code", "replaces", "made_by", "made_at", "agreed_on",
            "confirmed_by", "confirmed_at", "confirm_note", "ended_on", "end_reason", "steps", "version",
        ]  # fmt: skip


class PlanDetail(PlanRead):
    """A plan with the questions to which the client says something else now; any of them: it is to be looked at again."""

    changed = serializers.SerializerMethodField()

    class Meta(PlanRead.Meta):
        fields = [*PlanRead.Meta.fields, "changed"]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_changed(self, row: ServicePlan) -> list[str]:
        user = self.context["request"].user
        if row.state != row.State.AGREED or not user.has_perm("clients.view_needsinterview"):
            return []
        present = NeedsInterview.objects.visible_to(user).present().filter(client=row.client_id).first()
        return changed_needs(row, present)


class SayStep(Strict):
    """One step: ``service`` or ``title``, ``due_on`` or ``period``; the caller sees to it where nobody is named."""

    service = PublicIdField(model=ServiceItem, required=False)
    title = serializers.CharField(max_length=60, required=False)
    purpose = serializers.CharField(max_length=200)
    due_on = serializers.DateField(required=False)
    period = serializers.ChoiceField(choices=Period.choices, required=False)
    owner = PublicIdField(model=User, required=False)


class MakePlan(Strict):
    """A plan for a client; with ``agreed_on`` it is agreed at once, else it is drawn up.

    ``before`` is the open plan that the caller has seen, what is drawn up before what is agreed; "" for none.
    """

    client = PublicIdField(model=Client)
    before = serializers.CharField(max_length=26, allow_blank=True)
    aim = serializers.CharField(max_length=400)
    steps = serializers.ListField(child=SayStep(), max_length=30)
    agreed_on = serializers.DateField(required=False)


class AgreePlan(Strict):
    agreed_on = serializers.DateField()


class ConfirmPlan(Strict):
    note = serializers.CharField(max_length=200)


class EndPlan(Strict):
    reason = serializers.CharField(max_length=200)


_ANSWERS = {200: PlanDetail, 201: PlanDetail}


class PlanViewSet(Commands, mixins.ListModelMixin, viewsets.GenericViewSet[ServicePlan]):
    """Service plans of clients within the caller's reach, the newest first; replaced and ended ones too."""

    queryset = ServicePlan.objects.none()
    serializer_class = PlanRead
    filterset_class = PlanFilter
    subject = "plan"
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-pk",)
    writes = {"create": "once", "agree": "once+versioned", "confirm": "once+versioned", "end": "once+versioned"}

    def get_serializer_class(self) -> Any:
        return PlanRead if self.action == "list" else PlanDetail

    def get_permissions(self) -> list[Any]:
        if self.action == "create":
            return [each() for each in _CHANGES]
        return list(super().get_permissions())

    def get_queryset(self) -> QuerySet[ServicePlan]:
        return ServicePlan.objects.visible_to(self._actor).for_list()

    def paginate_queryset(self, queryset: Any) -> Any:
        rows = super().paginate_queryset(queryset)
        dress_plans(rows or [], local_date(timezone.now()))
        return rows

    @extend_schema(responses={200: PlanDetail}, filters=False)
    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """One plan with what has changed since; its ETag is what a change sends back as If-Match."""
        return self._shown(id)

    @extend_schema(request=MakePlan, responses={201: PlanDetail})
    def create(self, request: Request) -> Response:
        """Draw a plan up; the one before it stays on file. Another one than ``before`` is not replaced unseen (412)."""
        said, actor = self._said(MakePlan), self._actor
        said["seen"] = said.pop("before")
        steps = [
            Step(**{"owner": actor, **{("item" if name == "service" else name): value for name, value in step.items()}})
            for step in said.pop("steps")
        ]
        return self.once(lambda: make_plan(steps=steps, actor=actor, now=timezone.now(), **said), self._shown)

    @extend_schema(request=AgreePlan, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_CHANGES)
    def agree(self, request: Request, **_path: str) -> Response:
        """The client agreed on a day; the plan before it is replaced."""
        return self._do(AgreePlan, agree_plan)

    @extend_schema(request=ConfirmPlan, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_CHANGES)
    def confirm(self, request: Request, **_path: str) -> Response:
        """The needs have changed, and the plan stands."""
        return self._do(ConfirmPlan, confirm_plan)

    @extend_schema(request=EndPlan, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_CHANGES)
    def end(self, request: Request, **_path: str) -> Response:
        """Give the plan up."""
        return self._do(EndPlan, end_plan)
