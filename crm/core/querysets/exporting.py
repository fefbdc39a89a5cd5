"""Exports as sets."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from crm.core.models import ExportRequest, User


class ExportRequestQuerySet(models.QuerySet["ExportRequest"]):
    def visible_to(self, user: User) -> ExportRequestQuerySet:
        """One's own; those of the places one sees for whoever approves or traces exports."""
        from crm.core.access import branch_q

        if not user.is_authenticated:
            return self.none()
        own = Q(actor=user)
        if user.has_perm("core.approve_exportrequest") or user.has_perm("core.trace_exportrequest"):
            return self.filter(own | branch_q(user))
        return self.filter(own)

    def waiting(self) -> ExportRequestQuerySet:
        """Asked for and not decided."""
        return self.filter(state="requested")

    def to_act_on(self, user: User) -> ExportRequestQuerySet:
        """What others have asked for and the user may decide about, and his own that lie ready and were not fetched."""
        ready = Q(actor=user, state="ready", fetched_at=None)
        if user.has_perm("core.approve_exportrequest"):
            return self.filter(ready | (Q(state="requested") & ~Q(actor=user)))
        return self.filter(ready)

    def outlived(self, now: datetime) -> ExportRequestQuerySet:
        """Files that are kept no longer."""
        return self.filter(state="ready", ready_until__lt=now)

    def given_up(self) -> ExportRequestQuerySet:
        """Approved, while the work that was to make the file has been stopped or has failed."""
        return self.filter(state="building", job__state__in=["failed", "cancelled"])

    def of_file(self, sha256: str, rows_sha256: str = "") -> ExportRequestQuerySet:
        """The exports from which a file may come: the very file, or one with the same rows."""
        found = Q(sha256=sha256) if sha256 else Q(pk=None)
        if rows_sha256:
            found |= Q(rows_sha256=rows_sha256)
        return self.filter(found).order_by("-pk")
