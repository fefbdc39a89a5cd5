"""What can be done to a client's profile over REST beside changing facts: confirming them, setting the stage by hand."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.commands import ClientCommands
from clients.api.serializers import ClientFacts, ClientRead, SameDocumentReason
from clients.models import Stage
from clients.provenance import FACTS, REFUSABLE, Source
from clients.services import complete_facts, confirm_facts, end_stage, set_stage
from crm.core.api.permissions import may
from crm.core.api.serializers import Strict
from crm.core.api.writes import seen_version

_ANSWERS = {200: ClientRead, 201: ClientRead}


class Confirmation(Strict):
    """Facts that were asked again and still hold."""

    facts = serializers.ListField(
        child=serializers.ChoiceField(choices=sorted(FACTS)), allow_empty=False, max_length=len(FACTS)
    )
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a field of that name
        choices=Source.choices, required=False, help_text="Client if missing."
    )
    as_of = serializers.DateField(required=False)


class Completion(Strict):
    """Everything that one talk brought; each fact in one of the three."""

    values = ClientFacts(required=False, default=dict)
    refused = serializers.ListField(child=serializers.ChoiceField(choices=sorted(REFUSABLE)), default=list)
    confirmed = serializers.ListField(child=serializers.ChoiceField(choices=sorted(FACTS)), default=list)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a field of that name
        choices=Source.choices, default=Source.CLIENT
    )
    same_document_reason = SameDocumentReason()


class StageSet(Strict):
    """A stage set by hand; the rule waits until the day after ``until``."""

    stage = serializers.ChoiceField(choices=Stage.choices)
    reason = serializers.CharField(min_length=2, max_length=200)
    until = serializers.DateField()


class ProfileActions(ClientCommands):
    """Commands of a client's profile; each answers the client with his new version."""

    writes = {
        **ClientCommands.writes,
        "confirm": "once+versioned",
        "stage": "once+versioned",
        "end_stage": "once+versioned",
        "complete": "once+versioned",
    }

    @extend_schema(request=Confirmation, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.view_client", "clients.change_client")])
    def confirm(self, request: Request, **_path: str) -> Response:
        """Note that facts were asked again and still hold; the values stay as they are."""
        client, version, said = self._row(), seen_version(request), self._said(Confirmation)
        names, terms = said.pop("facts"), self._terms(version)
        return self._change(lambda: confirm_facts(client=client, names=names, **said, **terms))

    @extend_schema(request=Completion, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.view_client", "clients.change_client")])
    def complete(self, request: Request, **_path: str) -> Response:
        """The sheet of one talk: new values, what the client will not say, and what was asked and still holds."""
        client, version, said = self._row(), seen_version(request), self._said(Completion)
        terms = self._terms(version)
        return self._change(lambda: complete_facts(client=client, **said, **terms))

    @extend_schema(request=StageSet, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.view_client", "clients.add_stageoverride")])
    def stage(self, request: Request, **_path: str) -> Response:
        """Set the stage by hand."""
        client, version, said = self._row(), seen_version(request), self._said(StageSet)
        terms = self._terms(version)
        return self._change(lambda: set_stage(client=client, **said, **terms))

    @extend_schema(request=None, responses=_ANSWERS, filters=False)
    @action(
        detail=True,
        methods=["post"],
        url_path="end-stage",
        permission_classes=[may("clients.view_client", "clients.add_stageoverride")],
    )
    def end_stage(self, request: Request, **_path: str) -> Response:
        """Let the rule say the stage again."""
        client, terms = self._row(), self._terms(seen_version(request))
        return self._change(lambda: end_stage(client=client, **terms))

    def _terms(self, version: int) -> dict[str, Any]:
        return {"actor": self._actor, "now": timezone.now(), "version": version}
