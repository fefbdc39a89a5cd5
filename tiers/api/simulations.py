"""Trying bounds over REST: a sheet is asked for, told what a set of bounds would do, and what was tried is kept as a draft."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.permissions import may
from crm.core.api.serializers import MaskedField, PublicIdField, Strict, YuanField
from crm.core.api.writes import Commands, etag
from crm.core.errors import InvalidInput
from crm.core.fields import LARGEST_YUAN, from_fen, money
from crm.core.models import Branch
from tiers.api.serializers import ProgrammeRead, TierRead
from tiers.models import Product, Programme, SimulatedClient, Simulation, Tier
from tiers.services.simulation import (
    Outcome,
    ask_simulation,
    bounds_of,
    concerns_branch_alone,
    read_bounds,
    save_as_draft,
    tell,
)

_ID = "[0-9A-Z]{26}"


class BarRead(serializers.Serializer[Any]):
    """How many clients have average assets from here to the next bar; null: less than the first amount."""

    left = YuanField(allow_null=True)
    clients = serializers.IntegerField()


class SimulationRead(serializers.ModelSerializer[Simulation]):
    """The figures of a branch on which the bounds of an edition are tried; ``bounds`` are those of the edition.

    ``state`` is computing, ready or failed; while it computes, ``job`` tells how far it is.
    """

    id = serializers.CharField(source="public_id", read_only=True)
    branch = serializers.CharField(source="branch.code", read_only=True)
    programme = serializers.CharField(source="programme.public_id", read_only=True)
    job = serializers.CharField(source="job.public_id", read_only=True, allow_null=True, default=None)
    state = serializers.CharField(read_only=True)
    bounds = serializers.SerializerMethodField(help_text="Tier code → lower bound in yuan.")
    bars = serializers.SerializerMethodField()

    class Meta:
        model = Simulation
        fields = [
            "id", "branch", "programme", "state", "job", "day", "window_days", "clients", "no_data", "advisors", "bounds",
            "bars", "made_at",
        ]  # fmt: skip

    def get_bounds(self, sheet: Simulation) -> dict[str, str]:
        tiers = list(sheet.programme.tiers.all())
        return _by_code(tiers, bounds_of(tiers))

    @extend_schema_field(BarRead(many=True))
    def get_bars(self, sheet: Simulation) -> list[dict[str, Any]]:
        bars = [{"left": None if edge is None else from_fen(edge), "clients": count} for edge, count in sheet.bars]
        return list(BarRead(bars, many=True).data)


class AskSimulation(Strict):
    """The edition whose bounds are tried, on the clients of one's own branch unless another is named."""

    programme = PublicIdField(model=Programme)
    branch = PublicIdField(model=Branch, required=False)


class SaveDraft(Strict):
    """``bounds``: tier code → lower bound in yuan; a tier that is not named keeps the bound of the edition."""

    bounds = serializers.DictField(child=YuanField())
    effective_from = serializers.DateField()
    note = serializers.CharField(max_length=400, help_text="Reason for this edition.")
    for_branch = serializers.BooleanField(default=False, help_text="For the branch of the simulation alone.")


class TierMoveRead(serializers.Serializer[Any]):
    tier = TierRead()
    before = serializers.IntegerField()
    after = serializers.IntegerField()


class TierPairRead(serializers.Serializer[Any]):
    """Clients who go from one tier to another, and what it does in a year; null where nobody knows."""

    old = serializers.CharField(source="old.code")
    new = serializers.CharField(source="new.code")
    clients = serializers.IntegerField()
    commission = YuanField(allow_null=True)
    cost = YuanField(allow_null=True)
    contacts = serializers.DecimalField(max_digits=16, decimal_places=2, allow_null=True)


class ProductEffectRead(serializers.Serializer[Any]):
    """What one product of the rate card does: yuan of turnover in twelve months of those who move, and commission a year."""

    product = serializers.ChoiceField(choices=Product.choices)
    turnover = YuanField()
    commission = YuanField(allow_null=True, help_text="Null where the card of one of the tiers says nothing of it.")


class OutcomeRead(serializers.Serializer[Any]):
    """What a set of bounds would do against those of the edition: yuan and contacts a year, null where not known."""

    bounds = serializers.DictField(child=serializers.CharField())
    tiers = TierMoveRead(many=True)
    up = serializers.IntegerField()
    down = serializers.IntegerField()
    pairs = TierPairRead(many=True)
    commission = YuanField(allow_null=True, help_text="Null without the right to see rates.")
    products = ProductEffectRead(many=True, help_text="Empty without the right to see rates.")
    cost = YuanField(allow_null=True)
    contacts = serializers.DecimalField(max_digits=16, decimal_places=2, allow_null=True)
    contacts_per_advisor = serializers.DecimalField(
        max_digits=16, decimal_places=1, allow_null=True, help_text="A month, for each who serves these clients."
    )


class MovedRead(serializers.ModelSerializer[SimulatedClient]):
    """One client whom the bounds would move, by tier codes."""

    client = serializers.CharField(source="client.public_id", read_only=True)
    client_name = MaskedField("name", source="client.display_name")
    average = YuanField(read_only=True)
    old = serializers.SerializerMethodField()
    new = serializers.SerializerMethodField()

    class Meta:
        model = SimulatedClient
        fields = ["client", "client_name", "average", "old", "new"]

    def get_old(self, row: Any) -> str:
        return str(self.context["codes"][row.before])

    def get_new(self, row: Any) -> str:
        return str(self.context["codes"][row.after])


_TRIES = [may("tiers.view_programme", "tiers.change_programme")]
_TRIED = OpenApiParameter(
    "bound",
    OpenApiTypes.STR,
    many=True,
    description="A bound that is tried, as `gold:300000.00` (tier code and yuan); once for each, the others stay.",
)


class SimulationViewSet(Commands, mixins.ListModelMixin, viewsets.GenericViewSet[Simulation]):
    """Trying other bounds on the branch's own clients; nobody's tier changes by it."""

    queryset = Simulation.objects.none()
    serializer_class = SimulationRead
    permission_classes = _TRIES
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = _ID
    writes = {"create": "once", "draft": "once"}

    @property
    def cursor_ordering(self) -> tuple[str, ...]:
        """The richest of those who move come first."""
        return ("-average", "-pk") if self.action == "movers" else ("-pk",)

    def get_queryset(self) -> QuerySet[Simulation]:
        return Simulation.objects.visible_to(self._actor).for_page().prefetch_related("programme__tiers")

    @extend_schema(responses={200: SimulationRead}, filters=False)
    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """One simulation; ask again while it computes."""
        return self._shown(id)

    @extend_schema(request=AskSimulation, responses={201: SimulationRead})
    def create(self, request: Request) -> Response:
        """Have the newest figures laid out; one sheet for each branch and edition, a large book by a job."""
        said = self._said(AskSimulation)
        branch = self._place(said)
        programmes: Any = Programme.objects.visible_to(self._actor)
        if not programmes.of_branch(branch).filter(pk=said["programme"].pk).exists():
            raise InvalidInput(fields={"programme": _("There is no such thing here.")})
        terms = {"branch": branch, "programme": said["programme"], "actor": self._actor, "now": timezone.now()}
        return self.once(lambda: ask_simulation(**terms), self._shown)

    @extend_schema(parameters=[_TRIED], responses={200: OutcomeRead}, filters=False)
    @action(detail=True, permission_classes=_TRIES, pagination_class=None)
    def outcome(self, request: Request, **_path: str) -> Response:
        """What these bounds would do: clients by tier and by pair of tiers, commission, cost and contacts a year."""
        sheet = self._row()
        tiers = list(sheet.programme.tiers.all())
        bounds = self._tried(tiers)
        told = tell(sheet, bounds, with_commission=self._actor.has_perm("tiers.view_clientrate"))
        return Response(OutcomeRead(_told(told, tiers, bounds)).data)

    @extend_schema(parameters=[_TRIED], responses={200: MovedRead(many=True)}, filters=False)
    @action(detail=True, permission_classes=_TRIES)
    def movers(self, request: Request, **_path: str) -> Response:
        """Whom these bounds would move, of the clients whom the caller may see."""
        sheet = self._row()
        tiers = list(sheet.programme.tiers.all())
        rows = sheet.rows.visible_to(self._actor).movers(bounds_of(tiers), self._tried(tiers))
        page = self.paginate_queryset(rows.select_related("client")) or []
        codes = {tier.rank: tier.code for tier in tiers}
        return self.get_paginated_response(MovedRead(page, many=True, context={"codes": codes}).data)

    @extend_schema(request=SaveDraft, responses={201: ProgrammeRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_TRIES, pagination_class=None)
    def draft(self, request: Request, **_path: str) -> Response:
        """Keep tried bounds as a draft, which grades nobody before somebody else puts it in force."""
        sheet, said = self._row(), self._said(SaveDraft)
        bounds = read_bounds(list(sheet.programme.tiers.all()), said.pop("bounds"))
        said["for_branch"] = said["for_branch"] or concerns_branch_alone(sheet, self._actor)
        now = timezone.now()
        return self.once(
            lambda: save_as_draft(simulation=sheet, bounds=bounds, actor=self._actor, now=now, **said), self._drafted
        )

    def _drafted(self, public_id: str) -> Response:
        rows: Any = Programme.objects.visible_to(self._actor)
        row = get_object_or_404(
            rows.select_related("branch", "drafted_by", "approved_by").with_tiers(), public_id=public_id
        )
        return Response(ProgrammeRead(row).data, headers={"ETag": etag(row)})

    def _tried(self, tiers: list[Tier]) -> dict[int, int]:
        said: dict[str, Decimal] = {}
        for each in self.request.query_params.getlist("bound"):
            code, _colon, yuan = each.partition(":")
            said[code] = _yuan(yuan)
        return read_bounds(tiers, said)


def _yuan(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or abs(amount) > LARGEST_YUAN or amount != money(amount):
        raise InvalidInput(fields={"bound": _("Send the code of a tier and yuan, such as “gold:300000.00”.")})
    return amount


def _by_code(tiers: list[Tier], bounds: dict[int, int]) -> dict[str, str]:
    codes = {tier.rank: tier.code for tier in tiers}
    return {codes[rank]: str(from_fen(fen)) for rank, fen in sorted(bounds.items())}


def _told(outcome: Outcome, tiers: list[Tier], bounds: dict[int, int]) -> dict[str, Any]:
    return {
        "bounds": _by_code(tiers, bounds),
        "tiers": [{"tier": tier, "before": before, "after": after} for tier, before, after in outcome.tiers],
        "up": outcome.up,
        "down": outcome.down,
        "pairs": outcome.pairs,
        "products": outcome.products,
        **{name: outcome.total(name) for name in ("commission", "cost", "contacts")},
        "contacts_per_advisor": outcome.contacts_per_advisor,
    }
