"""Business lines that were marked by hand, over REST."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.serializers import ClientName
from clients.filters import rows_of_client
from clients.models import BusinessLine, BusinessLineMark, Client
from clients.services import mark_line, unmark_line
from crm.core.api.permissions import may
from crm.core.api.serializers import PublicIdField, Strict
from crm.core.api.writes import Commands


class LineMarkRead(serializers.Serializer[BusinessLineMark]):
    """A business line that a client uses although no account of his tells it."""

    id = serializers.CharField(source="public_id")
    client = ClientName()
    line = serializers.CharField()
    note = serializers.CharField()
    marked_on = serializers.DateField()


class LineMarkCreate(Strict):
    """Marking the same line again replaces its note."""

    client = PublicIdField(model=Client)
    line = serializers.ChoiceField(choices=BusinessLine.choices)
    note = serializers.CharField(max_length=200)


class LineMarkViewSet(Commands, mixins.ListModelMixin, viewsets.GenericViewSet[BusinessLineMark]):
    """Business lines of clients that were marked by hand."""

    queryset = BusinessLineMark.objects.none()
    serializer_class = LineMarkRead
    filterset_class = rows_of_client(BusinessLineMark)
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-pk",)
    writes = {"create": "once"}

    def get_permissions(self) -> list[Any]:
        reads = self.request.method in ("GET", "HEAD", "OPTIONS")
        return [may("clients.view_client" if reads else "clients.change_client")()]

    def get_queryset(self) -> QuerySet[BusinessLineMark]:
        rows: Any = BusinessLineMark.objects.visible_to(self._actor)
        return rows.select_related("client")

    @extend_schema(request=LineMarkCreate, responses={201: LineMarkRead})
    def create(self, request: Request) -> Response:
        """Say that a client uses a business line."""
        said = self._said(LineMarkCreate)
        return self.once(lambda: mark_line(actor=self._actor, now=timezone.now(), **said), self._shown)

    @extend_schema(responses={204: None}, filters=False)
    def destroy(self, request: Request, **_path: str) -> Response:
        """Take a mark back."""
        unmark_line(mark=self._row(), actor=self._actor)
        return Response(status=204)
