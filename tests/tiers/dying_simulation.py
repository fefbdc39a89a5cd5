"""A worker that dies (SIGKILL) when a simulation is laid out and nothing is committed; see test_simulation_jobs.py."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import django


def main(run: str) -> None:
    django.setup()
    from crm.core.jobs import take_and_run
    from tiers.services import simulation

    def die(*_said: Any, **_more: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    simulation.audit.record = die  # the last thing before the commit
    take_and_run(int(run))


if __name__ == "__main__":
    main(*sys.argv[1:])
