"""The stage of a relationship by rule, with the reason in words; tenure; and the days worth a word.

Pure: figures and days come in as arguments. The rule in the order in which it is asked (the first that fits counts):
closed → lost · no account and no assets yet → prospect · opened less than ``stage.new_days`` ago → new · assets below
``stage.lost_assets`` → lost · dormant or suspended, or assets fallen by ``stage.fall_share`` within ``stage.window_days`` → at
risk · assets grown by ``stage.growth_share`` → growing · else stable.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from clients.days import next_return, whole_years
from clients.models.profile import Stage

if TYPE_CHECKING:
    from clients.models import Client
    from crm.core.policies import Figures


@dataclass(frozen=True)
class Standing:
    """What the rule looks at. Amounts in yuan; ``assets_before`` is None where no day is on file."""

    status: str
    opened_on: date | None
    assets: Decimal
    has_assets_on_file: bool
    assets_before: Decimal | None


@dataclass(frozen=True)
class Terms:
    """The figures of the rule."""

    new_days: int
    window_days: int
    growth: Decimal
    fall: Decimal
    lost_assets: Decimal

    @classmethod
    def of(cls, figures: Figures) -> Terms:
        return cls(
            new_days=figures.days("stage.new_days"),
            window_days=figures.days("stage.window_days"),
            growth=figures.rate("stage.growth_share"),
            fall=figures.rate("stage.fall_share"),
            lost_assets=figures.money("stage.lost_assets"),
        )


def stage_of(standing: Standing, terms: Terms, today: date) -> Stage:
    """The stage by rule."""
    if standing.status == "closed":
        return Stage.LOST
    if standing.opened_on is None and not standing.has_assets_on_file:
        return Stage.PROSPECT
    if standing.opened_on is not None and (today - standing.opened_on).days < terms.new_days:
        return Stage.NEW
    if standing.has_assets_on_file and standing.assets < terms.lost_assets:
        return Stage.LOST
    if standing.status in ("dormant", "suspended") or _fell(standing, terms):
        return Stage.AT_RISK
    if _grew(standing, terms):
        return Stage.GROWING
    return Stage.STABLE


def reason_for(stage: str, standing: Standing, terms: Terms, today: date) -> str:
    """The rule's reason in a sentence that a client could be told."""
    if standing.status == "closed":
        return _("All accounts are closed.")
    share = {
        Stage.GROWING: terms.growth,
        Stage.AT_RISK: terms.fall,
    }.get(Stage(stage), Decimal(0))
    words = {
        "days": terms.new_days if stage == Stage.NEW else terms.window_days,
        "percent": f"{(share * 100).normalize():f}",
        "amount": f"{terms.lost_assets:,.0f}",
    }
    if stage == Stage.AT_RISK and standing.status in ("dormant", "suspended"):
        return _("The client is dormant or suspended.")
    texts = {
        Stage.PROSPECT: _("No account and no assets yet."),
        Stage.NEW: _("Client for less than %(days)s days."),
        Stage.LOST: _("Assets are below %(amount)s yuan."),
        Stage.AT_RISK: _("Assets have fallen by %(percent)s%% or more in %(days)s days."),
        Stage.GROWING: _("Assets have grown by %(percent)s%% or more in %(days)s days."),
        Stage.STABLE: _("Assets have neither grown nor fallen much in %(days)s days."),
    }
    return texts[Stage(stage)] % words


def _fell(standing: Standing, terms: Terms) -> bool:
    before = standing.assets_before
    return before is not None and before > 0 and standing.assets <= before * (1 - terms.fall)


def _grew(standing: Standing, terms: Terms) -> bool:
    before = standing.assets_before
    return before is not None and before > 0 and standing.assets >= before * (1 + terms.growth)


# -- tenure and milestones ---------------------------------------------------------------------------------------------


def tenure_years(client: Client, today: date) -> int | None:
    """Whole years as a client."""
    if client.opened_on is None:
        return None
    return whole_years(client.opened_on, client.closed_on or today)


@dataclass(frozen=True)
class Milestone:
    """A day worth a word to the client. ``years`` is which birthday or anniversary it is."""

    kind: str
    on: date
    text: str
    years: int = 0


def upcoming(client: Client, today: date, ahead: int) -> list[Milestone]:
    """Birthdays and anniversaries from today up to ``ahead`` days on, the nearest first."""
    found = []
    for kind, first in (("birthday", client.birth_date), ("anniversary", client.opened_on)):
        if first is None or (kind == "birthday" and client.kind != "person"):
            continue
        on = next_return(first, today)
        years = on.year - first.year
        if years and (on - today).days <= ahead:
            text = (_("Birthday, turns %(years)s") if kind == "birthday" else _("Client for %(years)s years")) % {
                "years": years
            }
            found.append(Milestone(kind, on, text, years))
    return sorted(found, key=lambda one: (one.on, one.kind))


def standing_of(row: Any, before: Decimal | None) -> Standing:
    """What the rule looks at, of a client with these columns."""
    return Standing(row.status, row.opened_on, row.total_assets, row.assets_on is not None, before)
