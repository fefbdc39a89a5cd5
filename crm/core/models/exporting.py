"""Lists that leave the house: who asked, who agreed, what it can be known by again, and the file while it waits."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.core.models.base import PublicModel
from crm.core.querysets.exporting import ExportRequestQuerySet


class ExportRequest(PublicModel):
    """One file that leaves, or was asked for. Its public id stands in the file's first line and properties."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("Waits for approval")
        BUILDING = "building", _("Being made")
        READY = "ready", _("Ready to fetch")
        DONE = "done", _("Handed out")
        EXPIRED = "expired", _("No longer kept")
        REFUSED = "refused", _("Refused")
        FAILED = "failed", _("Failed")

    kind = models.CharField(_("kind"), max_length=40)
    branch = models.ForeignKey("core.Branch", models.PROTECT, null=True, related_name="+", verbose_name=_("branch"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="exports", verbose_name=_("asked by")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.REQUESTED)
    form = models.CharField(_("file"), max_length=4, default="csv")
    columns = models.JSONField(_("columns"), default=list)
    is_unmasked = models.BooleanField(_("private values in full"), default=False)
    #: The rows as they were when somebody asked; the file holds those of them that he may still see.
    asked = models.JSONField(default=dict)
    narrowed_by = models.CharField(_("filter"), max_length=300, blank=True)
    reason = models.CharField(_("reason"), max_length=200)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    rows_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)
    decision = models.CharField(_("reason of the decision"), max_length=200, blank=True)
    job = models.ForeignKey("core.JobRun", models.SET_NULL, null=True, related_name="+")
    failure = models.CharField(_("why it failed"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    ready_until = models.DateTimeField(_("kept until"), null=True)
    fetched_at = models.DateTimeField(_("fetched at"), null=True)

    objects: ClassVar[Any] = ExportRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        default_permissions = ("view",)
        permissions = [
            ("approve_exportrequest", _("Can approve exports of others")),
            ("unmask_exportrequest", _("Can ask for exports with private values in full")),
            ("trace_exportrequest", _("Can find out whose file it is")),
        ]
        constraints = [
            models.CheckConstraint(
                name="export_is_decided_by_somebody_else", condition=Q(decided_by=None) | ~Q(decided_by=F("actor"))
            ),
        ]
        indexes = [models.Index(fields=["branch", "-created_at"], name="export_by_branch")]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"


class ExportFile(models.Model):
    """The sealed bytes of a file until it is no longer kept."""

    export = models.OneToOneField(ExportRequest, models.CASCADE, primary_key=True, related_name="file")
    sealed = models.BinaryField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.export_id)
