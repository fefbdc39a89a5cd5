"""Over REST as on the page of a client: who looked at him, and everything that touched him."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from clients.models import Client
from crm.core import audit
from crm.core.api.pagination import CursorPages
from crm.core.api.permissions import may
from crm.core.api.serializers import Person
from crm.core.errors import InvalidInput
from crm.core.merged import MergedPage, is_ours
from crm.core.models import AuditEntry, User
from crm.overview.tabs.looks import LooksForm, looks_at, narrowed
from crm.overview.timeline import KINDS, TimelineForm, Touch, touches_of, touches_told


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


class TouchRead(serializers.Serializer[Touch]):
    """One touch: when, of which kind, what it was in the caller's language, and who did it.

    ``whole_day``: only the day is known, and ``at`` is its beginning. ``id`` names the row at the resource of its kind.
    """

    id = serializers.CharField()
    at = serializers.DateTimeField()
    whole_day = serializers.BooleanField()
    kind = serializers.ChoiceField(choices=[(kind.key, kind.label) for kind in KINDS])
    title = serializers.CharField()
    about = serializers.CharField(help_text="The state, the occasion or how it went.")
    text = serializers.CharField()
    person = Person(allow_null=True)


class TouchPages(CursorPages):
    """``{next, previous, results}`` of a list over rows of several kinds."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        cursor = request.query_params.get(self.cursor_query_param)
        if cursor is not None and not is_ours(cursor):
            raise ValidationError({self.cursor_query_param: [gettext("This cursor is not one of ours.")]})
        self._asked = request.build_absolute_uri()
        self._page = queryset(cursor or "", self.get_page_size(request))
        return self._page.rows


_NARROWED = [
    OpenApiParameter("client_id", OpenApiTypes.STR, OpenApiParameter.PATH, pattern="^[0-9A-Z]{26}$"),
    OpenApiParameter(
        "kind", OpenApiTypes.STR, enum=[kind.key for kind in KINDS], description="All of them if missing."
    ),
    OpenApiParameter("person", OpenApiTypes.STR, description="Staff number or name."),
    OpenApiParameter("since", OpenApiTypes.DATE),
    OpenApiParameter("until", OpenApiTypes.DATE, description="This day included."),
    *(
        OpenApiParameter(
            name,
            OpenApiTypes.STR,
            enum=[key for key, _label in TimelineForm.base_fields[name].choices if key],  # type: ignore[attr-defined]  # a ChoiceField
            description="Contacts alone, narrowed further.",
        )
        for name in ("channel", "direction", "outcome")
    ),
]


class TimelineViewSet(viewsets.GenericViewSet[Any]):
    """Everything that touched one client, the newest first: of each kind what the caller may see."""

    queryset = Client.objects.none()
    permission_classes = [may("clients.view_client")]
    serializer_class = TouchRead
    pagination_class = TouchPages

    @extend_schema(parameters=_NARROWED, filters=False, responses=TouchRead(many=True), operation_id="clients_timeline")
    def list(self, request: Request, client_id: str) -> Response:
        """Contacts, appointments, calls, complaints, surveys, promises, tiers, rates, agreements and data requests."""
        user = cast(User, request.user)
        client = get_object_or_404(Client.objects.visible_to(user), public_id=client_id)
        form = TimelineForm(request.query_params)
        if not form.is_valid():
            raise InvalidInput(fields={name: " ".join(map(str, said)) for name, said in form.errors.items()})
        now = timezone.now()

        def page_at(cursor: str, size: int) -> MergedPage:
            return touches_of(user, client, form.cleaned_data, now=now, cursor=cursor, size=size)

        found: Any = self.paginator.paginate_queryset(page_at, request, view=self) or []  # type: ignore[union-attr,arg-type]  # its own
        audit.record_read(user, "client.view", client, client=client)
        shown = touches_told(user, client, MergedPage(found, None, None))
        return self.get_paginated_response(self.get_serializer(shown, many=True).data)


def register(router: BaseRouter) -> None:
    """Add what is read from several apps to the router of the product."""
    router.register("clients/(?P<client_id>[0-9A-Z]{26})/timeline", TimelineViewSet, basename="client-timeline")
    router.register("looks", LookViewSet, basename="looks")
