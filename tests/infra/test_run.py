"""`do.py run`, whole: it answers, it heals, it stops. Long, because it starts everything three processes deep."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.environment import ROOT
from launcher.run import choose_port

pytestmark = [pytest.mark.long, pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")]


def wait_for(what: str, log: Path, seconds: float = 240) -> str:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := re.search(what, log.read_text()):
            return found.group()
        time.sleep(0.1)
    raise AssertionError(f"{what!r} did not appear:\n{log.read_text()[-3000:]}")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path, int]]:
    """The product on a database, a broker and a port of its own."""
    port, log = choose_port(18400), tmp_path / "run.log"
    gone = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    env = {name: value for name, value in os.environ.items() if name not in gone}
    env |= {"CRM_VAR": str(tmp_path / "var"), "PORT": str(port)}
    with log.open("wb") as out:
        command = [sys.executable, "do.py", "run"]
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield process, log, port
        finally:
            process.kill()
            process.wait()


def children(parent: int) -> dict[str, int]:
    """Name → process id of web, worker and beat."""
    answer: dict[str, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat, words = (folder / "stat").read_text(), (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if int(stat.rpartition(")")[2].split()[1]) == parent:
            kind = "web" if b"gunicorn" in words else "worker" if b"worker" in words else "beat"
            answer[kind] = int(folder.name)
    return answer


def test_it_answers_heals_and_stops(running: tuple[subprocess.Popen[bytes], Path, int]) -> None:
    process, log, port = running
    wait_for(r"Ready: http://127\.0\.0\.1:\d+/", log)
    wait_for("ready", log)
    assert not re.search("error|traceback", log.read_text(), re.IGNORECASE), log.read_text()[-3000:]

    before = children(process.pid)
    assert set(before) == {"web", "worker", "beat"}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
            break
        except OSError:
            time.sleep(0.2)
    after = children(process.pid)
    assert set(after) == {"web", "worker", "beat"}
    assert not set(after.values()) & set(before.values())

    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(15) == 0
    assert time.monotonic() - begun < 5
    assert children(process.pid) == {}


def test_a_killed_launcher_leaves_nothing_behind(running: tuple[subprocess.Popen[bytes], Path, int]) -> None:
    process, log, _ = running
    wait_for(r"Ready: ", log)
    before = children(process.pid)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in before.values()) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not [name for name, pid in before.items() if Path(f"/proc/{pid}").exists()]
