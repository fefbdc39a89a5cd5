"""Rows that come along in the statement of another row, as JSON: most have few of them, and each statement costs more."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Aggregate, Subquery


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
