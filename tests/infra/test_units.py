"""The units of the operations manual: each timer has its service, and each command they start is one of ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

pytestmark = pytest.mark.nodb
ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "deploy" / "systemd"


def test_every_timer_starts_a_service_that_is_there():
    timers = sorted(UNITS.glob("*.timer"))

    assert {path.name for path in timers} >= {"crm-due.timer", "crm-verify.timer"}
    assert [path.name for path in timers if not path.with_suffix(".service").exists()] == []


def test_every_management_command_of_units_and_manual_exists():
    texts = [path.read_text() for path in UNITS.glob("*.service")] + [(ROOT / "docs" / "operations.md").read_text()]
    named = {name for text in texts for name in re.findall(r"manage\.py (?!…)([a-z_]+)", text)}

    assert {"migrate", "run_due", "audit_verify", "found_company", "rotate_field_keys"} <= named
    assert sorted(named - set(get_commands())) == []


def test_the_manual_names_the_period_of_the_timer():
    timer, manual = (UNITS / "crm-due.timer").read_text(), (ROOT / "docs" / "operations.md").read_text()

    assert "OnUnitActiveSec=1min" in timer
    assert "once a minute (`crm-due.timer`)" in manual
