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


def one_promise(leaving: Any, staying: Any, moment: Moment) -> tuple[Values | None, Values]:
    """Of two rows for one occurrence the staying client's stands; what was kept for the leaving one is not owed again."""
    if leaving.state == "done" and staying.state in ("due", "missed"):
        taken = ("state", "kept_on", "kept_by_id", "proof", "contact_ref", "delivery_id", "note", "cost")
        return None, {name: getattr(leaving, name) for name in taken}
    return None, {}


def one_rolling_promise(leaving: Any, _staying: Any, moment: Moment) -> tuple[Values | None, Values]:
    """One is owed so long after the last time, not two: the leaving client's is closed."""
    return {"state": "closed", "closed_as": "merged"}, {}
