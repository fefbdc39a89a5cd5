"""Complaints over REST: read, take down, take a step."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from complaints.api.serializers import ComplaintDetail, ComplaintRead, ComplaintTaken, RegisterComplaint, TakeStep
from complaints.errors import FactsMissing
from complaints.filters import ComplaintFilter
from complaints.models import Complaint
from complaints.services import act, attach_evidence, register_complaint
from complaints.steps import BY_ACTION
from crm.core import audit
from crm.core.api.files import FileRead, FileUpload
from crm.core.api.permissions import may
from crm.core.api.writes import Once, etag, seen_version
from crm.core.errors import MissingRight
from crm.core.models import Attachment, User
from crm.core.views.attachments import hand_out

#: The dossier, or that the complaint is on file where the caller may not (or no longer) see it.
_TAKEN = PolymorphicProxySerializer(
    component_name="ComplaintAnswer", serializers=[ComplaintDetail, ComplaintTaken], resource_type_field_name=None
)


class ComplaintViewSet(Once, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Complaint]):
    """Complaints that the caller may see, never one about himself or about somebody above him."""

    queryset = Complaint.objects.none()  # names the model for rights and schema; rows come from get_queryset
    serializer_class = ComplaintRead
    filterset_class = ComplaintFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-received_at", "-pk")
    writes = {"create": "once", "act": "once+versioned", "files": "once"}

    def get_queryset(self) -> QuerySet[Complaint]:
        return Complaint.objects.visible_to(self.request.user).for_list()

    @extend_schema(responses={200: ComplaintDetail})
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The dossier of one complaint."""
        row = self.get_object()
        audit.record_read(cast(User, request.user), "complaint.view", row, client=row.client)
        return self._shown(row.public_id)

    @extend_schema(request=RegisterComplaint, responses={201: _TAKEN})
    def create(self, request: Request) -> Response:
        """Take a complaint down; its clocks start.

        Who may not see it (he is recused, or takes it down from somebody outside of his book) is told id and number; its
        dossier is 404 to him.
        """
        body = RegisterComplaint(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        said = dict(body.validated_data)
        now = timezone.now()
        client = said.pop("client", None)
        own: Any = self.request.user
        place = said.pop("branch", None) or (client.branch if client is not None else own.branch)
        if place is None:
            raise FactsMissing(fields={"branch": _("Name the branch.")})
        said.setdefault("received_at", now)
        return self.once(
            lambda: register_complaint(actor=own, branch=place, client=client, now=now, **said), self._told
        )

    @extend_schema(request=TakeStep, responses={200: _TAKEN}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("complaints.view_complaint")])
    def act(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Take a step of the state table: accept, refuse, transfer, propose, approve, reply, close, extend and the others."""
        body = TakeStep(data=request.data, context=self.get_serializer_context())
        wanted = request.data.get("action") if isinstance(request.data, dict) else None
        step = BY_ACTION.get(wanted) if isinstance(wanted, str) else None
        if step is not None and not request.user.has_perm(step.right):
            raise MissingRight
        row = self.get_object()
        version = seen_version(request)
        body.is_valid(raise_exception=True)
        facts, own = dict(body.validated_data), cast(User, request.user)
        taken = facts.pop("action")
        answer = self.once(
            lambda: act(actor=own, complaint=row, action=taken, now=timezone.now(), version=version, **facts),
            self._told,
        )
        answer.status_code = 200
        return answer

    @extend_schema(
        methods=["GET"], responses={200: FileRead(many=True)}, filters=False, operation_id="complaints_files"
    )
    @extend_schema(
        methods=["POST"], request={"multipart/form-data": FileUpload}, responses={201: FileRead}, filters=False
    )
    @action(detail=True, methods=["get", "post"], parser_classes=[MultiPartParser], pagination_class=None)
    def files(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """The evidence in the dossier; or (POST) one more file of it."""
        row, own = self.get_object(), cast(User, request.user)
        kept = self._evidence(row)
        if request.method == "GET":
            audit.record_read(own, "complaint.view", row, client=row.client)
            return Response(FileRead(kept.order_by("pk"), many=True).data)
        body = FileUpload(data=request.data)
        body.is_valid(raise_exception=True)
        upload = body.validated_data["file"]
        return self.once(
            lambda: attach_evidence(actor=own, complaint=row, upload=upload, now=timezone.now()),
            lambda public_id: Response(FileRead(get_object_or_404(kept, public_id=public_id)).data),
        )

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}, filters=False)
    @action(detail=True, methods=["get"], url_path="files/(?P<file>[0-9A-Z]{26})", pagination_class=None)
    def file(self, request: Request, id: str, file: str) -> FileResponse:  # noqa: A002  the contract calls it id
        """The file itself, as a download; handing it out is on the trail."""
        found = get_object_or_404(self._evidence(self.get_object()), public_id=file)
        return hand_out(cast(User, request.user), found)

    def _evidence(self, row: Complaint) -> Any:
        rows: Any = Attachment.objects.visible_to(cast(User, self.request.user))
        return rows.of(row)

    def get_permissions(self) -> Any:
        if self.action in ("files", "file"):
            asks = "complaints.add_complaint" if self.request.method == "POST" else "complaints.view_complaint"
            asked: type[BasePermission] = may(asks)
            return [asked()]
        return super().get_permissions()

    def _told(self, public_id: str) -> Response:
        """The dossier of what the caller has just written, or its number alone where he may not see it."""
        if self.get_queryset().filter(public_id=public_id).exists():
            return self._shown(public_id)
        row = get_object_or_404(Complaint.objects.all(), public_id=public_id)
        return Response(ComplaintTaken({"id": row.public_id, "number": row.number}).data)

    def _shown(self, public_id: str) -> Response:
        rows = self.get_queryset().prefetch_related("events__actor")
        row = get_object_or_404(rows, public_id=public_id)
        answer = Response(ComplaintDetail(row, context=self.get_serializer_context()).data)
        answer["ETag"] = etag(row)
        return answer
