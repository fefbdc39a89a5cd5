"""What must be true before the house opens."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connections

from crm.core import append_only


@register(Tags.database)
def audit_is_append_only(
    *, app_configs: Any = None, databases: Sequence[str] | None = None, **_options: Any
) -> list[CheckMessage]:
    """The audit tables refuse UPDATE and DELETE (and TRUNCATE on PostgreSQL)."""
    found: list[CheckMessage] = []
    for alias in databases or []:
        try:
            if append_only.TABLES[0] not in connections[alias].introspection.table_names():
                continue
            missing = append_only.missing(alias)
        except DatabaseError:
            continue
        if missing:
            found.append(Error(f"Audit triggers are missing: {', '.join(sorted(missing))}.", id="core.E001"))
    return found


def refuse_without_append_only(alias: str = "default") -> None:
    """For every process that serves or works: without its triggers the audit trail could be rewritten, so it does not begin.

    Raises ``SystemExit``. A database that does not answer, or has no tables yet, stops nobody: the health page tells of it.
    """
    for found in audit_is_append_only(databases=[alias]):
        sys.exit(f"{found.msg} Run `manage.py migrate`, and find out who took them away.")


@register(Tags.database)
def names_can_be_searched(
    *, app_configs: Any = None, databases: Sequence[str] | None = None, **_options: Any
) -> list[CheckMessage]:
    """PostgreSQL needs UTF-8, or Chinese names come back broken."""
    found: list[CheckMessage] = []
    for alias in databases or []:
        connection = connections[alias]
        if connection.vendor != "postgresql":
            continue
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_encoding")
            if cursor.fetchone()[0] != "UTF8":
                found.append(Error("The database must use UTF8.", id="core.E002"))
    return found
