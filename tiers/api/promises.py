"""Promises, deliveries, bookings, the report of promises kept and the list of those losing touch over REST."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import Client, Segment
from crm.core.api.permissions import may
from crm.core.api.serializers import MaskedField, Person, PublicIdField, Strict
from crm.core.api.writes import Commands
from crm.core.clocks import local_date
from crm.core.models import Branch
from crm.core.policies import figures
from tiers.filters import BookingFilter, PromiseFilter
from tiers.models import Booking, Delivery, PreferenceSegment, Promise, ServiceItem
from tiers.querysets.kept import GROUPS, kept_report
from tiers.querysets.touch import SILENT_FIRST, STATES, in_touch
from tiers.services.bookings import ask_booking, cancel_booking, conclude_booking, confirm_booking
from tiers.services.promises import deliver, keep_promise, put_off_promise, waive_promise
from tiers.slices import period_of

_ID = "[0-9A-Z]{26}"


class PromiseRead(serializers.ModelSerializer[Promise]):
    """One service owed to one client: kept by ``due_on`` it is kept in time, after ``last_day`` it counts as missed."""

    id = serializers.CharField(source="public_id", read_only=True)
    client = serializers.CharField(source="client.public_id", read_only=True)
    client_name = MaskedField("name", source="client.display_name")
    service = serializers.CharField(source="item.public_id", read_only=True)
    service_code = serializers.CharField(source="item.code", read_only=True)
    event = serializers.CharField(
        source="event.public_id",
        read_only=True,
        allow_null=True,
        default=None,
        help_text="The market event that asks it.",
    )
    event_name = serializers.CharField(source="event.name", read_only=True, allow_null=True, default=None)
    state = serializers.CharField(read_only=True)
    kept_by = Person(read_only=True, allow_null=True)
    decided_by = Person(read_only=True, allow_null=True, help_text="Who waived it or agreed on another day.")
    proof = serializers.CharField(read_only=True)
    closed_as = serializers.CharField(read_only=True)

    class Meta:
        model = Promise
        fields = [
            "id", "client", "client_name", "service", "service_code", "tier_code", "opens_on", "due_on", "last_day",
            "first_due_on", "event", "event_name", "state", "kept_on", "kept_by", "proof", "closed_as", "reason",
            "decided_by", "decided_at", "note", "version",
        ]  # fmt: skip


class KeepPromise(Strict):
    kept_on = serializers.DateField()
    note = serializers.CharField(max_length=200, allow_blank=True, default="")


class WaivePromise(Strict):
    reason = serializers.CharField(max_length=200)


class PutOffPromise(Strict):
    due_on = serializers.DateField()
    reason = serializers.CharField(max_length=200)


class Deliver(Strict):
    """An event or a sending; for whom is said by a segment, a preference segment, or clients by name."""

    service = PublicIdField(model=ServiceItem)
    branch = PublicIdField(model=Branch, required=False)
    title = serializers.CharField(max_length=120)
    day = serializers.DateField()
    segment = PublicIdField(model=Segment, required=False)
    preference = PublicIdField(model=PreferenceSegment, required=False)
    clients = serializers.ListField(
        child=serializers.CharField(max_length=26), max_length=1000, allow_empty=False, required=False
    )


class DeliveryRead(serializers.ModelSerializer[Delivery]):
    """An event or a sending, to how many clients, and how many promises it kept."""

    id = serializers.CharField(source="public_id", read_only=True)
    service = serializers.CharField(source="item.public_id", read_only=True)
    kind = serializers.CharField(read_only=True)

    class Meta:
        model = Delivery
        fields = ["id", "service", "kind", "title", "day", "clients", "kept", "made_at"]


class KeptLine(serializers.Serializer[Any]):
    """What fell due in the time, and how much of it was kept; ``percent`` is null where nothing fell due."""

    key = serializers.CharField()
    name = serializers.CharField()
    owed = serializers.IntegerField()
    in_time = serializers.IntegerField()
    late = serializers.IntegerField()
    missed = serializers.IntegerField()
    overdue = serializers.IntegerField()
    percent = serializers.IntegerField(allow_null=True)
    spent = serializers.DecimalField(
        max_digits=16,
        decimal_places=2,
        allow_null=True,
        help_text="Yuan, by service and tier; null else and without the right.",
    )


class TouchLine(serializers.Serializer[Any]):
    """How long ago a client was spoken with, held against the cadence of his tier."""

    client = serializers.CharField(source="public_id")
    tier = serializers.CharField(source="tier_state.tier.code")
    state = serializers.CharField(source="touch")
    every = serializers.IntegerField()
    last_contact_at = serializers.DateTimeField(allow_null=True)


_ANSWERS = {200: PromiseRead, 201: PromiseRead}
_KEEPS = [may("tiers.view_promise", "tiers.keep_promise")]
_WAIVES = [may("tiers.view_promise", "tiers.waive_promise")]
_SEES = [may("tiers.view_promise")]
_SPAN = [
    OpenApiParameter("by", OpenApiTypes.STR, enum=list(GROUPS), description="What the lines stand for."),
    OpenApiParameter("first", OpenApiTypes.DATE, description="Due from; the first day of the quarter if missing."),
    OpenApiParameter("last", OpenApiTypes.DATE, description="Due until; today if missing."),
]


class KeptQuestion(Strict):
    by = serializers.ChoiceField(choices=list(GROUPS), default="service")
    first = serializers.DateField(required=False)
    last = serializers.DateField(required=False)


class PromiseViewSet(Commands, mixins.ListModelMixin, viewsets.GenericViewSet[Promise]):
    """What is owed to the clients whom the caller may see; made by the house from the entitlements of the tiers."""

    queryset = Promise.objects.none()
    serializer_class = PromiseRead
    subject = "promise"
    filterset_class = PromiseFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = _ID
    writes = {
        "keep": "once+versioned",
        "waive": "once+versioned",
        "put_off": "once+versioned",
        "deliver": "once",
    }

    @property
    def cursor_ordering(self) -> tuple[str, ...]:
        """Clients have no day on which they are due: the longest silence comes first, as on the page."""
        return SILENT_FIRST if self.action == "losing_touch" else ("due_on", "pk")

    def get_queryset(self) -> QuerySet[Promise]:
        return Promise.objects.visible_to(self._actor).for_list()

    @extend_schema(responses={200: PromiseRead}, filters=False)
    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """One promise with its version as ETag."""
        return self._shown(id)

    @extend_schema(request=KeepPromise, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_KEEPS)
    def keep(self, request: Request, **_path: str) -> Response:
        """Note by hand that it was kept; late is better than never, and counts as late."""
        return self._do(KeepPromise, keep_promise)

    @extend_schema(request=WaivePromise, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_WAIVES)
    def waive(self, request: Request, **_path: str) -> Response:
        """Let it go, saying why; it counts neither as kept nor as missed."""
        return self._do(WaivePromise, waive_promise)

    @extend_schema(request=PutOffPromise, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], url_path="put-off", permission_classes=_WAIVES)
    def put_off(self, request: Request, **_path: str) -> Response:
        """Agree on a later day, saying why."""
        return self._do(PutOffPromise, put_off_promise)

    @extend_schema(request=Deliver, responses={201: DeliveryRead}, filters=False)
    @action(detail=False, methods=["post"], permission_classes=_KEEPS, pagination_class=None, filterset_class=None)
    def deliver(self, request: Request) -> Response:
        """Record an event or a sending; it keeps what each client was owed of that service on that day."""
        said, actor = self._said(Deliver), self._actor
        branch, item = self._place(said), said.pop("service")
        return self.once(
            lambda: deliver(item=item, branch=branch, actor=actor, now=timezone.now(), **said), self._delivered
        )

    def _delivered(self, public_id: str) -> Response:
        rows: Any = Delivery.objects.visible_to(self._actor)
        return Response(DeliveryRead(get_object_or_404(rows, public_id=public_id)).data)

    @extend_schema(parameters=_SPAN, responses={200: KeptLine(many=True)}, filters=False)
    @action(detail=False, permission_classes=_SEES, pagination_class=None, filterset_class=None)
    def kept(self, request: Request) -> Response:
        """Promises kept by service, tier, who serves the client, or client, over a time."""
        said = self._said(KeptQuestion, request.query_params.dict())
        first = said.get("first") or period_of("quarter", self._today)[0]
        costs = self._actor.has_perm("tiers.cost_promise")
        lines, _total = kept_report(
            self._actor, said["by"], first, said.get("last") or self._today, self._today, costs=costs
        )
        return Response(KeptLine(lines, many=True).data)

    @extend_schema(
        parameters=[OpenApiParameter("state", OpenApiTypes.STR, enum=list(STATES))],
        responses={200: TouchLine(many=True)},
        filters=False,
    )
    @action(detail=False, url_path="losing-touch", permission_classes=_SEES, filterset_class=None)
    def losing_touch(self, request: Request) -> Response:
        """Clients by how long ago they were spoken with, held against the cadence of their tier; red and amber unless asked."""
        rows = in_touch(self._actor, self._today, figures(self._today, self._actor.branch))
        state = request.query_params.get("state", "")
        rows = rows.filter(touch=state) if state in STATES else rows.exclude(touch="green")
        page = self.paginate_queryset(rows.select_related("tier_state__tier")) or []
        return self.get_paginated_response(TouchLine(page, many=True).data)

    @property
    def _today(self) -> date:
        return local_date(timezone.now())


class BookingRead(serializers.ModelSerializer[Booking]):
    """One place for one client; ``beyond``: why it was given beyond the entitlement, ``reason``: why it was cancelled."""

    id = serializers.CharField(source="public_id", read_only=True)
    client = serializers.CharField(source="client.public_id", read_only=True)
    service = serializers.CharField(source="slot.item.public_id", read_only=True)
    day = serializers.DateField(source="slot.day", read_only=True)
    state = serializers.CharField(read_only=True)
    is_beyond = serializers.BooleanField(read_only=True)
    asked_by = Person(read_only=True)
    settled_by = Person(read_only=True, allow_null=True, help_text="Who took the last step.")

    class Meta:
        model = Booking
        fields = [
            "id", "client", "service", "day", "at", "where", "note", "state", "confirm_by", "is_beyond", "beyond",
            "reason", "asked_by", "asked_at", "settled_by", "settled_at", "version",
        ]  # fmt: skip


class AskBooking(Strict):
    client = PublicIdField(model=Client)
    service = PublicIdField(model=ServiceItem)
    day = serializers.DateField()
    at = serializers.TimeField()
    where = serializers.CharField(max_length=120, allow_blank=True, default="")
    note = serializers.CharField(max_length=200, allow_blank=True, default="")
    beyond = serializers.CharField(
        max_length=200, allow_blank=True, default="", help_text="Why beyond the entitlement; a right of its own."
    )


class ConfirmBooking(Strict):
    """Nothing to say."""


class CancelBooking(Strict):
    reason = serializers.CharField(max_length=200)


class ConcludeBooking(Strict):
    came = serializers.BooleanField()
    note = serializers.CharField(max_length=200, allow_blank=True, default="")


_BOOKED = {200: BookingRead, 201: BookingRead}
_SETTLES = [may("tiers.view_booking", "tiers.change_booking")]


class BookingViewSet(Commands, mixins.ListModelMixin, viewsets.GenericViewSet[Booking]):
    """Services that clients have asked for: green channel, pick-up and the like."""

    queryset = Booking.objects.none()
    serializer_class = BookingRead
    subject = "booking"
    filterset_class = BookingFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = _ID
    writes = {"create": "once", "confirm": "once+versioned", "cancel": "once+versioned", "conclude": "once+versioned"}

    def get_queryset(self) -> QuerySet[Booking]:
        return Booking.objects.visible_to(self._actor).for_list()

    @extend_schema(responses={200: BookingRead}, filters=False)
    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """One booking with its version as ETag."""
        return self._shown(id)

    @extend_schema(request=AskBooking, responses={201: BookingRead})
    def create(self, request: Request) -> Response:
        """Take a place; of two who reach for the last one gets it, the other 409."""
        said = self._said(AskBooking)
        item = said.pop("service")
        return self.once(lambda: ask_booking(item=item, actor=self._actor, now=timezone.now(), **said), self._shown)

    @extend_schema(request=ConfirmBooking, responses=_BOOKED, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_SETTLES)
    def confirm(self, request: Request, **_path: str) -> Response:
        """It will be as asked."""
        return self._do(ConfirmBooking, confirm_booking)

    @extend_schema(request=CancelBooking, responses=_BOOKED, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_SETTLES)
    def cancel(self, request: Request, **_path: str) -> Response:
        """Give the place back, saying why."""
        return self._do(CancelBooking, cancel_booking)

    @extend_schema(request=ConcludeBooking, responses=_BOOKED, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_SETTLES)
    def conclude(self, request: Request, **_path: str) -> Response:
        """Say how it went."""
        return self._do(ConcludeBooking, conclude_booking)
