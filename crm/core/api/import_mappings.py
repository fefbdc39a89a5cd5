"""Mappings that are kept under a name for the next file, over REST."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.permissions import may
from crm.core.api.serializers import Strict
from crm.core.api.writes import Commands, seen_version
from crm.core.filters import ImportMappingFilter
from crm.core.importing import TARGETS
from crm.core.importing.mapping import Mapping
from crm.core.importing.targets import may_bring
from crm.core.importing.toml_out import to_toml
from crm.core.models.importing import ImportMapping
from crm.core.services.import_drafts import drop_mapping, rename_mapping


class ImportMappingRead(serializers.ModelSerializer[ImportMapping]):
    """A kept mapping; ``mapping`` is the text that the command and an import over REST take."""

    id = serializers.CharField(source="public_id", read_only=True)
    branch = serializers.CharField(source="branch.code", read_only=True)
    mapping = serializers.SerializerMethodField()
    version = serializers.IntegerField(read_only=True)

    class Meta:
        model = ImportMapping
        fields = ["id", "branch", "kind", "name", "mapping", "created_at", "version"]

    def get_mapping(self, row: ImportMapping) -> str:
        return to_toml(Mapping.from_dict(row.body))


class RenameMapping(Strict):
    name = serializers.CharField(max_length=80)


class ImportMappingViewSet(
    Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ImportMapping]
):
    """Mappings that the caller's branches keep, of the kinds that he may bring."""

    queryset = ImportMapping.objects.none()
    permission_classes = [may("core.add_importbatch")]
    serializer_class = ImportMappingRead
    filterset_class = ImportMappingFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-pk",)
    writes = {"partial_update": "versioned", "destroy": "versioned"}

    def get_queryset(self) -> QuerySet[ImportMapping]:
        rows: Any = ImportMapping.objects.visible_to(self._actor)
        kinds = [kind for kind in TARGETS if may_bring(self._actor, kind)] if self._actor.is_authenticated else []
        found: QuerySet[ImportMapping] = rows.filter(kind__in=kinds).select_related("branch")
        return found

    @extend_schema(responses={200: ImportMappingRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One kept mapping."""
        return self._shown(kwargs["id"])

    @extend_schema(request=RenameMapping, responses={200: ImportMappingRead}, filters=False)
    def partial_update(self, request: Request, **_path: str) -> Response:
        """Give it another name."""
        row, version, said = self._row(), seen_version(request), self._said(RenameMapping)
        rename_mapping(actor=self._actor, kept=row, version=version, **said)
        return self._shown(row.public_id)

    @extend_schema(responses={204: None}, filters=False)
    def destroy(self, request: Request, **_path: str) -> Response:
        """Keep it no longer."""
        drop_mapping(actor=self._actor, kept=self._row(), version=seen_version(request))
        return Response(status=204)
