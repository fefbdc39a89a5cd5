"""What changes a row says which version it has seen: a page or resource that leaves the word out writes over others."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crm.core.service import SERVICES

pytestmark = pytest.mark.nodb

ROOT = Path(__file__).resolve().parents[2]
DOORS = ("views", "api")
#: Calls that may leave it out, and why.
WITHOUT = {
    "advisory/api/advisors.py change_profile": "the first profile of a colleague, refused where there is one",
    "crm/core/views/profile.py change_profile": "one's own language and colours, which nobody else sets",
    "clients/views/profile.py confirm_facts": "in one transaction with a change that has just asked for the version",
}


def versioned() -> set[str]:
    """Names of services that take the version which was seen."""
    return {
        book.function.__name__ for book in SERVICES.values() if "version" in inspect.signature(book.function).parameters
    }


def unsaid(text: str, services: set[str]) -> Iterator[str]:
    """Services called in ``text`` without a version, where all their words stand in the call."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        called: Any = node.func
        name = getattr(called, "id", getattr(called, "attr", ""))
        words = {word.arg for word in node.keywords}
        # ``**said`` may hold it; what the resources hand on so comes from ``Commands._do`` and from ``terms``.
        if name in services and "version" not in words and None not in words:
            yield name


def doors() -> Iterator[Path]:
    for app in ("crm", "clients", "tiers", "advisory", "complaints", "care"):
        for path in sorted((ROOT / app).rglob("*.py")):
            if {*path.parts, path.stem} & set(DOORS):
                yield path


def test_every_page_and_resource_hands_the_version_to_the_service_that_takes_one() -> None:
    services = versioned()
    assert len(services) > 50

    found = {
        f"{path.relative_to(ROOT).as_posix()} {name}"
        for path in doors()
        for name in unsaid(path.read_text(encoding="utf-8"), services)
    }

    assert found - set(WITHOUT) == set()


def test_a_call_that_left_it_out_would_be_found() -> None:
    text = "services.take_call(actor=user, call=call, now=now)\ntake_call(call=call, version=form.seen)\n"

    assert list(unsaid(text, {"take_call"})) == ["take_call"]
