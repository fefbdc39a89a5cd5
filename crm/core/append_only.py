"""Rows that the database itself refuses to change: triggers on both engines, checked at start.

On PostgreSQL a row trigger alone lets TRUNCATE through (reliability.md M16), hence the statement trigger beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

#: Tables whose rows are added and never changed.
TABLES = ("core_auditentry", "core_auditseal")


def install(using: str = "default") -> None:
    """Create the triggers; harmless when they are there."""
    for statement in _install_statements(connections[using].vendor):
        _execute(using, statement)


def remove(using: str = "default") -> None:
    """Drop the triggers: for a migration back, and around the flush of a test database."""
    vendor = connections[using].vendor
    for table in TABLES:
        for name in _names(table, vendor):
            on = f" ON {table}" if vendor == "postgresql" else ""
            _execute(using, f"DROP TRIGGER IF EXISTS {name}{on}")


def installed(using: str = "default") -> set[str]:
    """The names of the triggers that are really there."""
    connection = connections[using]
    query = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {row[0] for row in cursor.fetchall()}


def missing(using: str = "default") -> set[str]:
    """Triggers that ought to be there and are not."""
    vendor = connections[using].vendor
    wanted = {name for table in TABLES for name in _names(table, vendor)}
    return wanted - installed(using)


@contextmanager
def lifted(using: str = "default") -> Iterator[None]:
    """Without the triggers for a moment. Only the flush between tests may need this."""
    remove(using)
    try:
        yield
    finally:
        install(using)


def _names(table: str, vendor: str) -> list[str]:
    kinds = ["no_update", "no_delete"] + (["no_truncate"] if vendor == "postgresql" else [])
    return [f"{table}_{kind}" for kind in kinds]


def _install_statements(vendor: str) -> Iterator[str]:
    if vendor == "postgresql":
        yield (
            "CREATE OR REPLACE FUNCTION core_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'append-only table %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
        )
    for table in TABLES:
        for name in _names(table, vendor):
            event = name.rsplit("_", 1)[1].upper()
            if vendor == "postgresql":
                each = "STATEMENT" if event == "TRUNCATE" else "ROW"
                yield f"DROP TRIGGER IF EXISTS {name} ON {table}"
                yield (
                    f"CREATE TRIGGER {name} BEFORE {event} ON {table} "
                    f"FOR EACH {each} EXECUTE FUNCTION core_append_only()"
                )
            else:
                yield (
                    f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {event} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'append-only table {table}'); END"
                )


def _execute(using: str, statement: str) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(statement)
