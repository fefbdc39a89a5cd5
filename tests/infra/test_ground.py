"""The database that tests begin with is made once and put back whole; it is made anew when anything that goes into it changes."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import TransactionTestCase

from crm.core import audit
from crm.core.models import Policy
from tests.factories.clients import ClientFactory
from tests.factories.core import UserFactory
from tests.plugins.ground import LOCKS, looked_at, mark


@pytest.mark.parametrize("changed", ["clients/migrations/0001_initial.py", "crm/policies.toml", *LOCKS])
def test_whatever_a_migrated_database_depends_on_gives_it_another_name(tmp_path: Path, changed: str) -> None:
    for name in ("clients/migrations/0001_initial.py", "crm/policies.toml", "tests/test_one.py", *LOCKS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("before")
    before = mark(tmp_path)

    (tmp_path / "tests/test_one.py").write_text("after")
    assert mark(tmp_path) == before

    (tmp_path / changed).write_text("after")
    assert mark(tmp_path) != before


def test_of_two_that_find_nothing_one_makes_it_and_the_other_waits(tmp_path: Path) -> None:
    found: list[bool] = []
    made = tmp_path / "made"

    def look() -> None:
        with looked_at(tmp_path / "lock", made.exists) as there:
            found.append(there)

    with looked_at(tmp_path / "lock", made.exists) as there:
        other = threading.Thread(target=look)
        other.start()
        other.join(0.2)
        assert (there, found) == (False, [])
        made.touch()
    other.join(10)

    assert found == [True]


def contents() -> dict[str, list[str]]:
    """All rows of all tables."""
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = sorted(map(repr, cursor.fetchall()))
    return found


@pytest.mark.django_db(transaction=True)
def test_after_a_test_without_a_transaction_every_table_holds_what_it_held() -> None:
    before = contents()
    advisor = UserFactory(role="advisor")
    ClientFactory(advisor=advisor)
    audit.record(advisor, "test.note", advisor)
    Policy.objects.update(value=0)
    Group.objects.get(name="agent").permissions.clear()
    Group.objects.filter(name="auditor").delete()
    written = contents()

    TransactionTestCase._fixture_teardown(None)  # type: ignore[attr-defined]  # between two such tests

    assert contents() == before
    changed = {table for table, rows in written.items() if rows != before[table]}
    assert changed >= {
        "clients_client",
        "core_user",
        "core_auditentry",
        "core_policy",
        "auth_group",
        "auth_group_permissions",
    }
