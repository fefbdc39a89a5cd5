"""What makes a behaviour tag: from the facts of one client and the figures in force to at most one tag a family.

Amounts are fen and shares are compared as whole fractions, so that nothing is rounded at a boundary; only the value that is
shown beside a tag is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import NamedTuple

from crm.core.policies import Figures

_TENTH = Decimal("0.1")
#: Kinds of security that a preference is said of.
_PREFERRED = ("stock", "fund", "bond")


class Window(NamedTuple):
    """Sums over the days on file in a window of natural days; fen."""

    days: int
    net_assets: int
    turnover: int


@dataclass(slots=True)
class Facts:
    """What is on file about one client as of a day; None where nothing is."""

    year: Window | None = None
    month: Window | None = None
    quarter: Window | None = None
    #: The window of the length of ``month`` that ends ``less_active_days`` earlier.
    earlier: Window | None = None
    #: Net assets on the last file day before the year's window, and on the newest one.
    start: int | None = None
    end: int | None = None
    #: Inflow less outflow within the year's window.
    net_flow: int = 0
    debt: int = 0
    #: Kind (empty: not known) and market value of each holding on the newest day with holdings.
    holdings: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Bounds:
    """The figures that the rules compare with."""

    year_days: int
    least_days: int
    bands: tuple[tuple[str, int], ...]
    concentrated: Fraction
    weighted: Fraction
    skill: Fraction
    trend: Fraction
    preference: Fraction

    @classmethod
    def of(cls, figures: Figures) -> Bounds:
        bands = sorted(
            ((band["tag"], int(band["from"])) for band in figures.json("tag.turnover_bands")), key=lambda b: -b[1]
        )
        return cls(
            year_days=figures.integer("tag.trading_days_a_year"),
            least_days=figures.integer("tag.least_days"),
            bands=tuple(bands),
            concentrated=Fraction(figures.rate("tag.concentrated_share")),
            weighted=Fraction(figures.rate("tag.weighted_share")),
            skill=Fraction(figures.rate("tag.skill_margin")),
            trend=Fraction(figures.rate("tag.trend_share")),
            preference=Fraction(figures.rate("tag.preference_share")),
        )


class Finding(NamedTuple):
    """A tag with the value it rests on, and the number that belongs to it (None: none does)."""

    code: str
    value: Decimal
    number: int | None = None


def judge(facts: Facts, bounds: Bounds, index_change: Fraction | None) -> dict[str, Finding]:
    """The tags of one client by family; a family about which nothing can be said is missing."""
    found: Mapping[str, Finding | None] = {
        "turnover": _turnover(facts, bounds),
        "concentration": _concentration(facts, bounds),
        "activity": _activity(facts, bounds),
        "skill": _skill(facts, bounds, index_change),
        "trend": _trend(facts, bounds),
        "margin": _margin(facts),
        "preference": _preference(facts, bounds),
    }
    return {family: finding for family, finding in found.items() if finding is not None}


def _turnover(facts: Facts, bounds: Bounds) -> Finding | None:
    year = facts.year
    if year is None or year.days < bounds.least_days or year.net_assets <= 0:
        return None
    traded = year.turnover * bounds.year_days
    for tag, bound in bounds.bands:
        if traded >= bound * year.net_assets:
            return Finding(f"turnover.{tag}", _rounded(Fraction(traded, year.net_assets)))
    return None


def _concentration(facts: Facts, bounds: Bounds) -> Finding | None:
    values = [value for _kind, value in facts.holdings if value > 0]
    if not values:
        return None
    share = Fraction(max(values), sum(values))
    tag = "high" if share >= bounds.concentrated else "medium" if share >= bounds.weighted else "spread"
    return Finding(f"concentration.{tag}", _rounded(share * 100), len(values))


def _activity(facts: Facts, bounds: Bounds) -> Finding | None:
    for tag, window in (("month", facts.month), ("quarter", facts.quarter)):
        if window is not None and window.turnover > 0:
            return Finding(f"activity.{tag}", Decimal(window.turnover) / 100)
    if facts.year is None or facts.year.days < bounds.least_days:
        return None
    return Finding(
        "activity.quiet" if facts.year.turnover > 0 else "activity.dormant", Decimal(facts.year.turnover) / 100
    )


def _skill(facts: Facts, bounds: Bounds, index_change: Fraction | None) -> Finding | None:
    if index_change is None or facts.start is None or facts.end is None or facts.year is None:
        return None
    if facts.year.net_assets <= 0:
        return None
    gain = facts.end - facts.start - facts.net_flow
    ahead = Fraction(gain * facts.year.days, facts.year.net_assets) - index_change
    tag = "above" if ahead >= bounds.skill else "below" if ahead <= -bounds.skill else "with"
    return Finding(f"skill.{tag}", _rounded(ahead * 100))


def _trend(facts: Facts, bounds: Bounds) -> Finding | None:
    now, then = facts.month, facts.earlier
    if now is None or then is None or then.net_assets <= 0:
        return None
    change = Fraction(now.net_assets * then.days, then.net_assets * now.days) - 1
    tag = "rising" if change >= bounds.trend else "falling" if change <= -bounds.trend else "steady"
    return Finding(f"trend.{tag}", _rounded(change * 100))


def _margin(facts: Facts) -> Finding | None:
    if facts.debt <= 0:
        return None
    owned = (facts.end or 0) + facts.debt
    return Finding("margin.user", _rounded(Fraction(facts.debt * 100, owned)) if owned > 0 else Decimal(100))


def _preference(facts: Facts, bounds: Bounds) -> Finding | None:
    total = sum(value for _kind, value in facts.holdings if value > 0)
    if total <= 0:
        return None
    by_kind: dict[str, int] = {}
    for kind, value in facts.holdings:
        by_kind[kind] = by_kind.get(kind, 0) + max(value, 0)
    most, held = max(by_kind.items(), key=lambda item: (item[1], item[0]))
    share = Fraction(held, total)
    tag = most if share >= bounds.preference and most in _PREFERRED else "mixed"
    return Finding(f"preference.{tag}", _rounded(share * 100))


def _rounded(value: Fraction) -> Decimal:
    """One place, half away from zero, exact to the end."""
    tenths = (Decimal(value.numerator * 10) / Decimal(value.denominator)).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return (tenths / 10).quantize(_TENTH)
