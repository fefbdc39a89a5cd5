"""docs/import.md says what ``import_… --fields`` prints: strangers write their mappings from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils.translation import override

from crm.core.importing import TARGETS
from crm.core.importing.fields import ImportField
from crm.core.importing.units import UNITS
from crm.core.importing.values import MESSAGES

pytestmark = pytest.mark.nodb

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "import.md").read_text(encoding="utf-8")
KINDS = ("clients", "assets", "holdings", "contacts", "complaints", "rates", "former_tiers")


def line(field: ImportField) -> str:
    """The field's row in the table of its kind."""
    with override("en"):
        said = field.described()
    need = "needed" if said["required"] else "new" if said["required_for_new"] else ""
    choices = ": " + ", ".join(f"`{choice}`" for choice in said["choices"]) if said["choices"] else ""
    means = f"{said['label']}. {said['help']}" if said["help"] else said["label"]
    return f"| `{said['name']}` | {said['type']}{choices} | {need} | {means} |"


@pytest.mark.parametrize("kind", KINDS)
def test_the_manual_lists_every_field_of_a_kind_as_the_command_does(kind):
    part = DOCS.split(f"### {kind}\n", 1)[1].split("\n### ", 1)[0]
    listed = [row for row in part.splitlines() if row.startswith("| `")]

    assert listed == [line(field) for field in TARGETS[kind].fields]


def test_the_manual_names_every_code_and_every_unit():
    missing = [code for code in MESSAGES if f"`{code}`" not in DOCS] + [unit for unit in UNITS if unit not in DOCS]

    assert not missing
