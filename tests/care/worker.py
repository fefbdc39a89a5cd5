"""A process of its own that plans calls in small batches and dawdles after each, so that it can be killed in between."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path


def main(now: str, marker: str, dawdle: float) -> None:
    import django

    django.setup()
    from care.services import plan
    from crm.core.access import system_user

    insert = plan._insert

    def slowly(calls):
        done = insert(calls)
        Path(marker).write_text("written, not committed")
        time.sleep(dawdle)
        return done

    plan._BATCH, plan._insert = 50, slowly
    print(plan.plan_calls(actor=system_user(), now=datetime.fromisoformat(now)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
