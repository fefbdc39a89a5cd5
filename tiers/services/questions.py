"""What an evaluation asks: the windows, rules and delays of a programme on a day, from its own terms and the figures."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date, timedelta

from django.utils.translation import gettext as _

from crm.core.clocks import Calendar
from crm.core.models import Branch
from crm.core.policies import Figures, figures
from tiers import evaluation_sql as sql
from tiers.errors import BadProgramme, UnknownMeasure
from tiers.models import Programme, Tier
from tiers.rules import Metric, metrics
from tiers.rules_sql import Source
from tiers.window_sql import Window

#: The ways of measuring and moving that the evaluation knows.
_MEASURES = {"tier.basis": "monthly_average", "tier.moves_at": "month_end"}
#: Natural days that surely hold so many trading days: the longest holiday closes the exchanges for a good week.
_SLACK = 30


def closes_month(day: date) -> bool:
    """Whether no trading day of the month lies after ``day``: then the month's average is complete and tiers may move."""
    last = day.replace(day=calendar.monthrange(day.year, day.month)[1])
    known = Calendar.load(day, last)
    return not any(known.is_trading(day.replace(day=number)) for number in range(day.day + 1, last.day + 1))


def falls_if_below_by(day: date, months: int) -> date:
    """Who has been below since this day or longer falls on ``day``: the month of ``day`` is the last of ``months``."""
    place = day.year * 12 + day.month - 1 - (max(months, 1) - 1)
    year, month = divmod(place, 12)
    return date(year, month + 1, calendar.monthrange(year, month + 1)[1])


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or its last day where there is no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def trading_days_before(day: date, count: int) -> date:
    """The last natural day before the ``count`` trading days that end with ``day`` (or with the last one before it)."""
    first = day - timedelta(days=count * 2 + _SLACK)
    known = Calendar.load(first, day)
    found = day
    while count:
        count -= known.is_trading(found)
        found -= timedelta(days=1)
    return found


def window_days(branch: Branch, programme: Programme, day: date) -> int:
    """How many natural days the average runs over: the programme's own number, else the figure."""
    return programme.window_days or figures(day, branch).days("tier.window_days")


def down_after(branch: Branch, programme: Programme, day: date) -> int:
    """Month-ends in a row below a tier before it falls: the programme's own number, else the figure."""
    return programme.down_after or figures(day, branch).months("tier.down_after_periods")


def before(metric: Metric, day: date, window: int) -> date:
    """The last natural day that no longer counts for ``metric``; ``window`` is the house's own for plain averages."""
    if metric.kind == "average_trading":
        return trading_days_before(day, metric.span)
    if metric.kind in ("commission", "turnover"):
        return months_before(day, metric.span)
    return day - timedelta(days=metric.span or window)


def question(branch: Branch, programme: Programme, day: date) -> sql.Question:
    """What an evaluation asks the database, with the figures in force on the day. Raises ``UnknownMeasure``."""
    _refuse_unknown_measure(figures(day, branch))
    tiers = list(Tier.objects.filter(programme=programme).order_by("rank"))
    if not tiers:
        raise BadProgramme(_("The programme has no tiers yet."))
    rungs = [_rung(tier) for tier in tiers]
    wanted: list[Metric] = []
    # A ladder of bounds needs nothing beside the average.
    if any(tier.rule or tier.rule_institution for tier in tiers) or programme.age_floors:
        wanted = metrics([node for rung in rungs for node in (rung.asks, rung.asks_institutions)])
    facts: list[tuple[str, str]] = []
    if wanted or programme.age_floors:
        facts.append(("institution", "CASE WHEN c.kind = 'institution' THEN 1 ELSE 0 END"))
    if programme.grace_months or programme.age_floors:
        facts.append(("opened_on", "c.opened_on"))
    primary, more, sources = _windows(branch, day, wanted, window_days(branch, programme, day), facts)
    ranks = {tier.code: tier.rank for tier in tiers}
    return sql.Question(
        branch_id=branch.pk,
        programme_id=programme.pk,
        rungs=rungs,
        day=day,
        is_month_end=closes_month(day),
        falls_if_below_by=falls_if_below_by(day, down_after(branch, programme, day)),
        primary=primary,
        windows=more,
        sources=sources,
        floors=[
            (months_before(day, each["months"]), ranks[each["tier"]])
            for each in programme.age_floors
            if each["tier"] in ranks
        ],
        grace_after=months_before(day, programme.grace_months) if programme.grace_months else None,
    )


def _rung(tier: Tier) -> sql.Rung:
    bound = tier.lower_bound
    return sql.Rung(tier.pk, tier.rank, None if bound is None else int(bound * 100), tier.asks, tier.asks_institutions)


def _windows(
    branch: Branch, day: date, wanted: Sequence[Metric], window: int, facts: Sequence[tuple[str, str]]
) -> tuple[Window, list[Window], dict[str, Source]]:
    """The window of plain averages, the others, and where each metric is found; windows of the same days are one."""
    own = before(Metric("average"), day, window)
    columns: dict[date, list[str]] = {own: ["total"]}
    for metric in wanted:
        column = metric.kind if metric.kind in ("commission", "turnover") else "total"
        found = columns.setdefault(before(metric, day, window), [])
        if column not in found:
            found.append(column)
    if len(columns) - 1 > sql.MOST_WINDOWS:
        raise BadProgramme(_("The rules look back over too many different spans."))
    names = {start: "m" if start == own else f"{sql.MORE}{number}" for number, start in enumerate(columns, -1)}
    sources = {metric.key: _source(metric, names[before(metric, day, window)]) for metric in wanted}
    with_last = any(metric.kind == "month_end" for metric in wanted)
    primary = Window("tiers_measure", branch.pk, own, day, tuple(columns[own]), tuple(facts), with_last)
    more = [
        Window(names[start], branch.pk, start, day, tuple(named)) for start, named in columns.items() if start != own
    ]
    return primary, more, sources


def _source(metric: Metric, table: str) -> Source:
    if metric.kind == "month_end":
        return Source(f"{table}.last_net")
    if metric.kind in ("commission", "turnover"):
        # Nothing on file in these months is nothing paid.
        return Source(f"COALESCE({table}.{metric.kind}, 0)")
    return Source(f"{table}.total", f"{table}.days")


def _refuse_unknown_measure(known: Figures) -> None:
    """What is measured and when tiers move is decided (docs/adr/0004); a figure that says otherwise is not passed over."""
    for key, kept in _MEASURES.items():
        if known.text(key) != kept:
            raise UnknownMeasure(
                _("The figure “%(figure)s” is “%(value)s”; the evaluation knows “%(known)s” only.")
                % {"figure": key, "value": known.text(key), "known": kept}
            )
