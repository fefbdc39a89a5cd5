"""Locking a row before it is changed, and refusing to write over somebody else's change."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import connections, models, router

from crm.core.errors import StaleEdit

Row = TypeVar("Row", bound=models.Model)


def lock(queryset: models.QuerySet[Row], *, version: int | None = None, closed_too: bool = False, **lookup: Any) -> Row:
    """The one row of ``queryset`` that ``lookup`` names, locked until the transaction ends.

    On SQLite the transaction itself is the lock. Raises ``DoesNotExist``, and ``StaleEdit`` when ``version`` is given and
    the stored one is another.

    A model may shut rows against every change with a method ``refuse_change``, which raises; ``closed_too`` is for the few
    services that handle such rows.
    """
    row = queryset.select_for_update(of=("self",)).get(**lookup)
    refuse = getattr(row, "refuse_change", None)
    if refuse is not None and not closed_too:
        refuse()
    if version is not None and getattr(row, "version", version) != version:
        raise StaleEdit
    return row


def hold(row: models.Model) -> None:
    """Let nobody ``lock`` a row until the transaction ends; any number of transactions may hold it at once.

    For whoever writes rows that rest on it: what is asked of it afterwards stays true. The key alone would not do, since foreign
    keys are looked at when a transaction ends. On SQLite the transaction itself is the lock.
    """
    connection = connections[router.db_for_write(type(row))]
    if connection.vendor != "postgresql":
        return
    meta, quote = row._meta, connection.ops.quote_name
    with connection.cursor() as cursor:
        key = quote(str(meta.pk.column))
        cursor.execute(f"SELECT 1 FROM {quote(meta.db_table)} WHERE {key} = %s FOR SHARE", [row.pk])  # noqa: S608  names, no values
