"""What becomes of agreed rates when two clients are made one."""

from __future__ import annotations

from typing import Any

from clients.registry import Moment, Values


def one_open_rate(leaving: Any, _staying: Any, moment: Moment) -> tuple[Values | None, Values]:
    """Of two open rates for one product that of the client who stays holds on; the other ends today."""
    return {"state": "ended", "valid_to": max(moment.today, leaving.valid_from)}, {}
