"""A worker killed in the middle of an evaluation leaves nothing, and the next sweep does all of it, once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from django.db import connection

from crm.core.access import system_user
from crm.core.models import AuditEntry
from tests.factories.clients import ClientFactory
from tests.factories.tiers import put_days
from tiers.models import EvaluationRun, TierChange, TierState
from tiers.services.programmes import seed_default_programme
from tiers.tasks import evaluate_branches

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 5, 29)


def database_url() -> str:
    held = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{held['NAME']}"
    return f"postgresql://{held['USER']}@{held['HOST']}:{held['PORT']}/{held['NAME']}"


def test_a_kill_in_the_middle_leaves_nothing_and_the_next_run_does_it_all_once(branch):
    seed_default_programme(company=branch.company, actor=system_user())
    clients = ClientFactory.create_batch(12, branch=branch)
    put_days(branch, {client: {DAY: place * 10_000_000} for place, client in enumerate(clients)})

    died = subprocess.run(
        [sys.executable, "-m", "tests.tiers.dying_worker", branch.code, DAY.isoformat()],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "crm.settings.testing"},
        capture_output=True,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert not TierState.objects.exists() and not EvaluationRun.objects.exists()

    assert evaluate_branches(None) == 1
    assert evaluate_branches(None) == 0

    assert TierState.objects.count() == TierChange.objects.count() == 12
    assert EvaluationRun.objects.get().counts == {
        "ordinary": 1, "silver": 4, "gold": 5, "platinum": 2, "diamond": 0, "private": 0,
    }  # fmt: skip
    assert AuditEntry.objects.filter(action="tiers.evaluate").count() == 1
