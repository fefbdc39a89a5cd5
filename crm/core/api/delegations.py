"""Standing in for each other, over REST."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.writes import Commands, refuse_stale, stamp
from crm.core.clocks import local_date
from crm.core.filters import DelegationFilter
from crm.core.models import Delegation, User
from crm.core.services.delegations import grant_delegation, revoke_delegation


def version_of(row: Delegation) -> int:
    """Moves when the delegation is ended early."""
    return stamp(row, "revoked_at")


class DelegationRead(serializers.ModelSerializer[Delegation]):
    """Who stands in for whom, first and last day included; ``revoked_at`` where it was ended early."""

    id = serializers.CharField(source="public_id", read_only=True)
    absent = Person(read_only=True)
    deputy = Person(read_only=True)
    version = serializers.SerializerMethodField()

    class Meta:
        model = Delegation
        fields = ["id", "absent", "deputy", "first_day", "last_day", "reason", "revoked_at", "version"]

    def get_version(self, row: Delegation) -> int:
        return version_of(row)


class GrantDelegation(Strict):
    """The deputy reaches the book of the absent, not more rights."""

    absent = PublicIdField(model=User, required=False, help_text="Oneself if missing.")
    deputy = PublicIdField(model=User)
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    reason = serializers.CharField(max_length=200)


class RevokeDelegation(Strict):
    """Nothing to say."""


class DelegationViewSet(
    Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Delegation]
):
    """Delegations that concern the caller or the people he manages, the newest first."""

    queryset = Delegation.objects.none()
    serializer_class = DelegationRead
    filterset_class = DelegationFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    writes = {"create": "once", "revoke": "once+versioned"}

    def get_queryset(self) -> QuerySet[Delegation]:
        return Delegation.objects.visible_to(self._actor).select_related("absent", "deputy")

    @extend_schema(responses={200: DelegationRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One delegation; its ETag is what ending it sends back as If-Match."""
        return self._shown(self._row().public_id)

    @extend_schema(request=GrantDelegation, responses={201: DelegationRead})
    def create(self, request: Request) -> Response:
        """Let somebody stand in for oneself, or for somebody one manages."""
        body = GrantDelegation(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        said = {"absent": self._actor, **body.validated_data}
        today = local_date(timezone.now())
        return self.once(lambda: grant_delegation(actor=self._actor, today=today, **said), self._shown)

    @extend_schema(request=RevokeDelegation, responses={200: DelegationRead, 201: DelegationRead}, filters=False)
    @action(
        detail=True,
        methods=["post"],
        permission_classes=[may("core.view_delegation", "core.change_delegation")],
    )
    def revoke(self, request: Request, **_path: str) -> Response:
        """End a delegation at once; the deputy may do so, too."""
        row = self._row()
        RevokeDelegation(data=request.data).is_valid(raise_exception=True)

        def end() -> Delegation:
            refuse_stale(request, version_of(row))
            return revoke_delegation(actor=self._actor, delegation=row, now=timezone.now())

        return self.once(end, self._shown)

    def _shown(self, public_id: str) -> Response:
        row = get_object_or_404(self.get_queryset(), public_id=public_id)
        return Response(DelegationRead(row).data, headers={"ETag": f'"{version_of(row)}"'})
