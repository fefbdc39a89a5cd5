"""The audit trail as sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models.functions import Cast

if TYPE_CHECKING:
    from crm.core.models import AuditEntry, ImportBatch, User


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def visible_to(self, user: User) -> AuditEntryQuerySet:
        """Compliance, auditors and the head office see the company's trail, a branch manager his branch's."""
        from crm.core.access import branch_q
        from crm.core.audit import veiled_from

        if not user.is_authenticated:
            return self.none()
        shown = self.exclude(veiled_from(user))
        if user.scope.sees_company or user.scope.manages_staff:
            rows = shown.filter(models.Q(actor__company_id=user.scope.company_id) | models.Q(actor__is_system=True))
            return rows if user.scope.sees_company else rows.filter(client_ref="")
        return shown.filter(branch_q(user))

    def about_client(self, client_ref: str) -> AuditEntryQuerySet:
        """Everything that touched or looked at one client."""
        return self.filter(client_ref=client_ref)

    def reads(self) -> AuditEntryQuerySet:
        return self.filter(is_read=True)

    def files_naming(self, public_id: str) -> AuditEntryQuerySet:
        """Files that left the house with the row ``public_id`` in them; as text, since SQLite asks no JSON list."""
        from crm.core.models.audit import FILES

        held = Cast("object_ids", models.TextField())
        return self.filter(action__in=FILES).annotate(held=held).filter(held__contains=f'"{public_id}"')

    def undoing(self, batch: ImportBatch) -> AuditEntryQuerySet:
        """Who took an import back, when and why; its page tells so to whoever sees the import."""
        kind = batch._meta.label_lower
        return self.filter(object_type=kind, object_id=batch.public_id, action="import.undo").select_related("actor")

    def unsealed(self) -> AuditEntryQuerySet:
        return self.filter(seal=None)
