"""Money-laundering grades of the demo's clients: most graded at their opening, some late for review, a few never graded."""

from __future__ import annotations

import random
from datetime import date, timedelta

from clients.models import AmlGrade, Client
from clients.services.aml import review_day
from crm.core.clocks import day_bounds
from crm.core.policies import figures
from crm.demo.staffing import Crew
from crm.roles import COMPLIANCE

_REASONS = {
    "high": "交易规模与申报收入不符，来源需持续核实",
    "middle": "职业涉及现金业务，资金往来较频繁",
    "low": "自然人，资金来源清晰，交易与身份相符",
}
#: Of a hundred clients so many are graded; of a hundred grades so many are high, and so many more middle.
_GRADED, _HIGH, _MIDDLE = 96, 3, 15


def grade_for_laundering(*, crew: Crew, seed: int, today: date) -> int:
    """Write the present grades; returns how many."""
    maker, officer = random.Random(f"{seed}:aml"), crew.of(None, COMPLIANCE)[0]
    known = {branch.pk: figures(today, branch) for branch in crew.branches}
    rows: list[AmlGrade] = []
    for client in Client.objects.served().order_by("branch__code", "external_id"):
        lot = maker.randrange(100)
        grade = "high" if lot < _HIGH else "middle" if lot < _HIGH + _MIDDLE else "low"
        ago = maker.randrange({"high": 190, "middle": 380, "low": 760}[grade])
        graded_on = max(client.opened_on or today - timedelta(days=ago), today - timedelta(days=ago))
        if maker.randrange(100) >= _GRADED:
            continue
        row = AmlGrade(
            client=client,
            grade=grade,
            occasion="first" if graded_on == client.opened_on else "review",
            reasons=_REASONS[grade],
            graded_on=graded_on,
            review_on=review_day(grade, graded_on, known[client.branch_id]),
            graded_by=officer,
            graded_at=day_bounds(graded_on)[0] + timedelta(hours=10),
        )
        row.see(client)
        rows.append(row)
    AmlGrade.objects.bulk_create(rows, batch_size=500)
    return len(rows)
