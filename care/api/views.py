"""Follow-up calls and surveys over REST."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care import services
from care.api.serializers import (
    CompleteCall,
    EffectOfService,
    FollowUpDetail,
    FollowUpRead,
    GiveReason,
    HandOutLink,
    RecordAttempt,
    SurveyLink,
    SurveyRead,
    SurveyResults,
    TakeCall,
    survey_version,
)
from care.filters import FollowUpCallFilter, SurveyFilter
from care.models import FollowUpCall, SurveyInvitation
from care.services.effect import effect_of_service
from care.services.surveys import Link
from crm.core import audit
from crm.core.api.permissions import may
from crm.core.api.writes import Commands, refuse_stale
from crm.core.clocks import local_date

_MAKES = [may("care.view_followupcall", "care.make_followupcall")]
_APPROVES = [may("care.view_followupcall", "care.approve_unable")]
_COMMANDS = ("take", "release", "attempt", "complete", "unable", "approve_unable", "refuse_unable")
_ANSWERS = {200: FollowUpDetail, 201: FollowUpDetail}


class FollowUpViewSet(
    Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[FollowUpCall]
):
    """Follow-up calls to the clients within the caller's reach; planned by the house, made by independent callers."""

    queryset = FollowUpCall.objects.none()  # names the model for rights and schema; rows come from get_queryset
    serializer_class = FollowUpRead
    subject = "call"
    filterset_class = FollowUpCallFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("due_on", "pk")
    writes = dict.fromkeys(_COMMANDS, "once+versioned")

    def get_serializer_class(self) -> Any:
        return FollowUpRead if self.action == "list" else FollowUpDetail

    def get_queryset(self) -> QuerySet[FollowUpCall]:
        rows: Any = FollowUpCall.objects.visible_to(self._actor)
        return rows.for_list() if self.action == "list" else rows.for_page()

    @extend_schema(responses={200: FollowUpDetail})
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One call with script, attempts and answers, as far as the caller may see them; each look is on the trail."""
        row = self._row()
        audit.record_read(self._actor, "call.view", row, client=row.client)
        return self._shown(row.public_id)

    @extend_schema(request=TakeCall, responses=_ANSWERS)
    @action(detail=True, methods=["post"], permission_classes=_MAKES)
    def take(self, request: Request, **_path: str) -> Response:
        """Take a free call before dialling; of two who reach for it one gets 409."""
        return self._do(TakeCall, services.take_call)

    @extend_schema(request=TakeCall, responses=_ANSWERS)
    @action(detail=True, methods=["post"], permission_classes=_MAKES)
    def release(self, request: Request, **_path: str) -> Response:
        """Give a call back."""
        return self._do(TakeCall, services.release_call)

    @extend_schema(request=RecordAttempt, responses=_ANSWERS)
    @action(detail=True, methods=["post"], permission_classes=_MAKES)
    def attempt(self, request: Request, **_path: str) -> Response:
        """Note a try that did not lead to the questions; the next one is on another working day."""
        return self._do(RecordAttempt, lambda **said: services.record_attempt(**said).call)

    @extend_schema(request=CompleteCall, responses=_ANSWERS)
    @action(detail=True, methods=["post"], permission_classes=_MAKES)
    def complete(self, request: Request, **_path: str) -> Response:
        """Finish the call with an answer to every question; a bad answer opens a finding for compliance."""
        return self._do(CompleteCall, services.complete_call)

    @extend_schema(request=GiveReason, responses=_ANSWERS)
    @action(detail=True, methods=["post"], permission_classes=_MAKES)
    def unable(self, request: Request, **_path: str) -> Response:
        """After all attempts and a letter, ask to count the call as not possible."""
        return self._do(GiveReason, services.propose_unable)

    @extend_schema(request=TakeCall, responses=_ANSWERS)
    @action(detail=True, methods=["post"], url_path="approve-unable", permission_classes=_APPROVES)
    def approve_unable(self, request: Request, **_path: str) -> Response:
        """Agree that the call was not possible; neither who asked nor who tried may."""
        return self._do(TakeCall, services.approve_unable)

    @extend_schema(request=GiveReason, responses=_ANSWERS)
    @action(detail=True, methods=["post"], url_path="refuse-unable", permission_classes=_APPROVES)
    def refuse_unable(self, request: Request, **_path: str) -> Response:
        """Send the call back to the queue."""
        return self._do(GiveReason, services.refuse_unable)


class SurveyViewSet(
    Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[SurveyInvitation]
):
    """Surveys of the caller's branches with their answers. A survey is answered on its own page, never here."""

    queryset = SurveyInvitation.objects.none()
    serializer_class = SurveyRead
    filterset_class = SurveyFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-created_at", "-pk")
    writes = {"link": "once+versioned"}

    def get_queryset(self) -> QuerySet[SurveyInvitation]:
        return SurveyInvitation.objects.visible_to(self._actor).for_list()

    @extend_schema(responses={200: SurveyRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One survey; its ETag is what asking for a new link sends back as If-Match."""
        row = self._row()
        return Response(SurveyRead(row).data, headers={"ETag": f'"{survey_version(row)}"'})

    @extend_schema(request=HandOutLink, responses={200: SurveyLink, 201: SurveyLink}, filters=False)
    @action(
        detail=True, methods=["post"], permission_classes=[may("care.view_surveyinvitation", "care.hand_out_survey")]
    )
    def link(self, request: Request, **_path: str) -> Response:
        """Make a new link for somebody who got none; it is told once, and the old one stops working.

        The same Idempotency-Key again tells no link: whoever lost the answer asks for another one with a new key.
        """
        row = self._row()
        HandOutLink(data=request.data).is_valid(raise_exception=True)
        made: list[Link] = []

        def hand_out() -> SurveyInvitation:
            refuse_stale(request, survey_version(row))
            made.append(services.hand_out_link(actor=self._actor, invitation=row, now=timezone.now()))
            return made[0].invitation

        def show(public_id: str) -> Response:
            now = self._row()
            told = {"id": public_id, "link": made[0].url if made else None, "expires_at": now.expires_at}
            headers = {"ETag": f'"{survey_version(now)}"', "Cache-Control": "no-store, private"}
            return Response(SurveyLink(told).data, headers=headers)

        return self.once(hand_out, show)

    @extend_schema(responses={200: SurveyResults})
    @action(detail=False, pagination_class=None, permission_classes=[may("care.view_surveyinvitation")])
    def results(self, request: Request) -> Response:
        """Mean satisfaction and net promoter score of the surveys that the filters leave."""
        rows: Any = self.filter_queryset(self.get_queryset())
        return Response(SurveyResults(rows.results()).data)

    @extend_schema(responses={200: EffectOfService}, filters=False)
    @action(
        detail=False,
        pagination_class=None,
        filterset_class=None,
        url_path="effect",
        permission_classes=[may("care.view_surveyinvitation")],
    )
    def effect(self, request: Request) -> Response:
        """Satisfaction over the last twelve months by how promises to the client were kept, and by tier."""
        return Response(EffectOfService(effect_of_service(self._actor, local_date(timezone.now()))).data)
