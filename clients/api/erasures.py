"""The end of a client's data over REST: proposed, approved by two others, carried out, with its certificate."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.serializers import ClientName
from clients.filters import ErasureFilter
from clients.models import Client, Erasure
from clients.retention import obstacles
from clients.services.erasure import approve_erasure, propose_erasure, reject_erasure
from clients.views.rows import today
from crm.core import audit
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.writes import Commands, seen_version


class ErasureRead(serializers.Serializer[Erasure]):
    """One erasure; ``counts`` says of a finished one how many rows of each kind are gone."""

    id = serializers.CharField(source="public_id")
    client = ClientName()
    state = serializers.CharField()
    reason = serializers.CharField()
    proposed_by = Person()
    proposed_at = serializers.DateTimeField()
    first_approver = Person(allow_null=True)
    second_approver = Person(allow_null=True)
    done_at = serializers.DateTimeField(allow_null=True)
    counts = serializers.SerializerMethodField()
    version = serializers.IntegerField()

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_counts(self, row: Erasure) -> dict[str, int]:
        return dict((row.certificate or {}).get("rows", {}))


class ErasureDetail(ErasureRead):
    """With what stands against it today."""

    against = serializers.SerializerMethodField()

    def get_against(self, row: Erasure) -> list[str]:
        if row.state == Erasure.State.DONE:
            return []
        return [str(one) for one in obstacles(row.client, today(), self.context["request"].user)]


class ProposeErasure(Strict):
    client = PublicIdField(model=Client)
    reason = serializers.CharField(min_length=4, max_length=300)


class ApproveErasure(Strict):
    """Nothing to say but yes."""


class RejectErasure(Strict):
    reason = serializers.CharField(min_length=4, max_length=300)


_MAY_DECIDE = [may("clients.view_erasure", "clients.approve_erasure")]


class ErasureViewSet(Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Erasure]):
    """Erasures of clients whom the caller may see, the newest first."""

    queryset = Erasure.objects.none()
    serializer_class = ErasureRead
    filterset_class = ErasureFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-pk",)
    writes = {"create": "once", "approve": "once+versioned", "reject": "once+versioned"}

    def get_queryset(self) -> QuerySet[Erasure]:
        rows: Any = Erasure.objects.visible_to(self._actor)
        return rows.select_related("client__branch", "proposed_by", "first_approver", "second_approver")

    def get_serializer_class(self) -> type[ErasureRead]:
        return ErasureRead if self.action == "list" else ErasureDetail

    @extend_schema(responses={200: ErasureDetail}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One erasure and what stands against it; the look is on the trail."""
        row = self._row()
        audit.record_read(self._actor, "erasure.view", row, client=row.client)
        return self._shown(row.public_id)

    @extend_schema(request=ProposeErasure, responses={201: ErasureDetail})
    def create(self, request: Request) -> Response:
        """Propose the erasure of a client's data; two others approve it."""
        said = self._said(ProposeErasure)
        return self.once(lambda: propose_erasure(actor=self._actor, now=timezone.now(), **said), self._shown)

    @extend_schema(request=ApproveErasure, responses={201: ErasureDetail}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_MAY_DECIDE)
    def approve(self, request: Request, **_path: str) -> Response:
        """One of the two approvals; after the second the data are gone for good."""
        row, version = self._row(), seen_version(request)
        self._said(ApproveErasure)
        return self.once(
            lambda: approve_erasure(erasure=row, actor=self._actor, now=timezone.now(), version=version), self._shown
        )

    @extend_schema(request=RejectErasure, responses={201: ErasureDetail}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_MAY_DECIDE)
    def reject(self, request: Request, **_path: str) -> Response:
        """Nothing is erased."""
        row, version, said = self._row(), seen_version(request), self._said(RejectErasure)
        return self.once(lambda: reject_erasure(erasure=row, actor=self._actor, version=version, **said), self._shown)
