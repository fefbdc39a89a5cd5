"""Matching runs and present assignments over REST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from advisory.api.serializers import (
    ApproveMatching,
    AssignmentRead,
    MatchingRunRead,
    ProposalRead,
    RejectMatching,
    StartMatching,
)
from advisory.filters import AssignmentFilter, MatchingRunFilter, MatchProposalFilter
from advisory.models import MatchingRun, MatchProposal
from advisory.services import approve_matching, reject_matching, start_matching
from clients.models import AdvisorAssignment
from clients.querysets import client_q
from crm.core.api.permissions import may
from crm.core.api.writes import Commands, etag, seen_version
from crm.core.models import User


class MatchingRunViewSet(
    Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[MatchingRun]
):
    """Matching runs of the caller's branches. A new run is computed in the background: ask again until it is proposed."""

    queryset = MatchingRun.objects.none()
    serializer_class = MatchingRunRead
    filterset_class = MatchingRunFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    writes = {"create": "once", "approve": "once+versioned", "reject": "once+versioned"}

    def get_queryset(self) -> QuerySet[Any]:
        if self.action == "proposals":
            proposals: Any = MatchProposal.objects.visible_to(self._actor)
            named = proposals.filter(run__public_id=self.kwargs.get("id"))
            return named.select_related("client", "old_advisor", "new_advisor")
        return self._runs()

    def _runs(self) -> QuerySet[MatchingRun]:
        return MatchingRun.objects.visible_to(self._actor).select_related("branch", "created_by", "decided_by")

    @extend_schema(responses={200: MatchingRunRead})
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One run; its ETag is what a decision sends back as If-Match."""
        return self._answer(self.get_object())

    @extend_schema(request=StartMatching, responses={201: MatchingRunRead, 200: MatchingRunRead})
    def create(self, request: Request) -> Response:
        """Ask for a new proposal; nothing moves before somebody approves it."""
        said = self._said(StartMatching)
        branch = self._place(said)
        return self.once(
            lambda: start_matching(actor=self._actor, branch=branch, now=timezone.now(), **said), self._show
        )

    @extend_schema(request=ApproveMatching, responses={200: MatchingRunRead, 201: MatchingRunRead})
    @action(detail=True, methods=["post"], permission_classes=[may("advisory.approve_matchingrun")])
    def approve(self, request: Request, **_path: str) -> Response:
        """Give every client to the advisor proposed, all or none."""
        return self._decide(request, ApproveMatching, approve_matching)

    @extend_schema(request=RejectMatching, responses={200: MatchingRunRead, 201: MatchingRunRead})
    @action(detail=True, methods=["post"], permission_classes=[may("advisory.approve_matchingrun")])
    def reject(self, request: Request, **_path: str) -> Response:
        """Decline the proposal with a reason."""
        return self._decide(request, RejectMatching, reject_matching)

    @extend_schema(responses={200: ProposalRead(many=True)})
    @action(
        detail=True,
        url_path="proposals",
        queryset=MatchProposal.objects.none(),
        filterset_class=MatchProposalFilter,
        serializer_class=ProposalRead,
        permission_classes=[may("advisory.view_matchingrun", "clients.view_client")],
    )
    def proposals(self, request: Request, **_path: str) -> Response:
        """What the run proposes, client by client."""
        self._run()
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(ProposalRead(page, many=True).data)

    def _run(self) -> MatchingRun:
        """The run of the path; the list's own filters do not narrow it."""
        return get_object_or_404(self._runs(), public_id=self.kwargs["id"])

    def _decide(self, request: Request, command: type[Any], decide: Callable[..., MatchingRun]) -> Response:
        run, version = self._run(), seen_version(request)
        body = command(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        return self.once(
            lambda: decide(actor=self._actor, run=run, now=timezone.now(), version=version, **said), self._show
        )

    def _show(self, public_id: str) -> Response:
        return self._answer(self._runs().get(public_id=public_id))

    def _answer(self, run: MatchingRun) -> Response:
        return Response(MatchingRunRead(run).data, headers={"ETag": etag(run)})


class AssignmentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[AdvisorAssignment]):
    """Present assignments of the clients within the caller's reach; changed by matching, hand-over and assignment."""

    queryset = AdvisorAssignment.objects.none()
    serializer_class = AssignmentRead
    filterset_class = AssignmentFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"

    def get_queryset(self) -> QuerySet[AdvisorAssignment]:
        mine = client_q(cast(User, self.request.user), "client__")
        return AdvisorAssignment.objects.filter(mine, until=None).select_related("client", "advisor")
