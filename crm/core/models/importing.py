"""Files that people bring in: the batch, its file until it is settled, its staged rows, and mappings kept for later."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.core.models.base import PublicModel
from crm.core.querysets.importing import ImportBatchQuerySet, ImportMappingQuerySet


class ImportBatch(PublicModel):
    """One file of one kind for one branch: who brought it, what it would change, what it changed.

    ``claimed_by`` names the process at work on the data of this kind and branch; the constraint lets only one be.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Columns to be looked at")
        STAGED = "staged", _("Being checked")
        CHECKED = "checked", _("Checked")
        APPLYING = "applying", _("Being applied")
        APPLIED = "applied", _("Applied")
        UNDONE = "undone", _("Undone")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    kind = models.CharField(_("kind"), max_length=40)
    branch = models.ForeignKey("core.Branch", models.PROTECT, related_name="+", verbose_name=_("branch"))
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.STAGED)
    file_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(max_length=64, editable=False)
    mapping = models.JSONField(_("mapping"), default=dict)
    options = models.JSONField(_("options"), default=dict)
    created = models.PositiveIntegerField(_("new"), default=0)
    updated = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    rejected = models.PositiveIntegerField(_("rejected"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    failure = models.CharField(_("reason"), max_length=400, blank=True)
    failure_code = models.CharField(max_length=60, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="import_batches", verbose_name=_("brought by")
    )
    job = models.ForeignKey("core.JobRun", models.SET_NULL, null=True, blank=True, related_name="+")
    claimed_by = models.CharField(max_length=120, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("brought at"), auto_now_add=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(_("applied at"), null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = ImportBatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("import batch")
        verbose_name_plural = _("import batches")
        default_permissions = ("view", "add", "change")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "branch"], condition=~Q(claimed_by=""), name="one_import_at_a_time_per_kind_and_branch"
            ),
            models.CheckConstraint(
                name="import_applied_has_its_time",
                condition=~Q(state__in=["applied", "undone"]) | Q(applied_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["branch", "-created_at"], name="import_by_branch")]

    def __str__(self) -> str:
        return f"{self.kind} {self.file_name}"

    @property
    def total(self) -> int:
        """Rows of the file that count; skipped ones do not."""
        return self.created + self.updated + self.unchanged + self.rejected

    @property
    def counts(self) -> dict[str, int]:
        return {
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
        }

    @property
    def removed(self) -> int:
        """Rows on file that the file, a corrected one, no longer has."""
        return int(self.options.get("removed", 0))

    @property
    def changes(self) -> int:
        return self.created + self.updated + self.removed

    @property
    def is_dry_run(self) -> bool:
        return bool(self.options.get("dry_run"))

    @property
    def can_be_applied(self) -> bool:
        return self.state == self.State.CHECKED and not self.is_dry_run

    @property
    def can_be_undone(self) -> bool:
        return self.state == self.State.APPLIED and self.changes > 0

    @property
    def can_be_cancelled(self) -> bool:
        return self.state in (self.State.DRAFT, self.State.STAGED, self.State.CHECKED)


class ImportFile(models.Model):
    """The sealed bytes of a file between upload and decision; gone as soon as the batch is settled."""

    batch = models.OneToOneField(ImportBatch, models.CASCADE, primary_key=True, related_name="file")
    sealed = models.BinaryField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.batch_id)


class ImportRow(models.Model):
    """One staged row: what it would write, what stood there before (for undo), or why it was refused."""

    class Outcome(models.TextChoices):
        CREATED = "created", _("New")
        UPDATED = "updated", _("Changed")
        REMOVED = "removed", _("No longer in the file")
        REJECTED = "rejected", pgettext_lazy("rows", "Rejected")

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    #: What finds the row's object again: a public id, or what the target chose.
    ref = models.CharField(max_length=120, blank=True)
    values = models.JSONField(null=True)
    before = models.JSONField(null=True)
    problems = models.JSONField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["batch", "outcome", "number"], name="import_row_order")]

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.number}"


class ImportMapping(PublicModel):
    """A mapping under a name, so that next month's file needs no thought."""

    branch = models.ForeignKey("core.Branch", models.CASCADE, related_name="+", verbose_name=_("branch"))
    kind = models.CharField(_("kind"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    body = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = ImportMappingQuerySet.as_manager()

    class Meta:
        verbose_name = _("import mapping")
        verbose_name_plural = _("import mappings")
        default_permissions = ()
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["branch", "kind", "name"], name="import_mapping_name_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def version(self) -> int:
        """Moves with the name and with what is kept under it."""
        said = json.dumps([self.name, self.body], sort_keys=True, default=str).encode()
        return int.from_bytes(hashlib.sha256(said).digest()[:3])
