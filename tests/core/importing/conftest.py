"""Kinds of data registered for the time of a test, and files to bring in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crm.core.access import system_user
from crm.core.importing import TARGETS
from crm.core.importing.mapping import parse
from crm.core.models import ImportBatch
from crm.core.services.importing import import_file
from tests.core.importing.kinds import DepartmentTarget, PeopleTarget

PLAIN = """
[columns]
code = "code"
name = "name"
"""


@pytest.fixture(autouse=True)
def kinds(request: pytest.FixtureRequest) -> Iterator[None]:
    """Departments and people can be imported."""
    before = dict(TARGETS)
    for target in (DepartmentTarget(), PeopleTarget()):
        TARGETS[target.kind] = target
    yield
    TARGETS.clear()
    TARGETS.update(before)


@pytest.fixture
def bring(branch: Any) -> Callable[..., ImportBatch]:
    """Import bytes or text as a command would."""

    def run(body: bytes | str, mapping: str = PLAIN, **options: Any) -> ImportBatch:
        raw = body.encode() if isinstance(body, str) else body
        options.setdefault("kind", "departments")
        options.setdefault("branch", branch)
        options.setdefault("actor", system_user())
        return import_file(raw=raw, mapping=parse(mapping), file_name="file.csv", **options)

    return run


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """A file on disk."""

    def write(name: str, body: bytes | str) -> Path:
        path = tmp_path / name
        path.write_bytes(body.encode() if isinstance(body, str) else body)
        return path

    return write
