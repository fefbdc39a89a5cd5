"""Scores of client data over REST: the work list, verifying facts, asking next time."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.serializers import ClientName
from clients.filters import QualityFilter
from clients.models import Client, ClientQuality
from clients.provenance import Verification
from clients.quality import QualityItem
from clients.services import ask_next, verify_facts
from crm.core.api.permissions import may
from crm.core.api.serializers import Strict
from crm.core.api.writes import Once, etag, seen_version


def _items() -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField())


class QualityRead(serializers.Serializer[ClientQuality]):
    """Scores in whole per cent; the lists name items of the catalogue (figures ``quality.person``, ``quality.institution``).

    ``version`` is the client's: verifying his facts sends it back as If-Match.
    """

    client = ClientName()
    score = serializers.IntegerField()
    completeness = serializers.IntegerField()
    verification = serializers.IntegerField()
    freshness = serializers.IntegerField()
    missing = _items()
    unverified = _items()
    stale = _items()
    refused = _items()
    scored_on = serializers.DateField()
    version = serializers.IntegerField(source="client.version")


class VerifyBody(Strict):
    """Facts that were checked today."""

    items = serializers.MultipleChoiceField(choices=QualityItem.choices, allow_empty=False)
    how = serializers.ChoiceField(choices=Verification.choices)


class AskBody(Strict):
    """Items to be asked at the next contact."""

    items = serializers.MultipleChoiceField(choices=QualityItem.choices, allow_empty=False)


class QualityViewSet(Once, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ClientQuality]):
    """The scores of clients whom the caller may see, the most pressing first; a row is named by its client."""

    queryset = ClientQuality.objects.none()
    serializer_class = QualityRead
    filterset_class = QualityFilter
    lookup_field = "client__public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-pressing", "-client_id")
    writes = {"verify": "once+versioned", "ask": "once"}

    def get_queryset(self) -> QuerySet[ClientQuality]:
        return ClientQuality.objects.visible_to(self.request.user).for_list()

    @extend_schema(responses={200: QualityRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The scores of one client; the ETag is the version of his facts."""
        return self._shown(kwargs["id"])

    @extend_schema(request=VerifyBody, responses={201: QualityRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.verify_client")])
    def verify(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Note that facts on file were checked, and how."""
        client, version, said = self.get_object().client, seen_version(request), self._said(VerifyBody)
        own: Any = request.user
        items = sorted(said["items"])

        def make() -> Client:
            return verify_facts(
                client=client, items=items, how=said["how"], actor=own, now=timezone.now(), version=version
            )

        return self.once(make, self._shown)

    @extend_schema(request=AskBody, responses={201: QualityRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.add_contactlog")])
    def ask(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Have items asked when the client is next spoken with."""
        client, said = self.get_object().client, self._said(AskBody)
        own: Any = request.user

        def make() -> Client:
            ask_next(client=client, items=sorted(said["items"]), actor=own, now=timezone.now())
            return client

        return self.once(make, self._shown)

    def _said(self, body: type[Strict]) -> dict[str, Any]:
        given = body(data=self.request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    def _shown(self, public_id: str) -> Response:
        row = get_object_or_404(self.get_queryset(), client__public_id=public_id)
        return Response(
            QualityRead(row, context=self.get_serializer_context()).data, headers={"ETag": etag(row.client)}
        )
