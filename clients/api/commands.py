"""What is decided about a client: his risk grade, whose book he is in, and that nobody calls him."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.serializers import ClientRead
from clients.models import Client, RiskGrade
from clients.services import assess_risk, assign_advisor, set_do_not_contact
from clients.services.standing import end_restriction, restrict_client
from crm.core.api.permissions import may
from crm.core.api.serializers import PublicIdField, Strict
from crm.core.api.writes import Commands, etag, seen_version
from crm.core.models import User


class AssessRisk(Strict):
    """A risk grade found outside of the product."""

    grade = serializers.ChoiceField(choices=RiskGrade.choices)
    assessed_on = serializers.DateField()
    basis = serializers.CharField(max_length=200, help_text="Which questionnaire or document says so.")
    is_lowest = serializers.BooleanField(default=False, help_text="Lowest risk capacity; possible with C1 only.")


class AssignAdvisor(Strict):
    """Whose book the client goes into; null takes him out of anybody's."""

    advisor = PublicIdField(model=User, allow_null=True)
    reason = serializers.CharField(min_length=2, max_length=200)


class SetDoNotContact(Strict):
    """The mark that nobody here calls the client; setting and lifting need a reason."""

    do_not_contact = serializers.BooleanField()
    reason = serializers.CharField(min_length=2, max_length=200)


class SetRestriction(Strict):
    """Whether the data are restricted to storage; beginning and ending it need a reason."""

    restricted = serializers.BooleanField()
    reason = serializers.CharField(min_length=4, max_length=300)


_ANSWERS = {200: ClientRead, 201: ClientRead}


class ClientCommands(Commands):
    """The commands of a client page; each answers the client with his new version."""

    writes = {
        "create": "once",
        "partial_update": "versioned",
        "risk": "once+versioned",
        "advisor": "once+versioned",
        "do_not_contact": "once+versioned",
        "restriction": "once+versioned",
    }

    @extend_schema(request=AssessRisk, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.view_client", "clients.assess_client")])
    def risk(self, request: Request, **_path: str) -> Response:
        """Enter a risk grade; it is valid from the day of the assessment for the months that the figures say."""
        client, version, said = self._row(), seen_version(request), self._said(AssessRisk)
        return self._change(
            lambda: assess_risk(client=client, actor=self._actor, now=timezone.now(), version=version, **said)
        )

    @extend_schema(request=AssignAdvisor, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.view_client", "clients.assign_client")])
    def advisor(self, request: Request, **_path: str) -> Response:
        """Give the client into a colleague's book."""
        client, version, said = self._row(), seen_version(request), self._said(AssignAdvisor)
        return self._change(
            lambda: assign_advisor(client=client, actor=self._actor, now=timezone.now(), version=version, **said)
        )

    @extend_schema(request=SetDoNotContact, responses=_ANSWERS, filters=False)
    @action(
        detail=True,
        methods=["post"],
        url_path="do-not-contact",
        permission_classes=[may("clients.view_client", "clients.change_client")],
    )
    def do_not_contact(self, request: Request, **_path: str) -> Response:
        """Mark that nobody here calls the client, or lift the mark."""
        client, version, said = self._row(), seen_version(request), self._said(SetDoNotContact)
        return self._change(lambda: set_do_not_contact(client=client, actor=self._actor, version=version, **said))

    @extend_schema(request=SetRestriction, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.view_client", "clients.restrict_client")])
    def restriction(self, request: Request, **_path: str) -> Response:
        """Restrict the client's data to storage: no contact, no change, and nobody finds him in daily work; or end that."""
        client, version, said = self._row(), seen_version(request), self._said(SetRestriction)
        why: dict[str, Any] = {"reason": said["reason"], "actor": self._actor, "version": version}
        if said["restricted"]:
            return self._change(lambda: restrict_client(client=client, now=timezone.now(), **why))
        return self._change(lambda: end_restriction(client=client, **why))

    def _change(self, change: Callable[[], Any]) -> Response:
        client = self._row()

        def make() -> Client:
            change()
            return client

        return self.once(make, lambda _id: self._told(self._row()))

    def _told(self, client: Client) -> Response:
        context = self.get_serializer_context()
        return Response(ClientRead(client, context=context).data, headers={"ETag": etag(client)})
