"""How many places a day has for what clients book, over REST."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.permissions import may
from crm.core.api.serializers import PublicIdField, Strict
from crm.core.api.writes import Commands, seen_version
from crm.core.models import Branch
from tiers.filters import ServiceDayFilter
from tiers.models import ServiceDay, ServiceItem
from tiers.services.bookings import open_day, set_places


class ServiceDayRead(serializers.ModelSerializer[ServiceDay]):
    """The places of one service in one branch on one day; a day that is not listed has those of the catalogue, all free."""

    id = serializers.CharField(source="public_id", read_only=True)
    branch = serializers.CharField(source="branch.code", read_only=True)
    service = serializers.CharField(source="item.public_id", read_only=True)
    service_code = serializers.CharField(source="item.code", read_only=True)
    free = serializers.IntegerField(read_only=True)

    class Meta:
        model = ServiceDay
        fields = ["id", "branch", "service", "service_code", "day", "places", "taken", "free", "version"]


class OpenDay(Strict):
    """A day of which nobody has said how many places it has; the branch is one's own unless named."""

    service = PublicIdField(model=ServiceItem)
    branch = PublicIdField(model=Branch, required=False)
    day = serializers.DateField()
    places = serializers.IntegerField(min_value=0, max_value=1000)


class SetPlaces(Strict):
    places = serializers.IntegerField(min_value=0, max_value=1000, help_text="None when the service is not given.")


class ServiceDayViewSet(Commands, mixins.ListModelMixin, viewsets.GenericViewSet[ServiceDay]):
    """Days of services that clients book, with places and how many are taken."""

    queryset = ServiceDay.objects.none()
    serializer_class = ServiceDayRead
    filterset_class = ServiceDayFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("day", "pk")
    writes = {"create": "once", "partial_update": "versioned"}

    def get_permissions(self) -> list[Any]:
        rights = ["tiers.view_booking"]
        if self.request.method not in ("GET", "HEAD", "OPTIONS"):
            rights.append("tiers.change_serviceday")
        return [may(*rights)()]

    def get_queryset(self) -> QuerySet[ServiceDay]:
        return ServiceDay.objects.visible_to(self._actor).select_related("item", "branch")

    @extend_schema(responses={200: ServiceDayRead}, filters=False)
    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """One day with its version as ETag."""
        return self._shown(id)

    @extend_schema(request=OpenDay, responses={201: ServiceDayRead})
    def create(self, request: Request) -> Response:
        """Say how many places a day has; 409 where the day is known already, as soon as a place of it was booked."""
        said = self._said(OpenDay)
        branch, item = self._place(said), said.pop("service")
        return self.once(lambda: open_day(item=item, branch=branch, actor=self._actor, **said), self._shown)

    @extend_schema(request=SetPlaces, responses={200: ServiceDayRead}, filters=False)
    def partial_update(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Give a day more or fewer places, no fewer than are taken."""
        row, version, said = self._row(), seen_version(request), self._said(SetPlaces)
        place = {"item": row.item, "branch": row.branch, "day": row.day}
        set_places(**place, places=said["places"], actor=self._actor, version=version)
        return self._shown(id)
