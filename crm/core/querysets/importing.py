"""Import batches and mappings, cut to what a member of staff may see."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from crm.core.models import ImportBatch, User
    from crm.core.models.importing import ImportMapping


class ImportBatchQuerySet(models.QuerySet["ImportBatch"]):
    def visible_to(self, user: User) -> ImportBatchQuerySet:
        """The branch's batches for whoever sees a branch, the company's for whoever sees the company; of kinds whose rows he must
        not see his own alone."""
        from crm.core.access import branch_q
        from crm.core.importing.targets import kinds_kept_from

        kept = kinds_kept_from(user) if user.is_authenticated else []
        return self.filter(branch_q(user) & (Q(actor_id=user.pk) | ~Q(kind__in=kept)))

    def newest_first(self) -> ImportBatchQuerySet:
        return self.order_by("-created_at", "-pk")

    def claimed(self) -> ImportBatchQuerySet:
        """Batches that some process is at work on, or was when it died."""
        return self.exclude(claimed_by="")

    def given_up(self) -> ImportBatchQuerySet:
        """Batches that wait for work which has ended without them: it was stopped before it began, or failed too often."""
        return self.filter(state__in=["staged", "applying"], claimed_by="", job__state__in=["failed", "cancelled"])

    def settled_before(self, moment: datetime) -> ImportBatchQuerySet:
        """Batches whose staged rows nobody needs any more: applied or given up before ``moment``."""
        return self.filter(created_at__lt=moment, claimed_by="").exclude(state="applying")


class ImportMappingQuerySet(models.QuerySet["ImportMapping"]):
    def visible_to(self, user: User) -> ImportMappingQuerySet:
        from crm.core.access import branch_q

        return self.filter(branch_q(user))
