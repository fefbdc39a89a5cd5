"""Market events over REST: what a round was called out for, and how far it has come."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import Segment
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.writes import Commands
from crm.core.models import Branch
from tiers.models import MarketEvent, Promise, ServiceItem
from tiers.services.market_events import ask_again, call_round

_SEES = [may("tiers.view_promise")]
_CALLS = [may("tiers.view_promise", "tiers.add_marketevent")]


class RoundCounts(serializers.Serializer[Any]):
    """Promises of the event to clients whom the caller sees."""

    asked = serializers.IntegerField()
    due = serializers.IntegerField()
    done = serializers.IntegerField()
    missed = serializers.IntegerField()
    waived = serializers.IntegerField()
    closed = serializers.IntegerField()


class MarketEventRead(serializers.ModelSerializer[MarketEvent]):
    """Something that happened in the market and what is asked; for whom is told to those who may call out a round."""

    id = serializers.CharField(source="public_id", read_only=True)
    branch = serializers.CharField(source="branch.code", read_only=True)
    service = serializers.CharField(source="item.public_id", read_only=True)
    tier_codes = serializers.SerializerMethodField()
    segment_name = serializers.SerializerMethodField()
    called_by = Person(read_only=True)

    class Meta:
        model = MarketEvent
        fields = [
            "id", "branch", "name", "day", "ask", "service", "tier_codes", "segment_name", "due_on", "called_by",
            "called_at", "asked_at", "version",
        ]  # fmt: skip

    def _calls(self) -> bool:
        return bool(self.context["request"].user.has_perm("tiers.add_marketevent"))

    @extend_schema_field(serializers.ListField(child=serializers.CharField(), allow_null=True))
    def get_tier_codes(self, row: MarketEvent) -> list[str] | None:
        return row.tier_codes if self._calls() else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_segment_name(self, row: MarketEvent) -> str | None:
        return row.segment_name if self._calls() else None


class MarketEventLine(MarketEventRead):
    """A market event of the list: promises to clients whom the caller sees, and how many of them are kept."""

    asked = serializers.IntegerField(read_only=True)
    kept = serializers.IntegerField(read_only=True)

    class Meta(MarketEventRead.Meta):
        fields = [*MarketEventRead.Meta.fields, "asked", "kept"]


class MarketEventDetail(MarketEventRead):
    """A market event with how far its round has come."""

    counts = serializers.SerializerMethodField()

    class Meta(MarketEventRead.Meta):
        fields = [*MarketEventRead.Meta.fields, "counts"]

    @extend_schema_field(RoundCounts)
    def get_counts(self, row: MarketEvent) -> dict[str, int]:
        return Promise.objects.visible_to(self.context["request"].user).filter(event=row).by_state()


class CallRound(Strict):
    """A market event, what is asked by when, and for whom: a segment, tiers, or those who are in both."""

    name = serializers.CharField(max_length=60)
    day = serializers.DateField()
    ask = serializers.CharField(max_length=400)
    service = PublicIdField(model=ServiceItem)
    branch = PublicIdField(model=Branch, required=False)
    due_on = serializers.DateField()
    segment = PublicIdField(model=Segment, required=False)
    tier_codes = serializers.ListField(child=serializers.SlugField(max_length=30), max_length=8, required=False)


class AskAgain(Strict):
    """Nothing to say."""


class MarketEventViewSet(Commands, mixins.ListModelMixin, viewsets.GenericViewSet[MarketEvent]):
    """Market events of the branches that the caller reaches; whom they reach stands in ``promises`` (``event``)."""

    queryset = MarketEvent.objects.none()
    permission_classes = _SEES
    serializer_class = MarketEventRead
    subject = "event"
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-called_at", "-pk")
    writes = {"create": "once", "ask": "once+versioned"}

    def get_serializer_class(self) -> Any:
        return MarketEventLine if self.action == "list" else MarketEventDetail

    def get_permissions(self) -> list[Any]:
        if self.action == "create":
            return [each() for each in _CALLS]
        return list(super().get_permissions())

    def get_queryset(self) -> QuerySet[MarketEvent]:
        rows = MarketEvent.objects.visible_to(self._actor).for_list()
        return rows.with_progress(self._actor) if self.action == "list" else rows

    @extend_schema(responses={200: MarketEventDetail}, filters=False)
    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """One market event with how far its round has come, and its version as ETag."""
        return self._shown(id)

    @extend_schema(request=CallRound, responses={201: MarketEventDetail})
    def create(self, request: Request) -> Response:
        """Call out a round: each client whom it reaches is owed the service once for this event."""
        said, actor = self._said(CallRound), self._actor
        branch, item = self._place(said), said.pop("service")
        return self.once(
            lambda: call_round(branch=branch, actor=actor, now=timezone.now(), item=item, **said), self._shown
        )

    @extend_schema(request=AskAgain, responses={200: MarketEventDetail, 201: MarketEventDetail}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_CALLS)
    def ask(self, request: Request, **_path: str) -> Response:
        """Ask again: who has come into the audience since is owed it as well, nobody twice."""
        return self._do(AskAgain, ask_again)
