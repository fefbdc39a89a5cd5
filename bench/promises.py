"""The sweep of promises: a whole book once, and a second time without effect.

    python -m bench.promises --size s     # 5,000 clients; m: 100,000

It makes a database of its own and drops it. Every client is in the highest tier, which is entitled to every service.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, date, datetime
from typing import Any

SIZES = {"s": 5_000, "m": 100_000, "l": 1_000_000}
#: The first day of a quarter, when most falls due.
FIRST = date(2026, 4, 1)


def book_of(clients: int) -> Any:
    """A branch whose clients all stand in the tier "private"; returns the branch."""
    from clients.models import Client
    from crm.core.access import system_user
    from crm.core.models import Branch, Company
    from tiers.models import EvaluationRun, TierState
    from tiers.services.catalogue import seed_catalogue
    from tiers.services.programmes import seed_default_programme

    company = Company.objects.create(code=f"P{clients}", name="Bench")
    branch = Branch.objects.create(code=f"P{clients}", name="Bench", company=company)
    programme = seed_default_programme(company=company, actor=system_user())
    seed_catalogue(company=company, actor=system_user())
    run = EvaluationRun.objects.create(
        programme=programme, branch=branch, day=date(2025, 1, 31), window_days=30, down_after=3, actor=system_user()
    )
    tier = programme.tiers.get(code="private")
    for start in range(0, clients, 10_000):
        numbers = range(start, min(start + 10_000, clients))
        rows = Client.objects.bulk_create(Client(branch=branch, external_id=str(n)) for n in numbers)
        TierState.objects.bulk_create(
            TierState(client=row, programme=programme, tier=tier, since=run.day, run=run) for row in rows
        )
    return branch


def plan(branch: Any, day: date) -> dict[str, int]:
    from crm.core.access import system_user
    from tiers.services.promise_plan import plan_promises

    now = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
    found: dict[str, int] = plan_promises(branch=branch, now=now, actor=system_user())
    return found


def measure(size: str, report: Any) -> None:
    """Rows of the first day, of a second run, and what the first day costs."""
    from tiers.models import Promise

    branch = book_of(SIZES[size])
    begun = time.process_time()
    made = plan(branch, FIRST)["made"]
    spent = time.process_time() - begun
    report.fact("promises made", made, SIZES[size] * 3, at_least=True)
    report.fact("promises on file / made", Promise.objects.count() / made, 1)
    report.fact("rows of a second run of the day", sum(plan(branch, FIRST).values()), 0)
    report.fact("CPU seconds for a thousand clients", spent * 1000 / SIZES[size])


def main(argv: list[str] | None = None) -> int:
    """Make a database, measure, drop it."""
    from bench.data import own_database
    from bench.measure import Report, arguments

    options = arguments("Sweep of promises").parse_args(argv)
    with own_database():
        report = Report("promises", size=options.size, pairs=options.pairs)
        measure(options.size, report)
        return int(report.finish(options.json))


if __name__ == "__main__":
    sys.exit(main())
