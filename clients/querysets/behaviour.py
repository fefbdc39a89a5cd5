"""The facts of all clients of a branch that behaviour tags rest on, one statement for each kind of fact."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from django.db.models import Max, Sum

from clients.behaviour.rules import Facts, Window
from clients.querysets.averages import averages
from clients.querysets.business_lines import kind_of_security
from crm.core.fields import to_fen
from crm.core.policies import Figures

if TYPE_CHECKING:
    from crm.core.models import Branch

#: An index level this many natural days old still stands for the day: the longest holiday is shorter.
_INDEX_AGE = timedelta(days=12)


def facts_of_branch(branch: Branch, day: date, figures: Figures) -> dict[int, Facts]:
    """Facts as of ``day`` by primary key of the client, for every client who has not left."""
    from clients.models import Client

    keys = Client.objects.filter(branch=branch).exclude(status="closed").values_list("pk", flat=True)
    found = {pk: Facts() for pk in keys}
    month, gap = figures.days("tag.active_days"), timedelta(days=figures.days("tag.less_active_days"))
    year = figures.days("tag.window_days")
    windows: tuple[tuple[str, date, int], ...] = (
        ("year", day, year),
        ("month", day, month),
        ("quarter", day, gap.days),
        ("earlier", day - gap, month),
    )
    for name, last, length in windows:
        for row in averages(branch_id=branch.pk, day=last, window_days=length):
            if facts := found.get(row.client_id):
                setattr(facts, name, Window(row.days, row.net_assets, row.turnover))
    _ends(branch, day, year, found)
    _flows(branch, day, year, found)
    _holdings(branch, day, figures.days("tag.holdings_days"), found)
    return found


def _ends(branch: Branch, day: date, year: int, found: dict[int, Facts]) -> None:
    """Net assets at both ends of the window, and the debt at its end."""
    from clients.models import DailyAsset

    first, last = _file_day(branch, day - timedelta(days=year)), _file_day(branch, day)
    rows = DailyAsset.objects.filter(client__branch=branch).values_list("client_id", "net_assets", "margin_debt")
    if first is not None:
        for pk, worth, _debt in rows.filter(day=first).iterator():
            if facts := found.get(pk):
                facts.start = to_fen(worth)
    if last is not None:
        for pk, worth, debt in rows.filter(day=last).iterator():
            if facts := found.get(pk):
                facts.end, facts.debt = to_fen(worth), to_fen(debt)


def _flows(branch: Branch, day: date, year: int, found: dict[int, Facts]) -> None:
    from clients.models import DailyAsset

    first = _file_day(branch, day - timedelta(days=year))
    if first is None:
        return
    moved = DailyAsset.objects.filter(client__branch=branch, day__gt=first, day__lte=day).order_by()
    for pk, inflow, outflow in (
        moved.values("client_id")
        .annotate(moved_in=Sum("inflow"), moved_out=Sum("outflow"))
        .values_list("client_id", "moved_in", "moved_out")
        .iterator()
    ):
        if facts := found.get(pk):
            facts.net_flow = to_fen(inflow) - to_fen(outflow)


def _holdings(branch: Branch, day: date, longest: int, found: dict[int, Facts]) -> None:
    """Holdings of the branch's newest day with any, unless that lies too far back."""
    from clients.models import Holding

    own = Holding.objects.filter(client__branch=branch)
    newest = own.filter(day__lte=day, day__gt=day - timedelta(days=longest)).aggregate(day=Max("day"))["day"]
    if newest is None:
        return
    rows = own.filter(day=newest).values_list("client_id", "security_code", "security_kind", "market_value")
    for pk, code, told, value in rows.iterator():
        if facts := found.get(pk):
            facts.holdings.append((told or kind_of_security(code), to_fen(value)))


def _file_day(branch: Branch, day: date) -> date | None:
    """The branch's last day on file up to ``day``."""
    from clients.models import BranchDay

    rows = BranchDay.objects.filter(branch=branch, day__lte=day).order_by("-day")
    return rows.values_list("day", flat=True).first()


def index_change(branch: Branch, day: date, figures: Figures) -> Fraction | None:
    """How the CSI 300 has moved over the year's window of the branch; None where its levels are not on file."""
    first = _file_day(branch, day - timedelta(days=figures.days("tag.window_days")))
    last = _file_day(branch, day)
    if first is None or last is None:
        return None
    start, end = _level(first), _level(last)
    return end / start - 1 if start is not None and end is not None else None


def _level(day: date) -> Fraction | None:
    from clients.models import IndexLevel

    rows = IndexLevel.objects.filter(index_code=IndexLevel.CSI300, day__lte=day, day__gte=day - _INDEX_AGE)
    found = rows.order_by("-day").values_list("level", flat=True).first()
    return None if found is None else Fraction(found)


__all__ = ["facts_of_branch", "index_change"]
