"""The contracts that import-linter holds, each shown able to fail on a planted import."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("importlinter", reason="import-linter is in requirements-dev.txt")

import grimp

from launcher.environment import ROOT
from tests.architecture.contracts import RoomsContract


def broken(importer: str, imported: str) -> list[tuple[str, str]]:
    """What the rooms contract finds in a graph of one import."""
    graph = grimp.ImportGraph()
    for module in (importer, imported):
        graph.add_module(module)
    graph.add_import(importer=importer, imported=imported)
    options = {
        "apps": ["crm.core", "clients", "tiers"],
        "rooms": ["services", "querysets"],
        "doors": ["forms", "views", "api"],
    }
    contract = RoomsContract(name="rooms", session_options={}, contract_options=options)
    found = contract.check(graph, verbose=False).metadata["found"]
    return [(one, other) for one, other, _ in found]


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("clients.services", "clients.forms"),
        ("clients.services.assign", "clients.api.serializers"),
        ("tiers.querysets", "clients.views"),
        ("tiers.forms", "clients.forms"),
        ("clients.services", "crm.core.forms"),
    ],
)
def test_a_room_that_imports_a_door_breaks_the_contract(importer: str, imported: str) -> None:
    assert broken(importer, imported) == [(importer, imported)]


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("clients.views", "clients.forms"),
        ("clients.forms", "clients.services"),
        ("clients.api", "crm.core.api"),
        ("crm.overview.views", "clients.views"),
    ],
)
def test_doors_may_use_rooms_their_own_doors_and_the_grounds(importer: str, imported: str) -> None:
    assert broken(importer, imported) == []


def test_an_import_to_the_right_breaks_the_layers(tmp_path: Path) -> None:
    for package, text in {"left": "import right\n", "right": ""}.items():
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(text)
    (tmp_path / ".importlinter").write_text(
        "[importlinter]\nroot_packages =\n    left\n    right\n"
        "[importlinter:contract:1]\nname = order\ntype = layers\nlayers =\n    right\n    left\n"
    )
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 1
    assert "left is not allowed to import right" in answer.stdout


def test_our_own_imports_keep_every_contract() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stdout
