"""Accounts and collateral over REST. A full number goes in, and out only with a reason, on record."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.client_reveal import RevealRow
from clients.api.serializers import ClientName
from clients.filters import AccountFilter
from clients.models import Account, Client, MarginDay
from clients.services import change_account, open_account, set_margin
from crm.core import audit
from crm.core.api.permissions import may
from crm.core.api.serializers import PublicIdField, Strict, YuanField
from crm.core.api.trail import ListOnTrail
from crm.core.api.writes import Commands, seen_version

ID = "[0-9A-Z]{26}"


class AccountRead(serializers.Serializer[Account]):
    """An account with its number masked. ``margin_ratio`` is a fraction: 1.3000 is 130 %."""

    id = serializers.CharField(source="public_id")
    client = ClientName()
    kind = serializers.CharField()
    number = serializers.CharField(source="masked_number", help_text="Only the last four signs.")
    status = serializers.CharField()
    opened_on = serializers.DateField(allow_null=True)
    closed_on = serializers.DateField(allow_null=True)
    first_trade_on = serializers.DateField(allow_null=True)
    margin_ratio = serializers.DecimalField(
        max_digits=16, decimal_places=4, allow_null=True, help_text="Credit accounts only."
    )
    margin_on = serializers.DateField(allow_null=True)
    version = serializers.IntegerField()


class AccountFacts(Strict):
    """Facts of an account that may be said."""

    number = serializers.CharField(max_length=40, allow_blank=True, required=False)
    opened_on = serializers.DateField(allow_null=True, required=False)
    first_trade_on = serializers.DateField(allow_null=True, required=False)


class AccountCreate(AccountFacts):
    """A new account of a client."""

    client = PublicIdField(model=Client)
    kind = serializers.ChoiceField(choices=Account.Kind.choices)


class AccountChange(AccountFacts):
    """What is to be different; a name left out stays as it is."""

    status = serializers.ChoiceField(choices=Account.Status.choices, required=False)
    closed_on = serializers.DateField(allow_null=True, required=False)


class MarginRead(serializers.Serializer[MarginDay]):
    """Collateral and debt of one day; yuan as strings, the ratio as a fraction, null without debt."""

    id = serializers.CharField(source="public_id")
    day = serializers.DateField()
    cash = YuanField()
    market_value = YuanField()
    debt = YuanField()
    interest = YuanField()
    ratio = serializers.DecimalField(max_digits=16, decimal_places=4, allow_null=True)


class MarginCreate(Strict):
    """Collateral and debt at the close of a day; the same day again replaces it."""

    day = serializers.DateField()
    cash = YuanField()
    market_value = YuanField()
    debt = YuanField()
    interest = YuanField()


class AccountViewSet(RevealRow, ListOnTrail, Commands, mixins.ListModelMixin, viewsets.GenericViewSet[Account]):
    """Accounts of clients whom the caller may see; what is shown stands on the trail."""

    queryset = Account.objects.none()
    serializer_class = AccountRead
    trail = "account.view"
    filterset_class = AccountFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = ID
    cursor_ordering = ("-pk",)
    writes = {"create": "once", "partial_update": "versioned", "margin": "once", "reveal": "once"}
    sealed = ("number",)

    def get_queryset(self) -> QuerySet[Account]:
        return Account.objects.visible_to(self.request.user).select_related("client__branch", "client__advisor")

    def get_permissions(self) -> list[Any]:
        if self.action == "margin":
            right = "clients.view_marginday" if self.request.method in ("GET", "HEAD") else "clients.add_marginday"
            asked: type[BasePermission] = may(right)
            return [asked()]
        return list(super().get_permissions())

    @extend_schema(responses={200: AccountRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One account with its version as ETag."""
        row, own = self.get_object(), request.user
        audit.record_read(own, "account.view", row, client=row.client)  # type: ignore[arg-type]  # signed in
        return self._shown(row.public_id)

    @extend_schema(request=AccountCreate, responses={201: AccountRead})
    def create(self, request: Request) -> Response:
        """Put an account on file."""
        said = self._said(AccountCreate)
        client, kind, own = said.pop("client"), said.pop("kind"), self._actor
        return self.once(
            lambda: open_account(client=client, kind=kind, values=said, actor=own, now=timezone.now()), self._shown
        )

    @extend_schema(request=AccountChange, responses={200: AccountRead}, filters=False)
    def partial_update(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Correct facts of an account, freeze or close it."""
        row, version = self.get_object(), seen_version(request)
        values = self._said(AccountChange)
        changed = change_account(account=row, values=values, actor=self._actor, now=timezone.now(), version=version)
        return self._shown(changed.public_id)

    @extend_schema(
        methods=["GET"], responses={200: MarginRead(many=True)}, filters=False, operation_id="accounts_margin_list"
    )
    @extend_schema(methods=["POST"], request=MarginCreate, responses={201: MarginRead}, filters=False)
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def margin(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Collateral of the last hundred days on file, newest first; or (POST) the collateral of a day."""
        row = self.get_object()
        if request.method == "GET":
            audit.record_read(self._actor, "account.view", row, client=row.client)
            days: Any = MarginDay.objects.visible_to(self._actor).filter(account=row).newest_first()[:100]
            return Response(MarginRead(days, many=True).data)
        amounts = self._said(MarginCreate)
        day = amounts.pop("day")
        return self.once(
            lambda: set_margin(account=row, day=day, amounts=amounts, actor=self._actor, now=timezone.now()),
            lambda made: Response(
                MarginRead(MarginDay.objects.visible_to(self._actor).get(account=row, public_id=made)).data
            ),
        )
