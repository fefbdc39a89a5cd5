"""Programmes over REST: read, drafted, shaped and put in force by somebody else; and the tier of a client with its proof."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import Client
from crm.core import audit
from crm.core.api.permissions import may
from crm.core.api.serializers import Strict
from crm.core.api.writes import Commands, seen_version
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from tiers.api.commands import (
    ActivateProgramme,
    ChangeDraft,
    OrderTier,
    PutTier,
    RetireProgramme,
    SendBack,
    StartDraft,
    SubmitProgramme,
)
from tiers.api.serializers import ClientTierRead, ProgrammeRead
from tiers.filters import ProgrammeFilter
from tiers.models import Programme, Tier, TierChange
from tiers.querysets import effective_rates, may_see_commission
from tiers.querysets.proof import proof_of
from tiers.services.drafts import (
    activate_programme,
    change_draft,
    order_tier,
    put_tier,
    retire_programme,
    send_back_programme,
    start_draft,
    submit_programme,
)

SHOWN_CHANGES = 100
_ANSWERS = {200: ProgrammeRead, 201: ProgrammeRead}
_SHAPES = [may("tiers.view_programme", "tiers.change_programme")]
_APPROVES = [may("tiers.view_programme", "tiers.approve_programme")]
_STEPS = {"up": 1, "down": -1, "out": 0}


class ProgrammeViewSet(Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Programme]):
    """Tier programmes that concern the caller, and the tier of a client with its proof."""

    queryset = Programme.objects.none()
    serializer_class = ProgrammeRead
    filterset_class = ProgrammeFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    subject = "programme"
    writes = {
        "create": "once",
        "partial_update": "versioned",
        "put_tier": "once+versioned",
        "order_tier": "once+versioned",
        "submit": "once+versioned",
        "activate": "once+versioned",
        "send_back": "once+versioned",
        "retire": "once+versioned",
    }

    def get_queryset(self) -> QuerySet[Programme]:
        rows: Any = Programme.objects.visible_to(self._actor)
        # Commands need the place of a programme, readers its people.
        return rows.select_related("branch", "company", "drafted_by", "approved_by").with_tiers()

    @extend_schema(responses={200: ProgrammeRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One edition; its ETag is what a change sends back as If-Match."""
        return self._shown(self._row().public_id)

    @extend_schema(request=StartDraft, responses={201: ProgrammeRead})
    def create(self, request: Request) -> Response:
        """Begin a draft, empty or as a copy. The branch is one's own unless the draft is for the company."""
        said = self._said(StartDraft)
        branch = None if said.pop("for_company") else said.pop("branch", None) or self._actor.branch
        said.pop("branch", None)
        company = branch.company if branch is not None else self._actor.company
        if company is None:
            raise InvalidInput
        source, code = said.pop("copy_of", None), said.pop("code")
        return self.once(
            lambda: start_draft(
                actor=self._actor, company=company, branch=branch, code=code, values=said, source=source
            ),
            self._shown,
        )

    @extend_schema(request=ChangeDraft, responses={200: ProgrammeRead}, filters=False)
    def partial_update(self, request: Request, **_path: str) -> Response:
        """Change names, first day, reason and what holds for all tiers of a draft."""
        row, version, said = self._row(), seen_version(request), self._said(ChangeDraft)
        change_draft(programme=row, actor=self._actor, values=said, version=version)
        return self._shown(row.public_id)

    @extend_schema(request=PutTier, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], url_path="put-tier", permission_classes=_SHAPES)
    def put_tier(self, request: Request, **_path: str) -> Response:
        """Change a tier of a draft (``tier``), or add one above the others."""

        def put(row: Programme, said: dict[str, Any], version: int) -> Programme:
            tier = self._tier(row, said.pop("tier", ""))
            return put_tier(programme=row, tier=tier, actor=self._actor, values=said, version=version)

        return self._shape(PutTier, put)

    @extend_schema(request=OrderTier, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], url_path="order-tier", permission_classes=_SHAPES)
    def order_tier(self, request: Request, **_path: str) -> Response:
        """Move a tier of a draft up or down, or take it out."""

        def order(row: Programme, said: dict[str, Any], version: int) -> Programme:
            tier = get_object_or_404(row.tiers.all(), public_id=said["tier"])
            step = _STEPS[said["verb"]]
            return order_tier(programme=row, tier=tier, step=step, actor=self._actor, version=version)

        return self._shape(OrderTier, order)

    @extend_schema(request=SubmitProgramme, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_SHAPES)
    def submit(self, request: Request, **_path: str) -> Response:
        """Hand a draft in for approval."""
        return self._do(SubmitProgramme, submit_programme)

    @extend_schema(request=ActivateProgramme, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_APPROVES)
    def activate(self, request: Request, **_path: str) -> Response:
        """Put in force what somebody else drafted, today at the earliest; 403 for its authors."""
        return self._do(ActivateProgramme, activate_programme)

    @extend_schema(request=SendBack, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], url_path="send-back", permission_classes=_APPROVES)
    def send_back(self, request: Request, **_path: str) -> Response:
        """Make a draft of what was handed in, saying what is missing."""
        return self._shape(
            SendBack,
            lambda row, said, version: send_back_programme(programme=row, actor=self._actor, version=version, **said),
        )

    @extend_schema(request=RetireProgramme, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_SHAPES)
    def retire(self, request: Request, **_path: str) -> Response:
        """Take an edition out of force (with the right to approve), or give a draft up."""
        return self._shape(
            RetireProgramme,
            lambda row, _said, version: retire_programme(programme=row, actor=self._actor, version=version),
        )

    def _shape(self, command: type[Strict], change: Callable[[Programme, dict[str, Any], int], Programme]) -> Response:
        row, version, said = self._row(), seen_version(self.request), self._said(command)
        return self.once(lambda: change(row, said, version), self._shown)

    def _tier(self, row: Programme, public_id: str) -> Tier | None:
        return get_object_or_404(row.tiers.all(), public_id=public_id) if public_id else None

    @extend_schema(responses={200: ClientTierRead}, filters=False)
    @action(
        detail=False,
        url_path="clients/(?P<client>[0-9A-Z]{26})",
        permission_classes=[may("tiers.view_tierstate", "tiers.view_tierchange")],
        pagination_class=None,
        filterset_class=None,
    )
    def client(self, request: Request, client: str) -> Response:
        """The tier of one client: state, proof as of the newest day on file, his rates of today, and the steps, newest first."""
        rows: Any = Client.objects.visible_to(self._actor)
        row = get_object_or_404(rows.select_related("branch"), public_id=client)
        today = local_date(timezone.now())
        audit.record_read(self._actor, "tier.proof", row, client=row)
        history: Any = TierChange.objects.visible_to(self._actor).filter(client=row)
        told = {
            "client": row,
            "proof": proof_of(row, today, self._actor),
            "rates": effective_rates(row, today) if may_see_commission(self._actor, row) else None,
            "history": history.with_tiers().order_by("-day", "-pk")[:SHOWN_CHANGES],
        }
        return Response(ClientTierRead(told).data)
