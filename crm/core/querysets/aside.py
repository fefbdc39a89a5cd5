"""Rows that come along in the statement of another row, as JSON: most have few of them, and each statement costs more."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, ParamSpec

from django.apps import apps
from django.db import connection, models
from django.db.models import Aggregate, Subquery
from django.db.models.expressions import BaseExpression, RawSQL

P = ParamSpec("P")


class JsonList(Aggregate):
    """The values of all rows as one list."""

    output_field = models.JSONField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, function="JSON_GROUP_ARRAY", **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, function="JSONB_AGG", **extra)


def listed_aside(rows: models.QuerySet[Any], by: str, row: Any) -> Subquery:
    """``row`` of each of ``rows`` in one list, None without any. The column ``by`` narrows ``rows`` to the outer row."""
    return Subquery(rows.order_by().values(by).annotate(listed=JsonList(row)).values("listed"))


#: Different answers (days, mostly) for which one function keeps its SQL.
_KEPT = 16


def compiled_for(outer: str) -> Callable[[Callable[P, BaseExpression]], Callable[P, RawSQL]]:
    """For a function that makes an expression about the row of ``outer`` ("clients.Client") from nothing but its arguments.

    The mapper needs longer to write the SQL of a subquery than the database to answer it, and one that asks the same for
    everybody need be written once for each engine and each day. Arguments are values, never a user: what he may see is no
    part of what is kept. It speaks of the outer table by its name, so it is for the columns of a query on that table itself,
    not of one nested in another.
    """

    def decorate(make: Callable[P, BaseExpression]) -> Callable[P, RawSQL]:
        @lru_cache(maxsize=_KEPT)
        def written(_engine: str, *given: P.args, **named: P.kwargs) -> RawSQL:
            query = apps.get_model(outer)._base_manager.annotate(aside=make(*given, **named)).values("aside").query
            asked = query.annotations["aside"]
            sql, params = query.get_compiler(connection=connection).compile(asked)
            return RawSQL(sql, tuple(params), asked.output_field)  # noqa: S611  the mapper wrote it, nobody types it

        @wraps(make)
        def once(*given: P.args, **named: P.kwargs) -> RawSQL:
            return written(connection.vendor, *given, **named)  # type: ignore[arg-type]  # values can be hashed

        return once

    return decorate
