"""The roof hands the ground floor its tables: roles and figures. Runs after every migration and changes nothing twice."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from clients.services.consents import seed_purposes
from crm.core.access import sync_roles, system_user
from crm.core.services.policies import SeedFigure, seed_policies
from crm.roles import ROLES

POLICY_FILE = Path(__file__).with_name("policies.toml")


def seed_figures(path: Path = POLICY_FILE) -> list[SeedFigure]:
    """The figures of the file in its order."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    return [_figure({**content["defaults"], **row}) for row in content["figure"]]


def _figure(row: dict[str, Any]) -> SeedFigure:
    single = {name: row[name] for name in ("value", "from", "source", "certainty") if name in row}
    return SeedFigure(
        key=row["key"],
        kind=row["kind"],
        unit=row.get("unit", ""),
        label_en=row["en"],
        label_zh=row["zh"],
        owner=row["owner"],
        versions=tuple(row.get("versions") or [single]),
    )


def furnish(**_options: Any) -> None:
    """Make roles and figures in the tables equal to what the product brings, and add purposes that are not there."""
    sync_roles(ROLES)
    seed_purposes()
    seed_policies(actor=system_user(), table=seed_figures())
