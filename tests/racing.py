"""Several threads that reach for the same thing at the same moment, each with a connection of its own."""

from __future__ import annotations

import contextlib
import threading
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
    """A point that all threads reach before any goes on: it opens the gap that a lock would close."""

    def __init__(self, count: int) -> None:
        self._barrier = threading.Barrier(count)

    def wait(self) -> None:
        # Broken means that the others stand before a lock and cannot come: exactly what the lock is for.
        with contextlib.suppress(threading.BrokenBarrierError):
            self._barrier.wait(2)
