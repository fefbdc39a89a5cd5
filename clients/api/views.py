"""Clients, their daily assets and what was said to them over REST."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, cast

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.client_profile import ProfileActions
from clients.api.client_reveal import RevealAction
from clients.api.likeness import CheckAction
from clients.api.serializers import (
    AssetRead,
    ClientChange,
    ClientCreate,
    ClientRead,
    ClientRow,
)
from clients.errors import ClientMovedOn
from clients.filters import ClientFilter
from clients.models import Client, DailyAsset
from clients.provenance import Source
from clients.querysets.search import Hits
from clients.services import change_client, create_client
from clients.services.clients import BOOK_ROLES
from crm.core import audit
from crm.core.api.writes import seen_version
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.models import User

#: A curve is asked for at most so many days at once: thirteen months.
_LONGEST = timedelta(days=400)
_USUAL = timedelta(days=92)


_SINCE = OpenApiParameter("since", OpenApiTypes.DATETIME, required=True, description="With its offset from UTC.")
_UPDATED = OpenApiParameter(
    "updated_since",
    OpenApiTypes.DATETIME,
    description="Only clients whose own facts changed after it, the eldest first.",
)


class GoneRead(serializers.Serializer[Client]):
    """A client who is gone from the caller's sight."""

    id = serializers.CharField(source="public_id")
    merged_into = serializers.CharField(source="merged_into.public_id", default=None, allow_null=True)


def moment_asked(request: Request, name: str) -> datetime | None:
    """A moment from the query. Raises ``InvalidInput`` for what is none or has no offset."""
    given = request.query_params.get(name)
    if not given:
        return None
    try:
        found = parse_datetime(given.replace(" ", "+"))  # a plus that nobody has escaped
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 1900 <= found.year <= 2100:
        raise InvalidInput(fields={name: _("Send a moment as YYYY-MM-DDTHH:MM:SS+08:00.")})
    return found


@extend_schema_view(list=extend_schema(parameters=[_UPDATED]))
class ClientViewSet(CheckAction, RevealAction, ProfileActions, mixins.ListModelMixin, viewsets.GenericViewSet[Client]):
    """Clients whom the caller may see. A list holds no sealed value; each look at one client is on the trail."""

    queryset = Client.objects.none()  # names the model for rights and schema; rows come from get_queryset
    serializer_class = ClientRow
    filterset_class = ClientFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering: tuple[str, ...] = ("-pk",)
    writes = {**ProfileActions.writes, "reveal": "once", "check": "once"}
    #: Actions about one client.
    gone = ("retrieve", "partial_update", "reveal", *(set(ProfileActions.writes) - {"create"}))

    def get_queryset(self) -> QuerySet[Client]:
        rows: Any = Client.objects.visible_to(self.request.user)
        return rows.told() if self.action == "list" else rows.select_related("advisor", "branch")

    def among(self) -> QuerySet[Client] | None:
        """The clients among whom the filters of the list choose."""
        return self._changed(Client.objects.visible_to(self._actor)) if self.action == "list" else None

    def _changed(self, rows: Any) -> Any:
        since = moment_asked(self.request, "updated_since")
        return rows.filter(updated_at__gt=since) if since else rows

    def get_object(self) -> Client:
        """The client of the path. Raises ``ClientMovedOn`` for one who was merged into a client whom the caller sees."""
        try:
            found: Client = super().get_object()
        except Http404:
            refuse_merged(self.kwargs["id"], self._actor)
            raise
        return found

    def _row(self) -> Any:
        try:
            return super()._row()
        except Http404:
            refuse_merged(self.kwargs["id"], self._actor)
            raise

    def filter_queryset(self, queryset: Any) -> Any:
        """With ``q`` the best hits come first, and each says by what it was found."""
        rows: Any = self._changed(super().filter_queryset(queryset))
        typed = self.request.query_params.get("q", "").strip()
        if "updated_since" in self.request.query_params:
            self.cursor_ordering = ("updated_at", "pk")
        if not typed:
            return rows
        hits = Hits.of(typed, self._actor)
        rows, self.cursor_ordering = rows.ranked(hits, self._actor)
        return rows.annotate(found_by=hits.found_by)

    @extend_schema(parameters=[_SINCE], responses={200: GoneRead(many=True)}, filters=False)
    @action(detail=False, url_path="gone", filterset_class=None, serializer_class=GoneRead)
    def gone_clients(self, request: Request) -> Response:
        """Clients who were the caller's to see and are no longer, for a phone that keeps them: merged, or in another book."""
        since = moment_asked(request, "since")
        if since is None:
            raise InvalidInput(fields={"since": _("Send a moment as YYYY-MM-DDTHH:MM:SS+08:00.")})
        self.cursor_ordering = ("updated_at", "pk")
        page: Any = self.paginate_queryset(Client.objects.gone_since(since, self._actor))
        return self.get_paginated_response(GoneRead(page, many=True).data)

    @extend_schema(responses={200: ClientRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One client with his version as ETag."""
        client = self.get_object()
        own: Any = request.user
        audit.record_read(own, "client.view", client, client=client)
        return self._told(client)

    @extend_schema(request=ClientCreate, responses={201: ClientRead})
    def create(self, request: Request) -> Response:
        """Take a client into the caller's branch, and into his book if he has one."""
        body = ClientCreate(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        said = dict(body.validated_data)
        number, own = said.pop("external_id"), self._actor
        source, why = said.pop("source", Source.STAFF), said.pop("same_document_reason", "")
        branch = own.branch
        if branch is None:
            raise InvalidInput(_("You belong to no branch, so a new client has no place."))
        return self.once(
            lambda: create_client(
                branch=branch,
                external_id=number,
                values=said,
                source=source,
                actor=own,
                now=timezone.now(),
                advisor=own if own.role_keys & BOOK_ROLES else None,
                same_document_reason=why,
            ),
            lambda public_id: self._told(get_object_or_404(self.get_queryset(), public_id=public_id)),
        )

    @extend_schema(request=ClientChange, responses={200: ClientRead}, filters=False)
    def partial_update(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Correct facts of a client."""
        client = self.get_object()
        version = seen_version(request)
        body = ClientChange(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        changed = change_client(
            client=client,
            source=values.pop("source", Source.STAFF),
            as_of=values.pop("as_of", None),
            refused=values.pop("refused", None),
            same_document_reason=values.pop("same_document_reason", ""),
            values=values,
            actor=self._actor,
            now=timezone.now(),
            version=version,
        )
        return self._told(get_object_or_404(self.get_queryset(), pk=changed.pk))


def refuse_merged(public_id: str, user: User) -> None:
    """Raise ``ClientMovedOn`` with the id of the client who stayed, where the user may see him."""
    gone = Client.objects.merged_away(user).filter(public_id=public_id).select_related("merged_into").first()
    if gone is not None:
        raise ClientMovedOn(fields={"merged_into": cast(Client, gone.merged_into).public_id})


_CLIENT = OpenApiParameter("client", OpenApiTypes.STR, required=True, description="Public id of the client.")
_FIRST = OpenApiParameter("from", OpenApiTypes.DATE, description="First day; three months before the last if missing.")
_LAST = OpenApiParameter("to", OpenApiTypes.DATE, description="Last day; the newest on file if missing.")


@extend_schema_view(list=extend_schema(parameters=[_CLIENT, _FIRST, _LAST]))
class AssetViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[DailyAsset]):
    """Daily assets of one client, newest first, at most 400 days at once."""

    gone = ("list",)
    queryset = DailyAsset.objects.none()
    serializer_class = AssetRead
    cursor_ordering = ("-day",)

    def get_queryset(self) -> QuerySet[DailyAsset]:
        rows: QuerySet[DailyAsset] = DailyAsset.objects.visible_to(self.request.user)  # type: ignore[arg-type]  # signed in
        return rows

    def filter_queryset(self, queryset: Any) -> Any:
        """The rows of one client and some days; here and not in ``get_queryset``, which the check of the right asks too."""
        own: Any = self.request.user
        asked = self.request.query_params
        if not asked.get("client"):
            raise InvalidInput(fields={"client": _("Name the client.")})
        client = Client.objects.visible_to(own).filter(public_id=asked["client"]).first()
        if client is None:
            refuse_merged(asked["client"], own)
            raise Http404
        last = self._day("to") or client.assets_on or local_date(timezone.now())
        first = self._day("from") or last - _USUAL
        if not timedelta(0) <= last - first <= _LONGEST:
            raise InvalidInput(fields={"from": _("Ask for 1 to 400 days.")})
        audit.record_read(own, "asset.view", client, client=client)
        return queryset.curve(client, first, last)

    def _day(self, name: str) -> date | None:
        given = self.request.query_params.get(name)
        if not given:
            return None
        try:
            found = parse_date(given)
        except ValueError:
            found = None
        if found is None:
            raise InvalidInput(fields={name: _("Send a day as YYYY-MM-DD.")})
        return found
