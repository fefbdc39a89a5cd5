"""Money-laundering grades over REST, for those who may know them. Suspicion is never handed to a program."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.serializers import ClientName
from clients.filters import AmlFilter
from clients.models import AmlGrade, Client
from clients.querysets.aml import gradings_due, ungraded
from clients.services import grade_client
from clients.views.rows import today
from crm.core import audit
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.trail import ListOnTrail
from crm.core.api.writes import Commands
from crm.core.errors import InvalidInput
from crm.core.policies import figures

_STATES = ("overdue", "changed", "soon")


class AmlGradeRead(serializers.Serializer[AmlGrade]):
    """One grading of a client."""

    id = serializers.CharField(source="public_id")
    client = ClientName()
    grade = serializers.CharField()
    occasion = serializers.CharField()
    reasons = serializers.CharField()
    graded_on = serializers.DateField()
    review_on = serializers.DateField()
    is_present = serializers.BooleanField()
    identity_changed = serializers.SerializerMethodField()
    graded_by = Person()
    graded_at = serializers.DateTimeField()

    def get_identity_changed(self, row: AmlGrade) -> bool:
        """Whether key identity facts are other now than at the grading."""
        return row.is_present and bool(row.changed_facts(row.client))


class AmlGradeCreate(Strict):
    """A grading; the newest one stands."""

    client = PublicIdField(model=Client)
    grade = serializers.ChoiceField(choices=AmlGrade.Grade.choices)
    occasion = serializers.ChoiceField(choices=AmlGrade.Occasion.choices)
    reasons = serializers.CharField(max_length=500)
    graded_on = serializers.DateField()
    basis = serializers.CharField(
        max_length=26, allow_blank=True, help_text="The grading that the caller has seen; empty if there was none."
    )


class UngradedRead(serializers.Serializer[Client]):
    """A client whom nobody has graded."""

    id = serializers.CharField(source="public_id")
    number = serializers.CharField(source="external_id")
    opened_on = serializers.DateField(allow_null=True)


@extend_schema_view(
    list=extend_schema(parameters=[OpenApiParameter("state", enum=_STATES, description="All gradings if missing.")])
)
class AmlGradeViewSet(ListOnTrail, Commands, mixins.ListModelMixin, viewsets.GenericViewSet[AmlGrade]):
    """Gradings of clients by the risk of money laundering, the newest first. Added, never changed."""

    queryset = AmlGrade.objects.none()
    serializer_class = AmlGradeRead
    trail = "aml.view"
    filterset_class = AmlFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering: tuple[str, ...] = ("-graded_at", "-pk")
    writes = {"create": "once"}

    def get_queryset(self) -> QuerySet[AmlGrade]:
        own: Any = self.request.user
        state = self.request.query_params.get("state", "") if self.action == "list" else ""
        if state:
            if state not in _STATES:  # passed over, it would show every grading
                raise InvalidInput(fields={"state": ", ".join(_STATES)})
            day = today()
            return gradings_due(own, state, day, figures(day, own.branch))
        return AmlGrade.objects.visible_to(own).for_list()

    @extend_schema(responses={200: AmlGradeRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One grading."""
        row = self._row()
        audit.record_read(self._actor, "aml.view", row, client=row.client)
        return Response(self.get_serializer(row).data)

    @extend_schema(request=AmlGradeCreate, responses={201: AmlGradeRead})
    def create(self, request: Request) -> Response:
        """Grade a client; 412 where somebody else has graded him since."""
        said = self._said(AmlGradeCreate)
        return self.once(lambda: grade_client(actor=self._actor, now=timezone.now(), **said), self._shown)

    @extend_schema(responses={200: UngradedRead(many=True)}, filters=False)
    @action(detail=False, methods=["get"], permission_classes=[may("clients.view_amlgrade")])
    def ungraded(self, request: Request) -> Response:
        """Clients served whom nobody has graded."""
        self.cursor_ordering = ("aml_since", "pk")  # of clients, not of gradings
        page: Any = self.paginate_queryset(ungraded(self._actor)) or []
        found = UngradedRead(page, many=True, context=self.get_serializer_context()).data
        audit.record_read(self._actor, "aml.view", AmlGrade._meta.label_lower, ids=[row["id"] for row in found])
        return self.get_paginated_response(found)
