"""Findings of follow-up calls over REST, and what they change in the service of the client."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care import services
from care.filters import FindingFilter
from care.models import Finding
from crm.core.api.permissions import may
from crm.core.api.serializers import MaskedField, Person, Strict
from crm.core.api.writes import Commands


class FindingRead(serializers.ModelSerializer[Finding]):
    """A bad answer, what compliance made of it, and whether the client's needs were asked again because of it."""

    id = serializers.CharField(source="public_id", read_only=True)
    call = serializers.CharField(source="call.public_id", read_only=True)
    client = serializers.CharField(source="call.client.public_id", read_only=True)
    client_name = MaskedField("name", source="call.client.display_name")
    question = serializers.CharField(source="answer.question.code", read_only=True)
    answer = serializers.CharField(source="answer.answer", read_only=True)
    note = serializers.CharField(source="answer.note", read_only=True)
    state = serializers.CharField(read_only=True)
    closed_by = Person(read_only=True, allow_null=True)
    needs_asked_by = Person(read_only=True, allow_null=True)
    needs_since = serializers.DateField(
        read_only=True, allow_null=True, help_text="Day of the first interview since; null without one."
    )

    class Meta:
        model = Finding
        fields = [
            "id", "call", "client", "client_name", "question", "answer", "note", "state", "opened_at", "closed_at",
            "closed_by", "conclusion", "needs_asked_at", "needs_asked_by", "needs_since", "version",
        ]  # fmt: skip


class AskNeeds(Strict):
    """Words for whoever serves the client; he reads them with the day of the call, never the answer."""

    reason = serializers.CharField(max_length=160)


class FindingViewSet(Commands, mixins.ListModelMixin, viewsets.GenericViewSet[Finding]):
    """Findings within the caller's reach, never those about clients whom he serves himself."""

    queryset = Finding.objects.none()
    serializer_class = FindingRead
    filterset_class = FindingFilter
    subject = "finding"
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-opened_at", "-pk")
    writes = {"ask_needs": "once+versioned"}

    def get_queryset(self) -> QuerySet[Finding]:
        return Finding.objects.visible_to(self._actor).for_list().with_needs()

    @extend_schema(responses={200: FindingRead}, filters=False)
    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """One finding with its version as ETag."""
        return self._shown(id)

    @extend_schema(request=AskNeeds, responses={200: FindingRead, 201: FindingRead}, filters=False)
    @action(
        detail=True,
        methods=["post"],
        url_path="ask-needs",
        permission_classes=[may("care.view_finding", "care.ask_needs")],
    )
    def ask_needs(self, request: Request, **_path: str) -> Response:
        """Have the client's needs asked again because of it, once."""
        return self._do(AskNeeds, services.ask_needs)
