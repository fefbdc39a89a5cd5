"""A house of real processes for the drill: web, worker and beat on a folder of its own, killed and started again."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.processes import Child, stop_all
from launcher.run import HOST, answers, child_environment, choose_port, commands

PATIENCE = 120.0
"""Seconds a deed is repeated before it counts as lost; a loaded machine starts a process in half a minute."""


class Patient:
    """Starts a killed process again at once, however often: here deaths are the purpose."""

    def died(self, _now: float) -> float:
        return 0.2


@dataclass(frozen=True)
class Answer:
    """What the web process said; status 0 if it died while asked or is not there."""

    status: int
    body: Any = None
    etag: str = ""

    @property
    def is_settled(self) -> bool:
        """An answer that a program takes as the last word (not "try again")."""
        return 200 <= self.status < 500 and self.status != 429


class House:
    """The processes. ``arm`` lets the next one that passes a named place die there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = choose_port(int(os.environ.get("PORT") or 8700))
        self.children: list[Child] = []
        self._log = (folder / "chaos.log").open("a", encoding="utf-8")
        self._stop = threading.Event()
        self._tender = threading.Thread(target=self._tend, daemon=True)
        (folder / "faults").mkdir(exist_ok=True)

    def start(self, *names: str) -> None:
        """Start everything (or the processes named) and wait for the first page."""
        environ = {**os.environ, "CRM_FAULT": "@"}
        for name, command in commands(Path(sys.executable), self.port, environ).items():
            if names and name not in names:
                continue
            child = Child(name, command, child_environment(environ, name, self.port), self._note)
            child.policy = Patient()  # type: ignore[assignment]  # same shape
            self.children.append(child)
        self._tender.start()
        self.wait_for_page()

    def stop(self) -> None:
        self._stop.set()
        self._tender.join()
        stop_all(self.children)
        self._log.close()

    def _note(self, name: str, line: str) -> None:
        if not self._log.closed:
            self._log.write(f"{name:<7}| {line}\n")
            self._log.flush()

    def _tend(self) -> None:
        while not self._stop.wait(0.1):
            for child in self.children:
                child.tend(time.monotonic())

    def wait_for_page(self) -> None:
        wait_until(lambda: answers(self.port), PATIENCE, "the web process to answer")

    def arm(self, place: str) -> None:
        (self.folder / "faults" / place).touch()

    def has_struck(self, place: str) -> bool:
        return not (self.folder / "faults" / place).exists()

    def disarm(self, place: str) -> None:
        (self.folder / "faults" / place).unlink(missing_ok=True)

    def kill(self, number: int) -> str:
        """SIGKILL one of the processes with all that it has started; returns its name."""
        child = self.children[number % len(self.children)]
        if child.process is not None and child.process.poll() is None:
            os.killpg(child.process.pid, signal.SIGKILL)  # its own session: nobody else is in the group
        return child.name

    # -- asking over HTTP ----------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, *, token: str = "", body: Any = None, **headers: str) -> Answer:
        """One request; ``headers`` with underscores for hyphens."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            given["Authorization"] = f"Token {token}"
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(f"http://{HOST}:{self.port}{path}", data, given, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return self._read(answer.status, answer)
        except urllib.error.HTTPError as refused:
            return self._read(refused.code, refused)
        except (OSError, ValueError, urllib.error.URLError):
            return Answer(0)
        except Exception as broken:
            self._note("drill", f"{method} {path}: {broken!r}")
            return Answer(0)

    @staticmethod
    def _read(status: int, answer: Any) -> Answer:
        raw = answer.read()
        kind = answer.headers.get("Content-Type", "")
        return Answer(status, json.loads(raw) if "json" in kind and raw else raw, answer.headers.get("ETag", ""))

    def insist(self, method: str, path: str, **options: Any) -> Answer:
        """The same request again and again until there is a word, as a phone does it."""
        until = time.monotonic() + PATIENCE
        while True:
            answer = self.ask(method, path, **options)
            if answer.is_settled:
                return answer
            if time.monotonic() > until:
                raise TimeoutError(f"{method} {path}: no word within {PATIENCE:g} s, last status {answer.status}")
            time.sleep(0.3)


def wait_until(met: Callable[[], Any], seconds: float, what: str, pause: float = 0.3) -> None:
    """Poll; raises ``TimeoutError`` in words."""
    until = time.monotonic() + seconds
    while not met():
        if time.monotonic() > until:
            raise TimeoutError(f"Waited {seconds:g} s for {what}.")
        time.sleep(pause)
