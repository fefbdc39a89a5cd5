"""Between transactional tests the database is put back to what migrations left, whatever a test wrote.

Django's flush empties two hundred tables and lets the product seed its figures, roles and calendar anew, a second of work for
each such test. On SQLite the file as it stood is written back over it, in one step that other connections see whole. On
PostgreSQL the tables that hold what they did not hold are emptied, and those that held something are filled again.
"""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase

from crm.core import append_only
from tests.plugins.ground import FileGround, Ground


class Kept(Protocol):
    """The database as migrations left it."""

    def put_back(self) -> None: ...


class KeptFile:
    """On SQLite: its file."""

    def __init__(self, place: FileGround) -> None:
        self._file = sqlite3.connect(f"{place.file.as_uri()}?mode=ro", uri=True)

    def put_back(self) -> None:
        connection.ensure_connection()
        self._file.backup(connection.connection)


class KeptRows:
    """On PostgreSQL: the rows of the tables that hold any. Sequences go on, as after a flush."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            self._tables = sorted(connection.introspection.table_names(cursor))
        self._rows = {table: self._read(table) for table in self._holding(self._tables)}

    def put_back(self) -> None:
        with transaction.atomic():
            empty = [table for table in self._tables if table not in self._rows]
            written = [
                *self._holding(empty),
                *(table for table, rows in self._rows.items() if self._read(table) != rows),
            ]
        # This is the only thing that may empty append-only tables.
        with append_only.lifted(), transaction.atomic(), connection.cursor() as cursor:
            for table in written:
                cursor.execute(f'DELETE FROM "{table}"')  # what points there goes too, before anything is looked at
            for table in self._rows.keys() & set(written):
                cursor.copy_expert(f'COPY "{table}" FROM STDIN', io.BytesIO(self._rows[table]))

    def _holding(self, tables: list[str]) -> list[str]:
        """Which of them hold rows, asked in one statement."""
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(f"SELECT '{one}' WHERE EXISTS (SELECT FROM \"{one}\")" for one in tables))
            return [table for (table,) in cursor.fetchall()]

    def _read(self, table: str) -> bytes:
        with connection.cursor() as cursor, io.BytesIO() as rows:
            cursor.copy_expert(f'COPY "{table}" TO STDOUT', rows)
            return rows.getvalue()


_kept: list[Kept] = []


@pytest.fixture(scope="session")
def django_db_setup(ground: Ground, django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The database, and beside it what each transactional test ends with."""
    with django_db_blocker.unblock():
        _kept.append(KeptFile(ground.place) if isinstance(ground.place, FileGround) else KeptRows())
    yield
    _kept.clear()


def _put_back(_self: TransactionTestCase) -> None:
    _kept[-1].put_back()


TransactionTestCase._fixture_teardown = _put_back  # type: ignore[attr-defined]  # the stubs leave it out
