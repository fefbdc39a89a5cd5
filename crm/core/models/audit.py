"""What was done, seen and taken out, by whom and why. Rows are added and never changed (triggers on both engines)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.core.models.base import PublicModel
from crm.core.querysets.audit import AuditEntryQuerySet

#: Actions that took rows out of the house; ``object_ids`` names them.
FILES = ("client.export", "contact.export", "asset.export", "data_request.file")


class AuditEntry(PublicModel):
    """One line of the audit trail (审计留痕)."""

    at = models.DateTimeField(_("at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_constraint=False, verbose_name=_("actor")
    )
    action = models.CharField(_("action"), max_length=80)
    branch = models.ForeignKey(
        "core.Branch", models.PROTECT, null=True, related_name="+", db_constraint=False, verbose_name=_("branch")
    )
    object_type = models.CharField(_("kind of object"), max_length=60)
    object_id = models.CharField(_("object"), max_length=64, blank=True)
    client_ref = models.CharField(_("client"), max_length=26, blank=True)
    is_read = models.BooleanField(default=False)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    object_ids = models.JSONField(default=list)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=45, blank=True)

    objects: ClassVar[Any] = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit trail")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["client_ref", "-id"], name="audit_by_client"),
            models.Index(fields=["object_type", "object_id", "-id"], name="audit_by_object"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
            # Files that left the house name their clients in a list; there are few of them.
            models.Index(fields=["-id"], name="audit_files", condition=models.Q(action__in=FILES)),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type}"


class AuditSeal(models.Model):
    """The link of one entry in the hash chain; made after the fact by the sealing job, so that no request waits for it."""

    position = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(AuditEntry, models.PROTECT, related_name="seal", db_constraint=False)
    digest = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()
        verbose_name = _("audit seal")

    def __str__(self) -> str:
        return f"{self.position}:{self.digest[:8]}"
