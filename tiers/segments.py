"""What tiers add to segments and to the list of clients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from clients.columns import Column, add_column
from clients.segments import Kind, SegmentField, register
from clients.segments.compare import rows
from crm.core.templatetags.ui import dash, tier_badge
from tiers.models import Tier, TierChange, TierState

if TYPE_CHECKING:
    from crm.core.models import User

_RIGHTS = ("tiers.view_tierstate",)


def offer() -> None:
    """Called once from ``ready()``."""
    group = _("Client tier")
    register(
        SegmentField(
            "tier",
            _("Client tier"),
            group,
            Kind.CHOICE,
            rows(Kind.CHOICE, _states, "tier__code"),
            _tiers,
            rights=_RIGHTS,
        ),
        SegmentField(
            "tier_since", _("In this tier since"), group, Kind.DAY, rows(Kind.DAY, _states, "since"), rights=_RIGHTS
        ),
        SegmentField("tier_risen", _("Last rise"), group, Kind.DAY, rows(Kind.DAY, _up, "day"), rights=_RIGHTS),
        SegmentField("tier_fallen", _("Last fall"), group, Kind.DAY, rows(Kind.DAY, _down, "day"), rights=_RIGHTS),
    )
    add_column(Column("tier", _("Client tier"), _words, load=_load, cls="", rights=_RIGHTS, is_usual=False))


def _states(_context: Any) -> Any:
    return TierState.objects.all()


def _up(_context: Any) -> Any:
    return TierChange.objects.filter(reason=TierChange.Reason.UP)


def _down(_context: Any) -> Any:
    return TierChange.objects.filter(reason=TierChange.Reason.DOWN)


def _tiers(user: User) -> Iterable[tuple[str, Any]]:
    """Tiers of the programmes that the reader sees, each code once."""
    found: dict[str, str] = {}
    for tier in Tier.objects.filter(programme__company_id=user.scope.company_id or 0).order_by("-programme", "rank"):
        found.setdefault(tier.code, tier.name)
    return list(found.items())


def _load(ids: Sequence[int], user: User) -> Mapping[int, Any]:
    states = TierState.objects.visible_to(user).filter(pk__in=ids).select_related("tier")
    return {state.pk: state.tier for state in states}


def _words(_client: Any, tier: Any, _today: Any) -> Any:
    return tier_badge(tier.name, slot=tier.palette) if tier else dash("")
