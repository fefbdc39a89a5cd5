"""How often clients of a tier are spoken with, over REST."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.permissions import may
from crm.core.api.serializers import PublicIdField, Strict
from crm.core.api.writes import Commands
from crm.core.clocks import local_date
from tiers.filters import CadenceFilter
from tiers.models import ContactCadence, Tier
from tiers.models.services import CADENCE_MOST
from tiers.services.entitlements import set_cadence


class CadenceRead(serializers.ModelSerializer[ContactCadence]):
    """After how many days clients of a tier are spoken with again, from a day on; ``days`` is null where it ends."""

    id = serializers.CharField(source="public_id", read_only=True)

    class Meta:
        model = ContactCadence
        fields = ["id", "programme_code", "tier_code", "days", "valid_from", "valid_to", "reason", "created_at"]


class SetCadence(Strict):
    tier = PublicIdField(model=Tier)
    days = serializers.IntegerField(min_value=1, max_value=CADENCE_MOST, allow_null=True)
    valid_from = serializers.DateField(help_text="Today or later.")
    reason = serializers.CharField(max_length=200, allow_blank=True, default="")


class CadenceViewSet(
    Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ContactCadence]
):
    """Contact cadences of the company, the newest first; a row is never edited, a newer one ends it."""

    queryset = ContactCadence.objects.none()
    serializer_class = CadenceRead
    filterset_class = CadenceFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    writes = {"create": "once"}

    def get_permissions(self) -> list[Any]:
        rights = ["tiers.view_entitlement", *(["tiers.add_entitlement"] if self.request.method == "POST" else [])]
        return [may(*rights)()]

    def get_queryset(self) -> QuerySet[ContactCadence]:
        return ContactCadence.objects.visible_to(self._actor)

    @extend_schema(request=SetCadence, responses={201: CadenceRead})
    def create(self, request: Request) -> Response:
        """Set the cadence of a tier from a day on; for callers who shape the company's services."""
        said, actor, today = self._said(SetCadence), self._actor, local_date(timezone.now())
        company = actor.company
        if company is None:
            raise Http404
        return self.once(lambda: set_cadence(company=company, today=today, actor=actor, **said), self._shown)
