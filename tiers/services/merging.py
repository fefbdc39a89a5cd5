"""What becomes of agreed rates and of tiers given by hand when two clients are made one."""

from __future__ import annotations

from typing import Any

from clients.registry import Moment, Values


def one_open_rate(leaving: Any, _staying: Any, moment: Moment) -> tuple[Values | None, Values]:
    """Of two open rates for one product that of the client who stays holds on; the other ends today."""
    return {"state": "ended", "valid_to": max(moment.today, leaving.valid_from)}, {}


def one_waiting_override(_leaving: Any, _staying: Any, moment: Moment) -> tuple[Values | None, Values]:
    """Of two requests for a tier by hand that of the client who stays waits on."""
    return {"state": "withdrawn", "ended_at": moment.now, "end_reason": moment.reason}, {}


def one_holding_override(_leaving: Any, _staying: Any, moment: Moment) -> tuple[Values | None, Values]:
    """Of two tiers by hand that of the client who stays holds on."""
    return {"state": "ended", "ended_at": moment.now, "end_reason": moment.reason}, {}
