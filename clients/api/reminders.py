"""Reminders of documents that run out over REST: the list, and saying what was done."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.serializers import ClientName
from clients.models import DocumentReminder
from clients.services import settle_reminder
from clients.views.rows import today
from crm.core.api.permissions import may
from crm.core.api.serializers import Strict
from crm.core.api.writes import Once, seen_version

_STATES = ("limit", "expired", "soon")
_MAY_READ = may("clients.view_identitydocument")


class ReminderRead(serializers.Serializer[DocumentReminder]):
    """One document at one step of running out."""

    id = serializers.CharField(source="public_id")
    client = ClientName()
    kind = serializers.CharField()
    is_primary = serializers.SerializerMethodField()
    valid_until = serializers.DateField()
    days_before = serializers.IntegerField(help_text="Negative: services are to be limited.")
    due_on = serializers.DateField()
    outcome = serializers.CharField(help_text="Empty: nobody has settled it.")
    note = serializers.CharField()
    settled_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()

    def get_is_primary(self, row: DocumentReminder) -> bool:
        return row.document_id is None


class SettleBody(Strict):
    """What was done about it."""

    outcome = serializers.ChoiceField(choices=["told", "limited", "excused"])
    note = serializers.CharField(max_length=300, required=False)


@extend_schema_view(
    list=extend_schema(parameters=[OpenApiParameter("state", enum=_STATES, description="All of them if missing.")])
)
class DocumentReminderViewSet(
    Once, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[DocumentReminder]
):
    """Documents of clients whom the caller may see that run out or have run out, the longest overdue first."""

    queryset = DocumentReminder.objects.none()
    serializer_class = ReminderRead
    permission_classes = [_MAY_READ]
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("valid_until", "id")
    writes = {"settle": "once+versioned"}

    def get_queryset(self) -> QuerySet[DocumentReminder]:
        rows: Any = DocumentReminder.objects.visible_to(self.request.user)
        state = self.request.query_params.get("state", "") if self.action == "list" else ""
        return rows.standing().in_state(state, today()).select_related("client")

    @extend_schema(request=SettleBody, responses={201: ReminderRead}, filters=False)
    @action(
        detail=True,
        methods=["post"],
        permission_classes=[may("clients.view_identitydocument", "clients.change_identitydocument")],
    )
    def settle(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Say what was done: the client was told, his services were limited, or his reason was accepted."""
        row, version = self.get_object(), seen_version(request)
        body = SettleBody(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        said, own = dict(body.validated_data), request.user
        terms: dict[str, Any] = {"actor": own, "now": timezone.now(), "version": version}
        return self.once(lambda: settle_reminder(reminder=row, **said, **terms), self._shown)

    def _shown(self, public_id: str) -> Response:
        row = get_object_or_404(self.get_queryset(), public_id=public_id)
        return Response(ReminderRead(row, context=self.get_serializer_context()).data)
