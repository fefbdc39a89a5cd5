"""Other processes: killed in the middle, and two at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connection

from crm.core.models import Department, ImportBatch

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[3]


def database_url() -> str:
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    held = connection.settings_dict
    return f"postgresql://{held['USER']}@{held['HOST']}:{held['PORT']}/{name}"


def start(code: str, marker: Path, dawdle: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.core.importing.worker", code, str(marker), str(dawdle)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "crm.settings.testing"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def wait_for(marker: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while not marker.exists():
        assert process.poll() is None and time.monotonic() < until, process.stdout and process.stdout.read().decode()
        time.sleep(0.05)


def test_a_kill_inside_the_transaction_leaves_nothing_and_the_next_run_does_it_all(branch, bring, tmp_path):
    worker = start(branch.code, tmp_path / "marker", 60)
    wait_for(tmp_path / "marker", worker)

    worker.send_signal(signal.SIGKILL)
    worker.wait()

    assert Department.objects.count() == 0
    assert ImportBatch.objects.get().state == ImportBatch.State.APPLYING
    body = "code,name\n" + "".join(f"A{i},部门{i}\n" for i in range(50))
    assert bring(body).counts["created"] == 50
    assert sorted(ImportBatch.objects.values_list("state", "failure_code")) == [
        ("applied", ""),
        ("failed", "interrupted"),
    ]


def test_the_same_file_twice_at_once_is_one_import(branch, tmp_path):
    first = start(branch.code, tmp_path / "first", 1)
    second = start(branch.code, tmp_path / "second", 0)

    said = [process.communicate(timeout=120)[0].decode() for process in (first, second)]

    assert [process.returncode for process in (first, second)] == [0, 0], said
    assert Department.objects.count() == 50
    assert sorted(ImportBatch.objects.values_list("created", "unchanged")) == [(0, 50), (50, 0)]
