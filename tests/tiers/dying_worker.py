"""A process that evaluates a branch and dies (SIGKILL) when tiers are moved and nothing is committed; see test_killed.py."""

from __future__ import annotations

import os
import signal
import sys
from datetime import date

import django


def main(branch_code: str, day: str) -> None:
    django.setup()
    from crm.core.access import system_user
    from crm.core.models import Branch
    from tiers.services.evaluation import evaluate

    branch = Branch.objects.get(code=branch_code)
    evaluate(
        branch=branch,
        day=date.fromisoformat(day),
        actor=system_user(),
        fault=lambda _place: os.kill(os.getpid(), signal.SIGKILL),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
