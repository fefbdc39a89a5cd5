"""Long work over REST: how far it is, what came out, and asking it to stop."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.permissions import may
from crm.core.api.serializers import Person, Strict
from crm.core.api.writes import Commands, refuse_stale, stamp
from crm.core.filters import JobRunFilter
from crm.core.jobs import cancel_job
from crm.core.models import JobRun


def version_of(run: JobRun) -> int:
    """Moves when the run starts, ends, or is asked to stop."""
    return stamp(run, "state", "cancel_asked")


class JobRead(serializers.ModelSerializer[JobRun]):
    """One run of long work; ``result`` is there once it is done, ``message`` says why it failed."""

    id = serializers.CharField(source="public_id", read_only=True)
    branch = serializers.CharField(source="branch.code", read_only=True, allow_null=True, default=None)
    actor = Person(read_only=True)
    percent = serializers.IntegerField(read_only=True)
    result = serializers.SerializerMethodField()
    version = serializers.SerializerMethodField()

    class Meta:
        model = JobRun
        fields = [
            "id", "kind", "state", "branch", "actor", "percent", "result", "message", "created_at", "started_at",
            "ended_at", "version",
        ]  # fmt: skip

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_result(self, run: JobRun) -> dict[str, Any]:
        """What came out; where pages find it is their business."""
        found = run.result if isinstance(run.result, dict) else {}
        return {name: value for name, value in found.items() if name != "report_url"}

    def get_version(self, run: JobRun) -> int:
        return version_of(run)


class CancelJob(Strict):
    """Nothing to say."""


class JobViewSet(Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[JobRun]):
    """Runs of long work: one's own, and those of a branch for whoever sees the branch; the newest first."""

    queryset = JobRun.objects.none()
    serializer_class = JobRead
    filterset_class = JobRunFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    writes = {"cancel": "once+versioned"}

    def get_queryset(self) -> QuerySet[JobRun]:
        return JobRun.objects.visible_to(self._actor).select_related("branch", "actor")

    @extend_schema(responses={200: JobRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One run; ask again until it has ended."""
        return self._shown(self._row().public_id)

    @extend_schema(request=CancelJob, responses={200: JobRead, 201: JobRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("core.view_jobrun")])
    def cancel(self, request: Request, **_path: str) -> Response:
        """Ask a run to stop at its next step; one that waits never starts."""
        run: JobRun = self._row()
        CancelJob(data=request.data).is_valid(raise_exception=True)

        def stop() -> JobRun:
            refuse_stale(request, version_of(run))
            cancel_job(run=run, actor=self._actor)
            return run

        return self.once(stop, self._shown)

    def _shown(self, public_id: str) -> Response:
        run = get_object_or_404(self.get_queryset(), public_id=public_id)
        return Response(JobRead(run).data, headers={"ETag": f'"{version_of(run)}"'})
