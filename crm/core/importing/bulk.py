"""Set-based writing on both engines: COPY on PostgreSQL, prepared statements on SQLite.

``bulk_create`` and ``bulk_update`` cost a hundred times more per row (performance.md Part A §0.5). Rows are tuples of values
that ``ready`` has made; they survive JSON, so that they can be staged first and written later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import chain, islice
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connections, models, router, transaction

from crm.core.batches import batches

Model = type[models.Model]
#: Rows of one INSERT or UPDATE round on SQLite.
_ROUND = 2_000
#: Up to so many rows are updated one by one: a table of their own to copy them into costs as much as twenty updates.
_FEW = 20
#: KiB of page cache for one large transaction on SQLite.
_WIDE = 48 * 1024
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


#: JSON as a column takes it, the same text for the same value; made once, since an encoder costs more than a small value.
json_text = DjangoJSONEncoder(ensure_ascii=False, sort_keys=True).encode


def field_of(model: Model, attname: str) -> models.Field[Any, Any]:
    """The concrete field behind an attribute name such as ``advisor_id``. Raises ``LookupError``."""
    for found in model._meta.concrete_fields:
        if found.attname == attname:
            return found
    raise LookupError(f"{model._meta.label} has no column for {attname!r}")


def column_of(model: Model, attname: str) -> str:
    return str(field_of(model, attname).column)


def ready(model: Model, attname: str, value: Any) -> Any:
    """A Python value as the column wants it, in a form that JSON can carry."""
    found = field_of(model, attname)
    if value is None:
        return None
    if isinstance(found, models.JSONField):
        return json_text(value)
    if isinstance(found, models.DecimalField) and isinstance(value, Decimal):
        value = value.quantize(Decimal(1).scaleb(-found.decimal_places))
    return plain(found.get_db_prep_save(value, connections[router.db_for_write(model)]))


def plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value


def insert(model: Model, attnames: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert rows; key and sequence values that are not given come from the database. Returns how many."""
    connection = connections[router.db_for_write(model)]
    columns = [column_of(model, name) for name in attnames]
    table = connection.ops.quote_name(model._meta.db_table)
    quoted = ", ".join(connection.ops.quote_name(column) for column in columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            return _copy(cursor, f"{table} ({quoted})", rows)
        marks = ", ".join(["%s"] * len(columns))
        return _rounds(cursor, f"INSERT INTO {table} ({quoted}) VALUES ({marks})", rows)  # noqa: S608  names of columns


def insert_lists(model: Model, attnames: Sequence[str], same: dict[str, Any], lists: models.QuerySet[Any]) -> int:
    """Insert rows from JSON lists that lie in a table already, without a detour through Python. Returns how many.

    ``lists`` yields one JSON column; ``same`` are ready values that every row gets besides.
    """
    connection = connections[router.db_for_write(model)]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(column_of(model, name)) for name in (*attnames, *same))
    if connection.vendor == "sqlite":
        cells = [f"json_extract(l.cells, '$[{at}]')" for at in range(len(attnames))]
        marks = ["%s"] * len(same)
    else:
        cells = [f"(l.cells->>{at})::{_cast(model, name)}" for at, name in enumerate(attnames)]
        marks = [f"%s::{_cast(model, name)}" for name in same]
    held, params = lists.query.sql_with_params()
    picked = ", ".join([*cells, *marks])
    statement = (
        f"WITH l(cells) AS ({held}) INSERT INTO {quote(model._meta.db_table)} ({columns}) SELECT {picked} FROM l"  # noqa: S608  names of columns
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*params, *same.values()])
        return int(cursor.rowcount)


def _cast(model: Model, attname: str) -> str:
    """The type of a column for text that goes into it; a cast to varchar(n) would cut in silence, an assignment refuses."""
    kind = str(field_of(model, attname).db_type(connections[router.db_for_write(model)]))
    return "text" if kind.startswith(("varchar", "char")) else kind


@contextmanager
def wide_cache(model: Model) -> Iterator[None]:
    """Room for the pages of many indexes while a whole book is written (SQLite; PostgreSQL has its own)."""
    connection = connections[router.db_for_write(model)]
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA cache_size")
        usual = int(cursor.fetchone()[0])
        cursor.execute(f"PRAGMA cache_size = {-_WIDE}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA cache_size = {usual}")


def update(model: Model, keys: Sequence[str], attnames: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Set ``attnames`` where ``keys`` match; each row holds the key values, then the new ones. Returns rows hit.

    A caller that must not overwrite another's change puts the version into the keys and compares the number returned.
    """
    connection = connections[router.db_for_write(model)]
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    key_columns = [quote(column_of(model, name)) for name in keys]
    columns = [quote(column_of(model, name)) for name in attnames]
    source = iter(rows)
    first = list(islice(source, _FEW + 1))
    # All rows or none; and the table into which they are copied first lives as long as a transaction.
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql" and len(first) > _FEW:
            return _copy_and_update(cursor, table, key_columns, columns, chain(first, source))
        sets = ", ".join(f"{column} = %s" for column in columns)
        where = " AND ".join(f"{column} = %s" for column in key_columns)
        turned = ((*row[len(keys) :], *row[: len(keys)]) for row in chain(first, source))
        return _rounds(cursor, f"UPDATE {table} SET {sets} WHERE {where}", turned)  # noqa: S608  names of columns


def delete(model: Model, key: str, values: Iterable[Any]) -> int:
    """Delete rows by one key column; see ``delete_rows``."""
    return delete_rows(model, [key], ((value,) for value in values))


def delete_rows(model: Model, keys: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Delete the rows that ``keys`` name, without cascades: what something still points to makes the database refuse."""
    connection = connections[router.db_for_write(model)]
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    columns = [quote(column_of(model, name)) for name in keys]
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            where = " AND ".join(f"{column} = %s" for column in columns)
            return _rounds(cursor, f"DELETE FROM {table} WHERE {where}", rows)  # noqa: S608  names of columns
        gone = 0
        for page in batches(rows, _ROUND):
            marks = ", ".join(["(" + ", ".join(["%s"] * len(columns)) + ")"] * len(page))
            found_by = f"({', '.join(columns)}) IN ({marks})"
            cursor.execute(f"DELETE FROM {table} WHERE {found_by}", [cell for row in page for cell in row])  # noqa: S608  names, no values
            gone += cursor.rowcount
    return gone


def _rounds(cursor: Any, statement: str, rows: Iterable[Sequence[Any]]) -> int:
    count = 0
    for page in batches(rows, _ROUND):
        cursor.executemany(statement, page)
        count += cursor.rowcount
    return count


def _copy(cursor: Any, into: str, rows: Iterable[Sequence[Any]]) -> int:
    with cursor.db.wrap_database_errors:  # COPY is the driver's own call; its refusals become Django's all the same
        cursor.copy_expert(f"COPY {into} FROM STDIN", _CopyText(rows))
    return int(cursor.rowcount)


def _copy_and_update(
    cursor: Any, table: str, keys: Sequence[str], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    names = ", ".join([*(f"k{i}" for i in range(len(keys))), *(f"v{i}" for i in range(len(columns)))])
    shape = ", ".join([*(f"{k} AS k{i}" for i, k in enumerate(keys)), *(f"{c} AS v{i}" for i, c in enumerate(columns))])
    sets = ", ".join(f"{column} = b.v{i}" for i, column in enumerate(columns))
    where = " AND ".join(f"t.{key} = b.k{i}" for i, key in enumerate(keys))
    cursor.execute("DROP TABLE IF EXISTS pg_temp.bulk_update")
    cursor.execute(f"CREATE TEMP TABLE bulk_update ON COMMIT DROP AS SELECT {shape} FROM {table} WHERE false")  # noqa: S608  names, no values
    _copy(cursor, f"bulk_update ({names})", rows)
    cursor.execute("ANALYZE bulk_update")
    cursor.execute(f"UPDATE {table} t SET {sets} FROM bulk_update b WHERE {where}")  # noqa: S608  names of columns
    return int(cursor.rowcount)


class _CopyText:
    """Rows as COPY text, made while the driver reads, so that memory stays flat."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self._lines = ("\t".join(map(_copy_cell, row)) + "\n" for row in rows)
        self._rest = ""

    def read(self, size: int = -1) -> str:
        pieces, length = [self._rest], len(self._rest)
        while size < 0 or length < size:
            line = next(self._lines, None)
            if line is None:
                break
            pieces.append(line)
            length += len(line)
        text = "".join(pieces)
        if size < 0:
            self._rest = ""
            return text
        self._rest = text[size:]
        return text[:size]


def _copy_cell(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        # Looking is five times cheaper than translating, and next to no text has any of these.
        odd = "\\" in value or "\t" in value or "\n" in value or "\r" in value
        return value.translate(_ESCAPES) if odd else value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, list | tuple):
        return _array(value).translate(_ESCAPES)
    return str(value)


def _array(values: Sequence[Any]) -> str:
    """An array literal: every element quoted, but for NULL."""
    cells = []
    for value in values:
        text = "NULL" if value is None else str(value).replace("\\", "\\\\").replace('"', '\\"')
        cells.append(text if value is None else f'"{text}"')
    return "{" + ",".join(cells) + "}"
