"""Looking at a private value over REST: the same right, reason, allowance and trail as on the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import Client
from crm.core.api.permissions import may
from crm.core.api.serializers import Strict
from crm.core.api.writes import Once
from crm.core.errors import InvalidInput
from crm.core.services.reveal import reveal_allowance, reveal_field

#: What may be looked at in full.
REVEALABLE = ("phone", "id_number", "email", "address")


class RevealBody(Strict):
    """Which value, and why."""

    field = serializers.ChoiceField(choices=[(name, name) for name in REVEALABLE])
    reason = serializers.CharField(max_length=200)


class Revealed(serializers.Serializer[Any]):
    """The value, and how much of the day's allowance is used."""

    field = serializers.CharField()
    value = serializers.CharField()
    used = serializers.IntegerField()
    allowance = serializers.IntegerField()


class _Reveal(Once):
    def _revealed(self, request: Request, subject: Any, client: Client, said: Mapping[str, str]) -> Response:
        """One value in full. Every answer is a look of its own, a repeated request as well."""
        own: Any = request.user
        seen: dict[str, str] = {}

        def look() -> Any:
            words = {"field": said["field"], "reason": said["reason"]}
            seen["value"] = reveal_field(actor=own, subject=subject, client=client, now=timezone.now(), **words)
            return subject

        def show(_public_id: str) -> Response:
            if "value" not in seen:
                look()
            used, allowance = reveal_allowance(own, timezone.now())
            told = {"field": said["field"], "value": seen["value"], "used": used, "allowance": allowance}
            return Response(told, headers={"Cache-Control": "no-store, private"})

        return self.once(look, show)


class RevealAction(_Reveal):
    """Mixin of the resource of clients."""

    @extend_schema(request=RevealBody, responses={201: Revealed}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.reveal_client")])
    def reveal(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """One private value in full. Every answer is a look of its own, a repeated request as well."""
        client = self.get_object()  # type: ignore[attr-defined]  # the viewset's
        body = RevealBody(data=request.data)
        body.is_valid(raise_exception=True)
        return self._revealed(request, client, client, body.validated_data)


class RevealRowBody(Strict):
    """Which sealed value of the row, and why."""

    field = serializers.CharField(max_length=20)
    reason = serializers.CharField(max_length=200)


class RevealRow(_Reveal):
    """Mixin of resources whose rows hold sealed values of a client: ``sealed`` names them."""

    sealed: tuple[str, ...] = ()

    @extend_schema(request=RevealRowBody, responses={201: Revealed}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.reveal_client")])
    def reveal(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """One sealed value in full, within the allowance of the day. Every answer is a look of its own."""
        row = self.get_object()  # type: ignore[attr-defined]  # the viewset's
        body = RevealRowBody(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        if said["field"] not in self.sealed:
            raise InvalidInput(fields={"field": ", ".join(self.sealed)})
        return self._revealed(request, row, row.client, said)
