"""What tiers add to segments, to the list of clients and to the file that is made of it: the tier itself, what is owed and
agreed, and what is paid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from clients.columns import Column, add_column
from clients.segments import Context, Kind, SegmentField, register
from clients.segments.compare import rows
from clients.services.export import CLIENTS
from crm.core.exporting import ExportColumn
from crm.core.language import in_language
from crm.core.templatetags.amounts import DASH
from crm.core.templatetags.ui import tier_mark
from tiers.models import Tier, TierChange, TierOverride, TierState
from tiers.segments import commission, services

if TYPE_CHECKING:
    from crm.core.models import User

_RIGHTS, _BY_HAND = ("tiers.view_tierstate",), ("tiers.view_tieroverride",)


def offer() -> None:
    """Called once from ``ready()``."""
    group = _("Client tier")
    register(
        SegmentField(
            "tier",
            _("Client tier"),
            group,
            Kind.CHOICE,
            _in_tier,
            _tiers,
            rights=_RIGHTS,
            in_list=True,
        ),
        SegmentField(
            "tier_since", _("In this tier since"), group, Kind.DAY, rows(Kind.DAY, _states, "since"), rights=_RIGHTS
        ),
        SegmentField("tier_risen", _("Last rise"), group, Kind.DAY, rows(Kind.DAY, _up, "day"), rights=_RIGHTS),
        SegmentField("tier_fallen", _("Last fall"), group, Kind.DAY, rows(Kind.DAY, _down, "day"), rights=_RIGHTS),
        SegmentField(
            "tier_below",
            _("Below the tier since"),
            group,
            Kind.DAY,
            rows(Kind.DAY, _states, "below_since"),
            rights=_RIGHTS,
        ),
        SegmentField(
            "tier_by_hand", _("Tier by hand"), group, Kind.FLAG, rows(Kind.FLAG, _by_hand, "pk"), rights=_BY_HAND
        ),
        SegmentField(
            "tier_by_hand_until",
            _("Tier by hand until"),
            group,
            Kind.DAY,
            rows(Kind.DAY, _by_hand, "valid_to"),
            rights=_BY_HAND,
        ),
    )
    register(*services.fields(), *commission.fields())
    add_column(
        Column("tier", _("Client tier"), _words, along=_along, rights=_RIGHTS, is_usual=True),
        after="risk",
    )

    CLIENTS.add(ExportColumn("tier", _("Client tier"), _name, usual=False, right=_RIGHTS[0]), _along())


def _states(_context: Any) -> Any:
    return TierState.objects.all()


def _up(_context: Any) -> Any:
    return TierChange.objects.filter(reason=TierChange.Reason.UP)


def _down(_context: Any) -> Any:
    return TierChange.objects.filter(reason=TierChange.Reason.DOWN)


def _by_hand(_context: Any) -> Any:
    return TierOverride.objects.holding()


def _in_tier(op: str, value: Any, context: Context) -> Q:
    """By the keys of the tiers and not by their codes: the planner knows how many clients a key has, and a rare tier would
    otherwise be looked for from the richest client down."""
    if op != "in":
        return rows(Kind.CHOICE, _states, "tier__code")(op, value, context)
    keys = [tier.pk for tier in _seen(context.user) if tier.code in value]
    return Q(Exists(TierState.objects.filter(client=OuterRef("pk"), tier_id__in=keys)))


def _seen(user: User) -> list[Tier]:
    """Tiers of the programmes of the reader's company, the newest programmes first; read once a request."""
    known: list[Tier] | None = user.__dict__.get("_tiers_seen")
    if known is None:
        mine = Tier.objects.filter(programme__company_id=user.scope.company_id or 0)
        known = list(mine.order_by("-programme", "rank"))
        user.__dict__["_tiers_seen"] = known
    return known


def _tiers(user: User) -> Iterable[tuple[str, Any]]:
    """Each code once."""
    found: dict[str, str] = {}
    for tier in _seen(user):
        found.setdefault(tier.code, tier.name)
    return list(found.items())


def _along(_user: User | None = None) -> Mapping[str, Any]:
    """The tier's name and colour: whoever sees a client sees in which tier he stands."""
    names = {"en": F("tier_state__tier__name_en"), "zh": F("tier_state__tier__name_zh")}
    return {**{f"tier_{code}": name for code, name in names.items()}, "tier_slot": F("tier_state__tier__palette")}


def _name(client: Any) -> str:
    return in_language(en=client.tier_en or "", zh=client.tier_zh or "")


def _words(client: Any, _loaded: Any, _today: Any) -> Any:
    return tier_mark(_name(client), client.tier_slot) if client.tier_slot else DASH
