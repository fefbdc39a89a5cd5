"""What clients want, over REST."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.serializers import ClientName
from clients.filters import NeedsFilter
from clients.models import Client, ContactLog, NeedsInterview
from clients.questions import Goal, Horizon, Hour, Product, QuestionKey, Restriction, Sector, Service, Style, Voice
from clients.services import record_needs
from crm.core import audit
from crm.core.api.serializers import Person, PublicIdField, Strict, YuanField
from crm.core.api.trail import ListOnTrail
from crm.core.api.writes import Commands


def _codes() -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField())


class NeedsRead(serializers.Serializer[NeedsInterview]):
    """One interview; ``answered_on`` names for each question the day of the answer. Percentages are per cent."""

    id = serializers.CharField(source="public_id")
    client = ClientName()
    taken_on = serializers.DateField()
    answered_by = serializers.CharField()
    taken_by = Person()
    contact = serializers.SerializerMethodField()
    present = serializers.BooleanField(source="is_present", help_text="Whether this is what the client wants now.")
    goals = _codes()
    horizon = serializers.CharField()
    capital = YuanField(allow_null=True)
    expected_return = serializers.DecimalField(max_digits=4, decimal_places=1)
    loss_tolerance = serializers.DecimalField(max_digits=4, decimal_places=1)
    products = _codes()
    sectors = _codes()
    style = serializers.CharField()  # type: ignore[assignment]  # DRF takes declared fields off the class
    channel = serializers.CharField()
    hours = _codes()
    services = _codes()
    restrictions = _codes()
    remarks = serializers.CharField()
    refused = _codes()
    answered_on = serializers.DictField(child=serializers.DateField())
    corrects = serializers.SerializerMethodField()
    correction_reason = serializers.CharField()

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_contact(self, row: NeedsInterview) -> str | None:
        return row.contact.public_id if row.contact else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_corrects(self, row: NeedsInterview) -> str | None:
        return row.corrects.public_id if row.corrects else None


def _many(choices: Any) -> serializers.MultipleChoiceField:
    return serializers.MultipleChoiceField(choices=choices.choices, required=False)


def _one(choices: Any) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=choices.choices, allow_blank=True, required=False)


class NeedsAnswers(Strict):
    """What was asked; a question left out is carried over."""

    goals = _many(Goal)
    horizon = _one(Horizon)
    capital = YuanField(allow_null=True, required=False)
    expected_return = serializers.DecimalField(
        max_digits=4, decimal_places=1, min_value=0, max_value=200, allow_null=True, required=False
    )
    loss_tolerance = serializers.DecimalField(
        max_digits=4, decimal_places=1, min_value=0, max_value=100, allow_null=True, required=False
    )
    products = _many(Product)
    sectors = _many(Sector)
    style = _one(Style)  # type: ignore[assignment]  # as above
    channel = _one(Voice)
    hours = _many(Hour)
    services = _many(Service)
    restrictions = _many(Restriction)
    remarks = serializers.CharField(max_length=500, allow_blank=True, required=False)


class NeedsCreate(Strict):
    """An interview to be kept."""

    client = PublicIdField(model=Client)
    answers = NeedsAnswers(required=False)
    refused = serializers.MultipleChoiceField(choices=QuestionKey.choices, required=False)
    confirmed = serializers.BooleanField(default=False, help_text="Everything not named was read out and stands.")
    taken_on = serializers.DateField(required=False, help_text="Today if missing.")
    answered_by = serializers.ChoiceField(
        choices=NeedsInterview.AnsweredBy.choices, default=NeedsInterview.AnsweredBy.SELF
    )
    contact = PublicIdField(model=ContactLog, required=False, allow_null=True)
    corrects = PublicIdField(model=NeedsInterview, required=False, allow_null=True)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)


class NeedsViewSet(
    ListOnTrail, Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[NeedsInterview]
):
    """Needs interviews of clients whom the caller may see, the newest first. Each look is on the trail."""

    queryset = NeedsInterview.objects.none()
    serializer_class = NeedsRead
    trail = "needs.view"
    filterset_class = NeedsFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-taken_on", "-pk")
    writes = {"create": "once"}

    def get_queryset(self) -> QuerySet[NeedsInterview]:
        return NeedsInterview.objects.visible_to(self.request.user).select_related(
            "client", "taken_by", "contact", "corrects"
        )

    @extend_schema(responses={200: NeedsRead})
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One interview."""
        row, own = self.get_object(), request.user
        audit.record_read(own, "needs.view", row, client=row.client)  # type: ignore[arg-type]  # signed in
        return Response(self.get_serializer(row).data)

    @extend_schema(request=NeedsCreate, responses={201: NeedsRead})
    def create(self, request: Request) -> Response:
        """Keep an interview as a new row; with ``corrects`` and a reason it takes the place of one with a slip."""
        said = self._said(NeedsCreate)
        own: Any = request.user
        answers = {key: _plain(value) for key, value in (said.pop("answers", None) or {}).items()}
        return self.once(lambda: record_needs(actor=own, now=timezone.now(), answers=answers, **said), self._shown)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, set) else value
