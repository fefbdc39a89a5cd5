"""Rounds of surveys over REST: a saved segment asked what it thinks of something."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care import services
from care.models import SurveyRound
from clients.models import Segment
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.writes import Commands
from crm.core.models import Branch

_COUNTS = "Reason → how many clients of the segment were not invited for it."


class AskSegment(Strict):
    """Which saved segment is asked, and about what; clients read the title."""

    segment = PublicIdField(model=Segment)
    title = serializers.CharField(max_length=60)
    branch = PublicIdField(model=Branch, required=False)


class RoundRead(serializers.ModelSerializer[SurveyRound]):
    """A segment that was asked: how many were invited and answered, and why others were not invited the last time."""

    id = serializers.CharField(source="public_id", read_only=True)
    branch = serializers.CharField(source="branch.code", read_only=True)
    segment = serializers.CharField(source="segment.public_id", read_only=True, allow_null=True, default=None)
    invited = serializers.IntegerField(read_only=True)
    answered = serializers.IntegerField(read_only=True)
    satisfaction = serializers.DecimalField(max_digits=3, decimal_places=2, allow_null=True, read_only=True)
    left_out = serializers.DictField(child=serializers.IntegerField(), read_only=True, help_text=_COUNTS)
    made_by = Person(read_only=True)

    class Meta:
        model = SurveyRound
        fields = [
            "id", "branch", "segment", "segment_name", "title", "members", "invited", "answered", "satisfaction", "left_out",
            "made_by", "made_at",
        ]  # fmt: skip


class RoundPreview(serializers.Serializer[Any]):
    """Whom a round would invite now."""

    members = serializers.IntegerField()
    invited = serializers.IntegerField()
    left_out = serializers.DictField(child=serializers.IntegerField(), help_text=_COUNTS)


class SurveyRoundViewSet(
    Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[SurveyRound]
):
    """Saved segments that were asked what they think of something; the answers are among the ``surveys``."""

    queryset = SurveyRound.objects.none()
    serializer_class = RoundRead
    permission_classes = [may("care.view_surveyinvitation")]
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-made_at", "-pk")
    writes = {"create": "once"}

    def get_permissions(self) -> Any:
        if self.action in ("create", "preview"):
            return [may("care.view_surveyinvitation", "care.add_surveyround")()]
        return super().get_permissions()

    def get_queryset(self) -> QuerySet[SurveyRound]:
        return SurveyRound.objects.visible_to(self._actor).for_list()

    @extend_schema(request=AskSegment, responses={200: RoundRead, 201: RoundRead}, filters=False)
    def create(self, request: Request) -> Response:
        """Invite every client of the segment whom we may write to; the same segment and title again go on with that round."""
        said = self._asked(request.data)
        return self.once(
            lambda: services.invite_segment(actor=self._actor, now=timezone.now(), **said),
            self._shown,
        )

    @extend_schema(
        parameters=[
            OpenApiParameter("segment", OpenApiTypes.STR, required=True),
            OpenApiParameter("title", OpenApiTypes.STR, required=True),
            OpenApiParameter("branch", OpenApiTypes.STR),
        ],
        responses={200: RoundPreview},
        filters=False,
    )
    @action(detail=False, pagination_class=None)
    def preview(self, request: Request) -> Response:
        """How many would be invited now, and how many not and why; nothing is written."""
        found = services.find_audience(
            reader=self._actor, now=timezone.now(), **self._asked(request.query_params.dict())
        )
        return Response(RoundPreview(found).data)

    def _asked(self, given: Any) -> dict[str, Any]:
        said = self._said(AskSegment, given)
        return {**said, "branch": self._place(said)}
