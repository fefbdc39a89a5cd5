"""Where rules live, types are strict: as strict as ``mypy --strict``, but where a package without types is in the way."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from typing import Any

import pytest

from tests.architecture.test_house import APPS, ROOT, sources

pytestmark = pytest.mark.nodb

STRICT = {
    "disallow_any_generics": True,
    "disallow_incomplete_defs": True,
    "disallow_subclassing_any": True,
    "disallow_untyped_calls": True,
    "disallow_untyped_decorators": True,
    "disallow_untyped_defs": True,
    "extra_checks": True,
    "implicit_reexport": False,
    "strict_equality": True,
    "warn_return_any": True,
}
#: Query sets that several models share.
OF_SEVERAL = {"ClientRowQuerySet", "LeasedQuerySet", "SharedQuerySet"}


def overrides() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"][
        "overrides"
    ]
    return [
        {**one, "module": {one["module"]} if isinstance(one["module"], str) else set(one["module"])} for one in found
    ]


def query_sets() -> list[ast.ClassDef]:
    texts = (path.read_text("utf-8") for path in sources(*APPS))
    trees = [ast.parse(text) for text in texts if "QuerySet(" in text]
    classes = [node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)]
    return [node for node in classes if node.name.endswith("QuerySet")]


def test_services_query_sets_and_the_ground_floor_are_typed_strictly():
    rooms = {"crm.core.*", "*.services", "*.services.*", "*.querysets", "*.querysets.*"}
    said: dict[str, Any] = next(one for one in overrides() if rooms <= one["module"])

    assert {name: said.get(name) for name in STRICT} == STRICT


def test_no_room_of_rules_is_taken_out_of_the_strict_types():
    loose = [one["module"] for one in overrides() for name in STRICT if one.get(name, STRICT[name]) != STRICT[name]]
    rooms = [module for modules in loose for module in modules if "services" in module or "querysets" in module]

    assert loose
    assert rooms == []


def test_a_query_set_says_whose_rows_it_holds():
    untold = [node.name for node in query_sets() if any("QuerySet[Any]" in ast.unparse(base) for base in node.bases)]

    assert set(untold) == OF_SEVERAL


def test_no_two_query_sets_bear_one_name():
    # The type checker names the manager after the query set and would take one for the other.
    names = Counter(node.name for node in query_sets())

    assert [name for name, times in names.items() if times > 1] == []
