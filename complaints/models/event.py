"""Every step of a complaint, as it was taken."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from complaints.models.complaint import Complaint
from complaints.querysets import ComplaintEventQuerySet
from crm.core.models import PublicModel


class ComplaintEvent(PublicModel):
    """One step: who did what, from which state to which, with what words. Added, never changed."""

    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="events")
    action = models.CharField(_("step"), max_length=20)
    from_state = models.CharField(max_length=14, blank=True)
    to_state = models.CharField(max_length=14)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))
    note = models.TextField(_("note"), blank=True, max_length=8000)
    facts = models.JSONField(default=dict, blank=True)

    objects: ClassVar[Any] = ComplaintEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("step of a complaint")
        verbose_name_plural = _("steps of complaints")
        default_permissions = ()
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["complaint", "at", "id"], name="complaint_steps")]

    def __str__(self) -> str:
        return self.action
