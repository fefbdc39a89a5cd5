"""The table of requirements speaks of things that exist: each row once, and each done row with a page and a test."""

from __future__ import annotations

import ast
import csv
from pathlib import Path

import pytest
from django.urls import Resolver404, resolve

pytestmark = pytest.mark.nodb

ROOT = Path(__file__).resolve().parents[2]
LAST = 141


def table() -> list[dict[str, str]]:
    with (ROOT / "docs" / "requirements.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def has_test(node: str) -> bool:
    path, _separator, name = node.partition("::")
    file = ROOT / path
    if not file.is_file():
        return False
    names = {
        part.name for part in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(part, ast.FunctionDef)
    }
    return name in names


def has_page(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def test_every_requirement_stands_in_the_table_once():
    assert [row["id"] for row in table()] == [f"R{number}" for number in range(1, LAST + 1)]


def test_a_requirement_is_done_or_open():
    assert {row["state"] for row in table()} <= {"done", "open"}


@pytest.mark.parametrize("row", [row for row in table() if row["state"] == "done"], ids=lambda row: row["id"])
def test_what_is_done_names_a_page_and_a_test_that_exist(row):
    assert has_page(row["where"]), row["where"]
    assert has_test(row["test"]), row["test"]


def test_a_name_that_does_not_exist_would_be_found():
    assert not has_test("tests/architecture/test_requirements.py::test_that_is_not_there")
    assert not has_page("/nowhere/")
