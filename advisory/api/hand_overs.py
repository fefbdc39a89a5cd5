"""Hand-overs of a colleague's clients over REST: looked at first, then done in one go."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from advisory.filters import HandOverFilter
from advisory.models import HandOver
from advisory.services import hand_over, preview_hand_over
from advisory.services.hand_overs import chosen_of
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.writes import Commands
from crm.core.models import Branch, User


class HandOverRead(serializers.ModelSerializer[HandOver]):
    """Clients of one colleague who went to another; which ones stands in the audit trail."""

    id = serializers.CharField(source="public_id", read_only=True)
    branch = serializers.CharField(source="branch.code", read_only=True)
    giver = Person(read_only=True)
    taker = Person(read_only=True)
    done_by = Person(read_only=True)

    class Meta:
        model = HandOver
        fields = ["id", "branch", "giver", "taker", "clients", "reason", "done_by", "done_at"]


class HandOverDone(serializers.Serializer[Any]):
    """What one command did: a row for each colleague who took clients."""

    id = serializers.CharField(help_text="The first row.")
    clients = serializers.IntegerField()
    hand_overs = HandOverRead(many=True)


class ShareRead(serializers.Serializer[Any]):
    """What one advisor would take over, and how full he would then be."""

    advisor = Person(source="advisor.profile.user")
    clients = serializers.IntegerField()
    load_after = serializers.IntegerField()
    capacity = serializers.IntegerField(source="advisor.capacity")
    fits = serializers.BooleanField()


class HandOverPreview(serializers.Serializer[Any]):
    clients = serializers.IntegerField()
    without_place = serializers.IntegerField()
    fits = serializers.BooleanField(help_text="Whether it could be done now.")
    shares = ShareRead(many=True)


class LookAtHandOver(Strict):
    """Whose clients go to whom; without ``taker`` they are matched to those who have places."""

    giver = PublicIdField(model=User)
    taker = PublicIdField(model=User, required=False, allow_null=True)
    branch = PublicIdField(model=Branch, required=False)
    clients = serializers.ListField(
        child=serializers.CharField(max_length=26),
        min_length=1,
        max_length=5000,
        required=False,
        help_text="Public ids of the clients meant; the whole book if missing.",
    )


class DoHandOver(LookAtHandOver):
    reason = serializers.CharField(max_length=200)


_ASKED = [
    OpenApiParameter("giver", OpenApiTypes.STR, required=True, description="Public id of the colleague who gives."),
    OpenApiParameter("taker", OpenApiTypes.STR, description="Public id of who takes; spread by matching if missing."),
    OpenApiParameter("branch", OpenApiTypes.STR, description="Public id of the branch; one's own if missing."),
]


class HandOverViewSet(Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[HandOver]):
    """Hand-overs of the caller's branches, the newest first."""

    queryset = HandOver.objects.none()
    serializer_class = HandOverRead
    filterset_class = HandOverFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    writes = {"create": "once"}

    def get_queryset(self) -> QuerySet[HandOver]:
        return HandOver.objects.visible_to(self._actor).select_related("branch", "giver", "taker", "done_by")

    @extend_schema(request=DoHandOver, responses={201: HandOverDone})
    def create(self, request: Request) -> Response:
        """Give the clients to the taker, or spread them by matching; all or none."""
        said = self._asked(DoHandOver, request.data)
        return self.once(lambda: hand_over(actor=self._actor, now=timezone.now(), **said)[0], self._show)

    @extend_schema(parameters=_ASKED, responses={200: HandOverPreview}, filters=False)
    @action(
        detail=False,
        pagination_class=None,
        filterset_class=None,
        permission_classes=[may("advisory.view_handover", "advisory.add_handover")],
    )
    def preview(self, request: Request) -> Response:
        """Who would take how many of the whole book; nothing is written."""
        said = self._asked(LookAtHandOver, request.query_params.dict())
        return Response(HandOverPreview(preview_hand_over(now=timezone.now(), **said)).data)

    def _asked(self, command: type[Strict], given: Any) -> dict[str, Any]:
        said = self._said(command, given)
        branch = self._place(said)
        named = said.get("clients")
        chosen = None if named is None else chosen_of(said["giver"], branch, named, actor=self._actor)
        return {**said, "branch": branch, "taker": said.get("taker"), "clients": chosen}

    def _show(self, public_id: str) -> Response:
        """All rows of the command that made the row of this id."""
        first = get_object_or_404(self.get_queryset(), public_id=public_id)
        together = self.get_queryset().filter(giver=first.giver, branch=first.branch, done_at=first.done_at)
        rows = list(together.order_by("pk"))
        told = {"id": public_id, "clients": sum(row.clients for row in rows), "hand_overs": rows}
        return Response(HandOverDone(told).data)
