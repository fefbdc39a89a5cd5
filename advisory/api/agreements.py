"""Advisory agreements over REST."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from advisory.filters import AgreementFilter
from advisory.models import AdvisoryAgreement
from advisory.services import cancel_agreement, end_agreement, sign_agreement
from clients.models import Client
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.writes import Commands


class AgreementRead(serializers.ModelSerializer[AdvisoryAgreement]):
    """An agreement; the client may cancel it in writing until ``cancel_until``."""

    id = serializers.CharField(source="public_id", read_only=True)
    client = serializers.CharField(source="client.public_id", read_only=True)
    advisor = Person(read_only=True)

    class Meta:
        model = AdvisoryAgreement
        fields = [
            "id", "client", "advisor", "number", "signed_on", "cancel_until", "risk_disclosure", "ended_on", "end_reason",
            "version",
        ]  # fmt: skip


class SignAgreement(Strict):
    """An agreement that the client has signed with the advisor in whose book he is."""

    client = PublicIdField(model=Client)
    number = serializers.RegexField(r"^[0-9A-Za-z\-/]{3,40}$")
    signed_on = serializers.DateField()
    risk_disclosure = serializers.CharField(max_length=40, help_text="Version of the risk disclosure letter.")


class CancelAgreement(Strict):
    received_on = serializers.DateField(help_text="When the client's written notice came in.")


class EndAgreement(Strict):
    ended_on = serializers.DateField()
    reason = serializers.CharField(max_length=200)


_ANSWERS = {200: AgreementRead, 201: AgreementRead}
_CHANGES = [may("advisory.view_advisoryagreement", "advisory.change_advisoryagreement")]


class AgreementViewSet(
    Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[AdvisoryAgreement]
):
    """Advisory agreements of the clients within the caller's reach, the newest first."""

    queryset = AdvisoryAgreement.objects.none()
    serializer_class = AgreementRead
    subject = "agreement"
    filterset_class = AgreementFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-signed_on", "-pk")
    writes = {"create": "once", "cancel": "once+versioned", "end": "once+versioned"}

    def get_queryset(self) -> QuerySet[AdvisoryAgreement]:
        return AdvisoryAgreement.objects.visible_to(self._actor).select_related("client", "advisor")

    @extend_schema(responses={200: AgreementRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One agreement; its ETag is what a change sends back as If-Match."""
        return self._shown(self._row().public_id)

    @extend_schema(request=SignAgreement, responses={201: AgreementRead})
    def create(self, request: Request) -> Response:
        """Put a signed agreement on file; advisor and client must be fit for advice on that day."""
        said = self._said(SignAgreement)
        return self.once(lambda: sign_agreement(actor=self._actor, now=timezone.now(), **said), self._shown)

    @extend_schema(request=CancelAgreement, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_CHANGES)
    def cancel(self, request: Request, **_path: str) -> Response:
        """The client's written cancellation came in within the period."""
        return self._do(CancelAgreement, cancel_agreement)

    @extend_schema(request=EndAgreement, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_CHANGES)
    def end(self, request: Request, **_path: str) -> Response:
        """The agreement ends as agreed with the client."""
        return self._do(EndAgreement, end_agreement)
