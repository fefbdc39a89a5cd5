"""Writing rows of promises: one statement for everybody, the same rows however often."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F

from crm.core.batches import batches
from crm.core.public_ids import new_public_id
from tiers.models import Promise

State, Closed = Promise.State, Promise.Closed
#: Ends after which the client may have a right to it again: he is back in the tier, is served, may be contacted, or is fit,
#: or his tier is entitled to it anew.
PAUSES = (Closed.TIER, Closed.CLIENT, Closed.SILENT, Closed.GATE, Closed.ENDED)
#: Ends that are over once the client is owed it again; the one before may have been kept that day after all.
_PASSING = (*PAUSES, Closed.BEFORE)
#: A public id made in a statement: so much of a fresh one, then the client's number.
_ID_PREFIX = 16


def insert_promises(clients: Any, values: dict[str, Any]) -> int:
    """One row for each of ``clients``; one that is there already stays as it is."""
    row = Promise(client_id=0, **values)
    fields = [
        field
        for field in Promise._meta.concrete_fields
        if not field.primary_key and field.attname not in ("public_id", "client_id")
    ]
    try:
        held, params = clients.values_list("pk").query.sql_with_params()
    except EmptyResultSet:  # a condition that nobody can meet
        return 0
    # ``pre_save`` gives the day of the change; the rest is what the row says.
    cells = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    kinds = [str(field.db_type(connection)) for field in fields]
    is_postgresql = connection.vendor == "postgresql"
    marks = ", ".join(f"%s::{kind}" if is_postgresql else "%s" for kind in kinds)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    tail = "LPAD(c.id::text, 10, '0')" if is_postgresql else "printf('%%010d', c.id)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Promise._meta.db_table} (public_id, client_id, {columns}) WITH c(id) AS ({held})"  # noqa: S608  names of columns
            f" SELECT %s || {tail}, c.id, {marks} FROM c WHERE true ON CONFLICT DO NOTHING",
            [*params, new_public_id()[:_ID_PREFIX], *cells],
        )
        return int(cursor.rowcount)


def close_promises(rows: Any, why: str) -> int:
    """No longer owed, and why. By key: some engines cannot update and join at once."""
    same = Promise.objects.filter(pk__in=rows.values("pk"))
    return int(same.update(state=State.CLOSED, closed_as=why, version=F("version") + 1))


def reopen_promises(rows: Any, last_day: Callable[[date], date], **terms: Any) -> list[int]:
    """Owed again are those of ``rows`` that were closed for a reason which may pass. Returns their clients, one for a row.

    They say the ``terms`` on which they are owed now; ``last_day`` tells the end of the time limit for a due day.
    """
    clients, by_day = [], defaultdict(list)
    back = rows.filter(state=State.CLOSED, closed_as__in=_PASSING).order_by()
    for pk, client_id, due_on in back.values_list("pk", "client_id", "due_on"):
        clients.append(client_id)
        by_day[due_on].append(pk)
    for due_on, keys in by_day.items():
        for page in batches(keys):
            same = Promise.objects.filter(pk__in=page, state=State.CLOSED)
            same.update(state=State.DUE, closed_as="", last_day=last_day(due_on), version=F("version") + 1, **terms)
    return clients
