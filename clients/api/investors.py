"""Classes of investors over REST. Proof comes as multipart/form-data; the rest is JSON."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.permissions import Approve, ConditionRead, Refuse
from clients.api.serializers import ClientName
from clients.filters import ClassificationFilter
from clients.models import Client, InvestorClass, InvestorClassification, InvestorRole
from clients.querysets.investors import STATED
from clients.services import (
    apply_for_class,
    approve_class,
    attach_proof,
    refuse_class,
    return_to_ordinary,
    withdraw_application,
)
from crm.core import audit
from crm.core.api.files import FileRead, FileUpload
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict, YuanField
from crm.core.api.trail import ListOnTrail
from crm.core.api.writes import Commands
from crm.core.models import Attachment
from crm.core.views.attachments import hand_out

End = InvestorClassification.EndReason


class ClassificationRead(serializers.Serializer[InvestorClassification]):
    """An application with the conditions as they were found when it was asked for, or when it was decided."""

    id = serializers.CharField(source="public_id")
    client = ClientName()
    wanted = serializers.CharField()
    state = serializers.CharField()
    applied_on = serializers.DateField()
    financial_assets = YuanField(allow_null=True)
    income = YuanField(allow_null=True)
    net_assets = YuanField(allow_null=True)
    months = serializers.IntegerField(allow_null=True)
    role = serializers.CharField()
    notice_reference = serializers.CharField()
    conditions = ConditionRead(many=True)
    requested_by = Person()
    decided_by = Person(allow_null=True)
    decision_note = serializers.CharField()
    valid_from = serializers.DateField(allow_null=True)
    valid_until = serializers.DateField(allow_null=True)
    ended_on = serializers.DateField(allow_null=True)
    end_reason = serializers.CharField()
    version = serializers.IntegerField()


class ClassificationApply(Strict):
    """What a written application states; yuan as strings."""

    client = PublicIdField(model=Client)
    wanted = serializers.ChoiceField(choices=InvestorClass.choices[1:])
    applied_on = serializers.DateField()
    financial_assets = YuanField(required=False)
    income = YuanField(required=False)
    net_assets = YuanField(required=False)
    months = serializers.IntegerField(min_value=0, max_value=1200, required=False)
    role = serializers.ChoiceField(choices=[c for c in InvestorRole.choices if c[0]], required=False)
    notice_reference = serializers.CharField(max_length=120, allow_blank=True, required=False)


class ClassificationEnd(Strict):
    """Why the class ends."""

    reason = serializers.ChoiceField(choices=[(End.ASKED, End.ASKED.label), (End.UNFIT, End.UNFIT.label)])
    note = serializers.CharField(max_length=300, allow_blank=True, default="")


class Withdraw(Strict):
    """Nothing to say."""


_DECIDES = [may("clients.approve_investorclassification")]
_ASKS = [may("clients.add_investorclassification")]


class InvestorClassificationViewSet(
    ListOnTrail, Commands, mixins.ListModelMixin, viewsets.GenericViewSet[InvestorClassification]
):
    """Applications of clients whom the caller may see, the newest first."""

    queryset = InvestorClassification.objects.none()
    serializer_class = ClassificationRead
    subject = "classification"
    trail = "investor.view"
    filterset_class = ClassificationFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-requested_at", "-pk")
    writes = {
        "create": "once",
        "approve": "once+versioned",
        "refuse": "once+versioned",
        "withdraw": "once+versioned",
        "end": "once+versioned",
        "proof": "once",
    }

    def get_queryset(self) -> QuerySet[InvestorClassification]:
        return InvestorClassification.objects.visible_to(self.request.user).for_list()

    @extend_schema(responses={200: ClassificationRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One application with its version as ETag."""
        row = self._row()
        audit.record_read(self._actor, "investor.view", row, client=row.client)
        return self._shown(row.public_id)

    @extend_schema(request=ClassificationApply, responses={201: ClassificationRead})
    def create(self, request: Request) -> Response:
        """Take down a written application."""
        said = self._said(ClassificationApply)
        stated = {name: said.pop(name) for name in STATED if name in said}
        return self.once(
            lambda: apply_for_class(stated=stated, actor=self._actor, now=timezone.now(), **said), self._shown
        )

    @extend_schema(
        methods=["GET"],
        responses={200: FileRead(many=True)},
        filters=False,
        operation_id="investor_classifications_proof_list",
    )
    @extend_schema(
        methods=["POST"], request={"multipart/form-data": FileUpload}, responses={201: FileRead}, filters=False
    )
    @action(detail=True, methods=["get", "post"], parser_classes=[MultiPartParser], pagination_class=None)
    def proof(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """The files that prove what the application states; or (POST) one more of them, while it waits."""
        row = self._row()
        kept = self._proof(row)
        if request.method == "GET":
            audit.record_read(self._actor, "investor.view", row, client=row.client)
            return Response(FileRead(kept.order_by("pk"), many=True).data)
        body = FileUpload(data=request.data)
        body.is_valid(raise_exception=True)
        upload = body.validated_data["file"]
        return self.once(
            lambda: attach_proof(classification=row, upload=upload, actor=self._actor),
            lambda public_id: Response(FileRead(get_object_or_404(kept, public_id=public_id)).data),
        )

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}, filters=False)
    @action(detail=True, methods=["get"], url_path="proof/(?P<file>[0-9A-Z]{26})", pagination_class=None)
    def proof_file(self, request: Request, id: str, file: str) -> FileResponse:  # noqa: A002  the contract calls it id
        """The file itself, as a download; handing it out is on the trail."""
        return hand_out(self._actor, get_object_or_404(self._proof(self._row()), public_id=file))

    def _proof(self, row: InvestorClassification) -> Any:
        rows: Any = Attachment.objects.visible_to(self._actor)
        return rows.of(row)

    def get_permissions(self) -> list[Any]:
        if self.action == "proof" and self.request.method == "POST":
            asked: list[Any] = [permission() for permission in _ASKS]
            return asked
        return list(super().get_permissions())

    @extend_schema(request=Approve, responses={200: ClassificationRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_DECIDES)
    def approve(self, request: Request, **_path: str) -> Response:
        """Put the class in force: every condition holds, proof is attached, and somebody else had asked."""
        return self._do(Approve, approve_class)

    @extend_schema(request=Refuse, responses={200: ClassificationRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_DECIDES)
    def refuse(self, request: Request, **_path: str) -> Response:
        """Turn the application down."""
        return self._do(Refuse, refuse_class)

    @extend_schema(request=Withdraw, responses={200: ClassificationRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_ASKS)
    def withdraw(self, request: Request, **_path: str) -> Response:
        """Take an undecided application back."""
        return self._do(Withdraw, withdraw_application)

    @extend_schema(request=ClassificationEnd, responses={200: ClassificationRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_ASKS)
    def end(self, request: Request, **_path: str) -> Response:
        """Make the client an ordinary investor again."""
        return self._do(ClassificationEnd, return_to_ordinary)
