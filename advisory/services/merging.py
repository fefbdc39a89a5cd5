"""What becomes of agreements and reviews when two clients are made one."""

from __future__ import annotations

from typing import Any

from clients.registry import Moment, Values


def one_in_force(leaving: Any, _staying: Any, moment: Moment) -> tuple[Values | None, Values]:
    """Of two agreements in force that of the client who stays holds on; the other ends today and says why."""
    return {"ended_on": max(moment.today, leaving.signed_on), "end_reason": moment.reason[:200]}, {}


def one_review_due(_leaving: Any, _staying: Any, _moment: Moment) -> tuple[Values | None, Values]:
    """Of two reviews that are due that of the client who stays holds on."""
    return {"state": "closed", "closed_as": "merged"}, {}
