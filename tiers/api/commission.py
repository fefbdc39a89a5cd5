"""The commission desk over REST: the card of the tiers, and rates of single clients. A rate is a plain fraction."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import Client
from crm.core.api.files import FileRead, FileUpload
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict, YuanField
from crm.core.api.writes import Commands
from crm.core.models import Attachment
from crm.core.views.attachments import hand_out
from tiers.filters import ClientRateFilter, RateCardFilter
from tiers.models import ClientRate, Product, RateBasis, RateCard, Tier
from tiers.querysets import may_see_commission
from tiers.services.commission import (
    Price,
    approve_client_rate,
    end_client_rate,
    propose_client_rate,
    reject_client_rate,
    set_rate_card,
)
from tiers.services.rate_offers import accept_client_rate, attach_agreement, decline_client_rate

_TERMS = ["product", "rate", "basis", "min_fee", "valid_from", "valid_to", "reason"]


class RateCardRead(serializers.ModelSerializer[RateCard]):
    """What a product costs clients of a tier from a day on; ``valid_to`` is null for the newest row."""

    id = serializers.CharField(source="public_id", read_only=True)
    tier = serializers.CharField(source="tier.public_id", read_only=True)
    tier_code = serializers.CharField(source="tier.code", read_only=True)
    min_fee = YuanField(read_only=True)

    class Meta:
        model = RateCard
        fields = ["id", "tier", "tier_code", *_TERMS, "created_at"]


class ClientRateRead(serializers.ModelSerializer[ClientRate]):
    """A rate agreed with one client; it holds from its first day once somebody else has approved it."""

    id = serializers.CharField(source="public_id", read_only=True)
    client = serializers.CharField(source="client.public_id", read_only=True)
    min_fee = YuanField(read_only=True)
    proposed_by = Person(read_only=True)
    decided_by = Person(read_only=True, allow_null=True)
    endorsed_by = Person(read_only=True, allow_null=True)
    tier_change = serializers.CharField(source="tier_change.public_id", read_only=True, allow_null=True, default=None)
    promised_turnover = YuanField(read_only=True, allow_null=True)

    class Meta:
        model = ClientRate
        fields = [
            "id", "client", *_TERMS, "state", "proposed_by", "proposed_at", "decided_by", "decided_at", "decision_note",
            "origin", "tier_change", "decide_by", "promised_turnover", "endorsed_by", "endorsed_at", "notice_text",
            "notice_version", "accept_by", "answered_how", "answered_on", "version",
        ]  # fmt: skip


class Terms(Strict):
    """A price and the day from which it holds."""

    product = serializers.ChoiceField(choices=Product.choices)
    rate = serializers.DecimalField(max_digits=7, decimal_places=6, min_value=Decimal("0.000001"))
    basis = serializers.ChoiceField(choices=RateBasis.choices, default=RateBasis.ALL_IN)
    min_fee = YuanField(help_text="Lowest fee per trade.")
    valid_from = serializers.DateField()


class SetRateCard(Terms):
    """A new row of the card; rates agreed with clients stay as they are."""

    tier = PublicIdField(model=Tier)
    reason = serializers.CharField(max_length=200, allow_blank=True, default="")


class ProposeRate(Terms):
    client = PublicIdField(model=Client)
    valid_to = serializers.DateField(required=False, allow_null=True)
    promised_turnover = YuanField(required=False, allow_null=True, help_text="Turnover promised a year.")
    reason = serializers.CharField(max_length=200)


class ApproveRate(Strict):
    note = serializers.CharField(max_length=200, allow_blank=True, default="")


class RejectRate(Strict):
    note = serializers.CharField(max_length=200)


class AcceptRate(Strict):
    how = serializers.ChoiceField(choices=ClientRate.Answer.choices)
    answered_on = serializers.DateField(help_text="Between the notice and today.")


class DeclineRate(Strict):
    answered_on = serializers.DateField()


class EndRate(Strict):
    last_day = serializers.DateField(help_text="Today or later; from the next day the card of the client's tier holds.")
    reason = serializers.CharField(max_length=200)


def _priced(said: dict[str, Any]) -> dict[str, Any]:
    """What a service takes: the price as one value."""
    terms = [said.pop(name) for name in ("product", "rate", "basis", "min_fee")]
    return {**said, "price": Price(*terms)}


class RateCardViewSet(Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[RateCard]):
    """Rates of the tiers, the newest first; a row is never edited, a newer one ends it."""

    queryset = RateCard.objects.none()
    serializer_class = RateCardRead
    filterset_class = RateCardFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-valid_from", "-pk")
    writes = {"create": "once"}

    def get_queryset(self) -> QuerySet[RateCard]:
        return RateCard.objects.visible_to(self._actor).select_related("tier")

    @extend_schema(request=SetRateCard, responses={201: RateCardRead})
    def create(self, request: Request) -> Response:
        """Set the rate of a tier for a product from a day on."""
        said = _priced(self._said(SetRateCard))
        return self.once(lambda: set_rate_card(actor=self._actor, **said), self._shown)

    def _shown(self, public_id: str) -> Response:
        return Response(RateCardRead(get_object_or_404(self.get_queryset(), public_id=public_id)).data)


_ANSWERS = {200: ClientRateRead, 201: ClientRateRead}
_DECIDES = [may("tiers.view_clientrate", "tiers.approve_clientrate")]
_ASKS = [may("tiers.view_clientrate", "tiers.add_clientrate")]


class ClientRateViewSet(
    Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ClientRate]
):
    """Rates agreed with clients whose commission the caller may see, the newest first."""

    queryset = ClientRate.objects.none()
    serializer_class = ClientRateRead
    subject = "rate"
    filterset_class = ClientRateFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    writes = {
        "create": "once",
        "approve": "once+versioned",
        "reject": "once+versioned",
        "accept": "once+versioned",
        "decline": "once+versioned",
        "end": "once+versioned",
        "files": "once",
    }

    def get_queryset(self) -> QuerySet[ClientRate]:
        return ClientRate.objects.visible_to(self._actor).for_list()

    @extend_schema(responses={200: ClientRateRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One rate; its ETag is what a decision sends back as If-Match."""
        return self._shown(self._row().public_id)

    @extend_schema(request=ProposeRate, responses={201: ClientRateRead})
    def create(self, request: Request) -> Response:
        """Propose a rate for one client; it waits for somebody else's approval."""
        said = _priced(self._said(ProposeRate))
        if not may_see_commission(self._actor, said["client"]):
            raise Http404
        return self.once(lambda: propose_client_rate(actor=self._actor, now=timezone.now(), **said), self._shown)

    @extend_schema(request=ApproveRate, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_DECIDES)
    def approve(self, request: Request, **_path: str) -> Response:
        """Approve a rate that somebody else proposed; a deep concession stays proposed until a second one has approved."""
        return self._do(ApproveRate, approve_client_rate)

    @extend_schema(request=RejectRate, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_DECIDES)
    def reject(self, request: Request, **_path: str) -> Response:
        """Turn a proposed rate down, saying why."""
        return self._do(RejectRate, reject_client_rate)

    @extend_schema(request=AcceptRate, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_ASKS)
    def accept(self, request: Request, **_path: str) -> Response:
        """Record that the client has agreed to a rate from a change of tier; it holds from today at the earliest."""
        return self._do(AcceptRate, accept_client_rate)

    @extend_schema(
        methods=["GET"], responses={200: FileRead(many=True)}, filters=False, operation_id="client_rates_files"
    )
    @extend_schema(
        methods=["POST"], request={"multipart/form-data": FileUpload}, responses={201: FileRead}, filters=False
    )
    @action(detail=True, methods=["get", "post"], parser_classes=[MultiPartParser], pagination_class=None)
    def files(self, request: Request, **_path: str) -> Response:
        """Papers that the client signed; or (POST) one more."""
        row = self._row()
        kept: Any = Attachment.objects.of(row).order_by("pk")
        if request.method == "GET":
            return Response(FileRead(kept, many=True).data)
        body = FileUpload(data=request.data)
        body.is_valid(raise_exception=True)
        return self.once(
            lambda: attach_agreement(rate=row, upload=body.validated_data["file"], actor=self._actor),
            lambda public_id: Response(FileRead(get_object_or_404(kept, public_id=public_id)).data),
        )

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}, filters=False)
    @action(detail=True, methods=["get"], url_path="files/(?P<file>[0-9A-Z]{26})", pagination_class=None)
    def file(self, request: Request, file: str, **_path: str) -> FileResponse:
        """The paper itself, as a download; handing it out is on the trail."""
        return hand_out(self._actor, get_object_or_404(Attachment.objects.of(self._row()), public_id=file))

    def get_permissions(self) -> list[Any]:
        if self.action == "files" and self.request.method == "POST":
            return [each() for each in _ASKS]
        if self.action in ("files", "file"):
            return [may("tiers.view_clientrate")()]
        return list(super().get_permissions())

    @extend_schema(request=DeclineRate, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_ASKS)
    def decline(self, request: Request, **_path: str) -> Response:
        """Record that the client does not agree; what held goes on."""
        return self._do(DeclineRate, decline_client_rate)

    @extend_schema(request=EndRate, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_DECIDES)
    def end(self, request: Request, **_path: str) -> Response:
        """Let an approved rate end."""
        return self._do(EndRate, end_client_rate)
