"""Repeating erasures after the restore of an older backup."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from clients.models import Client
from clients.services.erasure import erase
from crm.core import audit
from crm.core.models import User
from crm.core.service import service
from crm.core.versions import lock


@service("erasure.replay")
def replay(*, stones: Sequence[dict[str, Any]], actor: User, now: datetime) -> dict[str, int]:
    """Erase whom the list names and the restored backup still knows. They were decided once; nothing is decided again."""
    counts = {"erased": 0, "already": 0, "unknown": 0}
    for stone in stones:
        found = Client.objects.filter(public_id=stone["client"]).first()
        if found is None:
            counts["unknown"] += 1
        elif found.erased_on is not None:
            counts["already"] += 1
        else:
            row: Client = lock(Client.objects.all(), pk=found.pk, closed_too=True)
            erase(row, now)
            counts["erased"] += 1
            after = {"erased_at": stone["erased_at"]}
            audit.record(actor, "erasure.replay", row, after=after, client=row)
    audit.record(actor, "erasure.replay", "clients.erasure", after=counts)
    return counts
