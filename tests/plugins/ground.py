"""The ground on which tests stand: the database as migrations leave it, made once and copied wherever it is needed.

The first process that needs it migrates a database and keeps a copy, named after all that goes into it: in pytest's cache on
SQLite, as a template database on PostgreSQL. Other processes of the run and later runs begin with the copy; Django's ``migrate``
runs over it and finds nothing left to do. ``--create-db`` makes it anew, ``--cache-clear`` forgets it on SQLite.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from launcher.environment import ROOT

#: Besides the files of the apps: what other packages bring along.
LOCKS = ("requirements.txt", "requirements-test.txt")


def sources(root: Path = ROOT) -> Iterator[Path]:
    """Every file of the product that a migrated database may depend on: steps, models, seeds, settings."""
    own = {
        Path(one.path).relative_to(ROOT).parts[0] for one in apps.get_app_configs() if ROOT in Path(one.path).parents
    }
    for folder in sorted(own):
        yield from (one for one in sorted((root / folder).rglob("*")) if one.is_file() and one.suffix != ".pyc")
    yield from (root / name for name in LOCKS)


def mark(root: Path = ROOT) -> str:
    """The name of the ground that this state of the product has, on this day: seeds are written as of today."""
    digest = hashlib.sha256(f"{sys.version} {date.today()}".encode())
    for file in sources(root):
        digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:20]


class FileGround:
    """On SQLite: one file for a state of the product."""

    def __init__(self, folder: Path, name: str) -> None:
        self.file = folder / f"{name}.sqlite3"

    def is_there(self) -> bool:
        return self.file.exists()

    def lay(self) -> None:
        """Put a copy where Django expects the test database."""
        shutil.copyfile(self.file, connection.settings_dict["TEST"]["NAME"])

    def keep(self) -> None:
        """Copy the test database that was just made."""
        made = self.file.with_suffix(".new")
        made.unlink(missing_ok=True)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(made)])
        for old in self.file.parent.glob("*.sqlite3"):
            old.unlink()
        made.rename(self.file)


class TemplateGround:
    """On PostgreSQL: one database beside the test databases; its comment says of which state of the product it is."""

    def __init__(self, database: str, name: str) -> None:
        self.database, self.name = f"test_{database}_ground", name

    def _ask(self, statement: str, *values: str) -> Any:
        with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]  # as Django's own creation does
            cursor.execute(statement, values)
            return cursor.fetchone() if cursor.description else None

    def is_there(self) -> bool:
        known = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
        return self._ask(known, self.database) == (self.name,)

    def lay(self) -> None:
        connection.settings_dict["TEST"]["TEMPLATE"] = self.database

    def keep(self) -> None:
        quoted, made = (connection.ops.quote_name(one) for one in (self.database, connection.settings_dict["NAME"]))
        connection.close()  # nobody may be in a database that is copied
        self._ask(f"DROP DATABASE IF EXISTS {quoted}")
        self._ask(f"CREATE DATABASE {quoted} TEMPLATE {made}")
        self._ask(f"COMMENT ON DATABASE {quoted} IS '{self.name}'")


@contextlib.contextmanager
def looked_at(lock: Path, is_there: Callable[[], bool]) -> Iterator[bool]:
    """Whether the ground is there. Who hears that it is not has it to himself until he leaves; others wait for him."""
    try:
        import fcntl
    except ImportError:  # not on Windows: there each process makes its own
        yield False
        return
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        while not (there := is_there()):
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not is_there():
                break
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield there


def _folder(config: pytest.Config, temporary: pytest.TempPathFactory) -> Path:
    """Where this run and the next find what was made; without pytest's cache only this run."""
    if (cache := getattr(config, "cache", None)) is not None:
        with contextlib.suppress(OSError):  # a tree that nobody may write to
            return Path(cache.mkdir("ground"))
    base = temporary.getbasetemp()
    return base.parent if hasattr(config, "workerinput") else base


@dataclass
class Ground:
    """What this process stands on; no place where the database is another than migrations leave, and nobody else's."""

    place: FileGround | TemplateGround | None
    was_laid: bool
    #: Ends the look at the place: others may make it anew.
    leave: Callable[[], None]


@pytest.fixture(scope="session")
def ground(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_use_migrations: bool,
    django_db_createdb: bool,
    django_db_modify_db_settings_parallel_suffix: None,  # the test database has its name
    django_db_blocker: Any,
) -> Iterator[Ground]:
    """Lays a copy for the test database, if there is one."""
    own = request.config.getoption("reuse_db") or not django_db_use_migrations
    folder = tmp_path_factory.mktemp("ground") if own else _folder(request.config, tmp_path_factory)
    place: FileGround | TemplateGround | None = None
    if connection.vendor == "sqlite":
        place = FileGround(folder, mark())
    elif not own:
        place = TemplateGround(connection.settings_dict["NAME"], mark())
    with contextlib.ExitStack() as held:
        with django_db_blocker.unblock():
            there = place is not None and held.enter_context(
                looked_at(folder / "lock", lambda: not django_db_createdb and place.is_there())
            )
            if there and place:
                place.lay()
        yield Ground(place, was_laid=there, leave=held.close)


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool, ground: Ground) -> bool:
    """A file that was laid is the test database; it lies in the process's own folder and goes with it."""
    return django_db_keepdb or (ground.was_laid and isinstance(ground.place, FileGround))


@pytest.fixture(scope="session")
def django_db_setup(ground: Ground, django_db_setup: None, django_db_blocker: Any) -> None:
    """The test database stands: where it had to be made, it is kept for the others."""
    if ground.place and not ground.was_laid:
        with django_db_blocker.unblock():
            ground.place.keep()
    ground.leave()
