"""Evaluations over REST: what one would do, asking for one, and what came out."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import Client
from crm.core.api.jobs import JobRead
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict, YuanField
from crm.core.api.writes import Commands
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.models import Branch, JobRun
from tiers.api.commission import ClientRateRead
from tiers.api.serializers import TierRead
from tiers.filters import EvaluationFilter
from tiers.models import ClientRate, EvaluationRun, Programme
from tiers.services.evaluation import ask_evaluation, programme_for
from tiers.services.preview import Preview, preview_evaluation
from tiers.services.run_approval import Approved, approve_run


class EvaluationRead(serializers.ModelSerializer[EvaluationRun]):
    """One evaluation of a branch for a day; ``counts`` are clients by tier code after it."""

    id = serializers.CharField(source="public_id", read_only=True)
    branch = serializers.CharField(source="branch.code", read_only=True)
    programme = serializers.CharField(source="programme.code", read_only=True)
    counts = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    moved = serializers.IntegerField(read_only=True)
    actor = Person(read_only=True)

    class Meta:
        model = EvaluationRun
        fields = [
            "id", "branch", "programme", "day", "is_month_end", "window_days", "down_after", "counts", "moved", "up",
            "down", "first", "changed_programme", "no_data", "actor", "created_at", "updated_at",
        ]  # fmt: skip


class AskEvaluation(Strict):
    """Which day, by which programme; the branch is one's own and the programme the one that governs it unless named."""

    day = serializers.DateField(help_text="Today or a day in the past.")
    branch = PublicIdField(model=Branch, required=False)
    programme = PublicIdField(model=Programme, required=False)


class TierCount(serializers.Serializer[Any]):
    tier = TierRead()
    before = serializers.IntegerField()
    after = serializers.IntegerField()


class MoverRead(serializers.Serializer[Any]):
    """One client who would move, with the average that moves him."""

    client = serializers.CharField(help_text="Public id of the client.")
    old = TierRead(allow_null=True)
    new = TierRead()
    step = serializers.CharField()
    average = YuanField()
    days = serializers.IntegerField()


class EvaluationPreview(serializers.Serializer[Any]):
    """What an evaluation would do; ``movers`` are the largest among the clients the caller may see."""

    day = serializers.DateField()
    programme = serializers.CharField()
    is_month_end = serializers.BooleanField(help_text="Whether tiers can move on this day.")
    window_days = serializers.IntegerField()
    tiers = TierCount(many=True)
    steps = serializers.DictField(child=serializers.IntegerField())
    no_data = serializers.IntegerField()
    movers = MoverRead(many=True)


class SeenRate(Strict):
    id = serializers.RegexField("[0-9A-Z]{26}", help_text="Public id of a proposed rate of this evaluation.")
    version = serializers.IntegerField(min_value=0, max_value=2_000_000_000, help_text="As it was seen.")


class ApproveRates(Strict):
    """Proposals of one evaluation that are approved together, each as it was seen."""

    rates = SeenRate(many=True, allow_empty=False, max_length=500)  # type: ignore[call-arg]  # the list takes it


class DecidedRate(serializers.Serializer[Any]):
    """What became of one: its state now, and why it was not approved; ``state`` is null where there is no such rate."""

    id = serializers.CharField()
    state = serializers.CharField(allow_null=True)
    version = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)


class DecidedRates(serializers.Serializer[Any]):
    approved = serializers.IntegerField(help_text="By this request; 0 when it came again.")
    rates = DecidedRate(many=True)


_ASKED = [
    OpenApiParameter("day", OpenApiTypes.DATE, required=True, description="Today or a day in the past."),
    OpenApiParameter("branch", OpenApiTypes.STR, description="Public id of the branch; one's own if missing."),
    OpenApiParameter("programme", OpenApiTypes.STR, description="Public id; the governing programme if missing."),
]


#: Rates are money: seen and decided by those of the desk.
_DECIDES = [may("tiers.view_evaluationrun", "tiers.view_clientrate", "tiers.approve_clientrate")]


class EvaluationViewSet(
    Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[EvaluationRun]
):
    """Evaluations of the caller's branches, the newest first. Asking for one answers the job that does it."""

    queryset = EvaluationRun.objects.none()
    serializer_class = EvaluationRead
    filterset_class = EvaluationFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    writes = {"create": "once", "approve_rates": "once"}

    @property
    def cursor_ordering(self) -> tuple[str, ...]:
        """Proposals in the order of clients, in which they are approved."""
        return ("client_id", "pk") if self.action == "rates" else ("-day", "-pk")

    def get_queryset(self) -> QuerySet[EvaluationRun]:
        return EvaluationRun.objects.visible_to(self._actor).select_related("branch", "programme", "actor")

    @extend_schema(request=AskEvaluation, responses={201: JobRead})
    def create(self, request: Request) -> Response:
        """Put an evaluation in the queue; ask the job until it is done, its result names the run."""
        said = self._asked(request.data)
        return self.once(lambda: ask_evaluation(actor=self._actor, **said), self._show_job)

    @extend_schema(parameters=_ASKED, responses={200: EvaluationPreview}, filters=False)
    @action(
        detail=False,
        pagination_class=None,
        filterset_class=None,
        permission_classes=[may("tiers.view_evaluationrun", "tiers.add_evaluationrun")],
    )
    def preview(self, request: Request) -> Response:
        """What an evaluation for a day would do; nothing is written."""
        said = self._asked(request.query_params.dict())
        return Response(EvaluationPreview(self._told(preview_evaluation(**said), said["programme"])).data)

    @extend_schema(responses={200: ClientRateRead(many=True)}, filters=False)
    @action(detail=True, filterset_class=None, permission_classes=_DECIDES)
    def rates(self, request: Request, **_path: str) -> Response:
        """Rates that this evaluation has proposed and that wait for a decision, of clients whose commission one may see."""
        page = self.paginate_queryset(self._proposed(self._row()).waiting().for_list()) or []
        return self.get_paginated_response(ClientRateRead(page, many=True).data)

    @extend_schema(request=ApproveRates, responses={201: DecidedRates}, filters=False)
    @action(
        detail=True,
        methods=["post"],
        url_path="approve-rates",
        pagination_class=None,
        filterset_class=None,
        permission_classes=_DECIDES,
    )
    def approve_rates(self, request: Request, **_path: str) -> Response:
        """Approve many at once by the rules of a single one; what may not be approved, or has changed, says why and stays."""
        run, said, told = self._row(), self._said(ApproveRates), []
        seen = [(each["id"], each["version"]) for each in said["rates"]]

        def approve() -> Approved:
            told.append(approve_run(run=run, seen=seen, actor=self._actor, now=timezone.now()))
            return told[0]

        return self.once(approve, lambda _run: self._decided(run, seen, told[0] if told else None))

    def _proposed(self, run: EvaluationRun) -> Any:
        return ClientRate.objects.visible_to(self._actor).filter(tier_change__run=run)

    def _decided(self, run: EvaluationRun, seen: list[tuple[str, int]], told: Approved | None) -> Response:
        asked = [public_id for public_id, _version in seen]
        rows = self._proposed(run).filter(public_id__in=asked)
        known = {one: (state, version) for one, state, version in rows.values_list("public_id", "state", "version")}
        reasons = told.refused if told else {}
        rates = []
        for public_id in dict.fromkeys(asked):
            state, version = known.get(public_id, (None, None))
            reason = reasons.get(public_id, "" if state else _("There is no such thing here."))
            rates.append({"id": public_id, "state": state, "version": version, "reason": reason})
        return Response(DecidedRates({"approved": len(told.done) if told else 0, "rates": rates}).data)

    def _asked(self, given: Any) -> dict[str, Any]:
        said = self._said(AskEvaluation, given)
        branch, day = self._place(said), cast(date, said["day"])
        if day > local_date(timezone.now()):
            raise InvalidInput(fields={"day": _("Choose today or a day in the past.")})
        return {"branch": branch, "day": day, "programme": self._programme(said.get("programme"), branch)}

    def _programme(self, named: Programme | None, branch: Branch) -> Programme:
        """The programme named, if the branch can be evaluated by it today, else the one that governs it."""
        today = local_date(timezone.now())
        if named is None:
            return programme_for(branch, today)
        usable: Any = Programme.objects.active_on(today)
        if not usable.of_branch(branch).filter(pk=named.pk).exists():
            raise InvalidInput(fields={"programme": _("There is no such thing here.")})
        return named

    def _told(self, seen: Preview, programme: Programme) -> dict[str, Any]:
        known: Any = Client.objects.visible_to(self._actor).filter(pk__in=[mover.client_id for mover in seen.movers])
        ids = dict(known.values_list("pk", "public_id"))
        movers = [
            {
                "client": ids[one.client_id],
                "old": one.old,
                "new": one.new,
                "step": one.step,
                "average": one.average,
                "days": one.days,
            }
            for one in seen.movers
            if one.client_id in ids
        ]
        tiers = [{"tier": tier, "before": before, "after": after} for tier, before, after in seen.tiers]
        return {
            "day": seen.day,
            "programme": programme.code,
            "is_month_end": seen.is_month_end,
            "window_days": seen.window_days,
            "tiers": tiers,
            "steps": seen.steps,
            "no_data": seen.no_data,
            "movers": movers,
        }

    def _show_job(self, public_id: str) -> Response:
        return Response(JobRead(get_object_or_404(JobRun.objects.visible_to(self._actor), public_id=public_id)).data)
