"""What becomes of follow-up calls when two clients are made one."""

from __future__ import annotations

from typing import Any

from clients.registry import Moment, Values


def both_calls(leaving: Any, _staying: Any, _moment: Moment) -> tuple[Values | None, Values]:
    """Calls for the same occasion under both numbers are two obligations: the occasion of the one bears its key."""
    return {"occurrence_key": f"{leaving.occurrence_key[:38]}~{leaving.pk}"}, {}
