"""Comparisons with the daily rows of assets: sums and averages over a window, and the newest day.

Each is one statement a branch over a few days of its book; nothing here reads history.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Max, Q
from django.db.models.expressions import RawSQL

from clients.querysets.averages import averages_sql
from clients.segments.catalogue import Compile, Context
from crm.core.fields import to_fen

#: A statement that gives client ids, with its parameters.
Asked = tuple[str, list[Any]]


def window(measure: str, days: int) -> Compile:
    """Average net assets, or the sum of turnover or commission, over the natural days that end today, from running sums."""
    left, right = f"a.{measure}", "%s * a.days" if measure == "net_assets" else "%s"

    def compile_(op: str, value: Any, context: Context) -> Q:
        tests, amounts = _tests(left, op, value, right)
        found: list[Asked] = []
        for branch_id in _branches(context):
            sql, own = averages_sql(branch_id=branch_id, day=context.today, window_days=days)
            found.append((f"SELECT a.client_id FROM ({sql}) a WHERE a.days > 0{tests}", [*own, *amounts]))  # noqa: S608  fixed words
        return _among(found)

    return compile_


def on_newest_day(measure: str) -> Compile:
    """The client's newest row on file, whatever its day.

    Nearly everybody has one on the branch's newest day; the few others are looked up on their own.
    """

    def compile_(op: str, value: Any, context: Context) -> Q:
        tests, amounts = _tests(f"d.{measure}", op, value)
        book = "SELECT d.client_id FROM clients_client c JOIN clients_dailyasset d ON d.client_id = c.id"
        found: list[Asked] = []
        for branch_id, day in _newest_days(context).items():
            on_it = f"{book} AND d.day = %s WHERE c.branch_id = %s AND c.assets_on = %s{tests}"
            elsewhere = f"{book} AND d.day = c.assets_on WHERE c.branch_id = %s AND c.assets_on <> %s{tests}"
            found.append((on_it, [day, branch_id, day, *amounts]))
            found.append((elsewhere, [branch_id, day, *amounts]))
        return _among(found)

    return compile_


def _tests(left: str, op: str, value: Any, right: str = "%s") -> tuple[str, list[int]]:
    """What stands behind AND, and the amounts in fen."""
    bounds = {"gte": [(">=", value)], "lte": [("<=", value)], "filled": []}.get(op)
    if bounds is None:
        bounds = [(">=", value[0]), ("<=", value[1])]
    return "".join(f" AND {left} {sign} {right}" for sign, _amount in bounds), [
        to_fen(Decimal(amount)) for _sign, amount in bounds
    ]


def _among(asked: Iterable[Asked]) -> Q:
    parts, params = [], []
    for sql, own in asked:
        parts.append(sql)
        params += own
    return Q(pk__in=RawSQL(" UNION ALL ".join(parts), params)) if parts else Q(pk__in=[])  # noqa: S611  fixed words


def _branches(context: Context) -> list[int]:
    """Branches whose clients the reader may see."""
    from crm.core.models import Branch

    scope = context.user.scope
    if scope.sees_company:
        return list(Branch.objects.filter(company_id=scope.company_id or 0).order_by("pk").values_list("pk", flat=True))
    return sorted(scope.branch_ids)


def _newest_days(context: Context) -> dict[int, date]:
    """The last day on file of each of these branches; without the branches that have none."""
    from clients.models import BranchDay

    rows = BranchDay.objects.filter(branch__in=_branches(context), day__lte=context.today).order_by()
    return dict(rows.values("branch").annotate(newest=Max("day")).values_list("branch", "newest"))
