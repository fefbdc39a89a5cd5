"""Steps of service plans over REST: how they stand, noting one as done, dropping one."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.permissions import may
from crm.core.api.serializers import Person, Strict
from crm.core.api.writes import Commands
from crm.core.clocks import local_date
from tiers.filters import PlanStepFilter
from tiers.models import PlanStep, PlanStepMark
from tiers.querysets.plan_steps import Standing, StepState, standings
from tiers.services.plan_steps import drop_step, note_step

_NOTES = [may("tiers.view_serviceplan", "tiers.keep_promise")]


class StepMarkRead(serializers.ModelSerializer[PlanStepMark]):
    """What became of one occurrence, of which ``occurrence_on`` is the last day."""

    by = Person(read_only=True)

    class Meta:
        model = PlanStepMark
        fields = ["kind", "occurrence_on", "day", "word", "by", "at"]


class PlanStepRead(serializers.ModelSerializer[PlanStep]):
    """One step: a ``service`` of the catalogue or a ``title`` of its own, by a day or once in every ``period``.

    ``state`` is that of today: of every period, of the present one, or of the last while nothing has come of it. ``due_by`` is
    the last day of that occurrence, ``next_by`` of the one after it. ``promise`` is what was kept for it, ``owed`` what the
    client is owed of this service by his tier; noting the step keeps that. ``marks`` is what was noted beside promises.
    """

    id = serializers.CharField(source="public_id", read_only=True)
    service = serializers.CharField(source="item.public_id", read_only=True, allow_null=True, default=None)
    name = serializers.CharField(read_only=True)
    owner = Person(read_only=True)
    state = serializers.SerializerMethodField()
    due_by = serializers.SerializerMethodField()
    next_by = serializers.SerializerMethodField()
    done_on = serializers.SerializerMethodField()
    promise = serializers.SerializerMethodField()
    delivery = serializers.SerializerMethodField()
    owed = serializers.SerializerMethodField()
    marks = StepMarkRead(many=True, read_only=True)

    class Meta:
        model = PlanStep
        fields = [
            "id", "service", "title", "name", "purpose", "due_on", "period", "owner", "state", "due_by", "next_by", "done_on",
            "promise", "delivery", "owed", "marks", "version",
        ]  # fmt: skip

    @extend_schema_field(serializers.ChoiceField(choices=StepState.choices))
    def get_state(self, row: PlanStep) -> str:
        return str(self._now(row).state)

    @extend_schema_field(serializers.DateField(allow_null=True))
    def get_due_by(self, row: PlanStep) -> Any:
        return self._now(row).due_on

    @extend_schema_field(serializers.DateField(allow_null=True))
    def get_next_by(self, row: PlanStep) -> Any:
        return self._now(row).next_on

    @extend_schema_field(serializers.DateField(allow_null=True))
    def get_done_on(self, row: PlanStep) -> Any:
        now = self._now(row)
        return now.day if now.state == StepState.DONE else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_promise(self, row: PlanStep) -> Any:
        kept = self._now(row).promise
        return kept.public_id if kept else None

    @extend_schema_field(
        serializers.CharField(allow_null=True, help_text="Title of the event or sending that kept it.")
    )
    def get_delivery(self, row: PlanStep) -> Any:
        kept = self._now(row).promise
        return kept.delivery.title if kept and kept.delivery else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_owed(self, row: PlanStep) -> Any:
        owed = self._now(row).owed
        return owed.public_id if owed else None

    def _now(self, row: Any) -> Standing:
        """As it was worked out for the whole page, else for this one."""
        if not hasattr(row, "now"):
            row.now = standings([row], local_date(timezone.now()))[row.pk]
        found: Standing = row.now
        return found


class PlanStepOfClient(PlanStepRead):
    """A step with its plan and client."""

    plan = serializers.CharField(source="plan.public_id", read_only=True)
    client = serializers.CharField(source="plan.client.public_id", read_only=True)

    class Meta(PlanStepRead.Meta):
        fields = ["plan", "client", *PlanStepRead.Meta.fields]


class NoteStep(Strict):
    """On which day it was done, and in a word what was done."""

    day = serializers.DateField()
    word = serializers.CharField(max_length=200)


class DropStep(Strict):
    """Why it is dropped: one by a day for good, one of every period this time only unless ``for_good``."""

    reason = serializers.CharField(max_length=200)
    for_good = serializers.BooleanField(required=False, default=False)


_ANSWERS = {200: PlanStepOfClient, 201: PlanStepOfClient}


class PlanStepViewSet(Commands, mixins.ListModelMixin, viewsets.GenericViewSet[PlanStep]):
    """Steps of service plans of clients within the caller's reach, the newest first; those of former plans too."""

    queryset = PlanStep.objects.none()
    serializer_class = PlanStepOfClient
    filterset_class = PlanStepFilter
    permission_classes = [may("tiers.view_serviceplan")]
    subject = "step"
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-pk",)
    writes = {"done": "once+versioned", "drop": "once+versioned"}

    def get_queryset(self) -> QuerySet[PlanStep]:
        return PlanStep.objects.visible_to(self._actor).for_list()

    def paginate_queryset(self, queryset: Any) -> Any:
        rows = super().paginate_queryset(queryset)
        found = standings(rows or [], local_date(timezone.now()))
        for row in rows or []:
            row.now = found[row.pk]
        return rows

    @extend_schema(responses={200: PlanStepOfClient}, filters=False)
    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """One step; its ETag is what a change sends back as If-Match."""
        return self._shown(id)

    @extend_schema(request=NoteStep, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_NOTES)
    def done(self, request: Request, **_path: str) -> Response:
        """Note it as done: by who sees to it or serves the client, a deputy of theirs, or the head of the branch (403)."""
        return self._do(NoteStep, note_step)

    @extend_schema(request=DropStep, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_NOTES)
    def drop(self, request: Request, **_path: str) -> Response:
        """Drop it, saying why; what the client is owed by his tier stays owed."""
        return self._do(DropStep, drop_step)
