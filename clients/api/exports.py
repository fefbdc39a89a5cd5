"""Lists of clients, contacts and assets that leave over REST: asked for, decided about, fetched, by the rules of the page."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.filters.narrowed import narrowed
from clients.forms.export import ExportForm, kinds_for
from clients.services.export import EXPORTS, take_out
from clients.views.rows import today
from crm.core.api.auth import second_step_is_right
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, Strict
from crm.core.api.writes import Commands, refuse_stale, stamp
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput, MissingRight
from crm.core.middleware import client_address
from crm.core.models import ExportRequest
from crm.core.services.exporting import decide_export, fetch_export
from crm.core.step_up import confirm
from crm.core.views.exports import file_answer

_MAY_READ = may("core.view_exportrequest")


def version_of(export: ExportRequest) -> int:
    """Moves with each step of the export."""
    return stamp(export, "state")


class ExportRead(serializers.ModelSerializer[ExportRequest]):
    """A file that leaves or was asked for; ``ready`` means that whoever asked may fetch it until ``ready_until``."""

    id = serializers.CharField(source="public_id", read_only=True)
    actor = Person(read_only=True)
    decided_by = Person(read_only=True, allow_null=True)
    version = serializers.SerializerMethodField()

    class Meta:
        model = ExportRequest
        fields = [
            "id", "kind", "state", "form", "columns", "is_unmasked", "reason", "rows", "sha256", "actor", "decided_by",
            "decided_at", "decision", "failure", "created_at", "ready_until", "fetched_at", "version",
        ]  # fmt: skip

    def get_version(self, export: ExportRequest) -> int:
        return version_of(export)


class Proof(Strict):
    """Who one is, said once more."""

    password = serializers.CharField(max_length=128, trim_whitespace=False)
    otp = serializers.CharField(max_length=20, required=False, allow_blank=True, help_text="With a second factor.")


class AskExport(Proof):
    """A list: which clients (``filter``: the query of the list of clients), what of them, what for."""

    kind = serializers.ChoiceField(choices=[(key, key) for key in EXPORTS])
    filter = serializers.CharField(max_length=2000, required=False, help_text="Such as risk=C3&segment=01KC…")
    columns = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=60)
    since = serializers.DateField(required=False, help_text="First day, for contacts and assets.")
    until = serializers.DateField(required=False)
    is_unmasked = serializers.BooleanField(default=False, help_text="Private values in full; somebody else decides.")
    form = serializers.ChoiceField(choices=["csv", "xlsx"], default="csv")
    reason = serializers.CharField(min_length=4, max_length=200)


class DecideExport(Strict):
    """Agree, or refuse with a reason."""

    approved = serializers.BooleanField()
    reason = serializers.CharField(max_length=200, required=False)


class ExportViewSet(Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ExportRequest]):
    """One's own exports, and those that one decides about, the newest first."""

    queryset = ExportRequest.objects.none()
    serializer_class = ExportRead
    permission_classes = [_MAY_READ]
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-pk",)
    writes = {"create": "once", "decide": "once+versioned", "file": "once"}
    gone = ("file",)

    def get_permissions(self) -> list[Any]:
        return [may("clients.export_client")()] if self.action == "create" else list(super().get_permissions())

    def get_queryset(self) -> QuerySet[ExportRequest]:
        return ExportRequest.objects.visible_to(self._actor).select_related("actor", "decided_by", "branch")

    @extend_schema(responses={200: ExportRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One export; its ETag is what a decision sends back as If-Match."""
        return self._shown(self._row().public_id)

    @extend_schema(request=AskExport, responses={201: ExportRead})
    def create(self, request: Request) -> Response:
        """Ask for a file: masked and small it is ``ready`` at once, else it waits for somebody else (``requested``)."""
        said = self._said(AskExport)
        self._prove(said)
        form, clients = self._form(said), narrowed(said.get("filter", ""), self._actor, self.request)

        def make() -> ExportRequest:
            export, _body = take_out(
                actor=self._actor,
                clients=clients,
                kind=said["kind"],
                said=form.command,
                narrowed_by=said.get("filter", ""),
                now=timezone.now(),
                keep=True,
            )
            return export

        words = sorted(f"{name}={value}" for name, value in said.items())
        return self.once(make, self._shown, said=tuple(words))

    @extend_schema(request=DecideExport, responses={200: ExportRead, 201: ExportRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("core.approve_exportrequest")])
    def decide(self, request: Request, **_path: str) -> Response:
        """Agree to an export of somebody else, or refuse it."""
        export, said = self._row(), self._said(DecideExport)

        def make() -> ExportRequest:
            refuse_stale(self.request, version_of(export))
            return decide_export(
                actor=self._actor,
                export=export,
                approved=said["approved"],
                reason=said.get("reason", ""),
                now=timezone.now(),
            )

        return self.once(make, self._shown)

    @extend_schema(
        request=Proof,
        responses={(200, "text/csv"): OpenApiTypes.BINARY, (201, "text/csv"): OpenApiTypes.BINARY},
        filters=False,
    )
    @action(detail=True, methods=["post"])
    def file(self, request: Request, **_path: str) -> Any:
        """The file, for whoever asked and while it is kept; each time stands in the trail."""
        export, said = self._row(), self._said(Proof)
        self._prove(said)

        def handed(_public_id: str) -> Any:
            body = fetch_export(actor=self._actor, export=export, now=timezone.now())
            return file_answer(f"{export.kind}-{local_date(export.created_at):%Y%m%d}", export.form, body)

        return self.once(lambda: export, handed, said=(export.public_id,))

    def _prove(self, said: dict[str, Any]) -> None:
        """Hold password and code against the account; they are no part of what is asked."""
        confirm(
            self._actor,
            password=said.pop("password"),
            otp=said.pop("otp", ""),
            address=client_address(self.request._request),
            code_is_right=second_step_is_right,
        )

    def _form(self, said: dict[str, Any]) -> ExportForm:
        """What is asked, by the page's own form."""
        kinds = {kind.key: kind for kind in kinds_for(self._actor)}
        if said["kind"] not in kinds or (said["is_unmasked"] and not self._actor.has_perm("core.unmask_exportrequest")):
            raise MissingRight
        days = {name: said[name].isoformat() if said.get(name) else "" for name in ("since", "until")}
        typed = QueryDict(mutable=True)
        typed.update({"form": said["form"], "reason": said["reason"], "form_token": "rest", **days})
        typed.setlist("columns", said.get("columns", []))
        if said["is_unmasked"]:
            typed["is_unmasked"] = "on"
        form = ExportForm(typed, user=self._actor, kind=kinds[said["kind"]], today=today())
        if not form.is_valid():
            raise InvalidInput(fields={name: " ".join(map(str, wrong)) for name, wrong in form.errors.items()})
        return form

    def _shown(self, public_id: str) -> Response:
        export = get_object_or_404(self.get_queryset(), public_id=public_id)
        return Response(ExportRead(export).data, headers={"ETag": f'"{version_of(export)}"'})
