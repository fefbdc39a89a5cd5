"""What the client has with the branch, what he moves, and what he holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from clients.segments.catalogue import Context, SegmentField
from clients.segments.compare import rows
from clients.segments.daily import on_newest_day, window
from clients.segments.facts.fields import ASSETS, MONEY, PROFILE, plain
from clients.segments.kinds import COUNTED, HAPPENED, Kind


def fields() -> list[SegmentField]:
    from clients.models import AssetMilestone

    yuan = _("yuan")

    def field(key: str, label: Any, asked: Any) -> SegmentField:
        return SegmentField(key, label, ASSETS, Kind.MONEY, asked, rights=(MONEY,), unit=yuan)

    def reached(_context: Context) -> Any:
        return AssetMilestone.objects.all()

    averages = (
        (30, _("Average assets over 30 days")),
        (90, _("Average assets over 90 days")),
        (365, _("Average assets over 365 days")),
    )
    # What came and went is told of one day only: there are no running sums of it, and a week's rows take a page too long.
    newest = (
        ("market_value", _("Market value of the securities")),
        ("cash", _("Cash")),
        ("margin_debt", _("Margin debt")),
        ("inflow", _("Inflow of the newest day")),
        ("outflow", _("Outflow of the newest day")),
    )
    turnover = ((30, _("Turnover in 30 days")), (365, _("Turnover in 365 days")))
    milestone, reached_on = rows(Kind.MONEY, reached, "amount"), rows(Kind.DAY, reached, "reached_on")
    return [
        plain("assets", _("Assets"), ASSETS, Kind.MONEY, "total_assets", unit=yuan, only=COUNTED),
        plain("assets_on", _("Assets as of"), ASSETS, Kind.DAY),
        *(field(f"assets_avg_{days}", label, window("net_assets", days)) for days, label in averages),
        *(field(name, label, on_newest_day(name)) for name, label in newest),
        *(field(f"turnover_{days}", label, window("turnover", days)) for days, label in turnover),
        SegmentField(
            "holds",
            _("Holds the security (code)"),
            ASSETS,
            Kind.TEXT,
            _holds,
            rights=("clients.view_holding",),
            only=("is", "is_not"),
        ),
        SegmentField(
            "milestone", _("Amount of assets reached"), ASSETS, Kind.MONEY, milestone, rights=(PROFILE,), unit=yuan
        ),
        SegmentField(
            "milestone_on", _("Amount of assets reached on"), ASSETS, Kind.DAY, reached_on, rights=(PROFILE,),
            only=HAPPENED,
        ),
    ]  # fmt: skip


def _holds(_op: str, value: str, context: Context) -> Q:
    """On the client's newest day with holdings, unless that is too long ago to say anything (figure ``tag.holdings_days``)."""
    from clients.models import Holding
    from crm.core.policies import figures

    branch = context.user.branch
    lasts = timedelta(days=figures(context.today, branch).days("tag.holdings_days"))
    later = Holding.objects.filter(client=OuterRef("client"), day__gt=OuterRef("day"))
    held = Holding.objects.filter(security_code=value, day__gt=context.today - lasts).filter(~Exists(later))
    return Q(pk__in=held.values("client_id"))
