"""Deciding together what one evaluation has proposed: a month-end moves many clients at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.core import audit
from crm.core.errors import DomainError
from crm.core.models import User
from crm.core.service import service
from tiers.models import ClientRate, EvaluationRun
from tiers.services.commission import approve_client_rate


@dataclass
class Approved:
    """What became of each rate; those refused stay as they were, with the reason by public id."""

    run: EvaluationRun
    done: list[ClientRate] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def public_id(self) -> str:
        return str(self.run.public_id)


@service("client_rates.approve_run")
def approve_run(*, run: EvaluationRun, seen: Iterable[tuple[str, int]], actor: User, now: datetime) -> Approved:
    """Approve proposals of one evaluation as they were seen: (public id, version) of each.

    Each is approved by the rules of a single one and leaves its own line on the trail; one that may not be approved, or has
    changed since, is left out with its reason, and the others go on.
    """
    versions = dict(seen)
    rows: Any = ClientRate.objects.visible_to(actor).waiting().filter(tier_change__run=run, public_id__in=versions)
    found = Approved(run)
    # Always in the same order: two who approve at once wait for each other and never in a ring.
    for rate in rows.select_related("client__branch").order_by("client_id", "pk"):
        try:
            with transaction.atomic():
                done = approve_client_rate(rate=rate, actor=actor, now=now, version=versions[rate.public_id])
        except DomainError as refusal:
            found.refused[rate.public_id] = str(next(iter(refusal.fields.values()), refusal.message))
        else:
            found.done.append(done)
    after = {"approved": len(found.done), "refused": len(found.refused)}
    audit.record(actor, "client_rates.approve_run", run, after=after)
    return found
