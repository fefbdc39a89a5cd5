"""Figures over REST: what governs a place on a day, with version and source."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets

from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.filters import PolicyFilter
from crm.core.models import Branch, Policy


class PolicyRead(serializers.ModelSerializer[Policy]):
    """One version of one figure. Money and rates in ``value`` are strings, counts are numbers."""

    id = serializers.CharField(source="public_id", read_only=True)
    key = serializers.CharField(source="policy_key_id", read_only=True)
    name = serializers.SerializerMethodField()
    kind = serializers.CharField(source="policy_key.kind", read_only=True)
    unit = serializers.CharField(source="policy_key.unit", read_only=True)
    owner = serializers.CharField(source="policy_key.owner", read_only=True)
    branch = serializers.SerializerMethodField(help_text="Public id of the branch; null for the whole company.")

    class Meta:
        model = Policy
        fields = [
            "id", "key", "name", "kind", "unit", "owner", "branch", "value", "effective_from", "version", "source",
            "certainty",
        ]  # fmt: skip

    def get_name(self, row: Policy) -> str:
        return str(row.policy_key)

    def get_branch(self, row: Policy) -> str | None:
        return row.branch.public_id if row.branch else None


_ON = OpenApiParameter("on", OpenApiTypes.DATE, description="The day the figures govern; today if missing.")
_PLACE = OpenApiParameter(
    "branch", OpenApiTypes.STR, description="Public id of the branch they govern; the whole company if missing."
)


@extend_schema_view(list=extend_schema(parameters=[_ON, _PLACE]))
class PolicyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Policy]):
    """Figures in force. A list holds exactly one version of each figure; a single version is read by its id."""

    queryset = Policy.objects.none()  # names the model for rights and schema; rows come from get_queryset
    serializer_class = PolicyRead
    filterset_class = PolicyFilter
    lookup_field = "public_id"
    cursor_ordering = ("policy_key_id",)

    def get_queryset(self) -> QuerySet[Policy]:
        rows = Policy.objects.visible_to(self.request.user).select_related("policy_key", "branch")  # type: ignore[arg-type]  # signed in
        if self.action == "list":
            return rows.governing(self._day(), self._place())
        return rows

    def _day(self) -> date:
        asked: Any = self.request.query_params.get("on")
        if not asked:
            return local_date(timezone.now())
        try:
            found = parse_date(asked)
        except ValueError:
            found = None
        if found is None or not 1900 <= found.year <= 2100:
            raise InvalidInput(fields={"on": _("A day such as 2026-01-31.")})
        return found

    def _place(self) -> Branch | None:
        asked = self.request.query_params.get("branch")
        if not asked:
            return None
        found: Branch | None = (
            Branch.objects.nameable_by(self.request.user).filter(public_id=asked).first()  # type: ignore[arg-type]  # signed in
            if "\x00" not in asked
            else None
        )
        if found is None:
            raise InvalidInput(fields={"branch": _("There is no such thing here.")})
        return found
