#!/usr/bin/env python3
"""Draw the first step of each app anew, so that a new database takes it in place of every step that there is by now.

    .venv/bin/python scripts/squash.py        for developers: every app whose first step is behind

Of ``0001_squashed_…`` the steps that it replaces, what they need of other apps and the tables are written anew. What else stands
there stays (what it says of itself, what runs after the tables): read the new steps for anything that a new database needs, too.
The steps stay, for databases that stand between two of them; ``tests/core/test_tables.py`` holds both ways to the same models.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")

import django  # noqa: E402  after the path is set

django.setup()

from django.apps import apps  # noqa: E402
from django.db import models  # noqa: E402
from django.db.migrations.loader import MigrationLoader  # noqa: E402
from django.db.migrations.operations import CreateModel  # noqa: E402
from django.db.migrations.state import ModelState  # noqa: E402
from django.db.migrations.writer import OperationWriter  # noqa: E402

from crm.core.tables import CreateTogether  # noqa: E402

#: The graph as a database sees it that grew step by step.
GROWN = MigrationLoader(None, replace_migrations=False)


def steps_of(app: str) -> list[str]:
    """The app's steps, the first one first."""
    (last,) = (name for _, name in GROWN.graph.leaf_nodes(app) if "_squashed_" not in name)
    return [name for label, name in GROWN.graph.forwards_plan((app, last)) if label == app]


def needed(app: str, ours: list[str]) -> list[tuple[str, str]]:
    """The last step of each other of our apps that a step of this one needs."""
    asked = {key for name in steps_of(app) for key in GROWN.get_migration(app, name).dependencies}
    of = {other: steps_of(other) for other in ours if other != app}
    found = {other: [name for name in names if (other, name) in asked] for other, names in of.items()}
    return [(other, names[-1]) for other, names in found.items() if names]


def table(state: ModelState) -> CreateModel:
    """The model as one operation: its indexes and constraints stand in it."""
    options = {key: value for key, value in state.options.items() if value not in ([], {})}
    bases = None if tuple(state.bases) == (models.Model,) else state.bases
    return CreateModel(state.name, list(state.fields.items()), options, bases, state.managers)


def redraw(app: str, ours: list[str], tables: list[CreateModel], old: Path) -> Path:
    """Write the first step of ``app`` anew, under the name of the last step that it replaces."""
    text, steps = old.read_text(), steps_of(app)
    step = next(node for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == "Migration")
    said: dict[str, Any] = {
        ast.unparse(node.targets[0]): node.value for node in step.body if isinstance(node, ast.Assign)
    }
    made = next(one for one in said["operations"].elts if "CreateTogether" in ast.unparse(one.func))
    foreign = [
        one for one in said["dependencies"].elts if not (isinstance(one, ast.Tuple) and one.elts[0].value in ours)
    ]
    written, imports = OperationWriter(CreateTogether(tables), indentation=0).serialize()
    new = {
        made: written.strip()
        .rstrip(",")
        .replace("crm.core.tables.CreateTogether", "CreateTogether")
        .replace("models=[", "[", 1),
        said["dependencies"]: f"[{', '.join([*map(repr, needed(app, ours)), *map(ast.unparse, foreign)])}]",
        said["replaces"]: repr([(app, name) for name in steps]),
    }
    lines = text.splitlines(keepends=True)
    for node in sorted(new, key=lambda node: -node.lineno):  # from below: what stands above keeps its place
        head = lines[node.lineno - 1].encode()[: node.col_offset].decode()
        tail = lines[node.end_lineno - 1].encode()[node.end_col_offset :].decode()
        lines[node.lineno - 1 : node.end_lineno] = [head + new[node] + tail]
    known = (*text.splitlines(), "from django.db import models", "import crm.core.tables")
    at = next(number for number, line in enumerate(lines) if line.startswith(("import ", "from ")))
    lines[at:at] = [f"{one}\n" for one in sorted(imports) if one not in known]
    place = old.with_name(f"0001_squashed_{steps[-1]}.py")
    old.unlink()
    place.write_text("".join(lines))
    return place


def main() -> None:
    state = MigrationLoader(None).project_state()
    folders = {
        one.label: Path(one.path) / "migrations" for one in apps.get_app_configs() if ROOT in Path(one.path).parents
    }
    ours = [label for label, folder in folders.items() if folder.is_dir()]
    for app in ours:
        for old in folders[app].glob("0001_squashed_*.py"):
            if old.stem == f"0001_squashed_{steps_of(app)[-1]}":
                continue
            tables = [table(one) for (label, _), one in state.models.items() if label == app]
            print(f"{app}: {len(steps_of(app))} steps, {len(tables)} tables")
            subprocess.run([sys.executable, "-m", "ruff", "format", "-q", redraw(app, ours, tables, old)], check=True)


if __name__ == "__main__":
    main()
