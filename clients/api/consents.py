"""The register of the basis of personal data over REST: facts, purposes, notices."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.serializers import ClientName
from clients.filters import ConsentFilter, NoticeFilter
from clients.models import Basis, Client, ConsentRecord, ContactLog, DataPurpose, PrivacyNotice
from clients.services import change_notice, change_purpose, create_purpose, record_consent, write_notice
from crm.core import audit
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.trail import ListOnTrail
from crm.core.api.writes import Commands, seen_version


class PurposeRead(serializers.Serializer[DataPurpose]):
    """What personal data are handled for, and on what ground."""

    id = serializers.CharField(source="public_id")
    code = serializers.CharField()
    name = serializers.CharField(source="__str__")
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    basis = serializers.CharField()
    is_sensitive = serializers.BooleanField()
    is_active = serializers.BooleanField()
    version = serializers.IntegerField()


class PurposeWords(Strict):
    """What is to be different about a purpose; a name left out stays as it is."""

    name_en = serializers.CharField(max_length=80, required=False)
    name_zh = serializers.CharField(max_length=80, required=False)
    basis = serializers.ChoiceField(choices=Basis.choices, required=False)
    is_sensitive = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)


class PurposeCreate(PurposeWords):
    """A further purpose."""

    code = serializers.SlugField(max_length=30)
    name_en = serializers.CharField(max_length=80)
    name_zh = serializers.CharField(max_length=80)
    basis = serializers.ChoiceField(choices=Basis.choices)


class DataPurposeViewSet(
    Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[DataPurpose]
):
    """Purposes of personal data with their basis (PIPL Art. 13, 29)."""

    queryset = DataPurpose.objects.none()
    serializer_class = PurposeRead
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("order", "pk")
    writes = {"create": "once", "partial_update": "versioned"}

    def get_queryset(self) -> QuerySet[DataPurpose]:
        return DataPurpose.objects.visible_to(self.request.user)

    @extend_schema(responses={200: PurposeRead})
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One purpose with its version as ETag."""
        return self._shown(self.get_object().public_id)

    @extend_schema(request=PurposeCreate, responses={201: PurposeRead})
    def create(self, request: Request) -> Response:
        """Add a purpose."""
        said = self._said(PurposeCreate)
        code = said.pop("code")
        return self.once(lambda: create_purpose(code=code, values=said, actor=self._actor), self._shown)

    @extend_schema(request=PurposeWords, responses={200: PurposeRead})
    def partial_update(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Put a purpose right; what clients said on another basis stays as it was said."""
        row, said = self.get_object(), self._said(PurposeWords)
        done = change_purpose(purpose=row, values=said, actor=self._actor, version=seen_version(request))
        return self._shown(done.public_id)


class NoticeRead(serializers.Serializer[PrivacyNotice]):
    """What clients are told about a purpose, from a day on."""

    id = serializers.CharField(source="public_id")
    purpose = serializers.CharField(source="purpose.public_id")
    code = serializers.CharField(source="purpose.code")
    branch = serializers.SerializerMethodField()
    edition = serializers.IntegerField()
    effective_from = serializers.DateField()
    text = serializers.CharField()
    kinds = serializers.CharField()
    retention = serializers.CharField()
    written_by = Person()
    version = serializers.IntegerField()

    @extend_schema_field(serializers.CharField(allow_null=True, help_text="Code of the branch; null for the company."))
    def get_branch(self, row: PrivacyNotice) -> str | None:
        return row.branch.code if row.branch else None


class NoticeWords(Strict):
    """What is to be different about a notice that does not hold yet."""

    effective_from = serializers.DateField(required=False)
    text = serializers.CharField(max_length=4000, required=False)
    kinds = serializers.CharField(max_length=400, required=False)
    retention = serializers.CharField(max_length=200, required=False)


class NoticeCreate(Strict):
    """A new notice of the caller's branch, or of the whole company."""

    purpose = PublicIdField(model=DataPurpose)
    company = serializers.BooleanField(default=False)
    effective_from = serializers.DateField()
    text = serializers.CharField(max_length=4000)
    kinds = serializers.CharField(max_length=400)
    retention = serializers.CharField(max_length=200)


class PrivacyNoticeViewSet(
    Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[PrivacyNotice]
):
    """Notices about personal data (PIPL Art. 17), the newest first. One in force is never rewritten."""

    queryset = PrivacyNotice.objects.none()
    serializer_class = NoticeRead
    filterset_class = NoticeFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-effective_from", "-pk")
    writes = {"create": "once", "partial_update": "versioned"}

    def get_queryset(self) -> QuerySet[PrivacyNotice]:
        rows = PrivacyNotice.objects.visible_to(self.request.user)
        return rows.select_related("purpose", "branch", "written_by")

    @extend_schema(responses={200: NoticeRead})
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One notice with its version as ETag."""
        return self._shown(self.get_object().public_id)

    @extend_schema(request=NoticeCreate, responses={201: NoticeRead})
    def create(self, request: Request) -> Response:
        """Write a notice; it holds from today or a later day."""
        said = self._said(NoticeCreate)
        purpose, company = said.pop("purpose"), said.pop("company")
        place = None if company else self._place({})
        return self.once(
            lambda: write_notice(purpose=purpose, branch=place, values=said, actor=self._actor, now=timezone.now()),
            self._shown,
        )

    @extend_schema(request=NoticeWords, responses={200: NoticeRead})
    def partial_update(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Put a notice right that does not hold yet; 409 for one in force."""
        row, said, version = self.get_object(), self._said(NoticeWords), seen_version(request)
        done = change_notice(notice=row, values=said, actor=self._actor, now=timezone.now(), version=version)
        return self._shown(done.public_id)


class ConsentRead(serializers.Serializer[ConsentRecord]):
    """What a client was told, agreed to, refused or withdrew."""

    id = serializers.CharField(source="public_id")
    client = ClientName()
    purpose = serializers.CharField(source="purpose.code")
    basis = serializers.CharField()
    answer = serializers.CharField()
    answered_on = serializers.DateField()
    channel = serializers.CharField()
    notice = serializers.CharField(source="notice.public_id", allow_null=True, default=None)
    contact = serializers.CharField(source="contact.public_id", allow_null=True, default=None)
    note = serializers.CharField()
    is_present = serializers.BooleanField(help_text="Whether it is the newest about its purpose.")
    recorded_by = Person()
    recorded_at = serializers.DateTimeField()


class ConsentCreate(Strict):
    """One fact; a withdrawal is a fact of its own."""

    client = PublicIdField(model=Client)
    purpose = serializers.SlugField(max_length=30, help_text="Code of the purpose.")
    answer = serializers.ChoiceField(choices=ConsentRecord.Answer.choices)
    answered_on = serializers.DateField()
    channel = serializers.ChoiceField(choices=ConsentRecord.Channel.choices)
    notice = PublicIdField(model=PrivacyNotice, required=False, allow_null=True)
    contact = PublicIdField(model=ContactLog, required=False, allow_null=True)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)

    def validate_purpose(self, code: str) -> DataPurpose:
        """The purpose in use that is called so."""
        found = DataPurpose.objects.visible_to(self.context["request"].user).in_use().filter(code=code).first()
        if found is None:
            raise serializers.ValidationError(PublicIdField.default_error_messages["missing"])
        return found


class ConsentViewSet(ListOnTrail, Commands, mixins.ListModelMixin, viewsets.GenericViewSet[ConsentRecord]):
    """Facts of clients whom the caller may see, the newest first. Added, never changed. Each look is on the trail."""

    queryset = ConsentRecord.objects.none()
    serializer_class = ConsentRead
    trail = "consent.view"
    filterset_class = ConsentFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-recorded_at", "-pk")
    writes = {"create": "once"}

    def get_queryset(self) -> QuerySet[ConsentRecord]:
        return ConsentRecord.objects.visible_to(self.request.user).for_list()

    @extend_schema(responses={200: ConsentRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One fact."""
        row = self._row()
        audit.record_read(self._actor, "consent.view", row, client=row.client)
        return Response(self.get_serializer(row).data)

    @extend_schema(request=ConsentCreate, responses={201: ConsentRead})
    def create(self, request: Request) -> Response:
        """Record what the client was told or said; evidence as a file is attached on the page."""
        said = self._said(ConsentCreate)
        return self.once(lambda: record_consent(actor=self._actor, now=timezone.now(), **said), self._shown)
