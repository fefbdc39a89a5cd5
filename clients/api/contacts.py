"""Contacts over REST: one at a time, or all that a phone kept while it had no line; with their files."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.batch import batch_items, outcome
from clients.api.contact_words import (
    BatchAnswer,
    ContactBatch,
    ContactCorrect,
    ContactCreate,
    ContactRead,
)
from clients.filters import ContactFilter
from clients.models import ContactLog
from clients.services import BatchResult, attach_to_contact, correct_contact, log_contact, log_contacts
from crm.core import audit
from crm.core.api.files import FileRead, FileUpload
from crm.core.api.permissions import may
from crm.core.api.trail import ListOnTrail
from crm.core.api.writes import Commands
from crm.core.models import Attachment, User
from crm.core.views.attachments import hand_out


class ContactViewSet(
    ListOnTrail, Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ContactLog]
):
    """Contacts with clients whom the caller may see, newest first."""

    queryset = ContactLog.objects.none()
    serializer_class = ContactRead
    trail = "contact.view"
    filterset_class = ContactFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-at", "-pk")
    writes = {"create": "once", "correct": "once", "batch": "once", "files": "once"}

    def get_queryset(self) -> QuerySet[ContactLog]:
        return ContactLog.objects.visible_to(self.request.user).as_told()

    @extend_schema(responses={200: ContactRead})
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One contact with its full wording."""
        row, own = self.get_object(), request.user
        audit.record_read(own, "contact.view", row, client=row.client)  # type: ignore[arg-type]  # signed in
        return Response(self.get_serializer(row).data)

    @extend_schema(request=ContactCreate, responses={201: ContactRead})
    def create(self, request: Request) -> Response:
        """Log a contact. The same Idempotency-Key brings the same contact back, however often a phone sends it."""
        said = self._said(ContactCreate)
        own: Any = request.user
        main = {name: said.pop(name) for name in ("client", "channel", "content")}
        timed = {name: said.pop(name, None) for name in ("at", "device_at", "next_on", "appointment")}
        return self.once(lambda: log_contact(actor=own, now=timezone.now(), details=said, **main, **timed), self._shown)

    @extend_schema(request=ContactCorrect, responses={201: ContactRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.correct_contactlog")])
    def correct(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Write a contact anew with a reason; the first wording stays on file."""
        contact = self.get_object()
        said = self._said(ContactCorrect)
        reason = said.pop("reason")
        own: Any = request.user
        return self.once(
            lambda: correct_contact(contact=contact, values=said, reason=reason, actor=own, now=timezone.now()),
            self._shown,
        )

    @extend_schema(request=ContactBatch, responses={201: BatchAnswer}, filters=False)
    @action(detail=False, methods=["post"], permission_classes=[may("clients.add_contactlog")], pagination_class=None)
    def batch(self, request: Request) -> Response:
        """Log what a phone kept without a line, each item once, in their order; some may be taken and others rejected.

        The header's key stands for the whole request, the key of an item for that contact, wherever it is sent again.
        """
        body = ContactBatch(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        own: Any = request.user
        sent_at, items = body.validated_data.get("sent_at"), batch_items(body.validated_data["items"], own)
        told: list[BatchResult] = []

        def log() -> None:
            told[:] = log_contacts(items=items, actor=own, now=timezone.now(), sent_at=sent_at)

        def show(_nothing: str) -> Response:
            if not told:
                log()  # sent again: what was made is known by now, what was refused has another chance
            return Response(BatchAnswer({"results": [outcome(result) for result in told]}).data)

        return self.once(log, show)

    @extend_schema(methods=["GET"], responses={200: FileRead(many=True)}, filters=False, operation_id="contacts_files")
    @extend_schema(
        methods=["POST"], request={"multipart/form-data": FileUpload}, responses={201: FileRead}, filters=False
    )
    @action(
        detail=True,
        methods=["get", "post"],
        parser_classes=[MultiPartParser],
        pagination_class=None,
    )
    def files(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Files and recordings of a contact, of all its wordings; or (POST) one more."""
        contact, own = self.get_object(), cast(User, request.user)
        kept = Attachment.objects.visible_to(own).filter(
            owner_type=ContactLog._meta.label_lower, owner_id=contact.files_ref
        )
        if request.method == "GET":
            audit.record_read(own, "contact.view", contact, client=contact.client)
            files: Any = kept.order_by("pk")
            return Response(FileRead(files, many=True).data)
        body = FileUpload(data=request.data)
        body.is_valid(raise_exception=True)
        return self.once(
            lambda: attach_to_contact(contact=contact, uploads=[body.validated_data["file"]], actor=own)[0],
            lambda public_id: Response(FileRead(get_object_or_404(kept, public_id=public_id)).data),
        )

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}, filters=False)
    @action(detail=True, methods=["get"], url_path="files/(?P<file>[0-9A-Z]{26})", pagination_class=None)
    def file(self, request: Request, id: str, file: str) -> FileResponse:  # noqa: A002  the contract calls it id
        """The file itself, as a download; handing it out is on the trail."""
        contact, own = self.get_object(), cast(User, request.user)
        kept = Attachment.objects.visible_to(own).filter(owner_id=contact.files_ref)
        return hand_out(own, get_object_or_404(kept, public_id=file))

    def get_permissions(self) -> Any:
        if self.action in ("files", "file"):
            asks = "clients.add_contactlog" if self.request.method == "POST" else "clients.view_contactlog"
            asked: type[BasePermission] = may(asks)
            return [asked()]
        return super().get_permissions()
