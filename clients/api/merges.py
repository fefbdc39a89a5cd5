"""Suspected duplicates and merges of clients over REST."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.serializers import ClientName
from clients.models import Client, DuplicatePair, LikeReason, MergeRecord
from clients.services.duplicates import dismiss_pair
from clients.services.merge_facts import GROUPS, LEAVING, STAYING
from clients.services.merge_rows import told_counts
from clients.services.merges import approve_merge, ask_merge, preview_merge, reject_merge, undo_merge
from crm.core import audit
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.writes import Commands, seen_version

ID = "[0-9A-Z]{26}"


class NumberedClient(ClientName):
    """A client inside another answer, with his number."""

    external_id = serializers.CharField()


class DuplicateRead(serializers.Serializer[DuplicatePair]):
    """Two clients who may be one; ``first`` is the older one, ``score`` is of 100."""

    id = serializers.CharField(source="public_id")
    first = NumberedClient()
    second = NumberedClient()
    reasons = serializers.ListField(child=serializers.ChoiceField(choices=LikeReason.choices))
    score = serializers.IntegerField()
    state = serializers.CharField()
    found_on = serializers.DateField()
    dismissed_at = serializers.DateTimeField(allow_null=True)
    dismiss_reason = serializers.CharField()
    version = serializers.IntegerField()


class Reason(Strict):
    """Why."""

    reason = serializers.CharField(min_length=2, max_length=200)


class MergeRead(serializers.Serializer[MergeRecord]):
    """A merge: asked for, done, rejected or undone. ``counts``: kind of row that the caller may see → how many went over."""

    id = serializers.CharField(source="public_id")
    staying = NumberedClient()
    leaving = NumberedClient()
    state = serializers.CharField()
    choices = serializers.DictField(child=serializers.CharField())
    adds_assets = serializers.BooleanField()
    reason = serializers.CharField()
    requested_by = Person()
    requested_at = serializers.DateTimeField()
    decided_by = Person(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decision_note = serializers.CharField()
    undone_at = serializers.DateTimeField(allow_null=True)
    undo_reason = serializers.CharField()
    counts = serializers.SerializerMethodField()
    version = serializers.IntegerField()

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_counts(self, row: MergeRecord) -> dict[str, int]:
        return told_counts(row.counts, self.context["request"].user)


class MergeAsk(Strict):
    """Which client becomes part of which. ``choices``: group of facts → whose value stays."""

    staying = PublicIdField(model=Client)
    leaving = PublicIdField(model=Client)
    choices = serializers.DictField(child=serializers.ChoiceField(choices=[STAYING, LEAVING]), required=False)
    adds_assets = serializers.BooleanField(required=False, help_text="Amounts of the same days are added.")
    reason = serializers.CharField(min_length=2, max_length=200)
    staying_version = serializers.IntegerField(min_value=1)
    leaving_version = serializers.IntegerField(min_value=1)


class MergeNote(Strict):
    """A note that may be missing."""

    note = serializers.CharField(max_length=200, allow_blank=True, required=False)


class MergeReject(Strict):
    """Why they stay two clients."""

    note = serializers.CharField(min_length=2, max_length=200)


class FactRead(serializers.Serializer[Any]):
    """One group of facts in which the two differ; private values masked."""

    key = serializers.ChoiceField(choices=sorted(GROUPS))
    label = serializers.CharField()  # type: ignore[assignment]  # the stub takes it for the field's own label
    staying = serializers.CharField()
    leaving = serializers.CharField()
    newer = serializers.CharField(help_text="Whose value is the more recent one; empty where that is not known.")
    default = serializers.CharField()


class CountRead(serializers.Serializer[Any]):
    """How many rows of one kind would go over."""

    label = serializers.CharField()  # type: ignore[assignment]  # as above
    count = serializers.IntegerField()


class PreviewRead(serializers.Serializer[Any]):
    """What a merge would do."""

    facts = FactRead(many=True)
    counts = serializers.SerializerMethodField()
    overlap = serializers.IntegerField(help_text="Rows of one day under both numbers: their amounts would be added.")
    needs_approval = serializers.BooleanField()
    staying_version = serializers.IntegerField(source="staying.version")
    leaving_version = serializers.IntegerField(source="leaving.version")

    @extend_schema_field(CountRead(many=True))
    def get_counts(self, preview: Any) -> list[dict[str, Any]]:
        return [{"label": label, "count": count} for label, count in preview.counts]


_STATE = OpenApiParameter("state", OpenApiTypes.STR, description="open or dismissed; open if missing.")


@extend_schema_view(list=extend_schema(parameters=[_STATE]))
class DuplicateViewSet(
    Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[DuplicatePair]
):
    """Suspected duplicates, the surest first."""

    queryset = DuplicatePair.objects.none()
    serializer_class = DuplicateRead
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = ID
    cursor_ordering = ("-score", "pk")
    writes = {"dismiss": "once+versioned"}

    def get_queryset(self) -> QuerySet[DuplicatePair]:
        return DuplicatePair.objects.visible_to(self.request.user).standing().with_clients()

    def filter_queryset(self, queryset: Any) -> Any:
        if self.action != "list":
            return queryset
        return queryset.filter(state=self.request.query_params.get("state") or DuplicatePair.State.OPEN)

    @extend_schema(request=Reason, responses={200: DuplicateRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.change_duplicatepair")])
    def dismiss(self, request: Request, **_path: str) -> Response:
        """Say that the two are different clients; the pair does not come back."""
        pair, version, own = self.get_object(), seen_version(request), request.user
        said = self._said(Reason)
        return self.once(
            lambda: dismiss_pair(pair=pair, actor=own, now=timezone.now(), version=version, **said),  # type: ignore[arg-type]  # signed in
            self._shown,
        )


_PAIR = [
    OpenApiParameter("staying", OpenApiTypes.STR, required=True, description="Public id of the client who stays."),
    OpenApiParameter("leaving", OpenApiTypes.STR, required=True, description="Public id of the client merged."),
]


class MergeViewSet(Commands, mixins.ListModelMixin, viewsets.GenericViewSet[MergeRecord]):
    """Merges of clients whom the caller may see, the newest first."""

    queryset = MergeRecord.objects.none()
    serializer_class = MergeRead
    subject = "record"
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = ID
    cursor_ordering = ("-pk",)
    writes = {
        "create": "once",
        "approve": "once+versioned",
        "reject": "once+versioned",
        "undo": "once+versioned",
    }

    def get_queryset(self) -> QuerySet[MergeRecord]:
        return MergeRecord.objects.visible_to(self.request.user).for_list()

    @extend_schema(responses={200: MergeRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One merge with its version as ETag."""
        return self._shown(self._row().public_id)

    @extend_schema(request=MergeAsk, responses={201: MergeRead})
    def create(self, request: Request) -> Response:
        """Ask for a merge; where the house asks for no second person it is done at once."""
        said = self._said(MergeAsk)
        versions = said.pop("staying_version"), said.pop("leaving_version")
        return self.once(
            lambda: ask_merge(actor=self._actor, now=timezone.now(), versions=versions, **said), self._shown
        )

    @extend_schema(parameters=_PAIR, responses={200: PreviewRead}, filters=False)
    @action(detail=False, pagination_class=None, permission_classes=[may("clients.add_mergerecord")])
    def preview(self, request: Request) -> Response:
        """What stays of each fact and what goes over, before anybody asks for it."""
        pair = [self._client(request.query_params.get(name, "")) for name in ("staying", "leaving")]
        seen = preview_merge(staying=pair[0], leaving=pair[1], reader=self._actor, now=timezone.now())
        for client in pair:
            audit.record_read(self._actor, "client.view", client, client=client)
        return Response(PreviewRead(seen).data)

    @extend_schema(request=MergeNote, responses={200: MergeRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.approve_mergerecord")])
    def approve(self, request: Request, **_path: str) -> Response:
        """Do what was asked for; never by who asked."""
        return self._do(MergeNote, approve_merge)

    @extend_schema(request=MergeReject, responses={200: MergeRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.approve_mergerecord")])
    def reject(self, request: Request, **_path: str) -> Response:
        """They stay two clients."""
        return self._do(MergeReject, reject_merge)

    @extend_schema(request=Reason, responses={200: MergeRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.undo_mergerecord")])
    def undo(self, request: Request, **_path: str) -> Response:
        """Make them two clients again."""
        return self._do(Reason, undo_merge)

    def _client(self, public_id: str) -> Client:
        rows = Client.objects.visible_to(self._actor).select_related("branch", "advisor", "introducer")
        found: Client | None = rows.filter(public_id=public_id).first()
        if found is None:
            raise Http404
        return found
