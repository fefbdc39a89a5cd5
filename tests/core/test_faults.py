"""A process dies at an armed place, once, and nowhere else; production cannot be armed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from django.conf import settings as configured

from crm.core import faults

pytestmark = pytest.mark.nodb


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Signals that this process would have got."""
    got: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _pid, number: got.append(number))
    return got


def test_nobody_dies_where_nothing_is_armed(killed: list[int]):
    assert not getattr(configured, "CRM_FAULT", "")

    faults.fault("once.claimed")

    assert killed == []


def test_the_named_place_kills_and_no_other(settings, killed: list[int]):
    settings.CRM_FAULT = "once.claimed"

    faults.fault("service.committed")
    assert killed == []
    faults.fault("once.claimed")

    assert killed == [signal.SIGKILL]


def test_a_place_armed_by_a_file_kills_once(settings, tmp_path: Path, killed: list[int]):
    settings.CRM_FAULT, settings.CRM_VAR = "@", tmp_path
    (tmp_path / "faults").mkdir()
    (tmp_path / "faults" / "job.taken").touch()

    faults.fault("job.taken")
    faults.fault("job.taken")

    assert killed == [signal.SIGKILL]


def test_every_place_is_in_the_code_once_and_every_one_in_the_code_is_described():
    called = [
        name
        for folder in ("crm", "clients", "tiers", "advisory", "complaints", "care")
        for file in (configured.BASE_DIR / folder).rglob("*.py")
        for name in _named(file.read_text(encoding="utf-8"))
    ]

    assert sorted(called) == sorted(faults.PLACES)


def _named(text: str) -> list[str]:
    import re

    return re.findall(r'\b(?:fault|break_here)\("([a-z]+\.[a-z]+)"\)', text)


def test_only_the_embedded_settings_know_of_it():
    folder = configured.BASE_DIR / "crm" / "settings"

    assert [file.name for file in sorted(folder.glob("*.py")) if "CRM_FAULT" in file.read_text()] == ["embedded.py"]
