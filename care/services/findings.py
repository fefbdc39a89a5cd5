"""What becomes of a bad answer."""

from __future__ import annotations

from datetime import datetime

from care.errors import FindingClosed, OwnRequest
from care.models import Finding
from crm.core import audit
from crm.core.models import User
from crm.core.service import service
from crm.core.versions import lock


@service("finding.close")
def close_finding(
    *, actor: User, finding: Finding, now: datetime, conclusion: str, version: int | None = None
) -> Finding:
    """Compliance says what came of it. Raises ``FindingClosed`` when that was said before, ``OwnRequest`` for the caller."""
    row = lock(Finding.objects.all(), pk=finding.pk, version=version)
    if row.state == Finding.State.CLOSED:
        raise FindingClosed
    if row.call.caller_id == actor.pk:
        raise OwnRequest
    row.state, row.closed_at, row.closed_by, row.conclusion = Finding.State.CLOSED, now, actor, conclusion
    row.save_changed(["state", "closed_at", "closed_by", "conclusion"])
    audit.record(actor, "finding.close", row, client=row.call.client, reason=conclusion[:300])
    return row
