"""The sweep that chains the audit trail, for the clock and for hands alike."""

from __future__ import annotations

from datetime import datetime, timedelta

from crm.core import audit
from crm.core.jobs import due

#: An entry becomes visible at its commit; no request lives longer than this.
SETTLED = timedelta(minutes=1)


@due("core.seal_audit")
def seal_audit(now: datetime) -> int:
    """Chain what was written until a minute ago; returns how many entries."""
    return audit.seal_entries(now - SETTLED)
