"""Programmes and clients' tiers over REST; all of it is read only."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import Client
from crm.core.api.permissions import may
from crm.core.clocks import local_date
from tiers.api.serializers import ClientTierRead, ProgrammeRead
from tiers.filters import ProgrammeFilter
from tiers.models import Programme, TierChange
from tiers.querysets.proof import proof_of

SHOWN_CHANGES = 100


class ProgrammeViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Programme]):
    """Tier programmes that concern the caller, and the tier of a client with its proof."""

    queryset = Programme.objects.none()
    serializer_class = ProgrammeRead
    filterset_class = ProgrammeFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"

    def get_queryset(self) -> QuerySet[Programme]:
        rows: Any = Programme.objects.visible_to(self.request.user)  # type: ignore[arg-type]  # signed in
        return rows.select_related("branch", "drafted_by", "approved_by").with_tiers()  # type: ignore[no-any-return]

    @extend_schema(responses={200: ClientTierRead}, filters=False)
    @action(
        detail=False,
        url_path="clients/(?P<client>[0-9A-Z]{26})",
        permission_classes=[may("tiers.view_tierstate", "tiers.view_tierchange")],
        pagination_class=None,
        filterset_class=None,
    )
    def client(self, request: Request, client: str) -> Response:
        """The tier of one client: state, proof as of the newest day on file, and the steps so far, newest first."""
        rows: Any = Client.objects.visible_to(request.user)  # type: ignore[arg-type]  # signed in
        row = get_object_or_404(rows.select_related("branch"), public_id=client)
        history: Any = TierChange.objects.visible_to(request.user).filter(client=row)  # type: ignore[arg-type]
        told = {
            "client": row,
            "proof": proof_of(row, local_date(timezone.now())),
            "history": history.with_tiers().order_by("-day", "-pk")[:SHOWN_CHANGES],
        }
        return Response(ClientTierRead(told).data)
