"""The families of behaviour tags: their tags, the figures they rest on, and their definitions in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm.core.policies import Figures


@dataclass(frozen=True)
class Family:
    """Tags of which a client carries at most one. ``formula`` goes up when the rule itself changes, not its figures."""

    key: str
    label: Any
    tags: Mapping[str, Any]
    figures: tuple[str, ...]
    #: What the family measures, with the figures in force, in a sentence.
    text: Callable[[Figures], str]
    #: What a tag's value is, as people say it: (value, count) → words.
    value_text: Callable[[Decimal, int | None], str]
    formula: int = 1
    #: Colour of its tags among those of the palette.
    palette: int = 1

    def version(self, figures: Figures) -> str:
        """Which rule and which figures: "1/4.2" is the first formula with the fourth and second version of its figures."""
        versions = ".".join(str(figures.figure(key).version) for key in self.figures)
        return f"{self.formula}/{versions}" if versions else str(self.formula)


def edition(version: str) -> str:
    """What of a version people are told: which formula; the versions of its figures stand with the figures."""
    return version.partition("/")[0]


def _times(value: Decimal, _count: int | None) -> str:
    return _("%(times)s times a year") % {"times": f"{value.normalize():f}"}


def _percent(value: Decimal, _count: int | None) -> str:
    return f"{value.normalize():f}%"


def _points(value: Decimal, _count: int | None) -> str:
    return _("%(points)s percentage points") % {"points": f"{value.normalize():+f}"}


def _yuan(value: Decimal, _count: int | None) -> str:
    return _("%(amount)s yuan turned over") % {"amount": number_format(value, force_grouping=True)}


def _share_of(value: Decimal, count: int | None) -> str:
    return _("largest %(share)s%% of %(count)s holdings") % {"share": f"{value.normalize():f}", "count": count or 0}


def _share(figures: Figures, key: str) -> str:
    return f"{(figures.rate(key) * 100).normalize():f}%"


def _turnover(figures: Figures) -> str:
    bands = {band["tag"]: band["from"] for band in figures.json("tag.turnover_bands")}
    return _(
        "Turnover of a year ÷ average net assets over the last %(days)s days, by %(year)s trading days a year: from %(high)s "
        "times high-frequency, from %(short)s short-term, from %(medium)s medium, below long-term. Clients with fewer than "
        "%(least)s days on file carry no such tag."
    ) % {
        "days": figures.days("tag.window_days"),
        "year": figures.integer("tag.trading_days_a_year"),
        "high": bands["high"],
        "short": bands["short"],
        "medium": bands["medium"],
        "least": figures.integer("tag.least_days"),
    }


def _concentration(figures: Figures) -> str:
    return _(
        "Market value of the largest holding ÷ all holdings on the newest day: from %(high)s concentrated, from %(medium)s "
        "some weight, below spread. The number of holdings stands beside it."
    ) % {"high": _share(figures, "tag.concentrated_share"), "medium": _share(figures, "tag.weighted_share")}


def _activity(figures: Figures) -> str:
    return _(
        "When the client last traded: within %(month)s days active, within %(quarter)s days less active, within %(days)s days "
        "quiet, else dormant. Quiet and dormant need %(least)s days on file."
    ) % {
        "month": figures.days("tag.active_days"),
        "quarter": figures.days("tag.less_active_days"),
        "days": figures.days("tag.window_days"),
        "least": figures.integer("tag.least_days"),
    }


def _skill(figures: Figures) -> str:
    return _(
        "Gain over the last %(days)s days (assets at the end − at the beginning − net inflow) ÷ average assets, less the change "
        "of the CSI 300: from +%(margin)s better than the market, from −%(margin)s worse, between them with the market. Unknown "
        "without assets on file at the beginning or without the index."
    ) % {"days": figures.days("tag.window_days"), "margin": _share(figures, "tag.skill_margin")}


def _trend(figures: Figures) -> str:
    return _(
        "Average assets of the last %(days)s days against those of the same span %(gap)s days earlier: from +%(share)s rising, "
        "from −%(share)s falling, between them steady."
    ) % {
        "days": figures.days("tag.active_days"),
        "gap": figures.days("tag.less_active_days"),
        "share": _share(figures, "tag.trend_share"),
    }


def _margin(_figures: Figures) -> str:
    return _(
        "Owes money or securities borrowed on margin on the newest day; the value is the debt's share of all assets."
    )


def _preference(figures: Figures) -> str:
    return _(
        "The kind of security that makes up at least %(share)s of the market value of all holdings on the newest day; mixed "
        "where none does."
    ) % {"share": _share(figures, "tag.preference_share")}


FAMILIES: dict[str, Family] = {
    family.key: family
    for family in (
        Family(
            "turnover",
            gettext_lazy("Turnover rate"),
            {
                "turnover.high": gettext_lazy("High-frequency"),
                "turnover.short": gettext_lazy("Short-term trader"),
                "turnover.medium": gettext_lazy("Medium-term trader"),
                "turnover.long": gettext_lazy("Long-term holder"),
            },
            ("tag.turnover_bands", "tag.window_days", "tag.trading_days_a_year", "tag.least_days"),
            _turnover,
            _times,
            palette=3,
        ),
        Family(
            "concentration",
            gettext_lazy("Concentration"),
            {
                "concentration.high": gettext_lazy("Concentrated"),
                "concentration.medium": gettext_lazy("Some weight"),
                "concentration.spread": gettext_lazy("Well spread"),
            },
            ("tag.concentrated_share", "tag.weighted_share", "tag.holdings_days"),
            _concentration,
            _share_of,
            palette=5,
        ),
        Family(
            "activity",
            gettext_lazy("Activity"),
            {
                "activity.month": pgettext_lazy("client", "Active trader"),
                "activity.quarter": gettext_lazy("Less active"),
                "activity.quiet": gettext_lazy("Quiet account"),
                "activity.dormant": gettext_lazy("Dormant account"),
            },
            ("tag.active_days", "tag.less_active_days", "tag.window_days", "tag.least_days"),
            _activity,
            _yuan,
            palette=2,
        ),
        Family(
            "skill",
            gettext_lazy("Return against the CSI 300"),
            {
                "skill.above": gettext_lazy("Better than the market"),
                "skill.with": gettext_lazy("With the market"),
                "skill.below": gettext_lazy("Worse than the market"),
            },
            ("tag.skill_margin", "tag.window_days"),
            _skill,
            _points,
            palette=4,
        ),
        Family(
            "trend",
            gettext_lazy("Trend of assets"),
            {
                "trend.rising": gettext_lazy("Assets rising"),
                "trend.steady": gettext_lazy("Assets steady"),
                "trend.falling": gettext_lazy("Assets falling"),
            },
            ("tag.trend_share", "tag.active_days", "tag.less_active_days"),
            _trend,
            _percent,
            palette=7,
        ),
        Family(
            "margin",
            gettext_lazy("Use of margin"),
            {"margin.user": gettext_lazy("Uses margin")},
            (),
            _margin,
            _percent,
            palette=6,
        ),
        Family(
            "preference",
            gettext_lazy("Preference"),
            {
                "preference.stock": gettext_lazy("Prefers shares"),
                "preference.fund": gettext_lazy("Prefers funds"),
                "preference.bond": gettext_lazy("Prefers bonds"),
                "preference.mixed": gettext_lazy("Mixed holdings"),
            },
            ("tag.preference_share", "tag.holdings_days"),
            _preference,
            _percent,
            palette=8,
        ),
    )
}
#: Code of a computed tag → its name.
_LABELS = {code: label for family in FAMILIES.values() for code, label in family.tags.items()}


def tag_label(code: str) -> str:
    """The name of a computed tag in the reader's language; its code where the house no longer knows it."""
    return str(_LABELS.get(code, code))


def family_of(code: str) -> Family | None:
    """The family of a computed tag."""
    return FAMILIES.get(code.partition(".")[0])
