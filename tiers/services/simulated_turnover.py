"""What a sheet knows of turnover by product: told by the newest file of applied rates, the rest counts as shares."""

from __future__ import annotations

from datetime import date
from typing import Any

from crm.core.policies import figures
from tiers import window_sql
from tiers.models import AppliedRate, ClientRate, Product, SimulatedTurnover, Simulation

_TOLD = "tiers_told"


def lay_out_products(cursor: Any, sheet: Simulation, day: date) -> None:
    """Divide the turnover of the sheet's clients by product; nothing where no file says anything.

    A file counts for ``commission.applied_fresh_days``, as in the review of leaks. Of shares it is what the file says, else all
    that is on file less what it says of other products, and never less than nothing.
    """
    fresh = figures(day, sheet.branch).days("commission.applied_fresh_days")
    told = AppliedRate.objects.newest(day, fresh).filter(client__branch=sheet.branch, turnover__isnull=False)
    told_sql, told_params = told.order_by().values_list("client_id", "product", "turnover").query.sql_with_params()
    own = ClientRate.objects.in_force(day).order_by().values_list("client_id", "product")
    own_sql, own_params = own.query.sql_with_params()
    window_sql.drop(cursor, _TOLD)
    cursor.execute(
        f"CREATE TEMP TABLE {_TOLD} AS WITH told(client_id, product, turnover) AS ({told_sql})"  # noqa: S608  names, no values
        " SELECT client_id, product, turnover FROM told",
        told_params,
    )
    window_sql.analyze(cursor, _TOLD)
    share = Product.A_SHARE.value
    cursor.execute(
        "UPDATE tiers_simulatedclient SET turnover = CASE WHEN t.shares IS NOT NULL THEN t.shares"  # noqa: S608  names, no values
        " WHEN tiers_simulatedclient.turnover > t.others THEN tiers_simulatedclient.turnover - t.others ELSE 0 END"
        " FROM (SELECT client_id, SUM(CASE WHEN product = %s THEN turnover END) AS shares,"
        f"  COALESCE(SUM(CASE WHEN product <> %s THEN turnover END), 0) AS others FROM {_TOLD} GROUP BY client_id) t"
        " WHERE t.client_id = tiers_simulatedclient.client_id AND simulation_id = %s",
        [share, share, sheet.pk],
    )
    cursor.execute(
        "INSERT INTO tiers_simulatedturnover (simulation_id, product, average, base_rank, turnover)"  # noqa: S608  names, no values
        f" WITH own(client_id, product) AS ({own_sql})"
        f" SELECT s.simulation_id, t.product, s.average, s.base_rank, t.turnover FROM {_TOLD} t"
        " JOIN tiers_simulatedclient s ON s.client_id = t.client_id AND s.simulation_id = %s"
        " WHERE t.product <> %s AND t.turnover > 0 AND NOT EXISTS"
        " (SELECT 1 FROM own WHERE own.client_id = t.client_id AND own.product = t.product)",
        [*own_params, sheet.pk, share],
    )
    window_sql.drop(cursor, _TOLD)
    window_sql.analyze(cursor, SimulatedTurnover._meta.db_table)
