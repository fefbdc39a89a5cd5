"""Segments over REST: rules as trees, what may be asked, and who is in a segment now."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.saved_views import Pin
from clients.api.serializers import ClientRow
from clients.models import Client, Segment, Share
from clients.segments import fields_for, secret_of
from clients.services.segments import change_segment, create_segment, delete_segment, pin
from crm.core import audit
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, Strict
from crm.core.api.writes import Once, etag, seen_version
from crm.core.models import User

_RULE_HELP = (
    "{“all” or “any”: [conditions and further groups]}; a condition is {field, op, value}; see segments/fields/."
)


class SegmentRead(serializers.Serializer[Segment]):
    """A segment; who is in it is asked at ``members``."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()
    description = serializers.CharField()
    rule = serializers.JSONField(help_text=_RULE_HELP)
    share = serializers.CharField()
    owner = Person()
    pinned = serializers.BooleanField(source="is_pinned")
    version = serializers.IntegerField()


class SegmentWords(Strict):
    """What may be said about a segment."""

    name = serializers.CharField(max_length=40)
    description = serializers.CharField(max_length=200, allow_blank=True, required=False)
    rule = serializers.JSONField(help_text=_RULE_HELP)
    share = serializers.ChoiceField(choices=Share.choices, required=False)


class SegmentChange(SegmentWords):
    """What is to be different; a name left out stays as it is."""

    name = serializers.CharField(max_length=40, required=False)
    rule = serializers.JSONField(required=False, help_text=_RULE_HELP)


class FieldRead(serializers.Serializer[Any]):
    """A fact that a rule may ask for, with its comparisons and, where they are a closed list, its values."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # DRF takes declared fields off the class
    group = serializers.CharField()
    kind = serializers.CharField()
    operators = serializers.SerializerMethodField()
    choices = serializers.SerializerMethodField()

    @extend_schema_field({"type": "array", "items": {"type": "object"}})
    def get_operators(self, row: Any) -> list[dict[str, str]]:
        return [
            {"key": each.key, "label": str(each.label), "value": each.shape.value} for each in row.operators().values()
        ]

    @extend_schema_field({"type": "array", "items": {"type": "object"}, "nullable": True})
    def get_choices(self, row: Any) -> list[dict[str, str]] | None:
        if row.choices is None:
            return None
        return [{"value": code, "label": str(label)} for code, label in row.choices(self.context["request"].user)]


class SegmentViewSet(Once, mixins.ListModelMixin, viewsets.GenericViewSet[Segment]):
    """The caller's segments, and those that are shared with him."""

    queryset = Segment.objects.none()
    permission_classes = [may("clients.view_client")]
    serializer_class = SegmentRead
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-pk",)
    writes = {"create": "once", "partial_update": "versioned", "destroy": "versioned", "pin": "once"}

    def get_permissions(self) -> list[Any]:
        reads = self.request.method in ("GET", "HEAD", "OPTIONS") or self.action == "pin"
        right = "clients.view_client" if reads else "clients.add_segment"
        return [may(right)()]

    def among(self) -> QuerySet[Client] | None:
        """Where members are listed: the clients among whom the rule chooses."""
        rows: QuerySet[Client] = Client.objects.visible_to(cast(User, self.request.user))
        return rows if self.action == "members" else None

    def get_queryset(self) -> QuerySet[Segment]:
        own: Any = self.request.user
        rows: Any = Segment.objects.visible_to(own)
        return rows.for_list(own) if own.is_authenticated else rows

    @extend_schema(responses={200: SegmentRead}, filters=False)
    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """One segment with its version as ETag."""
        return self._shown(id)

    @extend_schema(request=SegmentWords, responses={201: SegmentRead})
    def create(self, request: Request) -> Response:
        """Keep a rule. It is checked against the fields that the caller may use."""
        body = SegmentWords(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        own: Any = request.user
        return self.once(lambda: create_segment(values=dict(body.validated_data), actor=own), self._shown)

    @extend_schema(request=SegmentChange, responses={200: SegmentRead}, filters=False)
    def partial_update(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Change one's own segment."""
        segment, own = self.get_object(), request.user
        version = seen_version(request)
        body = SegmentChange(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        change_segment(segment=segment, values=dict(body.validated_data), actor=own, version=version)  # type: ignore[arg-type]  # signed in
        return self._shown(id)

    @extend_schema(responses={204: None}, filters=False)
    def destroy(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Give one's own segment up."""
        segment, own = self.get_object(), request.user
        delete_segment(segment=segment, actor=own, version=seen_version(request))  # type: ignore[arg-type]  # signed in
        return Response(status=204)

    @extend_schema(request=Pin, responses={201: SegmentRead}, filters=False)
    @action(detail=True, methods=["post"])
    def pin(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Keep a segment at the top of one's own list, or no longer."""
        row, own = self.get_object(), cast(User, request.user)
        body = Pin(data=request.data)
        body.is_valid(raise_exception=True)
        is_pinned = body.validated_data["on"]
        return self.once(lambda: pin(row=row, is_pinned=is_pinned, actor=own), self._shown)

    @extend_schema(responses={200: ClientRow(many=True)}, filters=False)
    @action(detail=True, methods=["get"])
    def members(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """The clients who are in the segment now, as far as the caller sees them; each page is on the trail."""
        segment, own = self.get_object(), cast(User, request.user)
        rows = segment.members(own, timezone.now()).select_related("advisor")
        page = self.paginate_queryset(rows.order_by("-pk")) or []
        found = ClientRow(page, many=True, context=self.get_serializer_context()).data
        audit.record_read(own, "segment.view", secret_of(segment.group) or segment, ids=[row["id"] for row in found])
        return self.get_paginated_response(found)

    @extend_schema(responses={200: FieldRead(many=True)}, filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def fields(self, request: Request) -> Response:
        """What a rule of the caller may ask for."""
        own: Any = request.user
        return Response(FieldRead(fields_for(own).values(), many=True, context=self.get_serializer_context()).data)

    def _shown(self, public_id: str) -> Response:
        row = get_object_or_404(self.get_queryset(), public_id=public_id)
        return Response(SegmentRead(row, context=self.get_serializer_context()).data, headers={"ETag": etag(row)})
