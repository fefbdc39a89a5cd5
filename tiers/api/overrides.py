"""Tiers given by hand over REST: asked for, decided by somebody else, and ended."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import Client
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.writes import Commands
from tiers.api.serializers import TierRead
from tiers.filters import TierOverrideFilter
from tiers.models import Tier, TierOverride
from tiers.services.overrides import (
    approve_override,
    end_override,
    reject_override,
    request_override,
    withdraw_override,
)


class TierOverrideRead(serializers.ModelSerializer[TierOverride]):
    """A tier given by hand; it holds from ``valid_from`` once somebody else has approved it, and ends by itself."""

    id = serializers.CharField(source="public_id", read_only=True)
    client = serializers.CharField(source="client.public_id", read_only=True)
    tier = TierRead(read_only=True)
    before = TierRead(read_only=True, help_text="The tier by rule when it was asked for.")
    requested_by = Person(read_only=True)
    decided_by = Person(read_only=True, allow_null=True)

    class Meta:
        model = TierOverride
        fields = [
            "id", "client", "tier", "before", "reason", "state", "requested_by", "requested_at", "decide_by", "valid_from",
            "valid_to", "decided_by", "decided_at", "decision_note", "ended_at", "end_reason", "version",
        ]  # fmt: skip


class RequestOverride(Strict):
    client = PublicIdField(model=Client)
    tier = PublicIdField(model=Tier)
    valid_to = serializers.DateField(help_text="Last day; from the next one the client is back at the tier by rule.")
    reason = serializers.CharField(max_length=200)


class ApproveOverride(Strict):
    note = serializers.CharField(max_length=200, allow_blank=True, default="")


class RejectOverride(Strict):
    note = serializers.CharField(max_length=200)


class WithdrawOverride(Strict):
    """Takes nothing."""


class EndOverride(Strict):
    reason = serializers.CharField(max_length=200)


_ANSWERS = {200: TierOverrideRead, 201: TierOverrideRead}
_DECIDES = [may("tiers.view_tieroverride", "tiers.approve_tieroverride")]


class TierOverrideViewSet(
    Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[TierOverride]
):
    """Tiers given by hand to clients within the caller's reach, the newest first."""

    queryset = TierOverride.objects.none()
    serializer_class = TierOverrideRead
    subject = "override"
    filterset_class = TierOverrideFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    writes = {
        "create": "once",
        "approve": "once+versioned",
        "reject": "once+versioned",
        "withdraw": "once+versioned",
        "end": "once+versioned",
    }

    def get_queryset(self) -> QuerySet[TierOverride]:
        return TierOverride.objects.visible_to(self._actor).for_list()

    @extend_schema(responses={200: TierOverrideRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One tier by hand; its ETag is what a decision sends back as If-Match."""
        return self._shown(self._row().public_id)

    @extend_schema(request=RequestOverride, responses={201: TierOverrideRead})
    def create(self, request: Request) -> Response:
        """Ask for a tier by hand; it waits for somebody else."""
        said = self._said(RequestOverride)
        return self.once(lambda: request_override(actor=self._actor, now=timezone.now(), **said), self._shown)

    @extend_schema(request=ApproveOverride, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_DECIDES)
    def approve(self, request: Request, **_path: str) -> Response:
        """Give the client the tier from today on; 403 for the one who asked and beyond the limits of the role."""
        return self._do(ApproveOverride, approve_override)

    @extend_schema(request=RejectOverride, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_DECIDES)
    def reject(self, request: Request, **_path: str) -> Response:
        """Turn a request down, saying why."""
        return self._do(RejectOverride, reject_override)

    @extend_schema(request=WithdrawOverride, responses=_ANSWERS, filters=False)
    @action(
        detail=True, methods=["post"], permission_classes=[may("tiers.view_tieroverride", "tiers.add_tieroverride")]
    )
    def withdraw(self, request: Request, **_path: str) -> Response:
        """Take one's own request back."""
        return self._do(WithdrawOverride, withdraw_override)

    @extend_schema(request=EndOverride, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_DECIDES)
    def end(self, request: Request, **_path: str) -> Response:
        """Return the client to the tier by rule before the last day."""
        return self._do(EndOverride, end_override)
