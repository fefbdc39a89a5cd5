"""Saved views of the list of clients over REST: one's own and those that are shared."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import SavedView, Share
from clients.services.segments import create_view, delete_view, pin
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, Strict
from crm.core.api.writes import Commands, seen_version
from crm.core.models import User

_QUERY_HELP = (
    "Filter → its values, as the address of the list has them; what was typed into the search box is not kept."
)


class SavedViewRead(serializers.Serializer[SavedView]):
    """A view: what narrows the list, which columns it shows and how it is sorted."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()
    share = serializers.CharField()
    owner = Person()
    query = serializers.JSONField(help_text=_QUERY_HELP)
    columns = serializers.SerializerMethodField()
    sort = serializers.CharField()
    pinned = serializers.BooleanField(source="is_pinned")
    version = serializers.IntegerField()

    def get_columns(self, row: SavedView) -> list[str]:
        return list(row.columns)


class SavedViewCreate(Strict):
    """A view to be kept."""

    name = serializers.CharField(max_length=40)
    share = serializers.ChoiceField(choices=Share.choices, default=Share.MINE.value)
    query = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField(max_length=200)), required=False, help_text=_QUERY_HELP
    )
    columns = serializers.ListField(child=serializers.CharField(max_length=40), required=False)
    sort = serializers.CharField(max_length=20, allow_blank=True, required=False)


class Pin(Strict):
    """Whether the view stands at the top of one's own list."""

    on = serializers.BooleanField()


class SavedViewViewSet(Commands, mixins.ListModelMixin, viewsets.GenericViewSet[SavedView]):
    """The caller's views of the list of clients, and those that are shared with him."""

    queryset = SavedView.objects.none()
    permission_classes = [may("clients.view_client")]
    serializer_class = SavedViewRead
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-pk",)
    writes = {"create": "once", "destroy": "versioned", "pin": "once"}

    def get_queryset(self) -> QuerySet[SavedView]:
        own = cast(User, self.request.user)
        rows: Any = SavedView.objects.visible_to(own)
        return rows.for_list(own) if own.is_authenticated else rows

    @extend_schema(responses={200: SavedViewRead}, filters=False)
    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """One view."""
        return self._shown(id)

    @extend_schema(request=SavedViewCreate, responses={201: SavedViewRead})
    def create(self, request: Request) -> Response:
        """Keep the list as it is described: filters, columns and order."""
        said = self._said(SavedViewCreate)
        return self.once(lambda: create_view(values=said, actor=self._actor), self._shown)

    @extend_schema(responses={204: None}, filters=False)
    def destroy(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Give one's own view up."""
        rows: Any = self.get_queryset()
        row = get_object_or_404(rows.filter(owner=self._actor), public_id=id)
        delete_view(view=row, actor=self._actor, version=seen_version(request))
        return Response(status=204)

    @extend_schema(request=Pin, responses={201: SavedViewRead}, filters=False)
    @action(detail=True, methods=["post"])
    def pin(self, request: Request, **_path: str) -> Response:
        """Keep a view at the top of one's own list, or no longer."""
        row, said = self._row(), self._said(Pin)
        return self.once(lambda: pin(row=row, is_pinned=said["on"], actor=self._actor), self._shown)
