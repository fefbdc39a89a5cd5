"""Appointments over REST."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.serializers import ClientName
from clients.filters import AppointmentFilter
from clients.models import Appointment, Channel, Client, ContactLog
from clients.services import book_appointment, cancel_appointment, move_appointment
from crm.core import audit
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.writes import Commands, seen_version


class AppointmentRead(serializers.Serializer[Appointment]):
    """A contact agreed for a set time."""

    id = serializers.CharField(source="public_id")
    client = ClientName()
    staff = Person()
    channel = serializers.CharField()
    purpose = serializers.CharField()
    starts_at = serializers.DateTimeField()
    minutes = serializers.IntegerField()
    subject = serializers.CharField()
    place = serializers.CharField()
    state = serializers.CharField()
    cancel_reason = serializers.CharField()
    version = serializers.IntegerField()


class AppointmentCreate(Strict):
    """A booking; whoever books it holds it."""

    client = PublicIdField(model=Client)
    starts_at = serializers.DateTimeField()
    channel = serializers.ChoiceField(choices=Channel.choices)
    purpose = serializers.ChoiceField(choices=ContactLog.Purpose.choices, required=False)
    minutes = serializers.IntegerField(min_value=5, max_value=480, required=False)
    subject = serializers.CharField(max_length=200, allow_blank=True, required=False)
    place = serializers.CharField(max_length=200, allow_blank=True, required=False)


class AppointmentMove(Strict):
    """Another time."""

    starts_at = serializers.DateTimeField()


class AppointmentCancel(Strict):
    reason = serializers.CharField(min_length=2, max_length=200)


class AppointmentViewSet(Commands, mixins.ListModelMixin, viewsets.GenericViewSet[Appointment]):
    """Appointments with clients whom the caller may see, the latest first. Held by logging a contact that names one."""

    queryset = Appointment.objects.none()
    serializer_class = AppointmentRead
    filterset_class = AppointmentFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-starts_at", "-pk")
    writes = {"create": "once", "partial_update": "versioned", "cancel": "versioned"}

    def get_queryset(self) -> QuerySet[Appointment]:
        return Appointment.objects.visible_to(self.request.user).for_list()

    @extend_schema(responses={200: AppointmentRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One appointment with its version as ETag."""
        row = self.get_object()
        audit.record_read(self._actor, "contact.view", row, client=row.client)
        return self._shown(row.public_id)

    @extend_schema(request=AppointmentCreate, responses={201: AppointmentRead})
    def create(self, request: Request) -> Response:
        """Book a contact."""
        values = self._said(AppointmentCreate)
        client, starts_at, own = values.pop("client"), values.pop("starts_at"), self._actor
        return self.once(
            lambda: book_appointment(
                client=client, staff=own, starts_at=starts_at, values=values, actor=own, now=timezone.now()
            ),
            self._shown,
        )

    @extend_schema(request=AppointmentMove, responses={200: AppointmentRead}, filters=False)
    def partial_update(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Agree on another time."""
        row, version = self.get_object(), seen_version(request)
        body = AppointmentMove(data=request.data)
        body.is_valid(raise_exception=True)
        moved = move_appointment(
            appointment=row,
            starts_at=body.validated_data["starts_at"],
            actor=self._actor,
            now=timezone.now(),
            version=version,
        )
        return self._shown(moved.public_id)

    @extend_schema(request=AppointmentCancel, responses={200: AppointmentRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.change_appointment")])
    def cancel(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Take it off, with a reason."""
        row, version = self.get_object(), seen_version(request)
        body = AppointmentCancel(data=request.data)
        body.is_valid(raise_exception=True)
        done = cancel_appointment(
            appointment=row, reason=body.validated_data["reason"], actor=self._actor, version=version
        )
        return self._shown(done.public_id)
