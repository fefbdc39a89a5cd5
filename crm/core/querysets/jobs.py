"""Jobs as sets."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q

if TYPE_CHECKING:
    from crm.core.models import JobRun, User


class JobRunQuerySet(models.QuerySet["JobRun"]):
    def visible_to(self, user: User) -> JobRunQuerySet:
        """Own runs; whoever sees a whole branch or the company also those started there whose results are his to know."""
        from crm.core.access import branch_q
        from crm.core.jobs import kinds_kept_from

        if not user.is_authenticated:
            return self.none()
        others = branch_q(user) & Q(branch__isnull=False) & ~Q(kind__in=kinds_kept_from(user))
        return self.filter(Q(actor=user) | others)

    def alive(self) -> JobRunQuerySet:
        """Waiting or running."""
        return self.filter(state__in=["queued", "running"])

    def takeable(self, now: datetime) -> JobRunQuerySet:
        """Waiting runs, and running ones whose worker has died."""
        return self.filter(Q(state="queued") | Q(state="running", lease_until__lt=now)).order_by("created_at", "pk")

    def take(self, *, pk: int, worker: str, now: datetime, until: datetime) -> bool:
        """Claim one run by one conditional UPDATE; False if another worker was faster."""
        return bool(
            self.takeable(now)
            .order_by()
            .filter(pk=pk)
            .update(
                state="running",
                leased_by=worker,
                lease_until=until,
                attempts=F("attempts") + 1,
                started_at=now,
            )
        )
