"""What a client holds, over REST."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.serializers import HoldingRead
from clients.models import Client, Holding
from clients.portfolio import portfolio
from crm.core import audit
from crm.core.errors import InvalidInput

#: More securities than these no client of a branch holds; the weights need all of them at once.
_MOST = 2_000
_CLIENT = OpenApiParameter("client", OpenApiTypes.STR, required=True, description="Public id of the client.")
_DAY = OpenApiParameter("day", OpenApiTypes.DATE, description="The newest day on file if missing.")


class HoldingViewSet(viewsets.GenericViewSet[Holding]):
    """Holdings of one client at the close of one day, the largest first."""

    queryset = Holding.objects.none()
    serializer_class = HoldingRead
    pagination_class = None
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Holding]:
        rows: QuerySet[Holding] = Holding.objects.visible_to(self.request.user)  # type: ignore[arg-type]  # signed in
        return rows

    @extend_schema(parameters=[_CLIENT, _DAY], responses={200: HoldingRead(many=True)})
    def list(self, request: Request) -> Response:
        """What the client held; the look is on his trail."""
        own: Any = request.user
        asked = request.query_params.get("client")
        if not asked:
            raise InvalidInput(fields={"client": _("Name the client.")})
        client = Client.objects.visible_to(own).filter(public_id=asked).first()
        if client is None:
            raise Http404
        rows: Any = self.get_queryset()
        day = request.query_params.get("day")
        held = rows.of_day(client, _day(day)) if day else rows.newest_of(client)
        audit.record_read(own, "holding.view", client, client=client)
        rows = []
        for position in portfolio(held[:_MOST]).positions:
            position.holding.weight = position.weight  # type: ignore[attr-defined]  # told beside its own columns
            rows.append(position.holding)
        return Response(HoldingRead(rows, many=True).data)


def _day(given: str) -> Any:
    try:
        found = parse_date(given)
    except ValueError:
        found = None
    if found is None:
        raise InvalidInput(fields={"day": _("Send a day as YYYY-MM-DD.")})
    return found
