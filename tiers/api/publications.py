"""Publications over REST: what stands on the menus, whom it reaches by name, sending, telling and withdrawing."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.writes import Commands, seen_version
from crm.core.errors import InvalidInput
from crm.core.models import Branch
from tiers.models import PreferenceSegment, ProductRisk, Publication, Recipient, ServiceItem
from tiers.services.publications import (
    change_publication,
    create_publication,
    note_told,
    send_publication,
    withdraw_publication,
)

_SEES = [may("tiers.view_publication")]
_SENDS = [may("tiers.view_publication", "tiers.add_publication")]
_TELLS = [may("tiers.view_publication", "tiers.tell_publication")]
_ID = "[0-9A-Z]{26}"


class PublicationRead(serializers.ModelSerializer[Publication]):
    """One issue of what menus offer: the words that clients read, and for whom it is meant."""

    id = serializers.CharField(source="public_id", read_only=True)
    branch = serializers.CharField(source="branch.code", read_only=True)
    service = serializers.CharField(source="item.public_id", read_only=True, allow_null=True, default=None)
    segments = serializers.SerializerMethodField()
    made_by = Person(read_only=True)
    sent_by = Person(read_only=True, allow_null=True)

    class Meta:
        model = Publication
        fields = [
            "id", "branch", "kind", "title", "text", "link", "service", "risk", "segments", "valid_from", "valid_until",
            "state", "made_by", "made_at", "sent_by", "sent_at", "version",
        ]  # fmt: skip

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_segments(self, row: Publication) -> list[str]:
        """Those that the caller may see: the name of another could tell what its rule asks."""
        context: Any = self.context
        if "segments_seen" not in context:
            seen: Any = PreferenceSegment.objects.visible_to(context["request"].user)
            context["segments_seen"] = set(seen.values_list("pk", flat=True))
        return [one.public_id for one in row.segments.all() if one.pk in context["segments_seen"]]


class PublicationLine(PublicationRead):
    """A publication of the list: how many clients whom the caller sees it has reached, and how many wait."""

    reached = serializers.IntegerField(read_only=True)
    waiting = serializers.IntegerField(read_only=True)

    class Meta(PublicationRead.Meta):
        fields = [*PublicationRead.Meta.fields, "reached", "waiting"]


class PublicationDetail(PublicationRead):
    """A publication with how many clients whom the caller sees are in each state, and why how many are left out."""

    counts = serializers.SerializerMethodField()
    left_out = serializers.SerializerMethodField()

    class Meta(PublicationRead.Meta):
        fields = [*PublicationRead.Meta.fields, "counts", "left_out"]

    def _rows(self, row: Publication) -> Any:
        return Recipient.objects.visible_to(self.context["request"].user).filter(publication=row)

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_counts(self, row: Publication) -> dict[str, int]:
        return dict(self._rows(row).by_state())

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_left_out(self, row: Publication) -> dict[str, int]:
        return dict(self._rows(row).by_reason())


class RecipientRead(serializers.ModelSerializer[Recipient]):
    """One client and what became of the publication for him; ``reason`` says why he is left out or was held back."""

    id = serializers.CharField(source="public_id", read_only=True)
    client = serializers.CharField(source="client.public_id", read_only=True)
    told_by = Person(read_only=True, allow_null=True)

    class Meta:
        model = Recipient
        fields = ["id", "client", "state", "reason", "way", "settled_at", "told_by"]


class PublicationWords(Strict):
    """What the client reads, on whose menus it stands, and how long it holds."""

    kind = serializers.ChoiceField(choices=Publication.Kind.choices)
    title = serializers.CharField(max_length=60)
    text = serializers.CharField(max_length=400)
    link = serializers.URLField(max_length=200, allow_blank=True, required=False)
    segments = serializers.ListField(child=PublicIdField(model=PreferenceSegment), min_length=1, max_length=20)
    service = PublicIdField(model=ServiceItem, required=False, allow_null=True)
    risk = serializers.ChoiceField(choices=ProductRisk.choices, allow_blank=True, required=False)
    valid_from = serializers.DateField()
    valid_until = serializers.DateField()
    branch = PublicIdField(model=Branch, required=False)


class PublicationChange(Strict):
    """What is to be different while it has not left."""

    kind = serializers.ChoiceField(choices=Publication.Kind.choices, required=False)
    title = serializers.CharField(max_length=60, required=False)
    text = serializers.CharField(max_length=400, required=False)
    link = serializers.URLField(max_length=200, allow_blank=True, required=False)
    segments = serializers.ListField(
        child=PublicIdField(model=PreferenceSegment), min_length=1, max_length=20, required=False
    )
    service = PublicIdField(model=ServiceItem, required=False, allow_null=True)
    risk = serializers.ChoiceField(choices=ProductRisk.choices, allow_blank=True, required=False)
    valid_from = serializers.DateField(required=False)
    valid_until = serializers.DateField(required=False)


class SendPublication(Strict):
    """Nothing to say."""


class WithdrawPublication(Strict):
    reason = serializers.CharField(max_length=200)


class TellRecipient(Strict):
    """Whose row it is."""

    recipient = serializers.RegexField(f"^{_ID}$")


_ANSWERS = {200: PublicationDetail, 201: PublicationDetail}


class PublicationViewSet(Commands, mixins.ListModelMixin, viewsets.GenericViewSet[Publication]):
    """What goes from the menus to the clients, of the branches that the caller reaches."""

    queryset = Publication.objects.none()
    permission_classes = _SEES
    serializer_class = PublicationRead
    subject = "publication"
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = _ID
    writes = {
        "create": "once", "partial_update": "versioned", "send": "once+versioned", "withdraw": "once+versioned",
        "told": "once",
    }  # fmt: skip

    @property
    def cursor_ordering(self) -> tuple[str, ...]:
        return ("state", "pk") if self.action == "recipients" else ("-made_at", "-pk")

    def get_serializer_class(self) -> Any:
        return PublicationLine if self.action == "list" else PublicationDetail

    def get_permissions(self) -> list[Any]:
        if self.action in ("create", "partial_update"):
            return [each() for each in _SENDS]
        return list(super().get_permissions())

    def get_queryset(self) -> QuerySet[Publication]:
        rows = Publication.objects.visible_to(self._actor).for_list().prefetch_related("segments")
        return rows.with_progress(self._actor) if self.action == "list" else rows

    @extend_schema(responses={200: PublicationDetail}, filters=False)
    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """One publication with whom it reaches by number, and its version as ETag."""
        return self._shown(id)

    @extend_schema(request=PublicationWords, responses={201: PublicationDetail})
    def create(self, request: Request) -> Response:
        """Draw one up; whom it reaches stands in its ``recipients``, and nothing is sent."""
        said, actor = self._said(PublicationWords), self._actor
        branch = self._place(said)
        segments, values = said.pop("segments"), _values(said)
        return self.once(
            lambda: create_publication(
                branch=branch, values=values, segments=segments, actor=actor, now=timezone.now()
            ),
            self._shown,
        )

    @extend_schema(request=PublicationChange, responses={200: PublicationDetail}, filters=False)
    def partial_update(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Say it otherwise while it has not left; whom it reaches is drawn anew."""
        row, version, said = self._row(), seen_version(request), self._said(PublicationChange)
        segments = said.pop("segments", None)
        change_publication(
            publication=row,
            values=_values(said),
            segments=segments,
            actor=self._actor,
            now=timezone.now(),
            version=version,
        )
        return self._shown(id)

    @extend_schema(request=SendPublication, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_SENDS)
    def send(self, request: Request, **_path: str) -> Response:
        """Let it go to everybody whom it reaches now; again, to those who came in since, and to nobody twice."""
        return self._do(SendPublication, send_publication)

    @extend_schema(request=WithdrawPublication, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_SENDS)
    def withdraw(self, request: Request, **_path: str) -> Response:
        """Take it back: what has not left stays, and nobody is called any more."""
        return self._do(WithdrawPublication, withdraw_publication)

    @extend_schema(
        parameters=[
            OpenApiParameter("state", OpenApiTypes.STR, enum=Recipient.State.values),
            OpenApiParameter("reason", OpenApiTypes.STR, enum=Recipient.Reason.values),
        ],
        responses={200: RecipientRead(many=True)},
        filters=False,
    )
    @action(detail=True, permission_classes=_SEES)
    def recipients(self, request: Request, **_path: str) -> Response:
        """Each client of its segments whom the caller sees: whether it reaches him, by which way, and why not."""
        rows: Any = Recipient.objects.visible_to(self._actor).filter(publication=self._row()).for_list()
        for name, known in (("state", Recipient.State.values), ("reason", Recipient.Reason.values)):
            if said := request.query_params.get(name, ""):
                if said not in known:
                    raise InvalidInput(fields={name: ", ".join(known)})
                rows = rows.filter(**{name: said})
        page: Any = self.paginate_queryset(rows.order_by("state", "pk")) or []
        return self.get_paginated_response(RecipientRead(page, many=True).data)

    @extend_schema(request=TellRecipient, responses={200: RecipientRead, 201: RecipientRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_TELLS)
    def told(self, request: Request, **_path: str) -> Response:
        """Note that a client who takes only calls was told of it by phone."""
        rows: Any = Recipient.objects.visible_to(self._actor).filter(publication=self._row()).for_list()
        row = get_object_or_404(rows, public_id=self._said(TellRecipient)["recipient"])
        return self.once(
            lambda: note_told(recipient=row, actor=self._actor, now=timezone.now()),
            lambda public_id: Response(RecipientRead(get_object_or_404(rows, public_id=public_id)).data),
        )


def _values(said: dict[str, Any]) -> dict[str, Any]:
    return {("item" if name == "service" else name): value for name, value in said.items()}
