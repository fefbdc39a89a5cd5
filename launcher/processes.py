"""Child processes: start, prefix their lines, start again with patience, stop within seconds."""

import collections
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence

DEATHS_ALLOWED = 5
WINDOW = 60.0  # seconds
LONGEST_WAIT = 10.0


class RestartPolicy:
    """How long to wait before a child that died is started again; None once it dies too often to hope.

    The wait doubles with each death inside a minute (0.5 s, 1 s, 2 s, 4 s). The fifth death inside one minute ends it.
    """

    def __init__(self) -> None:
        self._deaths: collections.deque[float] = collections.deque()

    def died(self, now: float) -> float | None:
        """Note a death at *now* (seconds, any clock that only goes forward)."""
        self._deaths.append(now)
        while self._deaths and self._deaths[0] <= now - WINDOW:
            self._deaths.popleft()
        if len(self._deaths) >= DEATHS_ALLOWED:
            return None
        return float(min(0.5 * 2 ** (len(self._deaths) - 1), LONGEST_WAIT))


def _die_with_parent() -> None:
    """On Linux, ask for SIGTERM when the parent is gone: a killed launcher leaves no worker behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


_BEFORE_EXEC: Callable[[], None] | None = _die_with_parent if sys.platform == "linux" else None


class Child:
    """One process of the product: web, worker or beat."""

    def __init__(
        self, name: str, command: Sequence[str], env: Mapping[str, str], say: Callable[[str, str], None]
    ) -> None:
        self.name = name
        self.command = list(command)
        self.env = dict(env)
        self.policy = RestartPolicy()
        self.process: subprocess.Popen[str] | None = None
        self.start_at: float | None = 0.0  # when to start next; None while it runs
        self._say = say

    def start(self) -> None:
        """Start it in a session of its own, so that a Ctrl-C in the terminal reaches the launcher alone."""
        self.process = subprocess.Popen(
            self.command,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_BEFORE_EXEC,
        )
        self.start_at = None
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None  # noqa: S101  asked for by PIPE
        for line in process.stdout:
            self._say(self.name, line.rstrip("\n"))

    def tend(self, now: float) -> bool:
        """Start it if it is time, notice if it died. False once it died too often."""
        if self.start_at is not None:
            if now >= self.start_at:
                self.start()
            return True
        if self.process is None or self.process.poll() is None:
            return True
        wait = self.policy.died(now)
        if wait is None:
            self._say(self.name, f"died {DEATHS_ALLOWED} times within a minute; giving up")
            return False
        self._say(self.name, f"ended with status {self.process.returncode}; starting again in {wait:g} s")
        self._kill_group()  # what it may have left behind
        self.start_at = now + wait
        return True

    def terminate(self) -> None:
        """Ask the main process alone: with prefork, a signal to the whole group makes the parent hang."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def _kill_group(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def wait(self, until: float) -> None:
        """Wait until it has ended, or end it at *until* (monotonic seconds)."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, until - time.monotonic()))
        self._kill_group()
        self.process.wait()


def stop_all(children: Sequence[Child], seconds: float = 4.0) -> None:
    """End all children within *seconds*. What a worker held is still due in the database."""
    for child in children:
        child.terminate()
    until = time.monotonic() + seconds
    for child in children:
        child.wait(until)
