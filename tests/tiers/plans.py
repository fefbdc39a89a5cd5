"""Programmes in a line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tiers.services.programmes import ProgrammePlan, TierPlan


def plan(code: str, *bounds: int | str) -> ProgrammePlan:
    """A programme whose tiers t1, t2 … begin at these bounds in yuan; t1 takes what is below."""
    tiers = [TierPlan("t1", "T1", "一级", None)]
    tiers += [TierPlan(f"t{n}", f"T{n}", f"{n}级", Decimal(bound), n % 8 + 1) for n, bound in enumerate(bounds, 2)]
    return ProgrammePlan(code, code.title(), code, date(2000, 1, 1), tuple(tiers))
