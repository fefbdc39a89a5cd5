"""Several threads that reach for the same thing at the same moment, each with a connection of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

#: SQLite lets one writer in at a time, so a lock that is missing does not show; PostgreSQL tells.
on_postgresql = pytest.mark.skipif(
    "postgresql" not in settings.DATABASES["default"]["ENGINE"], reason="a missing lock shows on PostgreSQL only"
)


def race(count: int, act: Callable[[int], Any]) -> list[Any]:
    """What each of ``count`` threads got (a raised exception counts as its result); all start together."""
    start, results = threading.Barrier(count), [None] * count

    def run(number: int) -> None:
        try:
            start.wait(10)
            results[number] = act(number)
        except Exception as fault:  # the test looks at it
            results[number] = fault
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


class Meeting:
    """A point that all threads reach before any goes on: it opens the gap that a lock would close.

    Who stands before a lock cannot come, which is exactly what the lock is for: then nobody waits for him any longer.
    PostgreSQL says whom this thread holds up, so a busy machine does not look like a lock; SQLite cannot say it, and
    there the wait is short.
    """

    PATIENCE = {"postgresql": 30.0, "sqlite": 1.0}

    def __init__(self, count: int) -> None:
        self._expected, self._counting, self._open = count, threading.Lock(), threading.Event()

    def wait(self) -> None:
        with self._counting:
            self._expected -= 1
            if self._expected <= 0:
                self._open.set()
        until = time.monotonic() + self.PATIENCE[connection.vendor]
        while not self._open.wait(0.02):
            if holds_somebody_up() or time.monotonic() > until:
                self._open.set()


def holds_somebody_up() -> bool:
    """Whether another connection waits for a lock of this thread's."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
        )
        return bool(cursor.fetchone()[0])
