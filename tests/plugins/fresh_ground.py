"""Between transactional tests the database is put back to what migrations left, whatever a test wrote.

Django's flush empties two hundred tables and lets the product seed its figures, roles and calendar anew, a second of work for
each such test. On SQLite the file as it stood is written back over it, in one step that other connections see whole.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import TransactionTestCase

from crm.core import append_only

_flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # the stubs leave it out
#: The database as migrations left it; none on PostgreSQL.
_ground: list[sqlite3.Connection] = []


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """The database, and beside it the copy that each transactional test ends with."""
    from django.db import connection

    if connection.vendor != "sqlite":
        yield
        return
    copy: Path = tmp_path_factory.mktemp("ground") / "ground.sqlite3"
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(copy)])
    _ground.append(sqlite3.connect(copy))
    yield
    _ground.pop().close()


def _put_back(self: TransactionTestCase) -> None:
    from django.db import connection

    if not _ground:
        # This flush is the only thing that may empty append-only tables.
        with append_only.lifted():
            _flush(self)
        return
    connection.ensure_connection()
    _ground[0].backup(connection.connection)


TransactionTestCase._fixture_teardown = _put_back  # type: ignore[attr-defined]
