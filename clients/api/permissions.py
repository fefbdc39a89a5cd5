"""Trading permissions over REST: reading, pre-check, tests, opening, exemptions with a second person, closing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.serializers import ClientName
from clients.filters import PermissionFilter
from clients.models import Client, EntryTest, Exemption, PermissionCode, TradingPermission
from clients.querysets.precheck import prechecks
from clients.services import (
    approve_exemption,
    ask_exemption,
    close_permission,
    open_permission,
    record_test,
    refuse_exemption,
)
from crm.core import audit
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.trail import ListOnTrail
from crm.core.api.writes import Commands
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.figure_sources import source_in_words


class ConditionRead(serializers.Serializer[Any]):
    """One condition: met, not_met, unknown or waived; ``why`` in the caller's language, ``facts`` for programs."""

    key = serializers.CharField()
    outcome = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of this name, not the base's attribute
    why = serializers.CharField()
    facts = serializers.DictField()


class PermissionRead(serializers.Serializer[TradingPermission]):
    """A permission with the conditions as they were found when it was opened or asked for."""

    id = serializers.CharField(source="public_id")
    client = ClientName()
    code = serializers.CharField()
    state = serializers.CharField()
    opened_on = serializers.DateField(allow_null=True)
    opened_by = Person()
    closed_on = serializers.DateField(allow_null=True)
    close_reason = serializers.CharField()
    exemption = serializers.CharField()
    exemption_reason = serializers.CharField()
    decided_by = Person(allow_null=True)
    decision_note = serializers.CharField()
    rule_version = serializers.IntegerField()
    conditions = ConditionRead(many=True)
    version = serializers.IntegerField()


class PreCheckRead(serializers.Serializer[Any]):
    """What the rule of one permission says about a client today."""

    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of this name, not the base's attribute
    passes = serializers.BooleanField()
    conditions = ConditionRead(many=True)
    held = serializers.SerializerMethodField(help_text="Public id of the live permission of this kind, or null.")
    rule_version = serializers.SerializerMethodField()
    rule_source = serializers.SerializerMethodField()
    age_at_counter = serializers.IntegerField(
        source="at_counter", allow_null=True, help_text="The client's age, if he has to come to the counter."
    )

    def get_held(self, found: Any) -> str | None:
        return found.held.public_id if found.held else None

    def get_rule_version(self, found: Any) -> int | None:
        return found.figure.version if found.figure else None

    def get_rule_source(self, found: Any) -> str:
        return source_in_words(found.figure.source) if found.figure else ""


class PermissionOpen(Strict):
    """Open a permission; with ``exemption`` and ``reason`` it waits for a second person."""

    client = PublicIdField(model=Client)
    code = serializers.ChoiceField(choices=PermissionCode.choices)
    exemption = serializers.ChoiceField(choices=Exemption.choices, required=False)
    reason = serializers.CharField(min_length=4, max_length=300, required=False)


class EntryTestCreate(Strict):
    """A test taken or a paper signed for a permission."""

    client = PublicIdField(model=Client)
    code = serializers.ChoiceField(choices=PermissionCode.choices)
    kind = serializers.ChoiceField(choices=EntryTest.Kind.choices)
    done_on = serializers.DateField()
    score = serializers.IntegerField(min_value=0, max_value=100, required=False)
    reference = serializers.CharField(max_length=120, allow_blank=True, required=False)


class EntryTestRead(serializers.Serializer[EntryTest]):
    """A recorded test."""

    id = serializers.CharField(source="public_id")
    code = serializers.CharField()
    kind = serializers.CharField()
    done_on = serializers.DateField()
    score = serializers.IntegerField(allow_null=True)
    reference = serializers.CharField()


class Approve(Strict):
    note = serializers.CharField(max_length=300, allow_blank=True, required=False)


class Refuse(Strict):
    note = serializers.CharField(min_length=2, max_length=300)


class Close(Strict):
    reason = serializers.CharField(min_length=2, max_length=200)


_CLIENT = OpenApiParameter("client", OpenApiTypes.STR, required=True, description="Public id of the client.")
_CODE = OpenApiParameter("code", OpenApiTypes.STR, description="One permission; all of them if missing.")
_DECIDES = [may("clients.approve_tradingpermission")]


class TradingPermissionViewSet(
    ListOnTrail, Commands, mixins.ListModelMixin, viewsets.GenericViewSet[TradingPermission]
):
    """Permissions of clients whom the caller may see, the newest first."""

    queryset = TradingPermission.objects.none()
    serializer_class = PermissionRead
    subject = "permission"
    trail = "permission.view"
    filterset_class = PermissionFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-asked_at", "-pk")
    writes = {
        "create": "once",
        "tests": "once",
        "approve": "once+versioned",
        "refuse": "once+versioned",
        "close": "once+versioned",
    }

    def get_queryset(self) -> QuerySet[TradingPermission]:
        return TradingPermission.objects.visible_to(self.request.user).for_list()

    @extend_schema(responses={200: PermissionRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One permission with its version as ETag."""
        row = self._row()
        audit.record_read(self._actor, "permission.view", row, client=row.client)
        return self._shown(row.public_id)

    @extend_schema(request=PermissionOpen, responses={201: PermissionRead})
    def create(self, request: Request) -> Response:
        """Open a permission whose every condition is met (409 names those that are not), or ask for an exemption."""
        said = self._said(PermissionOpen)
        if ("exemption" in said) != ("reason" in said):
            missing = "reason" if "exemption" in said else "exemption"
            raise InvalidInput(fields={missing: _("An exemption needs its reason.")})
        change: Callable[..., Any] = ask_exemption if "exemption" in said else open_permission
        return self.once(lambda: change(actor=self._actor, now=timezone.now(), **said), self._shown)

    @extend_schema(parameters=[_CLIENT, _CODE], responses={200: PreCheckRead(many=True)}, filters=False)
    @action(detail=False, url_path="pre-check", url_name="pre-check", pagination_class=None)
    def pre_check(self, request: Request) -> Response:
        """The conditions of one permission or of all against a client, as of today."""
        asked = request.query_params
        if not asked.get("client"):
            raise InvalidInput(fields={"client": _("Name the client.")})
        code = asked.get("code", "")
        if code and code not in PermissionCode.values:
            raise InvalidInput(fields={"code": _("There is no such thing here.")})
        client = (
            Client.objects.visible_to(self._actor).select_related("branch").filter(public_id=asked["client"]).first()
        )
        if client is None:
            raise Http404
        audit.record_read(self._actor, "permission.view", client, client=client)
        found = prechecks(client, local_date(timezone.now()), (code,) if code else ())
        return Response(PreCheckRead(found, many=True).data)

    @extend_schema(request=EntryTestCreate, responses={201: EntryTestRead}, filters=False)
    @action(detail=False, methods=["post"], pagination_class=None)
    def tests(self, request: Request) -> Response:
        """Record a test taken or a paper signed."""
        said = self._said(EntryTestCreate)

        def show(public_id: str) -> Response:
            rows = EntryTest.objects.visible_to(self._actor)
            return Response(EntryTestRead(get_object_or_404(rows, public_id=public_id)).data)

        return self.once(lambda: record_test(actor=self._actor, now=timezone.now(), **said), show)

    @extend_schema(request=Approve, responses={200: PermissionRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_DECIDES)
    def approve(self, request: Request, **_path: str) -> Response:
        """Open the permission with its exemption; never by who asked."""
        return self._do(Approve, approve_exemption)

    @extend_schema(request=Refuse, responses={200: PermissionRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_DECIDES)
    def refuse(self, request: Request, **_path: str) -> Response:
        """Turn the exemption down."""
        return self._do(Refuse, refuse_exemption)

    @extend_schema(request=Close, responses={200: PermissionRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.change_tradingpermission")])
    def close(self, request: Request, **_path: str) -> Response:
        """Close an open permission."""
        return self._do(Close, close_permission)
