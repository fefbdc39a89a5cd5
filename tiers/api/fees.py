"""The fee calculator over REST: what a trade costs, line by line, kept with the figures used."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import Client
from crm.core.api.serializers import PublicIdField, Strict, YuanField
from crm.core.api.writes import Once
from crm.core.models import User
from tiers.models import Exchange, FeeQuote, Product, RateBasis, Side
from tiers.querysets import may_see_commission
from tiers.services.commission import Price
from tiers.services.fees import Trade, save_quote

_TRADE = ("product", "exchange", "side", "amount", "day")
_PRICE = ("product", "rate", "basis", "min_fee")
_LINES = ["commission", "handling", "regulation", "transfer", "stamp", "total"]


class FeeQuoteRead(serializers.ModelSerializer[FeeQuote]):
    """The fees of a trade; the lines add up to the total."""

    id = serializers.CharField(source="public_id", read_only=True)
    client = serializers.CharField(source="client.public_id", read_only=True, allow_null=True, default=None)
    amount = YuanField(read_only=True)
    min_fee = YuanField(read_only=True)
    commission = YuanField(read_only=True)
    handling = YuanField(read_only=True)
    regulation = YuanField(read_only=True)
    transfer = YuanField(read_only=True)
    stamp = YuanField(read_only=True)
    total = YuanField(read_only=True)

    class Meta:
        model = FeeQuote
        fields = ["id", "client", *_TRADE, "rate", "basis", "min_fee", *_LINES, "figures", "created_at"]


class WorkOut(Strict):
    """A trade and the price at which it is worked out; all-in, the fees passed through are inside the commission."""

    client = PublicIdField(model=Client, required=False, allow_null=True, default=None)
    product = serializers.ChoiceField(choices=Product.choices)
    exchange = serializers.ChoiceField(choices=Exchange.choices)
    side = serializers.ChoiceField(choices=Side.choices)
    amount = YuanField()
    day = serializers.DateField()
    rate = serializers.DecimalField(max_digits=7, decimal_places=6, min_value=Decimal("0.000001"))
    basis = serializers.ChoiceField(choices=RateBasis.choices, default=RateBasis.ALL_IN)
    min_fee = YuanField()


class FeeQuoteViewSet(Once, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[FeeQuote]):
    """Fees worked out for clients whose commission the caller may see, and the caller's own without a client."""

    queryset = FeeQuote.objects.none()
    serializer_class = FeeQuoteRead
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    writes = {"create": "once"}

    def get_queryset(self) -> QuerySet[FeeQuote]:
        return FeeQuote.objects.visible_to(cast(User, self.request.user)).for_list()

    @extend_schema(request=WorkOut, responses={201: FeeQuoteRead})
    def create(self, request: Request) -> Response:
        """Work out what a trade costs and keep it."""
        body = WorkOut(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        said, actor = body.validated_data, cast(User, request.user)
        if said["client"] is not None and not may_see_commission(actor, said["client"]):
            raise Http404
        trade, price = Trade(*(said[name] for name in _TRADE)), Price(*(said[name] for name in _PRICE))
        return self.once(
            lambda: save_quote(trade=trade, price=price, client=said["client"], actor=actor, now=timezone.now()),
            self._shown,
        )

    def _shown(self, public_id: str) -> Response:
        return Response(FeeQuoteRead(get_object_or_404(self.get_queryset(), public_id=public_id)).data)
