"""Files brought in over REST: sent as a form, checked by a worker, looked at, applied, taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.jobs import JobRead
from crm.core.api.parsers import SafeJSONParser
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.writes import Commands, refuse_stale, stamp
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.filters import ImportBatchFilter
from crm.core.importing import TARGETS
from crm.core.importing.guess import recognised
from crm.core.importing.mapping import Mapping, parse
from crm.core.importing.targets import may_bring
from crm.core.models import Branch, ImportBatch
from crm.core.models.importing import ImportMapping, ImportRow
from crm.core.services.import_work import start_apply, start_check, start_undo
from crm.core.services.importing import bring_file, cancel_batch, limits_for

#: A mapping is a page of text; a longer one is something else.
_MAPPING_LENGTH = 64 * 1024


def version_of(batch: ImportBatch) -> int:
    """Moves with each step of the batch."""
    return stamp(batch, "state")


class ImportRead(serializers.ModelSerializer[ImportBatch]):
    """A file on its way: counts are of rows; ``job`` is the work that checks, applies or takes it back."""

    id = serializers.CharField(source="public_id", read_only=True)
    branch = serializers.CharField(source="branch.code", read_only=True)
    dry_run = serializers.BooleanField(source="is_dry_run", read_only=True)
    actor = Person(read_only=True)
    job = JobRead(read_only=True, allow_null=True)
    version = serializers.SerializerMethodField()

    class Meta:
        model = ImportBatch
        fields = [
            "id", "kind", "branch", "state", "file_name", "sha256", "dry_run", "created", "updated", "unchanged",
            "rejected", "skipped", "failure", "failure_code", "actor", "job", "created_at", "checked_at", "applied_at",
            "undone_at", "version",
        ]  # fmt: skip

    def get_version(self, batch: ImportBatch) -> int:
        return version_of(batch)


class RejectProblem(serializers.Serializer[Any]):
    field = serializers.CharField()
    value = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class RejectRead(serializers.Serializer[ImportRow]):
    """A row that was refused, with every reason."""

    row = serializers.IntegerField(source="number")
    problems = RejectProblem(many=True)


class BringFile(Strict):
    """A form (``multipart/form-data``); without a mapping the columns are recognised by their titles."""

    kind = serializers.CharField(max_length=40, help_text="clients, assets, holdings, contacts, complaints, …")
    file = serializers.FileField(help_text="CSV or XLSX.")
    branch = PublicIdField(model=Branch, required=False, help_text="One's own if missing.")
    mapping = serializers.CharField(max_length=_MAPPING_LENGTH, required=False, help_text="A mapping file (TOML).")
    saved_mapping = PublicIdField(model=ImportMapping, required=False, help_text="A mapping kept under a name.")
    day = serializers.DateField(required=False, help_text="Where the file itself has no such column.")
    dry_run = serializers.BooleanField(default=False, help_text="Check only; this file shall not be applied.")


class ApplyImport(Strict):
    partial = serializers.BooleanField(  # type: ignore[assignment]  # DRF takes declared fields off the class
        default=False, help_text="Write the good rows although others are rejected."
    )


class UndoImport(Strict):
    reason = serializers.CharField(max_length=300)


class CancelImport(Strict):
    """Nothing to say."""


_ANSWERS = {200: ImportRead, 201: ImportRead}
_CHANGES: dict[str, Any] = {
    "detail": True,
    "methods": ["post"],
    "parser_classes": [SafeJSONParser],
    "permission_classes": [may("core.view_importbatch", "core.change_importbatch")],
}


class ImportViewSet(Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ImportBatch]):
    """Files of the caller's branches, the newest first. A worker does the work: ask the batch until its job has ended."""

    queryset = ImportBatch.objects.none()
    serializer_class = ImportRead
    filterset_class = ImportBatchFilter
    parser_classes = [MultiPartParser]
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    writes = {
        "create": "once",
        "apply": "once+versioned",
        "undo": "once+versioned",
        "cancel": "once+versioned",
    }

    @property
    def cursor_ordering(self) -> tuple[str, ...]:
        return ("number", "pk") if self.action == "rejects" else ("-pk",)

    def get_queryset(self) -> QuerySet[Any]:
        return ImportBatch.objects.visible_to(self._actor).select_related(
            "branch", "actor", "job__branch", "job__actor"
        )

    @extend_schema(responses={200: ImportRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One batch; its ETag is what a change sends back as If-Match."""
        return self._shown(self._row().public_id)

    @extend_schema(request={"multipart/form-data": BringFile}, responses={201: ImportRead})
    def create(self, request: Request) -> Response:
        """Take a file in and let a worker check it; nothing is written before it is applied."""
        sent: Any = request.data
        body = BringFile(data=dict(sent.items()), context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        said = body.validated_data
        kind, branch = said["kind"], self._place(said)
        if kind not in TARGETS:
            raise InvalidInput(fields={"kind": _("There is no such thing here.")})
        if not may_bring(self._actor, kind):
            raise PermissionDenied
        raw = self._raw(said["file"], branch)
        mapping = self._mapping(said, raw, branch)

        def bring() -> ImportBatch:
            batch = bring_file(
                actor=self._actor,
                kind=kind,
                branch=branch,
                file_name=said["file"].name,
                raw=raw,
                mapping=mapping,
                day=cast("date | None", said.get("day")),
                dry_run=said["dry_run"],
                keep=True,
            )
            start_check(actor=self._actor, batch=batch)
            return batch

        words = [f"{name}={value}" for name, value in sorted(sent.items()) if name != "file"]
        return self.once(bring, self._shown, said=(*words, said["file"].name, raw))

    @extend_schema(request=ApplyImport, responses=_ANSWERS, filters=False)
    @action(**_CHANGES)
    def apply(self, request: Request, **_path: str) -> Response:
        """Write a checked batch: all of it, or with ``partial`` its good rows."""
        return self._do(ApplyImport, start_apply)

    @extend_schema(request=UndoImport, responses=_ANSWERS, filters=False)
    @action(**_CHANGES)
    def undo(self, request: Request, **_path: str) -> Response:
        """Take an applied batch back while nobody has touched its rows."""
        return self._do(UndoImport, start_undo)

    @extend_schema(request=CancelImport, responses=_ANSWERS, filters=False)
    @action(**_CHANGES)
    def cancel(self, request: Request, **_path: str) -> Response:
        """Give a batch up before anything is written."""
        return self._do(CancelImport, cancel_batch)

    @extend_schema(responses={200: RejectRead(many=True)}, filters=False)
    @action(
        detail=True,
        filterset_class=None,
        serializer_class=RejectRead,
        permission_classes=[may("core.view_importbatch")],
    )
    def rejects(self, request: Request, **_path: str) -> Response:
        """Rows that were refused, in the order of the file."""
        rows: Any = ImportRow.objects.filter(batch=self._row(), outcome=ImportRow.Outcome.REJECTED)
        page: Any = self.paginate_queryset(rows)
        return self.get_paginated_response(RejectRead(page, many=True).data)

    def _raw(self, file: Any, branch: Branch) -> bytes:
        limits = limits_for(branch, local_date(timezone.now()))
        if (file.size or 0) > max(limits.csv_bytes, limits.xlsx_bytes):
            raise InvalidInput(fields={"file": _("The file is too large.")})
        raw: bytes = file.read()
        return raw

    def _mapping(self, said: dict[str, Any], raw: bytes, branch: Branch) -> Mapping:
        """What the caller sent, else what was kept, else what the titles say."""
        if text := said.get("mapping"):
            return parse(text)
        if kept := said.get("saved_mapping"):
            if kept.kind != said["kind"]:
                raise InvalidInput(
                    fields={"saved_mapping": _("Choose a mapping that was saved for this kind of data.")}
                )
            return Mapping.from_dict(kept.body)
        return recognised(raw, said["kind"], limits_for(branch, local_date(timezone.now())))

    def _do(self, command: type[Strict], change: Callable[..., Any]) -> Response:
        batch: ImportBatch = self._row()
        if not may_bring(self._actor, batch.kind):
            raise PermissionDenied
        body = command(data=self.request.data)
        body.is_valid(raise_exception=True)

        def make() -> ImportBatch:
            refuse_stale(self.request, version_of(batch))
            change(actor=self._actor, batch=batch, **body.validated_data)
            return batch

        return self.once(make, self._shown)

    def _shown(self, public_id: str) -> Response:
        batch = get_object_or_404(self.get_queryset(), public_id=public_id)
        return Response(ImportRead(batch).data, headers={"ETag": f'"{version_of(batch)}"'})
