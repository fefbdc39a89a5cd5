"""Rows that come along in the statement of another row, as JSON: most have few of them, and each statement costs more."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.apps import apps
from django.db import connection, models
from django.db.models import Aggregate, Subquery
from django.db.models.expressions import BaseExpression, RawSQL


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


def compiled_for(outer: str) -> Callable[[Callable[[], BaseExpression]], Callable[[], RawSQL]]:
    """For a function without arguments that makes an expression about the row of ``outer`` ("clients.Client").

    The mapper needs longer to write the SQL of a subquery than the database to answer it, and one that asks the same for
    everybody need be written once for each engine. It speaks of the outer table by its name, so it is for the columns of a
    query on that table itself, not of one nested in another.
    """

    def decorate(make: Callable[[], BaseExpression]) -> Callable[[], RawSQL]:
        written: dict[str, RawSQL] = {}

        @wraps(make)
        def once() -> RawSQL:
            found = written.get(connection.vendor)
            if found is None:
                query = apps.get_model(outer)._base_manager.annotate(aside=make()).values("aside").query
                asked = query.annotations["aside"]
                sql, params = query.get_compiler(connection=connection).compile(asked)
                found = written[connection.vendor] = RawSQL(sql, tuple(params), asked.output_field)  # noqa: S611  the mapper wrote it, nobody types it
            return found

        return once

    return decorate
