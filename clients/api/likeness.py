"""While a client is typed in elsewhere: is somebody with these facts on file already?"""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import Client, LikeReason
from clients.querysets.scope import shown_name
from clients.services.duplicates import Answer, ask_duplicates, whom_to_ask
from clients.services.identity_facts import facts_typed
from clients.views.rows import today
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.writes import Commands


class CheckFacts(Strict):
    """What is known of somebody who may be on file; ``client``: the one who is being corrected, left out of the answer."""

    name = serializers.CharField(max_length=80, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)
    id_number = serializers.CharField(max_length=40, required=False, allow_blank=True)
    kind = serializers.ChoiceField(choices=Client.Kind.choices, required=False)
    birth_date = serializers.DateField(required=False, allow_null=True)
    client = PublicIdField(model=Client, required=False)


class Alike(serializers.Serializer[Any]):
    """Somebody in reach who looks like that."""

    client = serializers.CharField()
    name = serializers.CharField()
    reasons = serializers.ListField(child=serializers.ChoiceField(choices=LikeReason.choices))


class CheckAnswer(serializers.Serializer[Any]):
    """Those in reach; ``elsewhere``: somebody beyond it, of whom nothing is said; ``ask``: who sees further."""

    seen = Alike(many=True)
    elsewhere = serializers.BooleanField()
    ask = Person(many=True)


class CheckAction(Commands):
    """Mixin of the resource of clients."""

    @extend_schema(request=CheckFacts, responses={201: CheckAnswer}, filters=False)
    @action(detail=False, methods=["post"], permission_classes=[may("clients.add_client")], pagination_class=None)
    def check(self, request: Request) -> Response:
        """Whether a client with these facts is on file. Each question is on the trail and counts for the day (429 past it)."""
        said = self._said(CheckFacts)
        client = said.pop("client", None)
        facts, told = facts_typed(said, client=client, today=today()), {}

        def ask() -> Any:
            told["answer"] = ask_duplicates(facts=facts, actor=self._actor, now=timezone.now(), but=client)

        def show(_nothing: str) -> Response:
            if "answer" not in told and facts.are_enough:
                ask()
            return Response(self._words(told.get("answer", Answer())), headers={"Cache-Control": "no-store, private"})

        return self.once(ask if facts.are_enough else lambda: None, show)

    def _words(self, answer: Answer) -> dict[str, Any]:
        seen = [
            {"client": row.public_id, "name": shown_name(row, self._actor), "reasons": reasons}
            for row, reasons in answer.seen
        ]
        people = whom_to_ask(self._actor)
        return CheckAnswer({"seen": seen, "elsewhere": answer.elsewhere, "ask": people}).data
