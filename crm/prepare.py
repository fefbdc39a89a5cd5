"""`python -m crm.prepare`: bring the database to where the code is, and fill an empty one with the demo branch.

One process does it all, and asks before it works: on the second start nothing is to do, and Django is loaded once.
"""

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command, get_commands
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two starts at the same moment migrate one after the other."""
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "prepare.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def create_database_if_missing() -> bool:
    """Make the PostgreSQL database that the address names; True if it was missing."""
    if connection.vendor != "postgresql":
        return False
    name = connection.settings_dict["NAME"]
    with connection._nodb_cursor() as cursor:  # the "postgres" database of the same server
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone():
            return False
        cursor.execute(f"CREATE DATABASE {connection.ops.quote_name(name)} ENCODING 'UTF8' TEMPLATE template0")
    return True


def fingerprint() -> str:
    """Our code and the database it was last brought to. Roles and figures are seeded after migrations, from code."""
    digest = hashlib.sha256(repr([connection.settings_dict[key] for key in ("ENGINE", "NAME", "HOST")]).encode())
    for file in sorted((settings.BASE_DIR / "crm").glob("*.*")):
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()


def migrate_if_needed(stamp: Path) -> int:
    """Apply what is missing; returns how many migrations that were.

    The stamp is written when all went well. Without it an attempt that broke off after the last migration, or a new
    table of roles without a new migration, would pass for done.
    """
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    mark = fingerprint()
    if not plan and stamp.exists() and stamp.read_text() == mark:
        return 0
    print(f"prepare| applying {len(plan)} migrations", flush=True)
    call_command("migrate", verbosity=0, interactive=False)
    stamp.write_text(mark)
    return len(plan)


def main() -> int:
    """Database, migrations, demo branch."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
    django.setup()
    from crm.core.checks import refuse_without_append_only

    with _alone(settings.VAR):
        if create_database_if_missing():
            print("prepare| made the database", flush=True)
        migrate_if_needed(settings.VAR / "prepared")
        refuse_without_append_only()
        if apps.is_installed("crm.demo") and "demo" in get_commands():
            call_command("demo", "--if-empty")
    return 0


if __name__ == "__main__":
    sys.exit(main())
