"""Who looked at a client, over REST: the same looks as on the page, under the same rule of need to know."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from clients.models import Client
from crm.core.api.permissions import may
from crm.core.api.serializers import Person
from crm.core.errors import InvalidInput
from crm.core.models import AuditEntry, User
from crm.overview.tabs.looks import LooksForm, looks_at, narrowed


class LookRead(serializers.Serializer[AuditEntry]):
    """One look: who, when, at what, and why where a reason was asked."""

    id = serializers.CharField(source="public_id")
    at = serializers.DateTimeField()
    actor = Person(allow_null=True)
    action = serializers.CharField()
    reason = serializers.CharField()
    field = serializers.SerializerMethodField(help_text="Which private value was seen.")
    by_program = serializers.SerializerMethodField()

    def get_field(self, row: AuditEntry) -> str:
        return str((row.after or {}).get("field", ""))

    def get_by_program(self, row: AuditEntry) -> bool:
        return bool(row.after and row.after.get("via") == "api")


_KINDS = [key for key, _label in LooksForm.base_fields["kind"].choices if key]  # type: ignore[attr-defined]  # a ChoiceField
_ASKED = [
    OpenApiParameter("client", OpenApiTypes.STR, required=True, description="Public id of the client."),
    OpenApiParameter("kind", OpenApiTypes.STR, enum=_KINDS, description="All of them if missing."),
    OpenApiParameter("person", OpenApiTypes.STR, description="Staff number or name."),
    OpenApiParameter("since", OpenApiTypes.DATE),
]


class LookViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[AuditEntry]):
    """Looks at one client, the newest first. Who may read the trail sees all of them; who answers for the client sees what
    left the screen."""

    queryset = AuditEntry.objects.none()
    permission_classes = [may("clients.view_client", "clients.view_looks")]
    serializer_class = LookRead
    cursor_ordering = ("-id",)

    @extend_schema(parameters=_ASKED, filters=False)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The looks at the client who is named."""
        return super().list(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[AuditEntry]:
        user = cast(User, self.request.user)
        form = LooksForm(self.request.query_params)
        if not form.is_valid():
            raise InvalidInput(fields={name: " ".join(map(str, said)) for name, said in form.errors.items()})
        named = self.request.query_params.get("client", "")
        client = get_object_or_404(Client.objects.visible_to(user), public_id=named)
        rows: QuerySet[AuditEntry] = narrowed(looks_at(client, user), form.cleaned_data).select_related("actor")
        return rows


def register(router: BaseRouter) -> None:
    """Add what is read from several apps to the router of the product."""
    router.register("looks", LookViewSet, basename="looks")
