"""`do.py run`: the product as one command, with real web, worker and beat processes."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import unicodedata
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from launcher.environment import ROOT, CannotContinue, ensure, var_folder
from launcher.processes import Child, stop_all

HOST = "127.0.0.1"
WAIT_FOR_PAGE = 120.0  # seconds
_screen = threading.Lock()


def say(name: str, line: str) -> None:
    """One line on the terminal, under the name of who wrote it."""
    with _screen:
        print(f"{name:<7}| {line}", flush=True)


def is_free(port: int) -> bool:
    """Whether a server may listen on *port* of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose_port(wanted: int, tries: int = 100) -> int:
    """*wanted*, or the next free port above it."""
    for port in range(wanted, min(wanted + tries, 65536)):
        if is_free(port):
            return port
    raise CannotContinue(f"No free port from {wanted} on; set PORT.")


def wanted_port(environ: Mapping[str, str]) -> int:
    """PORT, or 8000."""
    text = environ.get("PORT") or "8000"
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise CannotContinue(f"PORT must be a number from 1 to 65535, not {text[:20]!r}.")
    return int(text)


def commands(python: Path, port: int, environ: Mapping[str, str]) -> dict[str, list[str]]:
    """The three processes. One web process: the embedded default's cache lives inside it."""
    celery = [str(python), "-m", "celery", "-q", "-A", "crm"]
    if environ.get("REDIS_URL"):
        pool = ["--pool", "prefork", "-c", "2"]
    else:
        pool = ["--pool", "threads", "-c", "4"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return {
        "web": [
            *(str(python), "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), "--no-control-socket"),
            *("--bind", f"{HOST}:{port}", "--workers", "1", "--threads", "8", "--graceful-timeout", "3", "crm.wsgi"),
        ],
        "worker": [*celery, "worker", *pool, *quiet, "-l", "INFO"],
        "beat": [*celery, "beat", "--pidfile=", "-l", "INFO"],
    }


def child_environment(environ: Mapping[str, str], name: str, port: int) -> dict[str, str]:
    """What a child sees: our environment, its own name, and the settings unless others were chosen."""
    return {
        "DJANGO_SETTINGS_MODULE": "crm.settings",
        **environ,
        "CRM_PROCESS": name,
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
    }


def answers(port: int) -> bool:
    """Whether the web process answers, whatever it says short of a failure."""
    try:
        with urllib.request.build_opener(_Stay).open(f"http://{HOST}:{port}/healthz", timeout=5) as answer:
            return bool(answer.status < 500)
    except urllib.error.HTTPError as refused:
        return refused.code < 500
    except OSError:
        return False


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer; following it is not our business."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def login_lines(file: Path) -> list[str]:
    """The demo log-ins as a small table; nothing where there is no demo branch."""
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        table = [[str(row.get(key) or "") for key in ("role", "number", "password", "branch", "name")] for row in rows]
    except (OSError, ValueError, AttributeError):
        return []
    widths = [max(_width(row[i]) for row in table) for i in range(5)] if table else []
    return ["  ".join(cell + " " * (widths[i] - _width(cell)) for i, cell in enumerate(row)).rstrip() for row in table]


def announce(port: int) -> None:
    """The address, and who may log in."""
    lines = login_lines(var_folder() / "demo-logins.json")
    with _screen:
        print(f"\n  Ready: http://{HOST}:{port}/   (Ctrl-C stops it)", flush=True)
        if lines:
            print("  Demo log-ins (role, staff number, password, branch, name):")
        for line in lines:
            print(f"    {line}")
        print(flush=True)


def _clear_taken_messages() -> None:
    """A worker that was killed leaves the file of the hint it held. Hints carry no meaning; the file is rubbish."""
    for file in (var_folder() / "broker" / "taken").glob("*.msg"):
        file.unlink(missing_ok=True)


def run(arguments: list[str]) -> int:
    """Prepare, start everything, and watch over it until told to stop."""
    if arguments:
        raise CannotContinue("`run` takes no arguments; PORT, DATABASE_URL, REDIS_URL and CRM_VAR are read.")
    if os.name != "posix":
        raise CannotContinue(
            "gunicorn, the web server, runs on Linux and macOS only. On Windows start this in WSL "
            "(wsl --install), or use the compose file in deploy/."
        )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: _told_to_stop(stop))
    try:
        return _run(stop)
    except KeyboardInterrupt:
        return 130


def _told_to_stop(stop: threading.Event) -> None:
    if not stop.is_set() and not _serving.is_set():
        raise KeyboardInterrupt  # still installing or migrating: end that at once
    stop.set()


_serving = threading.Event()


def _run(stop: threading.Event) -> int:
    python = ensure("requirements.txt")
    wanted = wanted_port(os.environ)
    prepared = subprocess.run([python, "-m", "crm.prepare"], cwd=ROOT, env=child_environment(os.environ, "", wanted))
    if prepared.returncode:
        return prepared.returncode if prepared.returncode > 0 else 1
    _clear_taken_messages()
    port = choose_port(wanted)
    if port != wanted:
        say("run", f"port {wanted} is taken; using {port}")
    os.chdir(ROOT)
    children = [
        Child(name, command, child_environment(os.environ, name, port), say)
        for name, command in commands(python, port, os.environ).items()
    ]
    _serving.set()
    try:
        return _watch(children, port, stop)
    finally:
        stop_all(children)
        say("run", "stopped")


def _watch(children: list[Child], port: int, stop: threading.Event) -> int:
    ready, pause = False, 0.1
    give_up_at = time.monotonic() + WAIT_FOR_PAGE
    while not stop.is_set():
        alive = [child.tend(time.monotonic()) for child in children]  # a list: tend to every one
        if not all(alive):
            return 1
        if not ready and answers(port):
            ready = True
            announce(port)
        if not ready and time.monotonic() > give_up_at:
            print(f"No page within {WAIT_FOR_PAGE:g} s; giving up.", file=sys.stderr)
            return 1
        pause = 0.5 if ready else min(pause * 1.1, 2.0)  # each look at a broken page leaves a long complaint in the log
        stop.wait(pause)
    return 0
