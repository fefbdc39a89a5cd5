"""A row says in its own words what is wrong with it, beside the field; every service asks it in one place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.utils.translation import override

from crm.core.checked import check
from crm.core.errors import InvalidInput
from crm.core.models import Region

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.django_db
def test_what_is_wrong_stands_beside_the_field():
    with override("en"), pytest.raises(InvalidInput) as refused:
        check(Region(code="", name=""), exclude=["company", "parent"])

    assert set(refused.value.fields) == {"code", "name"}


def asks_by_itself(text: str) -> bool:
    """Whether the code lets rows check themselves without ``check``."""
    return any(isinstance(node, ast.Attribute) and node.attr == "full_clean" for node in ast.walk(ast.parse(text)))


@pytest.mark.nodb
def test_nobody_else_lets_a_row_check_itself():
    found = [
        str(path.relative_to(ROOT))
        for app in ("crm", "clients", "tiers", "advisory", "complaints", "care")
        for path in sorted((ROOT / app).rglob("*.py"))
        if asks_by_itself(path.read_text(encoding="utf-8"))
    ]

    assert found == ["crm/core/checked.py"]
    assert asks_by_itself("row.full_clean()")
