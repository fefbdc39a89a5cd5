"""Putting the next contact with a client off over REST, and taking that back."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.serializers import ClientName
from clients.models import Client, NextDateMove
from clients.services import put_off_next_date, take_back_put_off
from crm.core.api.permissions import may
from crm.core.api.serializers import PublicIdField, Strict
from crm.core.api.writes import Commands


class NextDateMoveRead(serializers.Serializer[NextDateMove]):
    """A next date that was put off; ``undone_at`` where that was taken back."""

    id = serializers.CharField(source="public_id")
    client = ClientName(source="contact.client")
    moved_to = serializers.DateField()
    moved_at = serializers.DateTimeField()
    undone_at = serializers.DateTimeField(allow_null=True)


class PutOff(Strict):
    """Whose next contact is put off, and to which day: from tomorrow to three months ahead."""

    client = PublicIdField(model=Client)
    to = serializers.DateField()


class TakeBack(Strict):
    """Nothing to say."""


class NextDateViewSet(Commands, viewsets.GenericViewSet[NextDateMove]):
    """Next dates that the caller has put off."""

    queryset = NextDateMove.objects.none()
    permission_classes = [may("clients.view_client", "clients.add_contactlog")]
    serializer_class = NextDateMoveRead
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    writes = {"create": "once", "back": "once"}

    def get_queryset(self) -> QuerySet[NextDateMove]:
        rows: Any = NextDateMove.objects.visible_to(self._actor)
        return rows.filter(moved_by=self._actor).select_related("contact__client")

    @extend_schema(request=PutOff, responses={201: NextDateMoveRead})
    def create(self, request: Request) -> Response:
        """Put the next contact with a client off; the contact that named the day keeps its wording."""
        said = self._said(PutOff)
        return self.once(lambda: put_off_next_date(actor=self._actor, now=timezone.now(), **said), self._shown)

    @extend_schema(request=TakeBack, responses={201: NextDateMoveRead})
    @action(detail=True, methods=["post"])
    def back(self, request: Request, **_path: str) -> Response:
        """The next date stands again where it stood; twice does no harm."""
        row = self._row()
        self._said(TakeBack)
        return self.once(lambda: take_back_put_off(move=row, actor=self._actor, now=timezone.now()), self._shown)
