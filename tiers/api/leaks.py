"""Applied rates and commission leaks over REST, read only; applied rates come in as files."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from rest_framework import mixins, serializers, viewsets

from crm.core.api.serializers import YuanField
from crm.core.models import User
from tiers.filters import AppliedRateFilter, RateLeakFilter
from tiers.models import AppliedRate, RateLeak


class AppliedRateRead(serializers.ModelSerializer[AppliedRate]):
    """What the trading system charged a client for a product on a day; a rate is a plain fraction."""

    id = serializers.CharField(source="public_id", read_only=True)
    client = serializers.CharField(source="client.public_id", read_only=True)
    turnover = YuanField(read_only=True, allow_null=True)

    class Meta:
        model = AppliedRate
        fields = ["id", "client", "product", "day", "rate", "basis", "turnover"]


class RateLeakRead(serializers.ModelSerializer[RateLeak]):
    """A difference between what is applied and what is due, all-in; ``effect`` is yuan a year."""

    id = serializers.CharField(source="public_id", read_only=True)
    client = serializers.CharField(source="client.public_id", read_only=True)
    client_rate = serializers.CharField(source="client_rate.public_id", read_only=True, allow_null=True, default=None)
    turnover = YuanField(read_only=True, allow_null=True)
    promised = YuanField(read_only=True, allow_null=True)
    effect = YuanField(read_only=True)

    class Meta:
        model = RateLeak
        fields = [
            "id", "client", "product", "kind", "applied", "due", "client_rate", "turnover", "promised", "effect",
            "since", "day",
        ]  # fmt: skip


class _ReadOnly(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Any]):
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"

    @property
    def _actor(self) -> User:
        return cast(User, self.request.user)


class AppliedRateViewSet(_ReadOnly):
    """Applied rates of clients whose commission the caller may see, the newest first."""

    queryset = AppliedRate.objects.none()
    serializer_class = AppliedRateRead
    filterset_class = AppliedRateFilter
    cursor_ordering = ("-day", "-pk")

    def get_queryset(self) -> QuerySet[AppliedRate]:
        return AppliedRate.objects.visible_to(self._actor).for_list()


class RateLeakViewSet(_ReadOnly):
    """Commission leaks of clients whose commission the caller may see, the largest first."""

    queryset = RateLeak.objects.none()
    serializer_class = RateLeakRead
    filterset_class = RateLeakFilter
    cursor_ordering = ("-effect", "-pk")

    def get_queryset(self) -> QuerySet[RateLeak]:
        return RateLeak.objects.visible_to(self._actor).for_list()
